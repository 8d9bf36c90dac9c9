//! Elimination of all chunks side by side.

use super::rows::{Row, Rows, State, eliminate_lanes};
use super::{MOST, Plan, Systems};
use crate::kernel::lanes::{Lanes, Square};

/// Where each lane reads its rows.
#[derive(Clone, Copy)]
struct Columns {
    distance: [*const f64; MOST],
    right: [*const f64; MOST],
}

impl Columns {
    /// Row i of a lane whose step is `from` becomes its row 0.
    fn set(&mut self, lane: usize, rows: &Rows, from: usize) {
        (self.distance[lane], self.right[lane]) =
            (rows.distance[from..].as_ptr(), rows.right[from..].as_ptr());
    }
}

/// All lanes' states, and the distances that the next rows begin with.
#[derive(Clone, Copy)]
struct Front<L, const G: usize> {
    state: [State<L>; G],
    before: [L; G],
}

/// The numbers of a front, lane by lane: diagonal, upper, right, distance.
type Numbers = [[f64; MOST]; 4];

impl<L: Lanes, const G: usize> Front<L, G> {
    #[inline(always)]
    unsafe fn of(numbers: &Numbers) -> Self {
        // SAFETY: there are at most MOST lanes.
        unsafe {
            let zero = L::splat(0.0);
            let state = State { diagonal: zero, upper: zero, right: zero };
            let mut front = Self { state: [state; G], before: [zero; G] };
            for g in 0..G {
                front.state[g].diagonal = L::load(numbers[0].as_ptr().add(g * L::N));
                front.state[g].upper = L::load(numbers[1].as_ptr().add(g * L::N));
                front.state[g].right = L::load(numbers[2].as_ptr().add(g * L::N));
                front.before[g] = L::load(numbers[3].as_ptr().add(g * L::N));
            }
            front
        }
    }

    #[inline(always)]
    unsafe fn numbers(&self) -> Numbers {
        let mut numbers = [[0.0; MOST]; 4];
        for g in 0..G {
            // SAFETY: there are at most MOST lanes.
            unsafe {
                self.state[g].diagonal.store(numbers[0].as_mut_ptr().add(g * L::N));
                self.state[g].upper.store(numbers[1].as_mut_ptr().add(g * L::N));
                self.state[g].right.store(numbers[2].as_mut_ptr().add(g * L::N));
                self.before[g].store(numbers[3].as_mut_ptr().add(g * L::N));
            }
        }
        numbers
    }

    /// Eliminates `count` rows per lane; where `PUT`, they go to `out`.
    #[inline(always)]
    unsafe fn run<const PUT: bool>(&mut self, columns: &Columns, count: usize, mut out: [*mut f64; 4]) {
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
                        let next = Row { lower: after, diagonal, upper: before, right: right[g][r] };
                        let (row, state) = eliminate_lanes(self.state[g], next);
                        (self.state[g], self.before[g]) = (state, after);
                        if PUT {
                            row[0].store(out[0].add(g * L::N));
                            row[1].store(out[1].add(g * L::N));
                            row[2].store(out[2].add(g * L::N));
                            row[3].store(out[3].add(g * L::N));
                        }
                    }
                    if PUT {
                        let lanes = G * L::N;
                        out = [out[0].add(lanes), out[1].add(lanes), out[2].add(lanes), out[3].add(lanes)];
                    }
                }
                done += L::N;
            }
        }
    }
}

/// Rows `row..` of the lanes from `first` on.
///
/// # Safety
/// As [`Lanes`]; there is a vector at each column's row.
#[inline(always)]
unsafe fn square<L: Lanes>(to: &mut Square<L>, columns: &[*const f64; MOST], first: usize, row: usize) {
    // SAFETY: as promised by the caller.
    unsafe {
        for lane in 0..L::N {
            to[lane] = L::load(columns[first + lane].add(row));
        }
        L::transpose(to);
    }
}

/// Elimination of the chunks' rows, from the states before the first chunks to those behind the last ones.
///
/// # Safety
/// As [`super::solve_chunks`].
#[inline(always)]
pub(super) unsafe fn forward<L: Lanes, const G: usize>(
    systems: &mut Systems,
    plan: Plan,
    first: [State<f64>; 2],
) -> Option<[State<f64>; 2]> {
    let lanes = G * L::N;
    let mut columns = Columns { distance: [std::ptr::null(); MOST], right: [std::ptr::null(); MOST] };
    let mut begun: Numbers = [[0.0; MOST]; 4];
    // SAFETY: rows and the eliminated ones have room for the vectors.
    unsafe {
        if plan.per_side > 1 {
            for lane in 0..lanes {
                // A first chunk needs no warming up, and has no rows before it: it goes along with the second.
                let start = plan.start(lane + usize::from(plan.is_first(lane))) - plan.warm;
                let rows = &systems.rows[lane / plan.per_side];
                columns.set(lane, rows, start);
                let (before, after) = (rows.distance[start.saturating_sub(1)], rows.distance[start]);
                let guess = [2.0 * (before + after), before, rows.right[start], after];
                (0..4).for_each(|field| begun[field][lane] = guess[field]);
            }
            let mut warming = Front::<L, G>::of(&begun);
            warming.run::<false>(&columns, plan.warm, [std::ptr::null_mut(); 4]);
            begun = warming.numbers();
        }
        for lane in 0..lanes {
            let (side, start) = (lane / plan.per_side, plan.start(lane));
            columns.set(lane, &systems.rows[side], start);
            if plan.is_first(lane) {
                let State { diagonal, upper, right } = first[side];
                let known = [diagonal, upper, right, systems.rows[side].distance[start]];
                (0..4).for_each(|field| begun[field][lane] = known[field]);
            }
        }
        let mut front = Front::<L, G>::of(&begun);
        let out = systems.eliminated.each_mut().map(|field| field.as_mut_ptr());
        front.run::<true>(&columns, plan.len, out);
        let ended = front.numbers();
        let holds = |lane: usize| {
            let same = |field: usize| ended[field][lane].to_bits() == begun[field][lane + 1].to_bits();
            plan.is_last(lane) || (0..3).all(same)
        };
        (0..lanes).all(holds).then(|| {
            [0, 1].map(|side| {
                let lane = (side + 1) * plan.per_side - 1;
                State { diagonal: ended[0][lane], upper: ended[1][lane], right: ended[2][lane] }
            })
        })
    }
}
