//! Both splines' slopes at once, each system cut into chunks that are solved side by side.
//!
//! Elimination runs from row to row and cannot be vectorised as it stands. But it forgets: each row damps an error in what
//! came before to about a quarter, so that after some dozen rows a run that began anywhere has the same bits as the run
//! that came from the first row, and from there on keeps them. Each chunk therefore begins [`WARM`] rows early, from a
//! guess, and at the joint its state is compared with that of the chunk before. If any bit differs the system is solved in
//! sequence instead: the result is always that of the sequence, to the last bit. Back substitution likewise, backwards.

mod backward;
mod forward;
mod rows;
#[cfg(test)]
mod tests;

use super::lanes::{Lanes, Samples};
use crate::knots::Side;
use backward::backward;
use forward::forward;
use rows::{Eliminated, Rows, eliminate};

/// Rows for a guess to be forgotten. Fewer make joints fail, more cost time; neither changes a result.
pub(super) const WARM: usize = 40;
/// Most chunks, of both systems together.
const MOST: usize = 16;

/// Room for the systems of both sides.
#[derive(Debug)]
pub(super) struct Systems {
    rows: [Rows; 2],
    /// Eliminated rows of the chunks: first of all chunks, second of all chunks, and so on.
    eliminated: [Vec<f64>; 4],
}

impl Systems {
    pub fn new(n: usize) -> Self {
        let room = Side::room(n);
        let rows = || Rows { distance: vec![0.0; room], secant: vec![0.0; room], right: vec![0.0; room] };
        let eliminated = || vec![0.0; 2 * room + 8 * MOST];
        Self { rows: [rows(), rows()], eliminated: [eliminated(), eliminated(), eliminated(), eliminated()] }
    }
}

/// How many chunks a side is worth cutting into, each of at least [`WARM`] rows.
pub(super) fn chunks(sides: &[&mut Side; 2]) -> usize {
    match (sides[0].knots().len().min(sides[1].knots().len()) - 2) / WARM {
        0..2 => 1,
        2..4 => 2,
        4..8 => 4,
        _ => 8,
    }
}

/// What both systems are made of, from the knots.
///
/// # Safety
/// As [`Samples`].
#[inline(always)]
pub(super) unsafe fn fill<L: Samples>(systems: &mut Systems, sides: &[&mut Side; 2]) {
    for side in 0..2 {
        // SAFETY: the caller has the instructions.
        unsafe { systems.rows[side].fill::<L>(sides[side]) };
    }
}

/// The pieces of both splines, from the slopes.
///
/// # Safety
/// As [`Lanes`].
#[inline(always)]
pub(super) unsafe fn pieces<L: Lanes>(systems: &Systems, sides: &mut [&mut Side; 2]) {
    for side in 0..2 {
        // SAFETY: the caller has the instructions.
        unsafe { systems.rows[side].pieces::<L>(sides[side]) };
    }
}

/// Where the chunks lie: `per_side` chunks of `len` rows each; the first one of a side begins at row `skipped`.
#[derive(Clone, Copy)]
struct Plan {
    warm: usize,
    per_side: usize,
    len: usize,
    skipped: [usize; 2],
}

impl Plan {
    /// First row of the chunk that a lane works on.
    fn start(&self, lane: usize) -> usize {
        self.skipped[lane / self.per_side] + lane % self.per_side * self.len
    }

    fn is_first(&self, lane: usize) -> bool {
        lane.is_multiple_of(self.per_side)
    }

    fn is_last(&self, lane: usize) -> bool {
        (lane + 1).is_multiple_of(self.per_side)
    }
}

/// Solves both systems in `G` vectors of chunks, half of them a side's, each begun `warm` rows early; the slopes go to `c2`.
/// False if a joint fails: then they are none.
///
/// # Safety
/// As [`Lanes`]; each side has four knots or more, and at least `warm` inner rows per chunk where it is cut.
#[inline(always)]
pub(super) unsafe fn solve_chunks<L: Lanes, const G: usize>(
    systems: &mut Systems,
    sides: &mut [&mut Side; 2],
    warm: usize,
) -> bool {
    let knots = [sides[0].knots().len(), sides[1].knots().len()];
    assert!(knots[0].min(knots[1]) >= 4, "a spline through {knots:?} knots");
    let per_side = G * L::N / 2;
    let len = (knots[0].min(knots[1]) - 2) / per_side;
    let plan = Plan { warm, per_side, len, skipped: knots.map(|knots| knots - 2 - per_side * len) };
    assert!(len >= 1 && (per_side == 1 || len >= warm), "chunks of {len} rows");

    // The rows before the first chunk, in sequence. Maxima and minima alternate, so that the sides differ by an extremum and
    // the mirrored ones at most: fewer than MOST rows are left over.
    let mut head = [[Eliminated::default(); MOST]; 2];
    let mut states = [0, 1].map(|side| systems.rows[side].first());
    for side in 0..2 {
        for i in 0..plan.skipped[side] {
            (head[side][i], states[side]) = eliminate(states[side], systems.rows[side].inner(i + 1));
        }
    }
    // SAFETY: rows of the plan are rows of the systems.
    let Some(ends) = (unsafe { forward::<L, G>(systems, plan, states) }) else { return false };
    // The last row but one, the last, and back.
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
    let slopes =
        [sides[0].c2.as_mut_ptr().wrapping_add(starts[0]), sides[1].c2.as_mut_ptr().wrapping_add(starts[1])];
    // SAFETY: as above, and slopes has a place for each row.
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
