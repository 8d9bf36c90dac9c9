//! Elimination of all chunks in parallel lanes.

use super::plan::{ChunkPlan, MAX_CHUNKS, Systems};
use super::rows::{Row, Rows, State, eliminate_lanes};
use crate::kernel::lanes::{Lanes, Square};

/// The rows that each lane reads.
#[derive(Clone, Copy)]
struct Columns {
    distance: [*const f64; MAX_CHUNKS],
    right: [*const f64; MAX_CHUNKS],
}

impl Columns {
    /// Row `from` of `rows` becomes row 0 of the lane.
    fn set(&mut self, lane: usize, rows: &Rows, from: usize) {
        (self.distance[lane], self.right[lane]) =
            (rows.distance[from..].as_ptr(), rows.right[from..].as_ptr());
    }
}

/// The states of all lanes, and the distances to the knots of their next rows.
#[derive(Clone, Copy)]
struct LaneStates<L, const G: usize> {
    state: [State<L>; G],
    before: [L; G],
}

/// [`LaneStates`] as numbers, lane by lane: diagonal, upper, right, distance.
type LaneValues = [[f64; MAX_CHUNKS]; 4];

impl<L: Lanes, const G: usize> LaneStates<L, G> {
    #[inline(always)]
    unsafe fn from_values(values: &LaneValues) -> Self {
        // SAFETY: there are at most MAX_CHUNKS lanes.
        unsafe {
            let zero = L::splat(0.0);
            let state = State { diagonal: zero, upper: zero, right: zero };
            let mut states = Self { state: [state; G], before: [zero; G] };
            for g in 0..G {
                states.state[g].diagonal = L::load(values[0].as_ptr().add(g * L::N));
                states.state[g].upper = L::load(values[1].as_ptr().add(g * L::N));
                states.state[g].right = L::load(values[2].as_ptr().add(g * L::N));
                states.before[g] = L::load(values[3].as_ptr().add(g * L::N));
            }
            states
        }
    }

    #[inline(always)]
    unsafe fn values(&self) -> LaneValues {
        let mut values = [[0.0; MAX_CHUNKS]; 4];
        for g in 0..G {
            // SAFETY: there are at most MAX_CHUNKS lanes.
            unsafe {
                self.state[g].diagonal.store(values[0].as_mut_ptr().add(g * L::N));
                self.state[g].upper.store(values[1].as_mut_ptr().add(g * L::N));
                self.state[g].right.store(values[2].as_mut_ptr().add(g * L::N));
                self.before[g].store(values[3].as_mut_ptr().add(g * L::N));
            }
        }
        values
    }

    /// Eliminates `count` rows per lane and, if `STORE`, writes them to `out`.
    #[inline(always)]
    unsafe fn run<const STORE: bool>(
        &mut self,
        columns: &Columns,
        count: usize,
        mut out: [*mut f64; 4],
    ) {
        // SAFETY: there is room for a vector behind the last row.
        unsafe {
            let two = L::splat(2.0);
            let mut done = 0;
            while done < count {
                let mut distance = [[two; 8]; G];
                let mut right = [[two; 8]; G];
                for g in 0..G {
                    square(&mut distance[g], &columns.distance, g * L::N, done + 1);
                    square(&mut right[g], &columns.right, g * L::N, done + 1);
                }
                for r in 0..L::N.min(count - done) {
                    for g in 0..G {
                        let (before, after) = (self.before[g], distance[g][r]);
                        let diagonal = two.mul(before.add(after));
                        let next =
                            Row { lower: after, diagonal, upper: before, right: right[g][r] };
                        let (row, state) = eliminate_lanes(self.state[g], next);
                        (self.state[g], self.before[g]) = (state, after);
                        if STORE {
                            row[0].store(out[0].add(g * L::N));
                            row[1].store(out[1].add(g * L::N));
                            row[2].store(out[2].add(g * L::N));
                            row[3].store(out[3].add(g * L::N));
                        }
                    }
                    if STORE {
                        let lanes = G * L::N;
                        out = [
                            out[0].add(lanes),
                            out[1].add(lanes),
                            out[2].add(lanes),
                            out[3].add(lanes),
                        ];
                    }
                }
                done += L::N;
            }
        }
    }
}

/// Loads the rows from `row` on of the lanes from `first` on, transposed.
///
/// # Safety
/// As [`Lanes`]; there is a vector at each column's row.
#[inline(always)]
unsafe fn square<L: Lanes>(
    to: &mut Square<L>,
    columns: &[*const f64; MAX_CHUNKS],
    first: usize,
    row: usize,
) {
    // SAFETY: guaranteed by the caller.
    unsafe {
        for lane in 0..L::N {
            to[lane] = L::load(columns[first + lane].add(row));
        }
        L::transpose(to);
    }
}

/// Eliminates the rows of the chunks. `first` are the states before the first chunk of each side;
/// returns those after the last chunks, or `None` if two chunks disagree.
///
/// # Safety
/// As [`super::solve_chunks`].
#[inline(always)]
pub(super) unsafe fn forward<L: Lanes, const G: usize>(
    systems: &mut Systems,
    plan: ChunkPlan,
    first: [State<f64>; 2],
) -> Option<[State<f64>; 2]> {
    let lanes = G * L::N;
    let mut columns =
        Columns { distance: [std::ptr::null(); MAX_CHUNKS], right: [std::ptr::null(); MAX_CHUNKS] };
    let mut start_values: LaneValues = [[0.0; MAX_CHUNKS]; 4];
    // SAFETY: the rows and the eliminated rows have room for whole vectors.
    unsafe {
        if plan.per_side > 1 {
            for lane in 0..lanes {
                // A first chunk needs no warm-up and has no rows before it: its lane repeats the
                // warm-up of the second.
                let start = plan.start(lane + usize::from(plan.is_first(lane))) - plan.warm_up;
                let rows = &systems.rows[lane / plan.per_side];
                columns.set(lane, rows, start);
                let (before, after) =
                    (rows.distance[start.saturating_sub(1)], rows.distance[start]);
                let guess = [2.0 * (before + after), before, rows.right[start], after];
                (0..4).for_each(|field| start_values[field][lane] = guess[field]);
            }
            let mut warm_up = LaneStates::<L, G>::from_values(&start_values);
            warm_up.run::<false>(&columns, plan.warm_up, [std::ptr::null_mut(); 4]);
            start_values = warm_up.values();
        }
        for lane in 0..lanes {
            let (side, start) = (lane / plan.per_side, plan.start(lane));
            columns.set(lane, &systems.rows[side], start);
            if plan.is_first(lane) {
                let State { diagonal, upper, right } = first[side];
                let known = [diagonal, upper, right, systems.rows[side].distance[start]];
                (0..4).for_each(|field| start_values[field][lane] = known[field]);
            }
        }
        let mut states = LaneStates::<L, G>::from_values(&start_values);
        let out = systems.eliminated.each_mut().map(|field| field.as_mut_ptr());
        states.run::<true>(&columns, plan.len, out);
        let end_values = states.values();
        let agrees = |lane: usize| {
            let same = |field: usize| {
                end_values[field][lane].to_bits() == start_values[field][lane + 1].to_bits()
            };
            plan.is_last(lane) || (0..3).all(same)
        };
        (0..lanes).all(agrees).then(|| {
            [0, 1].map(|side| {
                let lane = (side + 1) * plan.per_side - 1;
                State {
                    diagonal: end_values[0][lane],
                    upper: end_values[1][lane],
                    right: end_values[2][lane],
                }
            })
        })
    }
}
