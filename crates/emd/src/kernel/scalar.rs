//! By the definitions, one thing after the other: the oracle.

use super::Sieve;
use crate::extrema::{Kind, crossings, each};
use crate::spline::{evaluate, interpolate};

pub(super) fn scan(sieve: &mut Sieve, signal: &[f64]) {
    let Sieve { maxima, minima, signs, .. } = sieve;
    maxima.clear();
    minima.clear();
    each(signal, *signs, |at, kind| match kind {
        Kind::Maximum => maxima.push(at, signal[at]),
        Kind::Minimum => minima.push(at, signal[at]),
    });
    if sieve.observed {
        sieve.crossings = crossings(signal, sieve.signs);
    }
}

pub(super) fn step(sieve: &mut Sieve, signal: &mut [f64]) {
    subtract(sieve, signal);
    scan(sieve, signal);
}

/// Subtracts the mean of the envelopes.
#[inline(always)]
pub(super) fn subtract(sieve: &mut Sieve, signal: &mut [f64]) {
    if sieve.observed {
        sieve.before.copy_from_slice(signal);
    }
    interpolate(&mut sieve.maxima, &mut sieve.system);
    interpolate(&mut sieve.minima, &mut sieve.system);
    evaluate(&sieve.maxima, &mut sieve.upper);
    evaluate(&sieve.minima, &mut sieve.lower);
    for ((x, upper), lower) in signal.iter_mut().zip(&sieve.upper).zip(&sieve.lower) {
        *x -= 0.5 * (upper + lower);
    }
}
