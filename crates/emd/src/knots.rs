//! The knots of one envelope: the extrema of a signal and, beyond its ends, their mirror images.
//!
//! Rilling, Flandrin and Goncalves (2003): without knots outside of the signal an envelope
//! overshoots at the ends. At each end two extrema of each kind are mirrored: about the outermost
//! extremum if the end sample is inside the range of the next one, else about the end sample, which
//! then counts as an extremum itself.

/// Entries before the first extremum, for mirrored knots and vector accesses.
const FRONT_PADDING: usize = 8;
/// Entries after the last knot, for vector accesses.
const BACK_PADDING: usize = 16;
/// Number of extrema that are mirrored, per end and kind.
const MIRRORED_PER_END: usize = 2;

/// One envelope of a signal of `n` samples: its maxima or minima, their mirror images, and the
/// spline through them.
#[derive(Debug)]
pub(crate) struct Side {
    /// Positions in samples; the entries in `knots()` are valid.
    pub x: Vec<f64>,
    /// Values at the positions.
    pub y: Vec<f64>,
    /// The extrema of the next signal, found while those above are in use.
    pub next_x: Vec<f64>,
    pub next_y: Vec<f64>,
    /// Coefficients of each piece, which begins at the knot of the same index: slope, square, cube.
    pub c2: Vec<f64>,
    pub c1: Vec<f64>,
    pub c0: Vec<f64>,
    /// Bit s: sample s is an extremum or, after mirroring, begins a piece. One word more than the
    /// samples need.
    pub bits: Vec<u64>,
    /// Number of extrema, stored from `FRONT_PADDING` on.
    pub count: usize,
    /// First knot, mirrored ones included.
    start: usize,
    /// End of the knots.
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
            start: FRONT_PADDING,
            end: FRONT_PADDING,
        }
    }

    /// Length of arrays with an entry per knot: extrema of a kind are at least two samples apart.
    pub fn room(n: usize) -> usize {
        FRONT_PADDING + n / 2 + 2 + BACK_PADDING
    }

    /// Index of the first extremum in `x` and `y`.
    pub const fn first() -> usize {
        FRONT_PADDING
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

    /// Removes all extrema.
    pub fn clear(&mut self) {
        self.bits.fill(0);
        self.count = 0;
    }

    /// Adds an extremum after the others.
    pub fn push(&mut self, sample: usize, value: f64) {
        self.x[FRONT_PADDING + self.count] = sample as f64;
        self.y[FRONT_PADDING + self.count] = value;
        self.bits[sample / 64] |= 1 << (sample % 64);
        self.count += 1;
    }

    /// Makes the extrema of the next signal the current ones.
    pub fn swap_found(&mut self) {
        std::mem::swap(&mut self.x, &mut self.next_x);
        std::mem::swap(&mut self.y, &mut self.next_y);
    }

    /// The sample of the k-th extremum, counted from the left or the right end.
    fn sample(&self, k: usize, from_right: bool) -> usize {
        self.x[FRONT_PADDING + if from_right { self.count - 1 - k } else { k }] as usize
    }

    /// The samples of the extrema from the `from`-th on, at most [`MIRRORED_PER_END`], counted from
    /// the left or the right end.
    fn nearest(&self, from: usize, from_right: bool) -> NearestSamples {
        let mut found = NearestSamples::default();
        for k in from..self.count.min(from + MIRRORED_PER_END) {
            found.push(self.sample(k, from_right));
        }
        found
    }

    /// Removes the mirrored knots.
    pub fn clear_knots(&mut self) {
        self.start = FRONT_PADDING;
        self.end = FRONT_PADDING + self.count;
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

    /// Marks a knot inside of the signal as the beginning of a piece.
    fn mark(&mut self, x: f64, n: usize) {
        if x >= 0.0 && x < n as f64 {
            let s = x as usize;
            self.bits[s / 64] |= 1 << (s % 64);
        }
    }

    /// The piece of the samples before the first marked one.
    pub fn interval_before_first_mark(&self) -> usize {
        let before = self.x[self.start..self.end].iter().take_while(|&&x| x < 0.0).count();
        (self.start + before).wrapping_sub(1)
    }

    /// Clears the mark of the last knot, which begins no piece.
    fn close(&mut self) {
        let x = self.x[self.end - 1];
        let s = x as usize;
        if s / 64 < self.bits.len() {
            self.bits[s / 64] &= !(1 << (s % 64));
        }
    }
}

/// The samples of at most two extrema, the nearest to the end first.
#[derive(Clone, Copy, Debug, Default)]
struct NearestSamples {
    samples: [usize; MIRRORED_PER_END],
    len: usize,
}

impl NearestSamples {
    fn push(&mut self, sample: usize) {
        self.samples[self.len] = sample;
        self.len += 1;
    }

    fn iter(&self) -> impl DoubleEndedIterator<Item = usize> {
        self.samples[..self.len].iter().copied()
    }
}

/// Adds the mirrored knots of both ends to the extrema of `signal`, at least three.
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

/// Mirrors one end. `outer` has the outermost extremum of this end; `inside` tests whether the end
/// sample is inside of the range of the outermost extremum of `inner`.
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
        // If all images of one kind are still inside of the signal, the end sample is the mirror
        // instead.
        let falls_short = |of: &NearestSamples| {
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
        let mut with_end = NearestSamples::default();
        with_end.push(end);
        inner
            .nearest(0, from_right)
            .iter()
            .take(MIRRORED_PER_END - 1)
            .for_each(|s| with_end.push(s));
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
