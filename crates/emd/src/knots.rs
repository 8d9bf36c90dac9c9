//! The knots of one envelope: the extrema of a signal, and beyond its ends their mirror images.
//!
//! Rilling, Flandrin and Goncalves (2003): an envelope needs knots outside of the signal, or it swings out at the ends. Per
//! end two extrema of each kind are mirrored, about the outermost extremum where the end sample lies inside the range of
//! the next one, else about the end sample, which then counts as an extremum itself.

/// Room before the first extremum, for mirrored knots and for vectors that reach back.
const FRONT: usize = 8;
/// Room behind the last knot, for vectors that reach beyond it.
const BACK: usize = 16;
/// Extrema mirrored per end and kind.
const MIRRORED: usize = 2;

/// Maxima or minima of a signal of `n` samples, their mirror images, and the spline through them.
#[derive(Debug)]
pub(crate) struct Side {
    /// Positions, in samples from the first one, and values; those in `knots()` count.
    pub x: Vec<f64>,
    pub y: Vec<f64>,
    /// The extrema of the signal that a step makes, found while those above are in use.
    pub next_x: Vec<f64>,
    pub next_y: Vec<f64>,
    /// Coefficients of the power basis per interval, beginning at the knot of the same index: slope, square, cube.
    pub c2: Vec<f64>,
    pub c1: Vec<f64>,
    pub c0: Vec<f64>,
    /// Bit s: sample s is an extremum, or (once the ends are mirrored) begins an interval. One word more than samples need.
    pub bits: Vec<u64>,
    /// How many extrema there are, from `FRONT` on.
    pub count: usize,
    /// The knots, mirrored ones included.
    start: usize,
    end: usize,
}

impl Side {
    pub fn new(n: usize) -> Self {
        let room = Self::room(n);
        let zeros = || vec![0.0; room];
        Self {
            x: zeros(),
            y: zeros(),
            next_x: zeros(),
            next_y: zeros(),
            c2: zeros(),
            c1: zeros(),
            c0: zeros(),
            bits: vec![0; n / 64 + 2],
            count: 0,
            start: FRONT,
            end: FRONT,
        }
    }

    /// Length of arrays that hold a number per knot. Extrema of a kind are at least two samples apart.
    pub fn room(n: usize) -> usize {
        FRONT + n / 2 + 2 + BACK
    }

    /// Index of the first extremum in `x` and `y`.
    pub const fn first() -> usize {
        FRONT
    }

    /// Indices of the knots.
    pub fn knots(&self) -> std::ops::Range<usize> {
        self.start..self.end
    }

    /// Positions of the knots.
    pub fn positions(&self) -> &[f64] {
        &self.x[self.knots()]
    }

    /// Values at the knots.
    pub fn values(&self) -> &[f64] {
        &self.y[self.knots()]
    }

    /// Forgets all extrema, so that others can be pushed.
    pub fn clear(&mut self) {
        self.bits.fill(0);
        self.count = 0;
    }

    /// Adds an extremum, at a sample behind those before.
    pub fn push(&mut self, sample: usize, value: f64) {
        self.x[FRONT + self.count] = sample as f64;
        self.y[FRONT + self.count] = value;
        self.bits[sample / 64] |= 1 << (sample % 64);
        self.count += 1;
    }

    /// What was found becomes what is known.
    pub fn swap_found(&mut self) {
        std::mem::swap(&mut self.x, &mut self.next_x);
        std::mem::swap(&mut self.y, &mut self.next_y);
    }

    /// The sample of the k-th extremum, counted from the end that is looked at.
    fn sample(&self, k: usize, from_right: bool) -> usize {
        self.x[FRONT + if from_right { self.count - 1 - k } else { k }] as usize
    }

    /// The samples of extrema `k..` (at most [`MIRRORED`]), outwards from the end that is looked at.
    fn nearest(&self, from: usize, from_right: bool) -> Outwards {
        let mut found = Outwards::default();
        for k in from..self.count.min(from + MIRRORED) {
            found.push(self.sample(k, from_right));
        }
        found
    }

    /// Without mirrored knots.
    pub fn clear_knots(&mut self) {
        self.start = FRONT;
        self.end = FRONT + self.count;
    }

    fn push_left(&mut self, x: f64, y: f64, n: usize) {
        if self.x[self.start] != x {
            self.start -= 1;
            (self.x[self.start], self.y[self.start]) = (x, y);
            self.mark(x, n);
        }
    }

    fn push_right(&mut self, x: f64, y: f64, n: usize) {
        if self.x[self.end - 1] != x {
            (self.x[self.end], self.y[self.end]) = (x, y);
            self.end += 1;
            self.mark(x, n);
        }
    }

    fn mark(&mut self, x: f64, n: usize) {
        if x >= 0.0 && x < n as f64 {
            let s = x as usize;
            self.bits[s / 64] |= 1 << (s % 64);
        }
    }

    /// The interval that holds the samples before the first marked one.
    pub fn interval_before_first_mark(&self) -> usize {
        let inside = self.x[self.start..self.end].iter().take_while(|&&x| x < 0.0).count();
        (self.start + inside).wrapping_sub(1)
    }

    /// The last interval is closed: a knot at the last sample begins none.
    fn close(&mut self) {
        let x = self.x[self.end - 1];
        let s = x as usize;
        if s / 64 < self.bits.len() {
            self.bits[s / 64] &= !(1 << (s % 64));
        }
    }
}

/// Samples of at most two extrema, the nearest to the end first.
#[derive(Clone, Copy, Debug, Default)]
struct Outwards {
    samples: [usize; MIRRORED],
    len: usize,
}

impl Outwards {
    fn push(&mut self, sample: usize) {
        self.samples[self.len] = sample;
        self.len += 1;
    }

    fn iter(&self) -> impl DoubleEndedIterator<Item = usize> {
        self.samples[..self.len].iter().copied()
    }
}

/// Adds the mirrored knots of both ends to the extrema of `signal`, of which there are at least three.
pub(crate) fn mirror(maxima: &mut Side, minima: &mut Side, signal: &[f64]) {
    maxima.clear_knots();
    minima.clear_knots();
    for from_right in [false, true] {
        let max_first = (maxima.sample(0, from_right) < minima.sample(0, from_right)) != from_right;
        if max_first {
            mirror_end(maxima, minima, signal, from_right, |end, next| end > next);
        } else {
            mirror_end(minima, maxima, signal, from_right, |end, next| end < next);
        }
    }
    maxima.close();
    minima.close();
}

/// `outer` has the outermost extremum of this end; `inside` says whether the end sample lies inside the range of `inner`'s.
fn mirror_end(
    outer: &mut Side,
    inner: &mut Side,
    signal: &[f64],
    from_right: bool,
    inside: impl Fn(f64, f64) -> bool,
) {
    let n = signal.len();
    let end = if from_right { n - 1 } else { 0 };
    let outermost = outer.sample(0, from_right);
    let (mut about, mut of_outer, of_inner);
    if inside(signal[end], signal[inner.sample(0, from_right)]) {
        about = outermost;
        of_outer = outer.nearest(1, from_right);
        of_inner = inner.nearest(0, from_right);
        if of_outer.len == 0 {
            of_outer = outer.nearest(0, from_right);
        }
        // All images of one kind may still lie inside of the signal: then the end sample is the mirror.
        let falls_short = |of: &Outwards| {
            of.iter().last().is_some_and(|s| {
                let image = 2 * about as i64 - s as i64;
                if from_right { image < end as i64 } else { image > end as i64 }
            })
        };
        if falls_short(&of_outer) || falls_short(&of_inner) {
            about = end;
            of_outer = outer.nearest(0, from_right);
        }
    } else {
        about = end;
        of_outer = outer.nearest(0, from_right);
        let mut with_end = Outwards::default();
        with_end.push(end);
        inner.nearest(0, from_right).iter().take(MIRRORED - 1).for_each(|s| with_end.push(s));
        of_inner = with_end;
    }
    for (side, of) in [(outer, of_outer), (inner, of_inner)] {
        for s in of.iter() {
            let x = 2.0 * about as f64 - s as f64;
            if from_right {
                side.push_right(x, signal[s], n);
            } else {
                side.push_left(x, signal[s], n);
            }
        }
    }
}
