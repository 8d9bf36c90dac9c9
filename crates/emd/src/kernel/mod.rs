//! One step of sifting, in three ways that give the same bits.
//!
//! A step takes a signal whose extrema are known, subtracts the mean of its envelopes, and finds the extrema of what is
//! left. [`scalar`] does it by the definitions and is the oracle of the others.

mod scalar;

use crate::knots::{Side, mirror};
use crate::spline::{Tridiagonal, evaluate, interpolate};

/// Which instructions the sifting uses. All give the same bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kernel {
    /// Plain Rust, by the definitions.
    Scalar,
}

impl Kernel {
    /// All there are, from slow to fast.
    pub const ALL: [Self; 1] = [Self::Scalar];

    /// The fastest this processor has.
    pub fn detect() -> Self {
        Self::Scalar
    }

    /// Whether this processor has the instructions.
    pub fn is_available(self) -> bool {
        match self {
            Self::Scalar => true,
        }
    }
}

/// The extrema of the signal under the sieve, its envelopes, and room to compute them in.
#[derive(Debug)]
pub(crate) struct Sieve {
    kernel: Kernel,
    pub maxima: Side,
    pub minima: Side,
    system: Tridiagonal,
    upper: Vec<f64>,
    wrong_side: bool,
}

impl Sieve {
    /// Of signals of `n` samples.
    pub fn new(n: usize, kernel: Kernel) -> Self {
        Self {
            kernel,
            maxima: Side::new(n),
            minima: Side::new(n),
            system: Tridiagonal::default(),
            upper: vec![0.0; n],
            wrong_side: false,
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

    /// How often `signal`, the one last looked at, crosses zero.
    pub fn zero_crossings(&self, signal: &[f64]) -> usize {
        crate::zero_crossings(signal)
    }

    /// Finds the extrema of `signal`.
    pub fn scan(&mut self, signal: &[f64]) {
        match self.kernel {
            Kernel::Scalar => scalar::scan(self, signal),
        }
    }

    /// The envelopes of `signal`, whose extrema (three or more) are known.
    pub fn envelopes(&mut self, signal: &[f64], upper: &mut [f64], lower: &mut [f64]) {
        mirror(&mut self.maxima, &mut self.minima, signal);
        for (side, out) in [(&mut self.maxima, upper), (&mut self.minima, lower)] {
            interpolate(side, &mut self.system);
            evaluate(side, out, |out, x| *out = x);
        }
    }

    /// Subtracts the mean of the envelopes from `signal`, whose extrema (three or more) are known, and finds those of the
    /// difference. `before` takes what the signal was.
    pub fn step(&mut self, signal: &mut [f64], before: Option<&mut [f64]>) {
        if let Some(before) = before {
            before.copy_from_slice(signal);
        }
        mirror(&mut self.maxima, &mut self.minima, signal);
        // The extrema of `signal` make way for those of the difference: look at them now.
        self.wrong_side =
            self.maxima.values().iter().any(|&y| y < 0.0) || self.minima.values().iter().any(|&y| y > 0.0);
        match self.kernel {
            Kernel::Scalar => scalar::step(self, signal),
        }
    }
}
