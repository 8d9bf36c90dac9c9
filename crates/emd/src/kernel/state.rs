//! What the kernels work on.

use super::instructions::Kernel;
#[cfg(target_arch = "x86_64")]
use super::solve::Systems;
use crate::extrema::SignTest;
use crate::knots::Side;
use crate::spline::Tridiagonal;

/// The extrema of the signal that is sifted, its envelopes, and scratch to compute them in.
#[derive(Debug)]
pub(super) struct StepState {
    pub kernel: Kernel,
    pub signs: SignTest,
    /// Whether a stop rule evaluates each step: then zero crossings are counted, and the signal
    /// before the step is kept.
    pub observed: bool,
    /// The signal before the last step, if observed.
    pub before: Vec<f64>,
    pub maxima: Side,
    pub minima: Side,
    /// Zero crossings of the signal, if observed.
    pub crossings: usize,
    /// Whether a maximum of the last step's knots is negative, or a minimum positive.
    pub wrong_side: bool,
    pub system: Tridiagonal,
    pub upper: Vec<f64>,
    pub lower: Vec<f64>,
    #[cfg(target_arch = "x86_64")]
    pub systems: Systems,
}

impl StepState {
    /// The state for signals of `n` samples.
    pub fn new(n: usize, kernel: Kernel, signs: SignTest) -> Self {
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
            systems: Systems::new(n),
        }
    }
}
