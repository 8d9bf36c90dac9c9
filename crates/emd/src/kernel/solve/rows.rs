//! The equations of the slopes of a spline, row by row: their coefficients, and one step of
//! elimination.

use crate::kernel::lanes::{Lanes, Samples};
use crate::knots::Side;
use crate::spline::{first_row, last_row};

/// The coefficients of one system, per knot.
#[derive(Debug)]
pub(super) struct Rows {
    /// Distance to the next knot.
    pub(super) distance: Vec<f64>,
    /// Slope of the secant to the next knot.
    pub(super) secant: Vec<f64>,
    /// Right-hand side.
    pub(super) right: Vec<f64>,
}

/// A row during elimination: the coefficients of its own unknown and of the next one, and the
/// right-hand side.
#[derive(Clone, Copy)]
pub(super) struct State<T> {
    pub(super) diagonal: T,
    pub(super) upper: T,
    pub(super) right: T,
}

/// An eliminated row. `second` is the coefficient of the unknown after the next one, not 0 only if
/// rows were interchanged.
#[derive(Clone, Copy, Default)]
pub(super) struct Eliminated {
    pub(super) diagonal: f64,
    pub(super) upper: f64,
    pub(super) second: f64,
    pub(super) right: f64,
}

/// A row before elimination.
#[derive(Clone, Copy)]
pub(super) struct Row<T> {
    pub(super) lower: T,
    pub(super) diagonal: T,
    pub(super) upper: T,
    pub(super) right: T,
}

impl Rows {
    /// Computes distances, secants and the right-hand sides of the inner rows.
    ///
    /// # Safety
    /// As [`Lanes`].
    #[inline(always)]
    pub(super) unsafe fn fill<L: Samples>(&mut self, side: &Side) {
        let knots = side.knots();
        debug_assert!(knots.end + L::N < side.x.len() && knots.len() + L::N < self.right.len());
        // SAFETY: sides and rows have room for a vector after the last knot.
        unsafe {
            let (x, y) = (side.x.as_ptr().add(knots.start), side.y.as_ptr().add(knots.start));
            let three = L::splat(3.0);
            let (mut distance_before, mut secant_before) = (three, three);
            let mut i = 0;
            while i + 1 < knots.len() {
                let distance = L::load(x.add(i + 1)).sub(L::load(x.add(i)));
                let secant = L::load(y.add(i + 1)).sub(L::load(y.add(i))).div(distance);
                let (d_before, s_before) =
                    (distance.delayed(distance_before), secant.delayed(secant_before));
                let right = three.mul(distance.mul(s_before).add(d_before.mul(secant)));
                distance.store(self.distance.as_mut_ptr().add(i));
                secant.store(self.secant.as_mut_ptr().add(i));
                right.store(self.right.as_mut_ptr().add(i));
                (distance_before, secant_before) = (distance, secant);
                i += L::N;
            }
        }
    }

    /// Computes the coefficients of the pieces from the slopes in `side.c2`.
    ///
    /// # Safety
    /// As [`Lanes`].
    #[inline(always)]
    pub(super) unsafe fn pieces<L: Lanes>(&self, side: &mut Side) {
        let knots = side.knots();
        debug_assert!(knots.end + L::N < side.c0.len() && knots.len() + L::N < self.right.len());
        // SAFETY: as above.
        unsafe {
            let slope = side.c2.as_ptr().add(knots.start);
            let (c1, c0) =
                (side.c1.as_mut_ptr().add(knots.start), side.c0.as_mut_ptr().add(knots.start));
            let two = L::splat(2.0);
            let mut i = 0;
            while i + 1 < knots.len() {
                let distance = L::load(self.distance.as_ptr().add(i));
                let secant = L::load(self.secant.as_ptr().add(i));
                let (m0, m1) = (L::load(slope.add(i)), L::load(slope.add(i + 1)));
                let t = m0.add(m1).sub(two.mul(secant)).div(distance);
                t.div(distance).store(c0.add(i));
                secant.sub(m0).div(distance).sub(t).store(c1.add(i));
                i += L::N;
            }
        }
    }

    pub(super) fn first(&self) -> State<f64> {
        let (d, s) = (&self.distance, &self.secant);
        let (diagonal, upper, right) = first_row(d[0], d[1], s[0], s[1]);
        State { diagonal, upper, right }
    }

    /// The row of an inner knot.
    pub(super) fn inner(&self, i: usize) -> Row<f64> {
        let (before, after) = (self.distance[i - 1], self.distance[i]);
        Row { lower: after, diagonal: 2.0 * (before + after), upper: before, right: self.right[i] }
    }

    pub(super) fn last(&self, knots: usize) -> Row<f64> {
        let (d, s, i) = (&self.distance, &self.secant, knots - 2);
        let (diagonal, lower, right) = last_row(d[i], d[i - 1], s[i], s[i - 1]);
        Row { lower, diagonal, upper: 0.0, right }
    }
}

/// One step of elimination; the rows are interchanged if the coefficient of the next row is larger.
pub(super) fn eliminate(row: State<f64>, next: Row<f64>) -> (Eliminated, State<f64>) {
    if row.diagonal.abs() < next.lower.abs() {
        let factor = row.diagonal / next.lower;
        let done = Eliminated {
            diagonal: next.lower,
            upper: next.diagonal,
            second: next.upper,
            right: next.right,
        };
        let state = State {
            diagonal: row.upper - factor * next.diagonal,
            upper: -factor * next.upper,
            right: row.right - factor * next.right,
        };
        (done, state)
    } else {
        let factor = next.lower / row.diagonal;
        let done =
            Eliminated { diagonal: row.diagonal, upper: row.upper, second: 0.0, right: row.right };
        let state = State {
            diagonal: next.diagonal - factor * row.upper,
            upper: next.upper,
            right: next.right - factor * row.right,
        };
        (done, state)
    }
}

/// [`eliminate`] in parallel lanes. The fields of the eliminated row are those of [`Eliminated`],
/// in their order.
///
/// # Safety
/// As [`Lanes`].
#[inline(always)]
pub(super) unsafe fn eliminate_lanes<L: Lanes>(row: State<L>, next: Row<L>) -> ([L; 4], State<L>) {
    // SAFETY: the caller guarantees the instructions.
    unsafe {
        let swap = L::abs_less(row.diagonal, next.lower);
        let small = L::select(swap, row.diagonal, next.lower);
        let large = L::select(swap, next.lower, row.diagonal);
        let upper = L::select(swap, next.diagonal, row.upper);
        let right = L::select(swap, next.right, row.right);
        let factor = small.div(large);
        let state = State {
            diagonal: L::select(swap, row.upper, next.diagonal).sub(factor.mul(upper)),
            upper: L::select(swap, factor.negated().mul(next.upper), next.upper),
            right: L::select(swap, row.right, next.right).sub(factor.mul(right)),
        };
        ([large, upper, L::select(swap, next.upper, L::splat(0.0)), right], state)
    }
}

impl Eliminated {
    /// The unknown of this row, from the next two unknowns.
    pub(super) fn substitute(self, next: f64, after: f64) -> f64 {
        (self.right - self.upper * next - self.second * after) / self.diagonal
    }
}
