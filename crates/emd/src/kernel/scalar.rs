//! The step by its definitions: the reference for the vector kernels.

use super::state::StepState;
use crate::extrema::{ExtremumKind, crossings, for_each_extremum};
use crate::spline::{evaluate, interpolate};

pub(super) fn scan(state: &mut StepState, signal: &[f64]) {
    let StepState { maxima, minima, signs, .. } = state;
    maxima.clear();
    minima.clear();
    for_each_extremum(signal, *signs, |at, kind| match kind {
        ExtremumKind::Maximum => maxima.push(at, signal[at]),
        ExtremumKind::Minimum => minima.push(at, signal[at]),
    });
    if state.observed {
        state.crossings = crossings(signal, state.signs);
    }
}

pub(super) fn step(state: &mut StepState, signal: &mut [f64]) {
    subtract(state, signal);
    scan(state, signal);
}

/// Subtracts the mean of the envelopes.
#[inline(always)]
pub(super) fn subtract(state: &mut StepState, signal: &mut [f64]) {
    if state.observed {
        state.before.copy_from_slice(signal);
    }
    interpolate(&mut state.maxima, &mut state.system);
    interpolate(&mut state.minima, &mut state.system);
    evaluate(&state.maxima, &mut state.upper);
    evaluate(&state.minima, &mut state.lower);
    for ((x, upper), lower) in signal.iter_mut().zip(&state.upper).zip(&state.lower) {
        *x -= 0.5 * (upper + lower);
    }
}
