//! The analytic signal of a mode, and what it tells: instantaneous frequency, period, steadiness.

use crate::sum::power_of_two;
use realfft::RealFftPlanner;
use realfft::num_complex::Complex;
use std::f64::consts::TAU;
use std::ops::Range;

/// A signal `x` and its Hilbert transform `H(x)`: together `z = x + i H(x)`, in which negative frequencies are absent.
///
/// ```
/// let tone: Vec<f64> = (0..600).map(|t| (f64::from(t) * std::f64::consts::TAU / 25.0).cos()).collect();
/// let analytic = emd::Analytic::of(&tone);
/// assert!((analytic.period(0..600).unwrap() - 25.0).abs() < 1e-9);
/// assert!(analytic.phase_variance(0..600).unwrap() < 1e-9);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Analytic {
    real: Vec<f64>,
    imaginary: Vec<f64>,
}

impl Analytic {
    /// Of a real signal, by a discrete Fourier transform of exactly its length (which may be any).
    pub fn of(signal: &[f64]) -> Self {
        Self::with(&mut RealFftPlanner::new(), signal)
    }

    /// Of several real signals; the transform is planned once per length.
    pub fn of_all<'a>(signals: impl IntoIterator<Item = &'a [f64]>) -> Vec<Self> {
        let mut planner = RealFftPlanner::new();
        signals.into_iter().map(|signal| Self::with(&mut planner, signal)).collect()
    }

    fn with(planner: &mut RealFftPlanner<f64>, signal: &[f64]) -> Self {
        let n = signal.len();
        let real = signal.to_vec();
        let mut imaginary = vec![0.0; n];
        if n > 0 {
            let (forward, inverse) = (planner.plan_fft_forward(n), planner.plan_fft_inverse(n));
            let mut spectrum = forward.make_output_vec();
            // The lengths are those of the plan, and the ends of the spectrum are made real below: neither can fail.
            let transformed = forward.process(&mut real.clone(), &mut spectrum);
            // -i for positive frequencies; the mean and the Nyquist frequency have no partner.
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

    /// The signal.
    pub fn real(&self) -> &[f64] {
        &self.real
    }

    /// Its Hilbert transform.
    pub fn imaginary(&self) -> &[f64] {
        &self.imaginary
    }

    /// The envelope `|z|`, sample by sample.
    pub fn amplitude(&self) -> Vec<f64> {
        self.real.iter().zip(&self.imaginary).map(|(re, im)| re.hypot(*im)).collect()
    }

    /// `z_{t+1} conj z_t` with both samples in `span`: its argument is the increment of the phase.
    fn turns(&self, span: Range<usize>) -> impl Iterator<Item = Complex<f64>> + '_ {
        let end = span.end.min(self.real.len());
        // In a unit in which products neither overflow nor vanish.
        let largest = self.real.iter().chain(&self.imaginary).fold(0.0, |max: f64, x| max.max(x.abs()));
        let unit = power_of_two(largest);
        let z = move |t: usize| Complex::new(self.real[t] / unit, self.imaginary[t] / unit);
        (span.start..end.saturating_sub(1)).map(move |t| z(t + 1) * z(t).conj())
    }

    /// Instantaneous frequency in radians per sample, `w_t = arg(z_{t+1} conj z_t)` in -pi..=pi, with t and t + 1 in
    /// `span`: one fewer than the span has samples. Nothing is unwrapped.
    pub fn frequency(&self, span: Range<usize>) -> Vec<f64> {
        self.turns(span).map(|turn| turn.im.atan2(turn.re)).collect()
    }

    /// The period in samples: `2 pi / median(w)` over `span`, an even count taking the mean of the two middle values.
    /// `None` unless the median is positive.
    pub fn period(&self, span: Range<usize>) -> Option<f64> {
        let median = median(self.frequency(span))?;
        (median > 0.0).then(|| TAU / median)
    }

    /// Circular variance of the phase increments over `span`, `1 - |mean exp(i w)|`: 0 for a steady cycle, towards 1 for
    /// one that has no pace. `None` for a span of fewer than two samples.
    pub fn phase_variance(&self, span: Range<usize>) -> Option<f64> {
        let (mut sum, mut count) = (Complex::<f64>::default(), 0_usize);
        for turn in self.turns(span) {
            let length = turn.norm();
            // The phase of nothing stands still.
            sum += if length > 0.0 { turn / length } else { Complex::new(1.0, 0.0) };
            count += 1;
        }
        // Rounding may make a mean of unit vectors a little longer than they are.
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

    /// The transform by its definition, `O(n^2)`.
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
    fn any_length() {
        for n in 1..40 {
            let x: Vec<f64> = (0..n).map(|t| ((t * t + 3 * t) as f64).sin()).collect();
            for (got, expected) in Analytic::of(&x).imaginary.iter().zip(by_definition(&x)) {
                assert!((got - expected).abs() < 1e-12, "{n}: {got} {expected}");
            }
        }
    }

    #[test]
    fn of_nothing() {
        let none = Analytic::of(&[]);
        assert_eq!((none.period(0..0), none.phase_variance(0..9)), (None, None));
        let zeros = Analytic::of(&[0.0; 9]);
        assert_eq!(zeros.period(0..9), None);
        assert_eq!(zeros.phase_variance(0..9), Some(0.0));
        assert_eq!(Analytic::of(&[1.0, 2.0]).period(1..2), None);
    }

    #[test]
    fn any_size() {
        let tone = |size: f64| (0..600).map(|t| size * (f64::from(t) * TAU / 25.0).cos()).collect::<Vec<_>>();
        for size in [1e-300, 1e-170, 1.0, 1e160, 1e300] {
            let analytic = Analytic::of(&tone(size));
            assert!((analytic.period(0..600).unwrap_or(0.0) - 25.0).abs() < 1e-6, "{size}");
            assert!(analytic.phase_variance(0..600).is_some_and(|v| (0.0..1e-9).contains(&v)), "{size}");
        }
    }

    #[test]
    fn the_middle() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), Some(2.5));
        assert_eq!(median(vec![]), None);
    }
}
