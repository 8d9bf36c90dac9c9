//! The power of a series in the octave around a period: the background against which a cycle of
//! that period has to be found.
//!
//! It is measured by a discrete Fourier transform at the frequencies of the octave only, of the
//! series averaged over a sixteenth of the period. Sums run in a fixed order, so that every machine
//! gets the same numbers.

use std::f64::consts::{SQRT_2, TAU};

/// Number of averages per period.
const PER_PERIOD: f64 = 16.0;

/// Power of a series with a mean, such as log volume.
pub(super) fn of_series(series: &[f64], period: f64) -> f64 {
    let block = block(period);
    let means: Vec<f64> =
        series.chunks_exact(block).map(|chunk| chunk.iter().sum::<f64>() / block as f64).collect();
    let mean = means.iter().sum::<f64>() / means.len().max(1) as f64;
    let around: Vec<f64> = means.iter().map(|x| x - mean).collect();
    power(&around, period / block as f64, |angle| {
        // Attenuation of a wave by averaging over a block.
        let kept = libm::sin(angle / 2.0) / (block as f64 * libm::sin(angle / 2.0 / block as f64));
        1.0 / (kept * kept)
    })
}

/// Power of the cumulative sum of `steps`, such as log price from log returns. A walk has no mean,
/// so its steps are used.
pub(super) fn of_walk(steps: &[f64], period: f64) -> f64 {
    let block = block(period);
    let sums: Vec<f64> = steps.chunks_exact(block).map(|chunk| chunk.iter().sum()).collect();
    power(&sums, period / block as f64, |angle| {
        1.0 / (4.0 * libm::pow(libm::sin(angle / 2.0), 2.0))
    })
}

fn block(period: f64) -> usize {
    ((period / PER_PERIOD) as usize).max(1)
}

/// Returns the power of `values` in the octave around `period` (in steps); each frequency, in
/// radians per step, is weighted by `weight`.
fn power(values: &[f64], period: f64, weight: impl Fn(f64) -> f64) -> f64 {
    let n = values.len() as f64;
    // At most half a cycle per step.
    let (low, high) = (n / period / SQRT_2, (n / period * SQRT_2).min(n / 2.0));
    let (first, last) = (libm::ceil(low).max(1.0) as usize, libm::floor(high) as usize);
    if first > last {
        return 0.0;
    }
    let at = |k: usize| {
        let angle = TAU * k as f64 / n;
        // Goertzel's recurrence.
        let turn = 2.0 * libm::cos(angle);
        let (mut one, mut two) = (0.0, 0.0);
        for x in values {
            (one, two) = (x + turn * one - two, one);
        }
        weight(angle) * 2.0 * (one * one + two * two - turn * one * two) / (n * n)
    };
    let sum: f64 = (first..=last).map(at).sum();
    // If few frequencies lie in the octave, they represent its whole width.
    sum * (high - low) / (last - first + 1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};
    use rand_xoshiro::Xoshiro256PlusPlus;
    use std::f64::consts::PI;

    /// White noise of variance 1.
    fn white(n: usize) -> Vec<f64> {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(5);
        (0..n).map(|_| (rng.random::<f64>() - 0.5) * 12_f64.sqrt()).collect()
    }

    #[test]
    fn power_of_noise_and_of_a_walk() {
        let noise = white(200_000);
        for period in [60.0, 390.0, 1440.0] {
            // Their spectra are 2 and 1 / (2 pi^2 f^2), over f / sqrt 2 to f sqrt 2.
            let (flat, red) = (SQRT_2 / period, period / SQRT_2 / (2.0 * PI * PI));
            assert!((of_series(&noise, period) / flat - 1.0).abs() < 0.2, "{period}");
            assert!((of_walk(&noise, period) / red - 1.0).abs() < 0.2, "{period}");
        }
    }

    #[test]
    fn power_of_a_wave() {
        let wave: Vec<f64> =
            (0..14_400).map(|t| 3.0 * (f64::from(t) * TAU / 240.0).sin()).collect();
        assert!((of_series(&wave, 240.0) - 4.5).abs() < 0.1);
        assert!(of_series(&wave, 1440.0) < 1e-3);
        assert_eq!(of_series(&[1.0; 9], 60.0), 0.0);
    }
}
