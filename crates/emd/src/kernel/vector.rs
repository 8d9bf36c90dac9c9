//! The step in vectors: envelopes are evaluated, subtracted and the difference searched for extrema in one pass.
//!
//! Which pieces of the splines a block of samples needs is told by bitmaps of the knots: pieces follow each other in memory,
//! so the piece of a sample is that of the block's first one plus the number of knots in between, and a load of
//! neighbouring coefficients, permuted, serves the whole block without a branch. Words without a knot, which are most
//! words of slow modes, keep their coefficients in registers.

use super::Sieve;
use super::lanes::Samples;
use crate::knots::Side;

/// Walks along the pieces of one envelope.
struct Walk {
    x: *const f64,
    y: *const f64,
    c2: *const f64,
    c1: *const f64,
    c0: *const f64,
    /// Index of the piece that holds the last sample seen.
    at: usize,
}

/// One piece for all lanes, or a piece for each.
#[derive(Clone, Copy)]
struct Piece<L> {
    x: L,
    c3: L,
    c2: L,
    c1: L,
    c0: L,
}

impl Walk {
    fn new(side: &Side) -> Self {
        Self {
            x: side.x.as_ptr(),
            y: side.y.as_ptr(),
            c2: side.c2.as_ptr(),
            c1: side.c1.as_ptr(),
            c0: side.c0.as_ptr(),
            at: side.interval_before_first_mark(),
        }
    }

    /// # Safety
    /// As [`Samples`]; the walk has not gone beyond its side.
    #[inline(always)]
    unsafe fn here<L: Samples>(&self) -> Piece<L> {
        // SAFETY: `at` is the index of a piece.
        unsafe {
            Piece {
                x: L::splat(*self.x.add(self.at)),
                c3: L::splat(*self.y.add(self.at)),
                c2: L::splat(*self.c2.add(self.at)),
                c1: L::splat(*self.c1.add(self.at)),
                c0: L::splat(*self.c0.add(self.at)),
            }
        }
    }

    /// Goes on by as many samples as there are lanes, in which `marks` begin new pieces.
    ///
    /// # Safety
    /// As [`Samples`]; marks are those of the side.
    #[inline(always)]
    unsafe fn on<L: Samples>(&mut self, marks: u64) -> Piece<L> {
        // SAFETY: a side has room for a vector behind its last knot.
        unsafe {
            let steps = L::steps(marks);
            let piece = Piece {
                x: L::pick(self.x.wrapping_add(self.at), steps),
                c3: L::pick(self.y.wrapping_add(self.at), steps),
                c2: L::pick(self.c2.wrapping_add(self.at), steps),
                c1: L::pick(self.c1.wrapping_add(self.at), steps),
                c0: L::pick(self.c0.wrapping_add(self.at), steps),
            };
            self.at = self.at.wrapping_add(marks.count_ones() as usize);
            piece
        }
    }
}

impl<L: Samples> Piece<L> {
    #[inline(always)]
    unsafe fn at(self, t: L) -> L {
        // SAFETY: the caller has the instructions.
        unsafe {
            let s = t.sub(self.x);
            let s2 = s.mul(s);
            self.c3.add(self.c2.mul(s)).add(self.c1.mul(s2)).add(self.c0.mul(s2.mul(s)))
        }
    }
}

/// Collects extrema while the signs of differences come word by word.
struct Found {
    x: *mut f64,
    y: *mut f64,
    bits: *mut u64,
    count: usize,
}

impl Found {
    fn new(side: &mut Side) -> Self {
        let first = Side::first();
        Self {
            x: side.next_x[first..].as_mut_ptr(),
            y: side.next_y[first..].as_mut_ptr(),
            bits: side.bits.as_mut_ptr(),
            count: 0,
        }
    }

    /// Takes the extrema `bits` of a word, whose samples are at `samples`.
    ///
    /// # Safety
    /// As [`Samples`]; `word` is one of the side's; at `samples` there are 64, or as many as `bits` has.
    #[inline(always)]
    unsafe fn put<L: Samples>(&mut self, word: usize, mut bits: u64, samples: *const f64) {
        // SAFETY: extrema of a kind are two samples apart, and there is room for so many and a vector.
        unsafe {
            *self.bits.add(word) = bits;
            let first = (64 * word) as f64;
            if bits.count_ones() > MANY {
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

/// Extrema of a word from which packing vectors is cheaper than going from bit to bit.
const MANY: u32 = 10;

/// Marks of a word up to which it is cheaper to ask, block by block, whether a new piece begins: a wrong guess of the branch
/// costs as much as the loads that it saves.
const FEW: u32 = 5;

/// Signs of a word's differences to the sample before, and of its samples.
#[derive(Clone, Copy, Default)]
struct Signs {
    rise: u64,
    fall: u64,
    positive: u64,
    negative: u64,
}

/// What goes from word to word.
struct Pass<L> {
    upper: Walk,
    lower: Walk,
    /// Numbers up to this size are left to the scalar program: zeros, and others whose products may vanish.
    safe: L,
    minus_safe: L,
    /// Positions of the next samples, and the samples before them in the last lane.
    t: L,
    last: L,
}

impl<L: Samples> Pass<L> {
    /// The 64 samples at `at`.
    ///
    /// # Safety
    /// As [`pass`]; there are 64 samples, and where `OBSERVED` as much room at `before`.
    #[inline(always)]
    unsafe fn word<const SIFT: bool, const OBSERVED: bool, const FIND: bool>(
        &mut self,
        at: *mut f64,
        before: *mut f64,
        marks: [u64; 2],
    ) -> Signs {
        let mut signs = Signs::default();
        let lanes = (1 << L::N) - 1;
        let mut i = 0;
        // SAFETY: blocks lie within the word.
        unsafe {
            if !SIFT {
                while i < 64 {
                    self.see::<OBSERVED>(&mut signs, L::load(at.add(i)), i);
                    i += L::N;
                }
                return signs;
            }
            if (marks[0] | marks[1]).count_ones() > FEW {
                while i < 64 {
                    let upper = self.upper.on::<L>((marks[0] >> i) & lanes);
                    let lower = self.lower.on::<L>((marks[1] >> i) & lanes);
                    self.subtract::<OBSERVED, FIND>(&mut signs, at, before, i, upper, lower);
                    i += L::N;
                }
                return signs;
            }
            let (mut upper, mut lower) = (self.upper.here::<L>(), self.lower.here::<L>());
            while i < 64 {
                let (of_upper, of_lower) = ((marks[0] >> i) & lanes, (marks[1] >> i) & lanes);
                if of_upper | of_lower == 0 {
                    self.subtract::<OBSERVED, FIND>(&mut signs, at, before, i, upper, lower);
                } else {
                    let (mixed_upper, mixed_lower) =
                        (self.upper.on::<L>(of_upper), self.lower.on::<L>(of_lower));
                    self.subtract::<OBSERVED, FIND>(&mut signs, at, before, i, mixed_upper, mixed_lower);
                    (upper, lower) = (self.upper.here::<L>(), self.lower.here::<L>());
                }
                i += L::N;
            }
        }
        signs
    }

    /// The samples at `at + i`, less the mean of the envelopes.
    ///
    /// # Safety
    /// As [`Pass::word`].
    #[inline(always)]
    unsafe fn subtract<const OBSERVED: bool, const FIND: bool>(
        &mut self,
        signs: &mut Signs,
        at: *mut f64,
        before: *mut f64,
        i: usize,
        upper: Piece<L>,
        lower: Piece<L>,
    ) {
        // SAFETY: as promised by the caller.
        unsafe {
            let old = L::load(at.add(i));
            if OBSERVED {
                old.store(before.add(i));
            }
            let now = old.sub(L::splat(0.5).mul(upper.at(self.t).add(lower.at(self.t))));
            now.store(at.add(i));
            self.t = self.t.add(L::splat(L::N as f64));
            if FIND {
                self.see::<OBSERVED>(signs, now, i);
            }
        }
    }

    /// # Safety
    /// As [`Samples`].
    #[inline(always)]
    unsafe fn see<const OBSERVED: bool>(&mut self, signs: &mut Signs, now: L, i: usize) {
        // SAFETY: the caller has the instructions.
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

/// Finds extrema, and zero crossings where `OBSERVED`; where `SIFT`, subtracts the mean of the envelopes beforehand, and
/// keeps the signal as it was where `OBSERVED`. False if neighbouring samples are equal somewhere: plateaus follow rules of their own.
///
/// # Safety
/// The processor has the instructions of `L`; the sieve was made for signals as long as `signal`; where `SIFT`, its sides
/// have their pieces.
#[inline(always)]
pub(super) unsafe fn pass<L: Samples, const SIFT: bool, const OBSERVED: bool, const FIND: bool>(
    sieve: &mut Sieve,
    signal: &mut [f64],
) -> bool {
    let n = signal.len();
    let h = signal.as_mut_ptr();
    let (upper, lower) = (Walk::new(&sieve.maxima), Walk::new(&sieve.minima));
    let (mut maxima, mut minima) = (Found::new(&mut sieve.maxima), Found::new(&mut sieve.minima));
    let mut crossings = 0;
    let mut is_clear = true;
    let mut before = Signs::default();
    let words = n.div_ceil(64);
    // The samples of the last word may be fewer than 64: it is worked on in a copy.
    let mut tail = [0.0; 64];
    let mut tail_before = [0.0; 64];
    let keep = if SIFT && OBSERVED { sieve.before.as_mut_ptr() } else { std::ptr::null_mut() };
    // SAFETY: there are `words` words in the bitmaps, and 64 samples to each.
    unsafe {
        let safe = sieve.signs.safe_above();
        let (safe, minus_safe) = (L::splat(safe), L::splat(-safe));
        let mut state = Pass { upper, lower, safe, minus_safe, t: L::iota(), last: L::splat(*h) };
        for word in 0..words {
            let left = (n - 64 * word).min(64);
            let at = h.add(64 * word);
            let marks = [*maxima.bits.add(word), *minima.bits.add(word)];
            let mut signs = if left == 64 {
                state.word::<SIFT, OBSERVED, FIND>(at, keep.wrapping_add(64 * word), marks)
            } else {
                std::ptr::copy_nonoverlapping(at, tail.as_mut_ptr(), left);
                let signs =
                    state.word::<SIFT, OBSERVED, FIND>(tail.as_mut_ptr(), tail_before.as_mut_ptr(), marks);
                if SIFT && OBSERVED {
                    std::ptr::copy_nonoverlapping(tail_before.as_ptr(), keep.add(64 * word), left);
                }
                std::ptr::copy_nonoverlapping(tail.as_ptr(), at, left);
                signs
            };
            if !FIND {
                continue;
            }
            // The first sample differs from nothing, and behind the last there is none.
            let valid = u64::MAX >> (64 - left);
            let differs = if word == 0 { valid & !1 } else { valid };
            signs.rise &= differs;
            signs.fall &= differs;
            is_clear &= (signs.rise | signs.fall) == differs;
            if word > 0 {
                // An extremum of the last sample of a word is known only with the next word.
                let behind = at.sub(64);
                maxima.put::<L>(word - 1, before.rise & (before.fall >> 1 | signs.fall << 63), behind);
                minima.put::<L>(word - 1, before.fall & (before.rise >> 1 | signs.rise << 63), behind);
            }
            if OBSERVED {
                signs.positive &= valid;
                signs.negative &= valid;
                // Each sample against the one before it; a run of zeros counts where it begins.
                let was_positive = signs.positive << 1 | before.positive >> 63;
                let was_negative = signs.negative << 1 | before.negative >> 63;
                let zero = valid & !(signs.positive | signs.negative);
                is_clear &= zero == 0 || sieve.signs == crate::extrema::Signs::Compared;
                let begins = zero & (was_positive | was_negative | u64::from(word == 0));
                let crosses = (signs.positive & was_negative) | (signs.negative & was_positive) | begins;
                crossings += crosses.count_ones() as usize;
            }
            before = signs;
        }
        if !FIND {
            return true;
        }
        // The last word may lack samples, so its copy is read.
        let left = n - 64 * (words - 1);
        std::ptr::copy_nonoverlapping(h.add(n - left), tail.as_mut_ptr(), left);
        maxima.put::<L>(words - 1, before.rise & (before.fall >> 1), tail.as_ptr());
        minima.put::<L>(words - 1, before.fall & (before.rise >> 1), tail.as_ptr());
    }
    (sieve.maxima.count, sieve.minima.count) = (maxima.count, minima.count);
    sieve.maxima.swap_found();
    sieve.minima.swap_found();
    sieve.crossings = crossings;
    is_clear
}
