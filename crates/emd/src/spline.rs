//! Cubic splines with the not-a-knot condition, with the order of operations of scipy's
//! `CubicSpline`.
//!
//! The unknowns are the slopes m_i at the knots. With d_i = x_{i+1} - x_i and s_i = (y_{i+1} - y_i)
//! / d_i, continuity of the second derivative gives for the inner knots
//!
//! ```text
//! d_i m_{i-1} + 2 (d_{i-1} + d_i) m_i + d_{i-1} m_{i+1} = 3 (d_i s_{i-1} + d_{i-1} s_i)
//! ```
//!
//! and continuity of the third derivative at the second and the second to last knot gives the other
//! two equations. The tridiagonal system is solved by elimination with row interchanges, like
//! LAPACK's `dgtsv`; a piece is `c3 + c2 s + c1 s^2 + c0 s^3`.

use crate::knots::Side;

/// Scratch for one tridiagonal system.
#[derive(Debug, Default)]
pub(crate) struct Tridiagonal {
    lower: Vec<f64>,
    diagonal: Vec<f64>,
    upper: Vec<f64>,
    right: Vec<f64>,
}

/// Computes the pieces of the spline through the knots of `side`, at least three.
pub(crate) fn interpolate(side: &mut Side, system: &mut Tridiagonal) {
    let knots = side.knots();
    if knots.len() == 3 {
        solve_three_knots(side);
        return;
    }
    system.assemble_not_a_knot(&side.x[knots.clone()], &side.y[knots.clone()]);
    system.solve();
    side.c2[knots].copy_from_slice(&system.right);
    pieces(side);
}

/// Computes the square and the cube coefficient of each piece from the slopes in `c2`.
fn pieces(side: &mut Side) {
    let knots = side.knots();
    for i in knots.start..knots.end - 1 {
        let d = side.x[i + 1] - side.x[i];
        let secant = (side.y[i + 1] - side.y[i]) / d;
        let t = (side.c2[i] + side.c2[i + 1] - 2.0 * secant) / d;
        side.c0[i] = t / d;
        side.c1[i] = (secant - side.c2[i]) / d - t;
    }
}

/// Computes the slopes at three knots, for which the not-a-knot condition is void: the second
/// derivatives at the ends are 0 instead. The rounding is that of numpy's dense solver: its
/// elimination multiplies by reciprocals, and its substitutions are fused.
fn solve_three_knots(side: &mut Side) {
    let i = side.knots().start;
    let (x, y) = (&side.x[i..i + 3], &side.y[i..i + 3]);
    let (a, b) = (1.0 / (x[1] - x[0]), 1.0 / (x[2] - x[1]));
    let first = 3.0 * (y[1] - y[0]) * a * a;
    let last = 3.0 * (y[2] - y[1]) * b * b;
    // 2a m0 + a m1 = first; a m0 + 2(a + b) m1 + b m2 = first + last; b m1 + 2b m2 = last. No rows
    // are interchanged.
    let l1 = a * (1.0 / (2.0 * a));
    let u1 = 2.0 * (a + b) - l1 * a;
    let l2 = b * (1.0 / u1);
    let u2 = 2.0 * b - l2 * b;
    let middle = (-l1).mul_add(first, first + last);
    let m2 = (-l2).mul_add(middle, last) / u2;
    let m1 = (-b).mul_add(m2, middle) / u1;
    let m0 = (-a).mul_add(m1, first) / (2.0 * a);
    side.c2[i..i + 3].copy_from_slice(&[m0, m1, m2]);
}

/// A piece of the spline of three knots, in the form of EMD-signal.
struct Piece {
    x: f64,
    dx: f64,
    y: [f64; 2],
    a: f64,
    b: f64,
}

impl Piece {
    fn new(x: &[f64], y: &[f64], slopes: &[f64]) -> Self {
        let (dx, dy) = (x[1] - x[0], y[1] - y[0]);
        Self { x: x[0], dx, y: [y[0], y[1]], a: slopes[0] * dx - dy, b: -slopes[1] * dx + dy }
    }

    #[inline(always)]
    fn at(&self, t: f64) -> f64 {
        let t = (t - self.x) / self.dx;
        let u = 1.0 - t;
        u * self.y[0] + t * self.y[1] + t * u * (self.a * u + self.b * t)
    }
}

impl Tridiagonal {
    /// Sets up the equations of the slopes at four knots or more.
    fn assemble_not_a_knot(&mut self, x: &[f64], y: &[f64]) {
        let n = x.len();
        for row in [&mut self.lower, &mut self.diagonal, &mut self.upper, &mut self.right] {
            row.clear();
            row.resize(n, 0.0);
        }
        let d = |i: usize| x[i + 1] - x[i];
        let secant = |i: usize| (y[i + 1] - y[i]) / d(i);
        // `lower[i]` belongs to row i + 1, as in LAPACK.
        for i in 1..n - 1 {
            self.lower[i - 1] = d(i);
            self.diagonal[i] = 2.0 * (d(i - 1) + d(i));
            self.upper[i] = d(i - 1);
            self.right[i] = 3.0 * (d(i) * secant(i - 1) + d(i - 1) * secant(i));
        }
        (self.diagonal[0], self.upper[0], self.right[0]) =
            first_row(d(0), d(1), secant(0), secant(1));
        (self.diagonal[n - 1], self.lower[n - 2], self.right[n - 1]) =
            last_row(d(n - 2), d(n - 3), secant(n - 2), secant(n - 3));
    }

    /// Solves by elimination with row interchanges; the solution replaces the right-hand side.
    fn solve(&mut self) {
        let (dl, d, du, b) =
            (&mut self.lower, &mut self.diagonal, &mut self.upper, &mut self.right);
        let n = d.len();
        for i in 0..n - 1 {
            if d[i].abs() >= dl[i].abs() {
                let factor = dl[i] / d[i];
                d[i + 1] -= factor * du[i];
                b[i + 1] -= factor * b[i];
                dl[i] = 0.0;
            } else {
                let factor = d[i] / dl[i];
                d[i] = dl[i];
                let t = d[i + 1];
                d[i + 1] = du[i] - factor * t;
                // `dl[i]` becomes the second diagonal above.
                dl[i] = if i + 2 < n { du[i + 1] } else { 0.0 };
                if i + 2 < n {
                    du[i + 1] = -factor * dl[i];
                }
                du[i] = t;
                (b[i], b[i + 1]) = (b[i + 1], b[i] - factor * b[i + 1]);
            }
        }
        b[n - 1] /= d[n - 1];
        b[n - 2] = (b[n - 2] - du[n - 2] * b[n - 1]) / d[n - 2];
        for i in (0..n - 2).rev() {
            b[i] = (b[i] - du[i] * b[i + 1] - dl[i] * b[i + 2]) / d[i];
        }
    }
}

/// Diagonal, off-diagonal and right-hand side of the first equation: continuity of the third
/// derivative at the second knot.
#[inline(always)]
pub(crate) fn first_row(d0: f64, d1: f64, secant0: f64, secant1: f64) -> (f64, f64, f64) {
    let d = d0 + d1;
    (d1, d, ((d0 + 2.0 * d) * d1 * secant0 + d0 * d0 * secant1) / d)
}

/// The last equation, with the arguments from the end inwards; its terms are added in another order
/// than those of the first.
#[inline(always)]
pub(crate) fn last_row(d0: f64, d1: f64, secant0: f64, secant1: f64) -> (f64, f64, f64) {
    let d = d0 + d1;
    (d1, d, (d0 * d0 * secant1 + (2.0 * d + d0) * d1 * secant0) / d)
}

/// Evaluates the spline at the samples `0..out.len()`, which are between the first and the last
/// knot.
#[inline(always)]
pub(crate) fn evaluate(side: &Side, out: &mut [f64]) {
    let knots = side.knots();
    let n = out.len();
    if knots.len() == 3 {
        let (x, y, slopes) = (side.positions(), side.values(), &side.c2[knots]);
        let (before, behind) =
            (Piece::new(x, y, slopes), Piece::new(&x[1..], &y[1..], &slopes[1..]));
        let middle = (x[1].max(0.0) as usize).min(n);
        out[..middle].iter_mut().enumerate().for_each(|(t, out)| *out = before.at(t as f64));
        out[middle..]
            .iter_mut()
            .enumerate()
            .for_each(|(t, out)| *out = behind.at((middle + t) as f64));
        return;
    }
    for i in knots.start..knots.end - 1 {
        let (x, next) = (side.x[i], side.x[i + 1]);
        if next <= 0.0 && i + 2 < knots.end {
            continue;
        }
        let from = x.max(0.0) as usize;
        let to = if i + 2 == knots.end { n } else { (next as usize).min(n) };
        // Adding 0 turns a negative zero into a positive one, as in scipy.
        let (c3, c2, c1, c0) = (0.0 + side.y[i], side.c2[i], side.c1[i], side.c0[i]);
        for (j, out) in out[from.min(to)..to].iter_mut().enumerate() {
            let s = (from + j) as f64 - x;
            let s2 = s * s;
            *out = ((c3 + c2 * s) + c1 * s2) + c0 * (s2 * s);
        }
    }
}
