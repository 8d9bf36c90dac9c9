//! Substitution in all chunks side by side.

use super::{MOST, Plan, Systems};
use crate::kernel::lanes::{Lanes, Square};

/// The unknowns of a row of lanes, which is `at` numbers into the fields, from those of the next two.
///
/// # Safety
/// As [`Lanes`]; there is a vector at that place.
#[inline(always)]
unsafe fn substitute<L: Lanes>(fields: &[*const f64; 4], at: usize, next: L, after: L) -> L {
    // SAFETY: as promised by the caller.
    unsafe {
        let upper = L::load(fields[1].add(at)).mul(next);
        let second = L::load(fields[2].add(at)).mul(after);
        L::load(fields[3].add(at)).sub(upper).sub(second).div(L::load(fields[0].add(at)))
    }
}

/// The numbers of `known`, lane by lane.
///
/// # Safety
/// As [`Lanes`].
#[inline(always)]
unsafe fn keep<L: Lanes, const G: usize>(known: &[(L, L); G], numbers: &mut [[f64; MOST]; 2]) {
    for g in 0..G {
        // SAFETY: there are at most MOST lanes.
        unsafe {
            known[g].0.store(numbers[0].as_mut_ptr().add(g * L::N));
            known[g].1.store(numbers[1].as_mut_ptr().add(g * L::N));
        }
    }
}

/// Substitution, from the last rows of the chunks up: `last` are the two unknowns behind the last chunk of a side. False if
/// a joint fails.
///
/// # Safety
/// As [`super::solve_chunks`]; `slopes` have a place for each row.
#[inline(always)]
pub(super) unsafe fn backward<L: Lanes, const G: usize>(
    systems: &Systems,
    plan: Plan,
    last: [(f64, f64); 2],
    slopes: [*mut f64; 2],
) -> bool {
    let lanes = G * L::N;
    let to: [*mut f64; MOST] = std::array::from_fn(|lane| {
        let lane = lane.min(lanes - 1);
        slopes[lane / plan.per_side].wrapping_add(plan.start(lane))
    });
    let rows = systems.eliminated.each_ref().map(|field| field.as_ptr());
    // SAFETY: rows were eliminated for all lanes; one number behind the last row belongs to the room.
    unsafe {
        let zero = L::splat(0.0);
        let mut known = [(zero, zero); G];
        let mut begun = [[0.0; MOST]; 2];
        if plan.per_side > 1 {
            for i in (0..plan.warm).rev() {
                for g in 0..G {
                    // The rows of the next lane.
                    let at = i * lanes + g * L::N + 1;
                    known[g] = (substitute(&rows, at, known[g].0, known[g].1), known[g].0);
                }
            }
            keep(&known, &mut begun);
        }
        for side in 0..2 {
            let lane = (side + 1) * plan.per_side - 1;
            (begun[0][lane], begun[1][lane]) = last[side];
        }
        for g in 0..G {
            known[g] = (L::load(begun[0].as_ptr().add(g * L::N)), L::load(begun[1].as_ptr().add(g * L::N)));
        }
        // Rows that fill no square, one by one; then squares.
        let mut i = plan.len;
        while !i.is_multiple_of(L::N) {
            i -= 1;
            for g in 0..G {
                known[g] = (substitute(&rows, i * lanes + g * L::N, known[g].0, known[g].1), known[g].0);
                let mut row = [0.0; 8];
                known[g].0.store(row.as_mut_ptr());
                for lane in 0..L::N {
                    *to[g * L::N + lane].add(i) = row[lane];
                }
            }
        }
        while i > 0 {
            i -= L::N;
            let mut squares: [Square<L>; G] = [[zero; 8]; G];
            for r in (0..L::N).rev() {
                for g in 0..G {
                    known[g] =
                        (substitute(&rows, (i + r) * lanes + g * L::N, known[g].0, known[g].1), known[g].0);
                    squares[g][r] = known[g].0;
                }
            }
            for g in 0..G {
                L::transpose(&mut squares[g]);
                for lane in 0..L::N {
                    squares[g][lane].store(to[g * L::N + lane].add(i));
                }
            }
        }
        let mut ended = [[0.0; MOST]; 2];
        keep(&known, &mut ended);
        (0..lanes).all(|lane| {
            let same = |field: usize| begun[field][lane].to_bits() == ended[field][lane + 1].to_bits();
            plan.is_last(lane) || (same(0) && same(1))
        })
    }
}
