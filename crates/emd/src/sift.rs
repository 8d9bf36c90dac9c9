//! Sifting: from a signal its fastest mode.

use crate::extrema::Signs;
use crate::kernel::Sieve;
use crate::sum::{pairwise, range, sum};
use crate::{Params, Preset, Sifting};
use std::sync::{Mutex, PoisonError};

/// Room for the sifting of signals of one length.
#[derive(Debug)]
pub(crate) struct Sifter {
    sieve: Sieve,
    /// The signal under the sieve: after [`Sifter::sift`] its first mode.
    pub mode: Vec<f64>,
    /// Whether the extrema that the last sift leaves are asked for.
    counts_last: bool,
}

/// Sifters for signals of one length, lent to whatever thread needs one: their memory is not given back in between.
#[derive(Debug)]
pub(crate) struct Sifters<'a> {
    n: usize,
    params: &'a Params,
    idle: Mutex<Vec<Sifter>>,
}

impl<'a> Sifters<'a> {
    pub fn new(n: usize, params: &'a Params) -> Self {
        Self { n, params, idle: Mutex::default() }
    }

    /// Samples of the signals.
    pub fn len(&self) -> usize {
        self.n
    }

    pub fn lend(&self) -> Lent<'_> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        Lent { sifter: vec![idle.unwrap_or_else(|| Sifter::new(self.n, self.params))], to: &self.idle }
    }
}

/// A sifter that goes back when it is no longer needed.
pub(crate) struct Lent<'a> {
    /// The only one.
    sifter: Vec<Sifter>,
    to: &'a Mutex<Vec<Sifter>>,
}

impl std::ops::Deref for Lent<'_> {
    type Target = Sifter;

    fn deref(&self) -> &Sifter {
        &self.sifter[0]
    }
}

impl std::ops::DerefMut for Lent<'_> {
    fn deref_mut(&mut self) -> &mut Sifter {
        &mut self.sifter[0]
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        self.to.lock().unwrap_or_else(PoisonError::into_inner).append(&mut self.sifter);
    }
}

/// How a sifting went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sifted {
    /// How often the mean of the envelopes was subtracted.
    pub sifts: u32,
    /// The cap ended it, not the rule.
    pub capped: bool,
    /// Fewer than three extrema were left, before the rule was met.
    pub ran_out: bool,
    /// Extrema of what was left; of what came before it where the standard preset's fixed number of sifts was done.
    pub extrema: usize,
}

impl Sifted {
    /// Whether there was anything to sift: a signal of fewer than three extrema has no mode.
    pub fn has_mode(&self) -> bool {
        self.sifts > 0
    }
}

impl Sifter {
    pub fn new(n: usize, params: &Params) -> Self {
        let signs = match params.preset {
            Preset::Standard => Signs::Compared,
            Preset::Pyemd => Signs::Multiplied,
        };
        Self {
            sieve: Sieve::new(n, params.kernel, signs),
            mode: vec![0.0; n],
            counts_last: params.preset == Preset::Pyemd,
        }
    }

    /// Sifts what `mode` holds, in place, until the rule ends it or fewer than three extrema are left.
    pub fn sift(&mut self, rule: Sifting) -> Sifted {
        self.sieve.scan(&mut self.mode, !matches!(rule, Sifting::Fixed(_)));
        let mut so_far = Sifted { extrema: self.sieve.extrema(), ..Sifted::default() };
        let mut streak = 0;
        let mut crossings = self.sieve.crossings();
        loop {
            if so_far.extrema <= 2 {
                so_far.ran_out = true;
                return so_far;
            }
            let is_last = !self.counts_last && matches!(rule, Sifting::Fixed(n) if so_far.sifts + 1 >= n);
            if !self.sieve.step(&mut self.mode, is_last) {
                if !is_finite(&self.mode) {
                    // What has overflowed is no mode: whoever asked looks at the numbers.
                    self.mode.fill(f64::NAN);
                    so_far.sifts += 1;
                    return so_far;
                }
                so_far.extrema = 0;
                continue;
            }
            so_far.sifts += 1;
            let extrema = std::mem::replace(&mut so_far.extrema, self.sieve.extrema());
            let (done, cap) = match rule {
                Sifting::Fixed(n) => (so_far.sifts >= n, u32::MAX),
                Sifting::SNumber(s) => {
                    let had = std::mem::replace(&mut crossings, self.sieve.crossings());
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

    /// The reference rule, after a step.
    fn is_reference_mode(&self) -> bool {
        let (old, new) = (self.sieve.before(), &self.mode);
        if self.sieve.knots_on_wrong_side() || self.sieve.extrema().abs_diff(self.sieve.crossings()) >= 2 {
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

/// Whether `v` is zero for numpy's `allclose`.
pub(crate) fn is_nothing(mut v: impl Iterator<Item = f64>) -> bool {
    v.all(|x| x.abs() <= 1e-8)
}

/// The thresholds at which EMD-signal sees nothing left: absolute, so they depend on the signal's unit.
pub(crate) fn is_spent(left: &[f64], least_range: f64, least_sum: f64) -> bool {
    range(left) < least_range || pairwise(left, left, &|a, _| a.abs()) < least_sum
}

/// Numbers that are finite.
pub(crate) fn is_finite(v: &[f64]) -> bool {
    // The sum of finite numbers may overflow; then look at each.
    sum(v).is_finite() || v.iter().all(|x| x.is_finite())
}
