//! One step of sifting, implemented three times with the same bits.
//!
//! A step takes a signal and its extrema, subtracts the mean of its envelopes, and finds
//! the extrema of the difference. [`scalar`] follows the definitions and is the reference for the
//! others, which are one program ([`vector`]) over vectors of several widths ([`lanes`]).

mod instructions;
#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)]
mod lanes;
mod scalar;
// Its loops go over lanes and index several arrays at once.
#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code, clippy::needless_range_loop)]
mod solve;
mod state;
#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)]
mod vector;
#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)]
mod x86;

use crate::extrema::SignTest;
use crate::knots::{Side, mirror};
use crate::spline::{evaluate, interpolate};
pub use instructions::Kernel;
use state::StepState;

/// Steps of sifting for signals of one length.
#[derive(Debug)]
pub(crate) struct SiftStep {
    state: StepState,
}

impl SiftStep {
    /// Steps for signals of `n` samples. The processor must have the kernel's instructions.
    pub fn new(n: usize, kernel: Kernel, signs: SignTest) -> Self {
        assert!(kernel.is_available(), "{kernel:?} is not available on this processor");
        Self { state: StepState::new(n, kernel, signs) }
    }

    /// The maxima of the last signal and, after [`SiftStep::envelopes`], the mirrored knots.
    pub fn maxima(&self) -> &Side {
        &self.state.maxima
    }

    /// The minima of the last signal and, after [`SiftStep::envelopes`], the mirrored knots.
    pub fn minima(&self) -> &Side {
        &self.state.minima
    }

    /// Number of extrema of the last signal.
    pub fn extrema(&self) -> usize {
        self.state.maxima.count + self.state.minima.count
    }

    /// Whether a maximum of the last step's knots, mirrored ones included, is negative, or a
    /// minimum positive.
    pub fn knots_on_wrong_side(&self) -> bool {
        self.state.wrong_side
    }

    /// The signal before the last step, if observed.
    pub fn before(&self) -> &[f64] {
        &self.state.before
    }

    /// Number of zero crossings of the last signal, if observed.
    pub fn crossings(&self) -> usize {
        self.state.crossings
    }

    /// Finds the extrema of `signal`, before the first step. `observed` holds for the steps to
    /// come: whether zero crossings are counted and the signal before each step is kept.
    pub fn scan(&mut self, signal: &mut [f64], observed: bool) {
        let state = &mut self.state;
        assert_eq!(signal.len(), state.upper.len(), "a signal of another length");
        state.observed = observed;
        if observed {
            state.before.resize(signal.len(), 0.0);
        }
        match state.kernel {
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx2 | Kernel::Avx512 => x86::scan(state, signal),
            _ => scalar::scan(state, signal),
        }
    }

    /// The envelopes of `signal`, given its extrema (three or more).
    pub fn envelopes(&mut self, signal: &[f64], upper: &mut [f64], lower: &mut [f64]) {
        let state = &mut self.state;
        mirror(&mut state.maxima, &mut state.minima, signal);
        for (side, out) in [(&mut state.maxima, upper), (&mut state.minima, lower)] {
            interpolate(side, &mut state.system);
            evaluate(side, out);
        }
    }

    /// Subtracts the mean of the envelopes from `signal`, given its extrema (three or more),
    /// and finds those of the difference; a step that `is_last` and is not observed skips the
    /// search.
    ///
    /// Returns false and does nothing if there are no two envelopes. Maxima and minima alternate,
    /// so that only happens if samples have overflowed or products of differences underflow.
    pub fn step(&mut self, signal: &mut [f64], is_last: bool) -> bool {
        let state = &mut self.state;
        assert_eq!(signal.len(), state.upper.len(), "a signal of another length");
        if state.maxima.count == 0 || state.minima.count == 0 {
            return false;
        }
        mirror(&mut state.maxima, &mut state.minima, signal);
        let knots = [state.maxima.knots().len(), state.minima.knots().len()];
        if knots[0].min(knots[1]) < 3 {
            return false;
        }
        // The solver of the vector kernels does not support splines of three knots and sides that
        // do not alternate.
        let is_irregular =
            knots.contains(&3) || state.maxima.count.abs_diff(state.minima.count) > 1;
        // Checked here, as the step replaces the extrema of `signal` by those of the difference.
        state.wrong_side = state.maxima.values().iter().any(|&y| y < 0.0)
            || state.minima.values().iter().any(|&y| y > 0.0);
        match state.kernel {
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx2 | Kernel::Avx512 if is_irregular => x86::step_by_scalar(state, signal),
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx2 | Kernel::Avx512 => x86::step(state, signal, is_last && !state.observed),
            _ => scalar::step(state, signal),
        }
        true
    }
}
