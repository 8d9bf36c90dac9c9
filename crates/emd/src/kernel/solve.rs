//! Both splines' slopes at once, each system cut into chunks that are solved side by side.
//!
//! Elimination runs from row to row and cannot be vectorised as it stands. But it forgets: each row damps an error in what
//! came before to about a quarter, so that after some dozen rows a run that began anywhere has the same bits as the run
//! that came from the first row, and from there on keeps them. Each chunk therefore begins [`WARM`] rows early, from a
//! guess, and at the joint its state is compared with that of the chunk before. If any bit differs the system is solved in
//! sequence instead: the result is always that of the sequence, to the last bit. Back substitution likewise, backwards.

use super::lanes::{Lanes, Samples, Square};
use crate::knots::Side;
use crate::spline::{last_row, outer_row};

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

/// What the rows of one system are made of, per knot.
#[derive(Debug)]
struct Rows {
    /// Distance to the next knot, and the slope of the secant to it.
    distance: Vec<f64>,
    secant: Vec<f64>,
    right: Vec<f64>,
}

impl Systems {
    pub fn new(n: usize) -> Self {
        let room = Side::room(n);
        let rows = || Rows { distance: vec![0.0; room], secant: vec![0.0; room], right: vec![0.0; room] };
        let eliminated = || vec![0.0; 2 * room + 8 * MOST];
        Self { rows: [rows(), rows()], eliminated: [eliminated(), eliminated(), eliminated(), eliminated()] }
    }
}

/// A row in the course of elimination: the factors of its own unknown and of the next, and the right-hand side.
#[derive(Clone, Copy)]
struct State<T> {
    diagonal: T,
    upper: T,
    right: T,
}

/// An eliminated row. `second` is the factor of the unknown after the next, where rows have been interchanged.
#[derive(Clone, Copy, Default)]
struct Eliminated {
    diagonal: f64,
    upper: f64,
    second: f64,
    right: f64,
}

/// A row not yet reached.
#[derive(Clone, Copy)]
struct Row<T> {
    lower: T,
    diagonal: T,
    upper: T,
    right: T,
}

impl Rows {
    /// Distances, secants and right-hand sides of the inner rows.
    ///
    /// # Safety
    /// As [`Lanes`].
    #[inline(always)]
    unsafe fn fill<L: Samples>(&mut self, side: &Side) {
        let knots = side.knots();
        debug_assert!(knots.end + L::N < side.x.len() && knots.len() + L::N < self.right.len());
        // SAFETY: sides and rows have room for a vector behind the last knot.
        unsafe {
            let (x, y) = (side.x.as_ptr().add(knots.start), side.y.as_ptr().add(knots.start));
            let three = L::splat(3.0);
            let (mut distance_before, mut secant_before) = (three, three);
            let mut i = 0;
            while i + 1 < knots.len() {
                let distance = L::load(x.add(i + 1)).sub(L::load(x.add(i)));
                let secant = L::load(y.add(i + 1)).sub(L::load(y.add(i))).div(distance);
                let (d_before, s_before) = (distance.delayed(distance_before), secant.delayed(secant_before));
                let right = three.mul(distance.mul(s_before).add(d_before.mul(secant)));
                distance.store(self.distance.as_mut_ptr().add(i));
                secant.store(self.secant.as_mut_ptr().add(i));
                right.store(self.right.as_mut_ptr().add(i));
                (distance_before, secant_before) = (distance, secant);
                i += L::N;
            }
        }
    }

    /// The pieces' coefficients, from the slopes in `side.c2`.
    ///
    /// # Safety
    /// As [`Lanes`].
    #[inline(always)]
    unsafe fn pieces<L: Lanes>(&self, side: &mut Side) {
        let knots = side.knots();
        debug_assert!(knots.end + L::N < side.c0.len() && knots.len() + L::N < self.right.len());
        // SAFETY: as above.
        unsafe {
            let slope = side.c2.as_ptr().add(knots.start);
            let (c1, c0) = (side.c1.as_mut_ptr().add(knots.start), side.c0.as_mut_ptr().add(knots.start));
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

    fn first(&self) -> State<f64> {
        let (d, s) = (&self.distance, &self.secant);
        let (diagonal, upper, right) = outer_row(d[0], d[1], s[0], s[1]);
        State { diagonal, upper, right }
    }

    /// The row of an inner knot.
    fn inner(&self, i: usize) -> Row<f64> {
        let (before, after) = (self.distance[i - 1], self.distance[i]);
        Row { lower: after, diagonal: 2.0 * (before + after), upper: before, right: self.right[i] }
    }

    fn last(&self, knots: usize) -> Row<f64> {
        let (d, s, i) = (&self.distance, &self.secant, knots - 2);
        let (diagonal, lower, right) = last_row(d[i], d[i - 1], s[i], s[i - 1]);
        Row { lower, diagonal, upper: 0.0, right }
    }
}

/// One step of elimination, the rows interchanged where the next row's factor is the larger.
fn eliminate(row: State<f64>, next: Row<f64>) -> (Eliminated, State<f64>) {
    if row.diagonal.abs() < next.lower.abs() {
        let factor = row.diagonal / next.lower;
        let done =
            Eliminated { diagonal: next.lower, upper: next.diagonal, second: next.upper, right: next.right };
        let state = State {
            diagonal: row.upper - factor * next.diagonal,
            upper: -factor * next.upper,
            right: row.right - factor * next.right,
        };
        (done, state)
    } else {
        let factor = next.lower / row.diagonal;
        let done = Eliminated { diagonal: row.diagonal, upper: row.upper, second: 0.0, right: row.right };
        let state = State {
            diagonal: next.diagonal - factor * row.upper,
            upper: next.upper,
            right: next.right - factor * row.right,
        };
        (done, state)
    }
}

/// The same, chunk by chunk side by side. The fields of the eliminated row follow [`Eliminated`].
///
/// # Safety
/// As [`Lanes`].
#[inline(always)]
unsafe fn eliminate_lanes<L: Lanes>(row: State<L>, next: Row<L>) -> ([L; 4], State<L>) {
    // SAFETY: the caller has the instructions.
    unsafe {
        let swap = L::smaller(row.diagonal, next.lower);
        let small = L::choose(swap, row.diagonal, next.lower);
        let large = L::choose(swap, next.lower, row.diagonal);
        let upper = L::choose(swap, next.diagonal, row.upper);
        let right = L::choose(swap, next.right, row.right);
        let factor = small.div(large);
        let state = State {
            diagonal: L::choose(swap, row.upper, next.diagonal).sub(factor.mul(upper)),
            upper: L::choose(swap, factor.negated().mul(next.upper), next.upper),
            right: L::choose(swap, row.right, next.right).sub(factor.mul(right)),
        };
        ([large, upper, L::choose(swap, next.upper, L::splat(0.0)), right], state)
    }
}

impl Eliminated {
    /// The unknown of this row, from the next two.
    fn substitute(self, next: f64, after: f64) -> f64 {
        (self.right - self.upper * next - self.second * after) / self.diagonal
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

/// Elimination of the chunks' rows, from the states before the first chunks to those behind the last ones.
///
/// # Safety
/// As [`solve_chunks`].
#[inline(always)]
unsafe fn forward<L: Lanes, const G: usize>(
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
/// As [`solve_chunks`]; `slopes` have a place for each row.
#[inline(always)]
unsafe fn backward<L: Lanes, const G: usize>(
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

#[cfg(test)]
mod tests {
    use super::super::lanes::{Eight, Four, Two};
    use super::*;
    use crate::Kernel;
    use crate::spline::{Tridiagonal, interpolate};
    use proptest::prelude::*;

    /// Knots at these distances, with values that jump about.
    fn side(distances: &[u8], seed: u64) -> Side {
        let samples = distances.iter().scan(0, |x, d| {
            *x += 2 + usize::from(*d);
            Some(*x)
        });
        let samples: Vec<usize> = samples.collect();
        let n = samples.last().map_or(0, |last| last + 2);
        let signal: Vec<f64> = (0..n as u64).map(|i| ((i * i + seed) as f64).sin() * 10.0).collect();
        let mut side = Side::new(n);
        samples.iter().for_each(|&s| side.push(s, signal[s]));
        side.clear_knots();
        side
    }

    #[target_feature(enable = "avx2")]
    fn four(systems: &mut Systems, sides: &mut [&mut Side; 2], warm: usize) -> [Option<Vec<u64>>; 3] {
        // SAFETY: the instructions are enabled; the callers' sides are long enough.
        unsafe {
            [
                solve_chunks::<Four, 1>(systems, sides, warm).then(|| slopes(sides)),
                solve_chunks::<Four, 2>(systems, sides, warm).then(|| slopes(sides)),
                solve_chunks::<Four, 4>(systems, sides, warm).then(|| slopes(sides)),
            ]
        }
    }

    #[target_feature(enable = "avx512f")]
    fn eight(systems: &mut Systems, sides: &mut [&mut Side; 2], warm: usize) -> [Option<Vec<u64>>; 2] {
        // SAFETY: as above.
        unsafe {
            [
                solve_chunks::<Eight, 1>(systems, sides, warm).then(|| slopes(sides)),
                solve_chunks::<Eight, 2>(systems, sides, warm).then(|| slopes(sides)),
            ]
        }
    }

    fn slopes(sides: &[&mut Side; 2]) -> Vec<u64> {
        sides.iter().flat_map(|side| side.c2[side.knots()].iter().map(|x| x.to_bits())).collect()
    }

    /// What each way of cutting gives: slopes, or none where a joint failed.
    fn all_ways(sides: &mut [&mut Side; 2], warm: usize) -> Vec<Option<Vec<u64>>> {
        let n = 2 * sides[0].x.len().max(sides[1].x.len());
        let systems = &mut Systems::new(n);
        // SAFETY: each kernel is asked for only where it is available.
        unsafe {
            let mut found = Vec::new();
            if Kernel::Avx2.is_available() {
                fill_four(systems, sides);
                found.push(solve_chunks::<Two, 1>(systems, sides, 0).then(|| slopes(sides)));
                found.extend(four(systems, sides, warm));
            }
            if Kernel::Avx512.is_available() {
                found.extend(eight(systems, sides, warm));
            }
            found
        }
    }

    #[target_feature(enable = "avx2")]
    fn fill_four(systems: &mut Systems, sides: &[&mut Side; 2]) {
        // SAFETY: the instructions are enabled.
        unsafe { fill::<Four>(systems, sides) };
    }

    fn by_definition(sides: &mut [&mut Side; 2]) -> Vec<u64> {
        let mut system = Tridiagonal::default();
        sides.iter_mut().for_each(|side| interpolate(side, &mut system));
        slopes(sides)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Gaps far and near, so that rows are interchanged.
        #[test]
        fn cut_or_whole_the_slopes_are_the_same(
            gaps in prop::collection::vec(
                [0..2_u8, 0..2].map(|_| prop_oneof![4 => 0..5_u8, 1 => any::<u8>()]), 330..700,
            ),
            fewer in 0..5_usize,
            seed in any::<u32>(),
            warm in prop_oneof![Just(WARM), Just(24), Just(1)],
        ) {
            let of = |k: usize| gaps.iter().map(|gaps| gaps[k]).collect::<Vec<_>>();
            let mut upper = side(&of(0), seed.into());
            let mut lower = side(&of(1)[fewer..], u64::from(seed) + 7);
            let sides = &mut [&mut upper, &mut lower];
            let expected = by_definition(sides);
            let found = all_ways(sides, warm);
            prop_assert!(found.iter().flatten().all(|slopes| *slopes == expected));
            for (i, found) in found.iter().enumerate() {
                // The first way is not cut. After a row of warming up no chunk can have the bits of its neighbour.
                if i == 0 || warm == WARM {
                    prop_assert!(found.is_some(), "way {}", i);
                } else if warm == 1 {
                    prop_assert!(found.is_none(), "way {}", i);
                }
            }
        }
    }
}
