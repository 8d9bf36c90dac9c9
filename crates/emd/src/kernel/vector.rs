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
            let one = |from: *const f64| L::splat(*from.add(self.at));
            Piece { x: one(self.x), c3: one(self.y), c2: one(self.c2), c1: one(self.c1), c0: one(self.c0) }
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
            let some = |from: *const f64| L::pick(from.wrapping_add(self.at), steps);
            let piece =
                Piece { x: some(self.x), c3: some(self.y), c2: some(self.c2), c1: some(self.c1), c0: some(self.c0) };
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

    /// # Safety
    /// `word` is one of the side's; `signal` has the samples of its bits.
    #[inline(always)]
    unsafe fn put(&mut self, word: usize, mut bits: u64, signal: *const f64) {
        // SAFETY: extrema of a kind are two samples apart, and there is room for so many.
        unsafe {
            *self.bits.add(word) = bits;
            while bits != 0 {
                let sample = 64 * word + bits.trailing_zeros() as usize;
                *self.x.add(self.count) = sample as f64;
                *self.y.add(self.count) = 0.0 + *signal.add(sample);
                self.count += 1;
                bits &= bits - 1;
            }
        }
    }
}

/// Signs of a word's differences to the sample before, and of its samples.
#[derive(Clone, Copy, Default)]
struct Signs {
    rise: u64,
    fall: u64,
    positive: u64,
    negative: u64,
}

/// Finds extrema, and zero crossings where `ZEROS`; where `SIFT`, subtracts the mean of the envelopes beforehand. False if
/// neighbouring samples are equal somewhere: plateaus follow rules of their own.
///
/// # Safety
/// The processor has the instructions of `L`; the sieve was made for signals as long as `signal`; where `SIFT`, its sides
/// have their pieces.
#[inline(always)]
pub(super) unsafe fn pass<L: Samples, const SIFT: bool, const ZEROS: bool>(sieve: &mut Sieve, signal: &mut [f64]) -> bool {
    let n = signal.len();
    let h = signal.as_mut_ptr();
    let (mut upper, mut lower) = (Walk::new(&sieve.maxima), Walk::new(&sieve.minima));
    let (mut maxima, mut minima) = (Found::new(&mut sieve.maxima), Found::new(&mut sieve.minima));
    let mut crossings = 0;
    let mut all_differ = true;
    let mut before = Signs::default();
    let words = n.div_ceil(64);
    // SAFETY: blocks lie within the signal, but for the last, which is worked on in a copy.
    unsafe {
        let half = L::splat(0.5);
        let mut iota = [0.0; 8];
        (0..8).for_each(|i| iota[i] = i as f64);
        let mut t = L::load(iota.as_ptr());
        let step = L::splat(L::N as f64);
        let mut last = L::splat(*h);
        let mut tail = [0.0; 8];
        for word in 0..words {
            let (marks_upper, marks_lower) = (*maxima.bits.add(word), *minima.bits.add(word));
            let mut signs = Signs::default();
            let end = n.min(64 * word + 64);
            let mut i = 64 * word;
            macro_rules! block {
                ($pieces:expr) => {{
                    let is_whole = i + L::N <= end;
                    if !is_whole {
                        std::ptr::copy_nonoverlapping(h.add(i), tail.as_mut_ptr(), end - i);
                    }
                    let at = if is_whole { h.add(i) } else { tail.as_mut_ptr() };
                    let mut now = L::load(at);
                    if SIFT {
                        let (upper, lower): (Piece<L>, Piece<L>) = $pieces;
                        now = now.sub(half.mul(upper.at(t).add(lower.at(t))));
                        now.store(at);
                        if !is_whole {
                            std::ptr::copy_nonoverlapping(tail.as_ptr(), h.add(i), end - i);
                        }
                        t = t.add(step);
                    }
                    let shift = i % 64;
                    let difference = now.sub(now.delayed(last));
                    signs.rise |= difference.positive() << shift;
                    signs.fall |= difference.negative() << shift;
                    if ZEROS {
                        signs.positive |= now.positive() << shift;
                        signs.negative |= now.negative() << shift;
                    }
                    last = now;
                    i += L::N;
                }};
            }
            if SIFT && marks_upper | marks_lower != 0 {
                while i < end {
                    let lanes = (1 << L::N) - 1;
                    let of = |marks: u64| (marks >> (i % 64)) & lanes;
                    let (of_upper, of_lower) = (of(marks_upper), of(marks_lower));
                    block!((upper.on::<L>(of_upper), lower.on::<L>(of_lower)));
                }
            } else {
                let pieces = if SIFT { Some((upper.here::<L>(), lower.here::<L>())) } else { None };
                while i < end {
                    block!(pieces.unwrap_unchecked());
                }
            }
            // The first sample differs from nothing, and behind the last there is none.
            let valid = if end - 64 * word == 64 { u64::MAX } else { (1 << (end - 64 * word)) - 1 };
            let differs = if word == 0 { valid & !1 } else { valid };
            signs.rise &= differs;
            signs.fall &= differs;
            all_differ &= (signs.rise | signs.fall) == differs;
            if word > 0 {
                maxima.put(word - 1, before.rise & (before.fall >> 1 | signs.fall << 63), h);
                minima.put(word - 1, before.fall & (before.rise >> 1 | signs.rise << 63), h);
            }
            if ZEROS {
                signs.positive &= valid;
                signs.negative &= valid;
                // Each sample against the one before it.
                let was_positive = signs.positive << 1 | before.positive >> 63;
                let was_negative = signs.negative << 1 | before.negative >> 63;
                let zero = valid & !(signs.positive | signs.negative);
                let begins = zero & (was_positive | was_negative | u64::from(word == 0));
                let crosses = (signs.positive & was_negative) | (signs.negative & was_positive) | begins;
                crossings += crosses.count_ones() as usize;
            }
            before = signs;
        }
        maxima.put(words - 1, before.rise & (before.fall >> 1), h);
        minima.put(words - 1, before.fall & (before.rise >> 1), h);
    }
    (sieve.maxima.count, sieve.minima.count) = (maxima.count, minima.count);
    sieve.maxima.swap_found();
    sieve.minima.swap_found();
    sieve.crossings = crossings;
    all_differ
}
