//! The step in vectors: one pass evaluates the envelopes, subtracts their mean and searches the
//! difference for extrema.
//!
//! Bitmaps of the knots give the pieces of the splines that a vector of samples needs. Pieces are
//! consecutive in memory, so the piece of a sample is that of the first sample plus the number of
//! knots in between, and one permuted load of consecutive coefficients serves the whole vector
//! without a branch. Blocks of 64 samples without a knot, which are most blocks of slow modes, keep
//! their coefficients in registers.

use super::lanes::Samples;
use super::state::StepState;
use crate::knots::Side;

/// A position among the pieces of one envelope.
struct PieceCursor {
    x: *const f64,
    y: *const f64,
    c2: *const f64,
    c1: *const f64,
    c0: *const f64,
    /// Index of the piece that holds the last sample processed.
    index: usize,
}

/// One piece for all lanes, or one per lane.
#[derive(Clone, Copy)]
struct Piece<L> {
    x: L,
    c3: L,
    c2: L,
    c1: L,
    c0: L,
}

impl PieceCursor {
    fn new(side: &Side) -> Self {
        Self {
            x: side.x.as_ptr(),
            y: side.y.as_ptr(),
            c2: side.c2.as_ptr(),
            c1: side.c1.as_ptr(),
            c0: side.c0.as_ptr(),
            index: side.interval_before_first_mark(),
        }
    }

    /// The current piece in all lanes.
    ///
    /// # Safety
    /// As [`Samples`]; the cursor has not passed the end of its side.
    #[inline(always)]
    unsafe fn current<L: Samples>(&self) -> Piece<L> {
        // SAFETY: `index` is the index of a piece.
        unsafe {
            Piece {
                x: L::splat(*self.x.add(self.index)),
                c3: L::splat(*self.y.add(self.index)),
                c2: L::splat(*self.c2.add(self.index)),
                c1: L::splat(*self.c1.add(self.index)),
                c0: L::splat(*self.c0.add(self.index)),
            }
        }
    }

    /// Advances by as many samples as there are lanes; `marks` are the samples that begin new
    /// pieces.
    ///
    /// # Safety
    /// As [`Samples`]; `marks` are those of the side.
    #[inline(always)]
    unsafe fn advance<L: Samples>(&mut self, marks: u64) -> Piece<L> {
        // SAFETY: a side has room for a vector after its last knot.
        unsafe {
            let steps = L::steps(marks);
            let piece = Piece {
                x: L::pick(self.x.wrapping_add(self.index), steps),
                c3: L::pick(self.y.wrapping_add(self.index), steps),
                c2: L::pick(self.c2.wrapping_add(self.index), steps),
                c1: L::pick(self.c1.wrapping_add(self.index), steps),
                c0: L::pick(self.c0.wrapping_add(self.index), steps),
            };
            self.index = self.index.wrapping_add(marks.count_ones() as usize);
            piece
        }
    }
}

impl<L: Samples> Piece<L> {
    #[inline(always)]
    unsafe fn at(self, t: L) -> L {
        // SAFETY: the caller guarantees the instructions.
        unsafe {
            let s = t.sub(self.x);
            let s2 = s.mul(s);
            self.c3.add(self.c2.mul(s)).add(self.c1.mul(s2)).add(self.c0.mul(s2.mul(s)))
        }
    }
}

/// Collects the extrema, block by block.
struct ExtremaWriter {
    x: *mut f64,
    y: *mut f64,
    bits: *mut u64,
    count: usize,
}

impl ExtremaWriter {
    fn new(side: &mut Side) -> Self {
        let first = Side::first();
        Self {
            x: side.next_x[first..].as_mut_ptr(),
            y: side.next_y[first..].as_mut_ptr(),
            bits: side.bits.as_mut_ptr(),
            count: 0,
        }
    }

    /// Writes the extrema `bits` of block `word`; its samples are at `samples`.
    ///
    /// # Safety
    /// As [`Samples`]; `word` is one of the side's; `samples` has 64 numbers, or as many as `bits`
    /// covers.
    #[inline(always)]
    unsafe fn write<L: Samples>(&mut self, word: usize, mut bits: u64, samples: *const f64) {
        // SAFETY: extrema of a kind are at least two samples apart, and there is room for that many
        // and a vector.
        unsafe {
            *self.bits.add(word) = bits;
            let first = (64 * word) as f64;
            if bits.count_ones() > PACK_MIN_EXTREMA {
                let zero = L::splat(0.0);
                let mut t = L::iota().add(L::splat(first));
                let step = L::splat(L::N as f64);
                let mut i = 0;
                while i < 64 {
                    let these = bits & ((1 << L::N) - 1);
                    t.packed(these).store(self.x.add(self.count));
                    zero.add(L::load(samples.add(i))).packed(these).store(self.y.add(self.count));
                    self.count += these.count_ones() as usize;
                    bits >>= L::N;
                    t = t.add(step);
                    i += L::N;
                }
            } else {
                while bits != 0 {
                    let i = bits.trailing_zeros();
                    *self.x.add(self.count) = first + f64::from(i);
                    *self.y.add(self.count) = 0.0 + *samples.add(i as usize);
                    self.count += 1;
                    bits &= bits - 1;
                }
            }
        }
    }
}

/// With more extrema in a block than this, packing vectors is faster than looping over the bits.
const PACK_MIN_EXTREMA: u32 = 10;

/// With at most this many marks in a block, a branch per vector on whether a new piece begins is
/// faster: a mispredicted branch costs as much as the loads that it saves.
const BRANCH_MAX_MARKS: u32 = 5;

/// Signs of the samples of a block, and of their differences to the sample before: a bit per
/// sample.
#[derive(Clone, Copy, Default)]
struct SignMasks {
    rise: u64,
    fall: u64,
    positive: u64,
    negative: u64,
}

/// The state that is carried from block to block.
struct Pass<L> {
    upper: PieceCursor,
    lower: PieceCursor,
    /// Numbers up to this absolute value are left to the scalar kernel: zeros, and others
    /// with products that can underflow.
    safe: L,
    minus_safe: L,
    /// Positions of the next samples.
    t: L,
    /// The samples before them; the last lane is used.
    last: L,
}

impl<L: Samples> Pass<L> {
    /// Processes the 64 samples at `at`.
    ///
    /// # Safety
    /// As [`pass`]; there are 64 samples, and as much room at `before` if `OBSERVED`.
    #[inline(always)]
    unsafe fn process_block<const SIFT: bool, const OBSERVED: bool, const FIND: bool>(
        &mut self,
        at: *mut f64,
        before: *mut f64,
        marks: [u64; 2],
    ) -> SignMasks {
        let mut signs = SignMasks::default();
        let lanes = (1 << L::N) - 1;
        let mut i = 0;
        // SAFETY: the vectors lie within the block.
        unsafe {
            if !SIFT {
                while i < 64 {
                    self.observe::<OBSERVED>(&mut signs, L::load(at.add(i)), i);
                    i += L::N;
                }
                return signs;
            }
            if (marks[0] | marks[1]).count_ones() > BRANCH_MAX_MARKS {
                while i < 64 {
                    let upper = self.upper.advance::<L>((marks[0] >> i) & lanes);
                    let lower = self.lower.advance::<L>((marks[1] >> i) & lanes);
                    self.subtract::<OBSERVED, FIND>(&mut signs, at, before, i, upper, lower);
                    i += L::N;
                }
                return signs;
            }
            let (mut upper, mut lower) = (self.upper.current::<L>(), self.lower.current::<L>());
            while i < 64 {
                let (of_upper, of_lower) = ((marks[0] >> i) & lanes, (marks[1] >> i) & lanes);
                if of_upper | of_lower == 0 {
                    self.subtract::<OBSERVED, FIND>(&mut signs, at, before, i, upper, lower);
                } else {
                    let (mixed_upper, mixed_lower) =
                        (self.upper.advance::<L>(of_upper), self.lower.advance::<L>(of_lower));
                    self.subtract::<OBSERVED, FIND>(
                        &mut signs,
                        at,
                        before,
                        i,
                        mixed_upper,
                        mixed_lower,
                    );
                    (upper, lower) = (self.upper.current::<L>(), self.lower.current::<L>());
                }
                i += L::N;
            }
        }
        signs
    }

    /// Subtracts the mean of the envelopes from the samples at `at + i`.
    ///
    /// # Safety
    /// As [`Pass::process_block`].
    #[inline(always)]
    unsafe fn subtract<const OBSERVED: bool, const FIND: bool>(
        &mut self,
        signs: &mut SignMasks,
        at: *mut f64,
        before: *mut f64,
        i: usize,
        upper: Piece<L>,
        lower: Piece<L>,
    ) {
        // SAFETY: guaranteed by the caller.
        unsafe {
            let old = L::load(at.add(i));
            if OBSERVED {
                old.store(before.add(i));
            }
            let now = old.sub(L::splat(0.5).mul(upper.at(self.t).add(lower.at(self.t))));
            now.store(at.add(i));
            self.t = self.t.add(L::splat(L::N as f64));
            if FIND {
                self.observe::<OBSERVED>(signs, now, i);
            }
        }
    }

    /// Adds the signs of the samples `now`, the `i`-th of the block and on.
    ///
    /// # Safety
    /// As [`Samples`].
    #[inline(always)]
    unsafe fn observe<const OBSERVED: bool>(&mut self, signs: &mut SignMasks, now: L, i: usize) {
        // SAFETY: the caller guarantees the instructions.
        unsafe {
            let difference = now.sub(now.delayed(self.last));
            signs.rise |= difference.above(self.safe) << i;
            signs.fall |= difference.below(self.minus_safe) << i;
            if OBSERVED {
                signs.positive |= now.above(self.safe) << i;
                signs.negative |= now.below(self.minus_safe) << i;
            }
            self.last = now;
        }
    }
}

/// If `SIFT`, subtracts the mean of the envelopes and, if `OBSERVED`, keeps the signal before that.
/// If `FIND`, finds the extrema and, if `OBSERVED`, counts the zero crossings. Returns false if
/// neighboring samples are equal: plateaus are left to the scalar kernel.
///
/// # Safety
/// The processor has the instructions of `L`; the state was made for signals of the length of
/// `signal`; if `SIFT`, the pieces of its sides are computed.
#[inline(always)]
pub(super) unsafe fn pass<L: Samples, const SIFT: bool, const OBSERVED: bool, const FIND: bool>(
    state: &mut StepState,
    signal: &mut [f64],
) -> bool {
    let n = signal.len();
    let h = signal.as_mut_ptr();
    let (upper, lower) = (PieceCursor::new(&state.maxima), PieceCursor::new(&state.minima));
    let (mut maxima, mut minima) =
        (ExtremaWriter::new(&mut state.maxima), ExtremaWriter::new(&mut state.minima));
    let mut crossings = 0;
    let mut is_regular = true;
    let mut before = SignMasks::default();
    let words = n.div_ceil(64);
    // The last block may have fewer than 64 samples: it is processed in a copy.
    let mut tail = [0.0; 64];
    let mut tail_before = [0.0; 64];
    let saved = if SIFT && OBSERVED { state.before.as_mut_ptr() } else { std::ptr::null_mut() };
    // SAFETY: the bitmaps have `words` words of 64 samples each.
    unsafe {
        let safe = state.signs.safe_above();
        let (safe, minus_safe) = (L::splat(safe), L::splat(-safe));
        let mut run = Pass { upper, lower, safe, minus_safe, t: L::iota(), last: L::splat(*h) };
        for word in 0..words {
            let left = (n - 64 * word).min(64);
            let at = h.add(64 * word);
            let marks = [*maxima.bits.add(word), *minima.bits.add(word)];
            let mut signs = if left == 64 {
                run.process_block::<SIFT, OBSERVED, FIND>(at, saved.wrapping_add(64 * word), marks)
            } else {
                std::ptr::copy_nonoverlapping(at, tail.as_mut_ptr(), left);
                let signs = run.process_block::<SIFT, OBSERVED, FIND>(
                    tail.as_mut_ptr(),
                    tail_before.as_mut_ptr(),
                    marks,
                );
                if SIFT && OBSERVED {
                    std::ptr::copy_nonoverlapping(tail_before.as_ptr(), saved.add(64 * word), left);
                }
                std::ptr::copy_nonoverlapping(tail.as_ptr(), at, left);
                signs
            };
            if !FIND {
                continue;
            }
            // The first sample has no difference, and there are no samples after the last.
            let valid = u64::MAX >> (64 - left);
            let differs = if word == 0 { valid & !1 } else { valid };
            signs.rise &= differs;
            signs.fall &= differs;
            is_regular &= (signs.rise | signs.fall) == differs;
            if word > 0 {
                // Whether the last sample of a block is an extremum is known only with the next
                // block.
                let behind = at.sub(64);
                maxima.write::<L>(
                    word - 1,
                    before.rise & (before.fall >> 1 | signs.fall << 63),
                    behind,
                );
                minima.write::<L>(
                    word - 1,
                    before.fall & (before.rise >> 1 | signs.rise << 63),
                    behind,
                );
            }
            if OBSERVED {
                signs.positive &= valid;
                signs.negative &= valid;
                // Each sample against the one before; a run of zeros counts once, where it begins.
                let was_positive = signs.positive << 1 | before.positive >> 63;
                let was_negative = signs.negative << 1 | before.negative >> 63;
                let zero = valid & !(signs.positive | signs.negative);
                is_regular &= zero == 0 || state.signs == crate::extrema::SignTest::Compared;
                let begins = zero & (was_positive | was_negative | u64::from(word == 0));
                let crosses =
                    (signs.positive & was_negative) | (signs.negative & was_positive) | begins;
                crossings += crosses.count_ones() as usize;
            }
            before = signs;
        }
        if !FIND {
            return true;
        }
        // The last block may have fewer than 64 samples, so a copy is read.
        let left = n - 64 * (words - 1);
        std::ptr::copy_nonoverlapping(h.add(n - left), tail.as_mut_ptr(), left);
        maxima.write::<L>(words - 1, before.rise & (before.fall >> 1), tail.as_ptr());
        minima.write::<L>(words - 1, before.fall & (before.rise >> 1), tail.as_ptr());
    }
    (state.maxima.count, state.minima.count) = (maxima.count, minima.count);
    state.maxima.swap_found();
    state.minima.swap_found();
    state.crossings = crossings;
    is_regular
}
