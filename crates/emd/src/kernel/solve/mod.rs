//! The slopes of both splines at once, each tridiagonal system cut into chunks that are solved in
//! parallel lanes.
//!
//! Elimination is sequential. But the influence of a row decays exponentially: each further row
//! damps an error to about a quarter, so that after some dozen rows an elimination that began with
//! a guess has the same bits as the one that came from the first row, and keeps them. Each chunk
//! therefore begins [`WARM_UP_ROWS`] rows early, from a guess, and where two chunks meet their
//! states are compared. If any bit differs the system is solved sequentially instead, so the result
//! always has the bits of the sequential solution. Back substitution works the same way, backwards.

mod backward;
mod forward;
mod plan;
mod rows;
#[cfg(test)]
mod tests;

use super::lanes::{Lanes, Samples};
use crate::knots::Side;
use backward::backward;
use forward::forward;
use plan::{ChunkPlan, MAX_CHUNKS};
pub(super) use plan::{Systems, WARM_UP_ROWS, chunks};
use rows::{Eliminated, eliminate};

/// Computes the coefficients of both systems from the knots.
///
/// # Safety
/// As [`Samples`].
#[inline(always)]
pub(super) unsafe fn fill<L: Samples>(systems: &mut Systems, sides: &[&mut Side; 2]) {
    for side in 0..2 {
        // SAFETY: the caller guarantees the instructions.
        unsafe { systems.rows[side].fill::<L>(sides[side]) };
    }
}

/// Computes the pieces of both splines from the slopes.
///
/// # Safety
/// As [`Lanes`].
#[inline(always)]
pub(super) unsafe fn pieces<L: Lanes>(systems: &Systems, sides: &mut [&mut Side; 2]) {
    for side in 0..2 {
        // SAFETY: the caller guarantees the instructions.
        unsafe { systems.rows[side].pieces::<L>(sides[side]) };
    }
}

/// Solves both systems in `G` vectors of chunks, half of them per side, each begun `warm_up` rows
/// early. The slopes go to `c2`. Returns false if two chunks disagree; the slopes are then invalid.
///
/// # Safety
/// As [`Lanes`]; each side has four knots or more, and at least `warm_up` inner rows per chunk
/// where it is cut.
#[inline(always)]
pub(super) unsafe fn solve_chunks<L: Lanes, const G: usize>(
    systems: &mut Systems,
    sides: &mut [&mut Side; 2],
    warm_up: usize,
) -> bool {
    let knots = [sides[0].knots().len(), sides[1].knots().len()];
    assert!(knots[0].min(knots[1]) >= 4, "a spline through {knots:?} knots");
    let per_side = G * L::N / 2;
    let len = (knots[0].min(knots[1]) - 2) / per_side;
    let plan = ChunkPlan {
        warm_up,
        per_side,
        len,
        skipped: knots.map(|knots| knots - 2 - per_side * len),
    };
    assert!(len >= 1 && (per_side == 1 || len >= warm_up), "chunks of {len} rows");

    // The rows before the first chunk, sequentially. Maxima and minima alternate, so the sides
    // differ at most by one extremum and the mirrored ones, and fewer than MAX_CHUNKS rows are left
    // over.
    let mut head = [[Eliminated::default(); MAX_CHUNKS]; 2];
    let mut states = [0, 1].map(|side| systems.rows[side].first());
    for side in 0..2 {
        for i in 0..plan.skipped[side] {
            (head[side][i], states[side]) =
                eliminate(states[side], systems.rows[side].inner(i + 1));
        }
    }
    // SAFETY: the rows of the plan are rows of the systems.
    let Some(ends) = (unsafe { forward::<L, G>(systems, plan, states) }) else { return false };
    // The last two rows, from which the substitution starts.
    let mut next = [(0.0, 0.0); 2];
    for side in 0..2 {
        let (before, last) = eliminate(ends[side], systems.rows[side].last(knots[side]));
        let m_last = last.right / last.diagonal;
        let m_before = (before.right - before.upper * m_last) / before.diagonal;
        let start = sides[side].knots().start;
        sides[side].c2[start + knots[side] - 2..][..2].copy_from_slice(&[m_before, m_last]);
        next[side] = (m_before, m_last);
    }
    let starts = [sides[0].knots().start, sides[1].knots().start];
    let slopes = [
        sides[0].c2.as_mut_ptr().wrapping_add(starts[0]),
        sides[1].c2.as_mut_ptr().wrapping_add(starts[1]),
    ];
    // SAFETY: as above, and `slopes` has room for each row.
    if !unsafe { backward::<L, G>(systems, plan, next, slopes) } {
        return false;
    }
    for side in 0..2 {
        let slopes = &mut sides[side].c2[starts[side]..];
        for i in (0..plan.skipped[side]).rev() {
            slopes[i] = head[side][i].substitute(slopes[i + 1], slopes[i + 2]);
        }
    }
    true
}
