//! One step of sifting, in three ways that give the same bits.
//!
//! A step takes a signal whose extrema are known, subtracts the mean of its envelopes, and finds the extrema of what is
//! left. [`scalar`] does it by the definitions and is the oracle of the others, which are one program ([`vector`]) for
//! vectors of several widths ([`lanes`]).

#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)]
mod lanes;
mod scalar;
// Its loops go over lanes, of which several arrays have a number each.
#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code, clippy::needless_range_loop)]
mod solve;
#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)]
mod vector;
#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)]
mod x86;

use crate::extrema::Signs;
use crate::knots::{Side, mirror};
use crate::spline::{Tridiagonal, evaluate, interpolate};

/// Which instructions the sifting uses. All give the same bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kernel {
    /// Plain Rust, by the definitions.
    Scalar,
    /// Four numbers at a time.
    Avx2,
    /// Eight numbers at a time.
    Avx512,
}

impl Kernel {
    /// All there are, from slow to fast.
    pub const ALL: [Self; 3] = [Self::Scalar, Self::Avx2, Self::Avx512];

    /// The fastest this processor has.
    pub fn detect() -> Self {
        Self::ALL.into_iter().rfind(|kernel| kernel.is_available()).unwrap_or(Self::Scalar)
    }

    /// Whether this processor has the instructions.
    pub fn is_available(self) -> bool {
        match self {
            Self::Scalar => true,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => {
                is_x86_feature_detected!("avx2")
                    && is_x86_feature_detected!("popcnt")
                    && is_x86_feature_detected!("bmi1")
                    && is_x86_feature_detected!("lzcnt")
            }
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => Self::Avx2.is_available() && is_x86_feature_detected!("avx512f"),
            #[cfg(not(target_arch = "x86_64"))]
            _ => false,
        }
    }
}

/// The extrema of the signal under the sieve, its envelopes, and room to compute them in.
#[derive(Debug)]
pub(crate) struct Sieve {
    kernel: Kernel,
    signs: Signs,
    /// Whether a stop rule looks at each step: zero crossings are counted, and the signal before the step is kept.
    observed: bool,
    before: Vec<f64>,
    pub maxima: Side,
    pub minima: Side,
    crossings: usize,
    wrong_side: bool,
    system: Tridiagonal,
    upper: Vec<f64>,
    lower: Vec<f64>,
    #[cfg(target_arch = "x86_64")]
    systems: solve::Systems,
}

impl Sieve {
    /// Of signals of `n` samples. The processor must have the kernel's instructions.
    pub fn new(n: usize, kernel: Kernel, signs: Signs) -> Self {
        assert!(kernel.is_available(), "{kernel:?} on a processor without it");
        Self {
            kernel,
            signs,
            observed: false,
            before: Vec::new(),
            maxima: Side::new(n),
            minima: Side::new(n),
            crossings: 0,
            wrong_side: false,
            system: Tridiagonal::default(),
            upper: vec![0.0; n],
            lower: vec![0.0; n],
            #[cfg(target_arch = "x86_64")]
            systems: solve::Systems::new(n),
        }
    }

    /// How many extrema the signal last looked at has.
    pub fn extrema(&self) -> usize {
        self.maxima.count + self.minima.count
    }

    /// Whether a maximum of the last step's knots, mirrored ones included, is negative, or a minimum positive.
    pub fn knots_on_wrong_side(&self) -> bool {
        self.wrong_side
    }

    /// The signal before the last step, if that is observed.
    pub fn before(&self) -> &[f64] {
        &self.before
    }

    /// How often the signal last looked at crosses zero, if that is observed.
    pub fn crossings(&self) -> usize {
        self.crossings
    }

    /// Finds the extrema of `signal`, with which sifting begins; whether it is `observed` holds for the steps to come.
    pub fn scan(&mut self, signal: &mut [f64], observed: bool) {
        assert_eq!(signal.len(), self.upper.len(), "a sieve for signals of another length");
        self.observed = observed;
        if observed {
            self.before.resize(signal.len(), 0.0);
        }
        match self.kernel {
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx2 | Kernel::Avx512 => x86::scan(self, signal),
            _ => scalar::scan(self, signal),
        }
    }

    /// The envelopes of `signal`, whose extrema (three or more) are known.
    pub fn envelopes(&mut self, signal: &[f64], upper: &mut [f64], lower: &mut [f64]) {
        mirror(&mut self.maxima, &mut self.minima, signal);
        for (side, out) in [(&mut self.maxima, upper), (&mut self.minima, lower)] {
            interpolate(side, &mut self.system);
            evaluate(side, out);
        }
    }

    /// Subtracts the mean of the envelopes from `signal`, whose extrema (three or more) are known, and finds those of the
    /// difference. False where there are no two envelopes, and then nothing is done: maxima and minima alternate, unless
    /// samples have grown beyond all numbers or products of differences vanish.
    /// Where it `is_last`, and nobody observes it, the extrema of the difference are not looked for.
    pub fn step(&mut self, signal: &mut [f64], is_last: bool) -> bool {
        assert_eq!(signal.len(), self.upper.len(), "a sieve for signals of another length");
        if self.maxima.count == 0 || self.minima.count == 0 {
            return false;
        }
        mirror(&mut self.maxima, &mut self.minima, signal);
        let knots = [self.maxima.knots().len(), self.minima.knots().len()];
        if knots[0].min(knots[1]) < 3 {
            return false;
        }
        // What the solver of the vector kernels is not made for: a spline of another form, sides that do not alternate.
        let is_odd = knots.contains(&3) || self.maxima.count.abs_diff(self.minima.count) > 1;
        // The extrema of `signal` make way for those of the difference: look at them now.
        self.wrong_side =
            self.maxima.values().iter().any(|&y| y < 0.0) || self.minima.values().iter().any(|&y| y > 0.0);
        match self.kernel {
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx2 | Kernel::Avx512 if is_odd => x86::step_by_scalar(self, signal),
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx2 | Kernel::Avx512 => x86::step(self, signal, is_last && !self.observed),
            _ => scalar::step(self, signal),
        }
        true
    }
}
