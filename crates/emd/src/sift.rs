//! Sifting: the fastest mode of a signal.

use crate::extrema::SignTest;
use crate::kernel::SiftStep;
use crate::sum::{pairwise, range, sum};
use crate::{Params, Preset, Sifting};
use std::sync::{Mutex, PoisonError};

/// Scratch for sifting signals of one length.
#[derive(Debug)]
pub(crate) struct Sifter {
    step: SiftStep,
    /// The signal that is sifted; after [`Sifter::sift`] its first mode.
    pub mode: Vec<f64>,
    /// Whether the extrema after the last sift are counted.
    counts_last: bool,
}

/// Sifters for signals of one length, shared by threads and reused.
#[derive(Debug)]
pub(crate) struct SifterPool<'a> {
    n: usize,
    params: &'a Params,
    idle: Mutex<Vec<Sifter>>,
}

impl<'a> SifterPool<'a> {
    pub fn new(n: usize, params: &'a Params) -> Self {
        Self { n, params, idle: Mutex::default() }
    }

    /// Samples per signal.
    pub fn len(&self) -> usize {
        self.n
    }

    /// An idle sifter, or a new one.
    pub fn acquire(&self) -> SifterGuard<'_> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        SifterGuard {
            sifter: vec![idle.unwrap_or_else(|| Sifter::new(self.n, self.params))],
            pool: &self.idle,
        }
    }
}

/// A sifter that returns to its pool when dropped.
pub(crate) struct SifterGuard<'a> {
    /// One sifter; a vector, so that `drop` can move it.
    sifter: Vec<Sifter>,
    pool: &'a Mutex<Vec<Sifter>>,
}

impl std::ops::Deref for SifterGuard<'_> {
    type Target = Sifter;

    fn deref(&self) -> &Sifter {
        &self.sifter[0]
    }
}

impl std::ops::DerefMut for SifterGuard<'_> {
    fn deref_mut(&mut self) -> &mut Sifter {
        &mut self.sifter[0]
    }
}

impl Drop for SifterGuard<'_> {
    fn drop(&mut self) {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner).append(&mut self.sifter);
    }
}

/// The outcome of a sifting.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct SiftResult {
    /// How many times the mean of the envelopes was subtracted.
    pub sifts: u32,
    /// Whether the limit of sifts ended it, not the stop rule.
    pub capped: bool,
    /// Whether fewer than three extrema remained before the stop rule was met.
    pub ran_out: bool,
    /// Number of extrema of the result; with a fixed number of sifts in the standard preset, before
    /// the last sift.
    pub extrema: usize,
}

impl SiftResult {
    /// Whether there is a mode: a signal of fewer than three extrema has none.
    pub fn has_mode(&self) -> bool {
        self.sifts > 0
    }
}

impl Sifter {
    pub fn new(n: usize, params: &Params) -> Self {
        let signs = match params.preset {
            Preset::Standard => SignTest::Compared,
            Preset::Pyemd => SignTest::Multiplied,
        };
        Self {
            step: SiftStep::new(n, params.kernel, signs),
            mode: vec![0.0; n],
            counts_last: params.preset == Preset::Pyemd,
        }
    }

    /// Sifts `mode` in place until the stop rule is met or fewer than three extrema remain.
    pub fn sift(&mut self, rule: Sifting) -> SiftResult {
        self.step.scan(&mut self.mode, !matches!(rule, Sifting::Fixed(_)));
        let mut so_far = SiftResult { extrema: self.step.extrema(), ..SiftResult::default() };
        let mut streak = 0;
        let mut crossings = self.step.crossings();
        loop {
            if so_far.extrema <= 2 {
                so_far.ran_out = true;
                return so_far;
            }
            let is_last =
                !self.counts_last && matches!(rule, Sifting::Fixed(n) if so_far.sifts + 1 >= n);
            if !self.step.step(&mut self.mode, is_last) {
                if !is_finite(&self.mode) {
                    // It overflowed: the caller checks the numbers.
                    self.mode.fill(f64::NAN);
                    so_far.sifts += 1;
                    return so_far;
                }
                so_far.extrema = 0;
                continue;
            }
            so_far.sifts += 1;
            let extrema = std::mem::replace(&mut so_far.extrema, self.step.extrema());
            let (done, cap) = match rule {
                Sifting::Fixed(n) => (so_far.sifts >= n, u32::MAX),
                Sifting::SNumber(s) => {
                    let had = std::mem::replace(&mut crossings, self.step.crossings());
                    let steady = so_far.extrema == extrema
                        && crossings == had
                        && so_far.extrema.abs_diff(crossings) <= 1;
                    streak = if steady { streak + 1 } else { 0 };
                    (streak >= s, Sifting::S_NUMBER_CAP)
                }
                Sifting::Reference => (self.is_reference_mode(), Sifting::REFERENCE_CAP),
            };
            if done {
                return so_far;
            }
            if so_far.sifts >= cap {
                so_far.capped = true;
                return so_far;
            }
        }
    }

    /// The stop rule of EMD-signal, after a step.
    fn is_reference_mode(&self) -> bool {
        let (old, new) = (self.step.before(), &self.mode);
        if self.step.knots_on_wrong_side()
            || self.step.extrema().abs_diff(self.step.crossings()) >= 2
        {
            return false;
        }
        if pairwise(new, new, &|a, _| a * a) < 1e-10 {
            return false;
        }
        let moved = pairwise(new, old, &|a, b| (a - b) * (a - b));
        moved / range(old) < 0.001
            || pairwise(new, old, &|a, b| ((a - b) / a) * ((a - b) / a)) < 0.2
            || moved / pairwise(old, old, &|a, _| a * a) < 0.2
    }
}

/// Whether `v` is zero by numpy's `allclose`.
pub(crate) fn is_near_zero(mut v: impl Iterator<Item = f64>) -> bool {
    v.all(|x| x.abs() <= 1e-8)
}

/// Whether EMD-signal stops at this rest: its thresholds are absolute, so they depend on the unit
/// of the signal.
pub(crate) fn is_negligible(rest: &[f64], min_range: f64, min_sum: f64) -> bool {
    range(rest) < min_range || pairwise(rest, rest, &|a, _| a.abs()) < min_sum
}

/// Whether all numbers are finite.
pub(crate) fn is_finite(v: &[f64]) -> bool {
    // A finite sum proves it; a sum of finite numbers can overflow.
    sum(v).is_finite() || v.iter().all(|x| x.is_finite())
}
