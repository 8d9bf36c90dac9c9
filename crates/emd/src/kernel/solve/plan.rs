//! Scratch for both systems, and how they are cut into chunks.

use super::rows::Rows;
use crate::knots::Side;

/// Rows after which a guess no longer influences the bits. Fewer make chunks disagree more often,
/// more cost time; neither changes a result.
pub(in crate::kernel) const WARM_UP_ROWS: usize = 40;
/// Limit of chunks, of both systems together.
pub(super) const MAX_CHUNKS: usize = 16;

/// Scratch for the systems of both sides.
#[derive(Debug)]
pub(in crate::kernel) struct Systems {
    pub(super) rows: [Rows; 2],
    /// Eliminated rows of the chunks: the first row of all chunks, then the second of all chunks,
    /// and so on.
    pub(super) eliminated: [Vec<f64>; 4],
}

impl Systems {
    /// Scratch for signals of `n` samples.
    pub fn new(n: usize) -> Self {
        let room = Side::room(n);
        let rows =
            || Rows { distance: vec![0.0; room], secant: vec![0.0; room], right: vec![0.0; room] };
        let eliminated = || vec![0.0; 2 * room + 8 * MAX_CHUNKS];
        Self {
            rows: [rows(), rows()],
            eliminated: [eliminated(), eliminated(), eliminated(), eliminated()],
        }
    }
}

/// The number of chunks that each side is cut into, each of at least [`WARM_UP_ROWS`] rows.
pub(in crate::kernel) fn chunks(sides: &[&mut Side; 2]) -> usize {
    match (sides[0].knots().len().min(sides[1].knots().len()) - 2) / WARM_UP_ROWS {
        0..2 => 1,
        2..4 => 2,
        4..8 => 4,
        _ => 8,
    }
}

/// The cut: `per_side` chunks of `len` rows each; the first chunk of a side begins at row
/// `skipped`.
#[derive(Clone, Copy)]
pub(super) struct ChunkPlan {
    pub warm_up: usize,
    pub per_side: usize,
    pub len: usize,
    pub skipped: [usize; 2],
}

impl ChunkPlan {
    /// First row of the chunk of a lane.
    pub fn start(&self, lane: usize) -> usize {
        self.skipped[lane / self.per_side] + lane % self.per_side * self.len
    }

    pub fn is_first(&self, lane: usize) -> bool {
        lane.is_multiple_of(self.per_side)
    }

    pub fn is_last(&self, lane: usize) -> bool {
        (lane + 1).is_multiple_of(self.per_side)
    }
}
