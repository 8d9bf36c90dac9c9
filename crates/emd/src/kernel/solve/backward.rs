//! Back substitution of all chunks in parallel lanes.

use super::plan::{ChunkPlan, MAX_CHUNKS, Systems};
use crate::kernel::lanes::{Lanes, Square};

/// The unknowns of one row of all lanes, at offset `at` of the fields, from the unknowns of the
/// next two rows.
///
/// # Safety
/// As [`Lanes`]; there is a vector at that offset.
#[inline(always)]
unsafe fn substitute<L: Lanes>(fields: &[*const f64; 4], at: usize, next: L, after: L) -> L {
    // SAFETY: guaranteed by the caller.
    unsafe {
        let upper = L::load(fields[1].add(at)).mul(next);
        let second = L::load(fields[2].add(at)).mul(after);
        L::load(fields[3].add(at)).sub(upper).sub(second).div(L::load(fields[0].add(at)))
    }
}

/// Stores `known` in `values`, lane by lane.
///
/// # Safety
/// As [`Lanes`].
#[inline(always)]
unsafe fn store_lanes<L: Lanes, const G: usize>(
    known: &[(L, L); G],
    values: &mut [[f64; MAX_CHUNKS]; 2],
) {
    for g in 0..G {
        // SAFETY: there are at most MAX_CHUNKS lanes.
        unsafe {
            known[g].0.store(values[0].as_mut_ptr().add(g * L::N));
            known[g].1.store(values[1].as_mut_ptr().add(g * L::N));
        }
    }
}

/// Substitutes from the last rows of the chunks upwards. `last` are the two unknowns after the last
/// chunk of each side. Returns false if two chunks disagree.
///
/// # Safety
/// As [`super::solve_chunks`]; `slopes` have room for each row.
#[inline(always)]
pub(super) unsafe fn backward<L: Lanes, const G: usize>(
    systems: &Systems,
    plan: ChunkPlan,
    last: [(f64, f64); 2],
    slopes: [*mut f64; 2],
) -> bool {
    let lanes = G * L::N;
    let to: [*mut f64; MAX_CHUNKS] = std::array::from_fn(|lane| {
        let lane = lane.min(lanes - 1);
        slopes[lane / plan.per_side].wrapping_add(plan.start(lane))
    });
    let rows = systems.eliminated.each_ref().map(|field| field.as_ptr());
    // SAFETY: rows were eliminated for all lanes, and the buffers have room for a number after the
    // last row.
    unsafe {
        let zero = L::splat(0.0);
        let mut known = [(zero, zero); G];
        let mut start_values = [[0.0; MAX_CHUNKS]; 2];
        if plan.per_side > 1 {
            for i in (0..plan.warm_up).rev() {
                for g in 0..G {
                    // The warm-up of a lane uses the rows of the next lane.
                    let at = i * lanes + g * L::N + 1;
                    known[g] = (substitute(&rows, at, known[g].0, known[g].1), known[g].0);
                }
            }
            store_lanes(&known, &mut start_values);
        }
        for side in 0..2 {
            let lane = (side + 1) * plan.per_side - 1;
            (start_values[0][lane], start_values[1][lane]) = last[side];
        }
        for g in 0..G {
            known[g] = (
                L::load(start_values[0].as_ptr().add(g * L::N)),
                L::load(start_values[1].as_ptr().add(g * L::N)),
            );
        }
        // The rows beyond a multiple of the lanes one by one, then squares that are transposed.
        let mut i = plan.len;
        while !i.is_multiple_of(L::N) {
            i -= 1;
            for g in 0..G {
                known[g] =
                    (substitute(&rows, i * lanes + g * L::N, known[g].0, known[g].1), known[g].0);
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
                    known[g] = (
                        substitute(&rows, (i + r) * lanes + g * L::N, known[g].0, known[g].1),
                        known[g].0,
                    );
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
        let mut end_values = [[0.0; MAX_CHUNKS]; 2];
        store_lanes(&known, &mut end_values);
        (0..lanes).all(|lane| {
            let same = |field: usize| {
                start_values[field][lane].to_bits() == end_values[field][lane + 1].to_bits()
            };
            plan.is_last(lane) || (same(0) && same(1))
        })
    }
}
