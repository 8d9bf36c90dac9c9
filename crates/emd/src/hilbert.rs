//! The analytic signal of a mode: instantaneous frequency, period, phase variance.

use crate::sum::power_of_two;
use realfft::RealFftPlanner;
use realfft::num_complex::Complex;
use std::f64::consts::TAU;
use std::ops::Range;

/// The analytic signal `z = x + i H(x)` of a signal `x`, with its Hilbert transform `H(x)`: it has
/// no negative frequencies (Gabor 1946).
///
/// Spans are ranges of samples and are cut to the signal.
///
/// ```
/// let tone: Vec<f64> = (0..600).map(|t| (f64::from(t) * std::f64::consts::TAU / 25.0).cos()).collect();
/// let analytic = emd::Analytic::new(&tone);
/// assert!((analytic.period(0..600).unwrap() - 25.0).abs() < 1e-9);
/// assert!(analytic.phase_variance(0..600).unwrap() < 1e-9);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Analytic {
    real: Vec<f64>,
    imaginary: Vec<f64>,
}

impl Analytic {
    /// The analytic signal of `signal`, by a discrete Fourier transform of exactly its length (any
    /// length).
    ///
    /// The samples must be finite; a NaN spreads to all samples. An empty signal is valid.
    pub fn new(signal: &[f64]) -> Self {
        Self::compute(&mut RealFftPlanner::new(), signal)
    }

    /// The analytic signals of several signals; the transform is planned once per length.
    ///
    /// ```
    /// let modes = [vec![0.0, 1.0, 0.0, -1.0], vec![1.0, 0.0, -1.0, 0.0]];
    /// let analytic = emd::Analytic::from_signals(modes.iter().map(Vec::as_slice));
    /// assert!(analytic.iter().all(|analytic| (analytic.amplitude()[0] - 1.0).abs() < 1e-12));
    /// ```
    pub fn from_signals<'a>(signals: impl IntoIterator<Item = &'a [f64]>) -> Vec<Self> {
        let mut planner = RealFftPlanner::new();
        signals.into_iter().map(|signal| Self::compute(&mut planner, signal)).collect()
    }

    fn compute(planner: &mut RealFftPlanner<f64>, signal: &[f64]) -> Self {
        let n = signal.len();
        let real = signal.to_vec();
        let mut imaginary = vec![0.0; n];
        if n > 0 {
            let (forward, inverse) = (planner.plan_fft_forward(n), planner.plan_fft_inverse(n));
            let mut spectrum = forward.make_output_vec();
            // Neither transform can fail: the lengths are those of the plan, and the ends of the
            // spectrum are set to 0 below.
            let transformed = forward.process(&mut real.clone(), &mut spectrum);
            // Positive frequencies are multiplied by -i; the mean and the Nyquist frequency vanish.
            let minus_i = Complex::new(0.0, -1.0 / n as f64);
            spectrum.iter_mut().for_each(|x| *x *= minus_i);
            spectrum[0] = Complex::default();
            if n.is_multiple_of(2) {
                spectrum[n / 2] = Complex::default();
            }
            let back = inverse.process(&mut spectrum, &mut imaginary);
            debug_assert!(transformed.is_ok() && back.is_ok());
        }
        Self { real, imaginary }
    }

    /// The real part: the signal.
    pub fn real(&self) -> &[f64] {
        &self.real
    }

    /// The imaginary part: the Hilbert transform of the signal.
    pub fn imaginary(&self) -> &[f64] {
        &self.imaginary
    }

    /// The instantaneous amplitude `|z|` at each sample, in the unit of the signal.
    pub fn amplitude(&self) -> Vec<f64> {
        self.real.iter().zip(&self.imaginary).map(|(re, im)| re.hypot(*im)).collect()
    }

    /// `z_{t+1} conj z_t` for all pairs of samples in `span`; its argument is the phase increment.
    fn phase_steps(&self, span: Range<usize>) -> impl Iterator<Item = Complex<f64>> + '_ {
        let end = span.end.min(self.real.len());
        // Scaled so that products neither overflow nor underflow.
        let largest =
            self.real.iter().chain(&self.imaginary).fold(0.0, |max: f64, x| max.max(x.abs()));
        let unit = power_of_two(largest);
        let z = move |t: usize| Complex::new(self.real[t] / unit, self.imaginary[t] / unit);
        (span.start..end.saturating_sub(1)).map(move |t| z(t + 1) * z(t).conj())
    }

    /// The instantaneous frequency in radians per sample, `w_t = arg(z_{t+1} conj z_t)` in
    /// -pi..=pi, for `t` and `t + 1` in `span`: one value fewer than the span has samples. Phases
    /// are not unwrapped.
    ///
    /// ```
    /// let tone: Vec<f64> = (0..100).map(|t| (f64::from(t) * 0.4 * std::f64::consts::PI).cos()).collect();
    /// let frequency = emd::Analytic::new(&tone).frequency(0..100);
    /// assert_eq!(frequency.len(), 99);
    /// assert!((frequency[50] - 0.4 * std::f64::consts::PI).abs() < 1e-9);
    /// ```
    pub fn frequency(&self, span: Range<usize>) -> Vec<f64> {
        self.phase_steps(span).map(|step| step.im.atan2(step.re)).collect()
    }

    /// The period in samples: `2 pi / median(w)` over `span`; the median of an even number of
    /// values is the mean of the two middle ones. `None` unless the median is positive.
    pub fn period(&self, span: Range<usize>) -> Option<f64> {
        let median = median(self.frequency(span))?;
        (median > 0.0).then(|| TAU / median)
    }

    /// The circular variance of the phase increments over `span`, `1 - |mean exp(i w)|`: 0 for a
    /// steady cycle, towards 1 for an irregular one. `None` for a span of fewer than two samples.
    pub fn phase_variance(&self, span: Range<usize>) -> Option<f64> {
        let (mut sum, mut count) = (Complex::<f64>::default(), 0_usize);
        for step in self.phase_steps(span) {
            let length = step.norm();
            // A zero has no phase: its increment counts as 0.
            sum += if length > 0.0 { step / length } else { Complex::new(1.0, 0.0) };
            count += 1;
        }
        // Rounding can make the mean of unit vectors longer than 1.
        (count > 0).then(|| (1.0 - sum.norm() / count as f64).max(0.0))
    }
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    if values.is_empty() {
        return None;
    }
    let (middle, odd) = (values.len() / 2, values.len() % 2 == 1);
    let (below, upper, _) = values.select_nth_unstable_by(middle, f64::total_cmp);
    if odd {
        return Some(*upper);
    }
    let lower = below.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    Some(0.5 * (lower + *upper))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The Hilbert transform by its definition, `O(n^2)`.
    fn by_definition(x: &[f64]) -> Vec<f64> {
        let n = x.len();
        let w = |k: usize, t: usize| TAU * ((k * t) % n) as f64 / n as f64;
        (0..n)
            .map(|t| {
                (1..n.div_ceil(2))
                    .map(|k| {
                        let (re, im) = x.iter().enumerate().fold((0.0, 0.0), |(re, im), (s, x)| {
                            (re + x * w(k, s).cos(), im - x * w(k, s).sin())
                        });
                        2.0 / n as f64 * (re * w(k, t).sin() + im * w(k, t).cos())
                    })
                    .sum()
            })
            .collect()
    }

    #[test]
    fn transform_matches_the_definition_for_any_length() {
        for n in 1..40 {
            let x: Vec<f64> = (0..n).map(|t| ((t * t + 3 * t) as f64).sin()).collect();
            for (got, expected) in Analytic::new(&x).imaginary.iter().zip(by_definition(&x)) {
                assert!((got - expected).abs() < 1e-12, "{n}: {got} {expected}");
            }
        }
    }

    #[test]
    fn empty_and_zero_signals_have_no_period() {
        let none = Analytic::new(&[]);
        assert_eq!((none.period(0..0), none.phase_variance(0..9)), (None, None));
        let zeros = Analytic::new(&[0.0; 9]);
        assert_eq!(zeros.period(0..9), None);
        assert_eq!(zeros.phase_variance(0..9), Some(0.0));
        assert_eq!(Analytic::new(&[1.0, 2.0]).period(1..2), None);
    }

    #[test]
    fn period_does_not_depend_on_the_scale() {
        let tone = |size: f64| {
            (0..600).map(|t| size * (f64::from(t) * TAU / 25.0).cos()).collect::<Vec<_>>()
        };
        for size in [1e-300, 1e-170, 1.0, 1e160, 1e300] {
            let analytic = Analytic::new(&tone(size));
            assert!((analytic.period(0..600).unwrap_or(0.0) - 25.0).abs() < 1e-6, "{size}");
            assert!(
                analytic.phase_variance(0..600).is_some_and(|v| (0.0..1e-9).contains(&v)),
                "{size}"
            );
        }
    }

    #[test]
    fn median_of_odd_and_even_counts() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), Some(2.5));
        assert_eq!(median(vec![]), None);
    }
}
