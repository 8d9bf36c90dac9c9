//! Decides which modes are cycles and computes their features.

use emd::{Analytic, Decomposition, brackets};

/// Minutes in a day.
const DAY: f64 = 1440.0;

/// Minimum period of a cycle in samples.
const SHORTEST: f64 = 3.0;

/// Minimum number of samples within the guard.
const FEWEST_INSIDE: usize = 6;

/// Features of a cycle.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Features {
    /// Period within the guard, in days.
    pub period_days: f64,
    /// Median depth of the brackets that reach the minimum depth, in percent.
    pub amp_pct: f64,
    /// Variance of the mode over the sum of the variances of all modes, 0 to 1.
    pub energy_share: f64,
    /// Number of brackets (half cycles between three turning points) within the guard.
    pub cycles_count: usize,
    /// Percentage of the brackets that reach the minimum depth.
    pub pct_cycles_ge_gate: f64,
    /// Circular variance of the phase increments within the guard, 0 (steady) to 1.
    pub phase_var: f64,
}

/// Why a mode is not a cycle: the first condition that fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// It has no period.
    PeriodAbsent,
    /// Its period is under 3 samples.
    PeriodShort,
    /// Its period is over two thirds of the window.
    PeriodLong,
    /// Fewer than 6 samples lie within the guard.
    Guard,
    /// No bracket reaches the minimum depth.
    Depth,
    /// It has no period within the guard.
    PeriodAbsentInside,
}

impl Reason {
    /// Returns a name for outputs.
    pub fn name(self) -> &'static str {
        match self {
            Reason::PeriodAbsent => "period_absent",
            Reason::PeriodShort => "period_short",
            Reason::PeriodLong => "period_long",
            Reason::Guard => "guard",
            Reason::Depth => "depth",
            Reason::PeriodAbsentInside => "period_absent_inside",
        }
    }
}

/// A mode with the decision about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Imf {
    /// Index among the modes, from 0 (fastest).
    pub id: usize,
    /// Its period over the whole window, in samples.
    pub period: Option<f64>,
    /// The features if it is a cycle, else the reason.
    pub verdict: Result<Features, Reason>,
    /// Number of samples excluded at each end; 0 if the period is invalid.
    pub guard: usize,
    /// Its envelope if it is a cycle, else empty.
    pub envelope: Vec<f64>,
}

impl Imf {
    /// Returns the features if it is a cycle.
    pub fn features(&self) -> Option<&Features> {
        self.verdict.as_ref().ok()
    }
}

/// Decides about every mode of `found`. `original` is the series before its logarithm was taken; a
/// bracket on it needs a depth of `least_depth` percent.
///
/// ```
/// use emd::{Control, Params};
///
/// // A price that swings by 5 percent every 50 minutes.
/// let log = |t: i32| 0.05 * (std::f64::consts::TAU * f64::from(t) / 50.0).sin();
/// let logs: Vec<f64> = (0..1000).map(log).collect();
/// let price: Vec<f64> = logs.iter().map(|log| 100.0 * log.exp()).collect();
/// let found = Params::default().check()?.emd(&logs, Control::default())?;
/// let modes = stages::cycles::imf::inspect(&found, &price, 2.0);
/// let cycle = modes[0].features().unwrap();
/// assert!((cycle.period_days * 1440.0 - 50.0).abs() < 0.5);
/// assert!(cycle.amp_pct > 5.0);
/// # Ok::<(), emd::Error>(())
/// ```
pub fn inspect(found: &Decomposition, original: &[f64], least_depth: f64) -> Vec<Imf> {
    let variances = found.variances();
    let total: f64 = variances.iter().sum();
    let share = |k: usize| if total > 0.0 { variances[k] / total } else { 0.0 };
    let analytic = Analytic::from_signals(found.modes.iter().map(Vec::as_slice));
    let each = found.modes.iter().zip(&analytic).enumerate();
    each.map(|(id, (mode, analytic))| {
        let mut imf = Imf {
            id,
            period: analytic.period(0..mode.len()),
            verdict: Err(Reason::PeriodAbsent),
            guard: 0,
            envelope: Vec::new(),
        };
        imf.verdict = judge(mode, analytic, original, least_depth, share(id), &mut imf.guard);
        if imf.verdict.is_ok() {
            imf.envelope = analytic.amplitude();
        }
        imf
    })
    .collect()
}

fn judge(
    mode: &[f64],
    analytic: &Analytic,
    original: &[f64],
    least_depth: f64,
    energy_share: f64,
    guard: &mut usize,
) -> Result<Features, Reason> {
    let n = mode.len();
    let period = analytic.period(0..n).ok_or(Reason::PeriodAbsent)?;
    if period < SHORTEST {
        return Err(Reason::PeriodShort);
    }
    if period > n as f64 * 2.0 / 3.0 {
        return Err(Reason::PeriodLong);
    }
    *guard = ((period / 4.0 + 0.5).floor() as usize).max(1);
    let inside = *guard..n.saturating_sub(*guard);
    if inside.len() < FEWEST_INSIDE {
        return Err(Reason::Guard);
    }
    let within = |bracket: &[usize; 3]| bracket[0] >= inside.start && bracket[2] <= inside.end;
    let depths: Vec<f64> = brackets(mode)
        .iter()
        .filter(|bracket| within(bracket))
        .map(|bracket| depth(original, bracket))
        .collect();
    let mut deep: Vec<f64> = depths.iter().copied().filter(|depth| *depth >= least_depth).collect();
    if deep.is_empty() {
        return Err(Reason::Depth);
    }
    let period = analytic.period(inside.clone()).ok_or(Reason::PeriodAbsentInside)?;
    let pct_cycles_ge_gate = 100.0 * deep.len() as f64 / depths.len() as f64;
    deep.sort_unstable_by(f64::total_cmp);
    Ok(Features {
        period_days: period / DAY,
        amp_pct: crate::stats::percentile(&deep, 50.0),
        energy_share,
        cycles_count: depths.len(),
        pct_cycles_ge_gate,
        phase_var: analytic.phase_variance(inside).unwrap_or(0.0),
    })
}

/// Returns the larger of a bracket's two legs on the series, each in percent of its midline.
fn depth(original: &[f64], &[first, middle, last]: &[usize; 3]) -> f64 {
    let leg = |a: usize, b: usize| {
        let midline = (original[a] + original[b]) / 2.0;
        if midline == 0.0 { 0.0 } else { (original[a] - original[b]).abs() / midline.abs() * 100.0 }
    };
    leg(first, middle).max(leg(middle, last))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(modes: Vec<Vec<f64>>) -> Decomposition {
        let residue = vec![0.0; modes[0].len()];
        Decomposition { modes, residue, stats: Vec::new() }
    }

    fn tone(n: usize, period: f64) -> Vec<f64> {
        (0..n).map(|t| (t as f64 / period * std::f64::consts::TAU).sin()).collect()
    }

    #[test]
    fn a_tone_is_a_cycle_with_its_period() {
        let found = of(vec![tone(1000, 50.0), tone(1000, 2.5), tone(1000, 900.0), vec![0.0; 1000]]);
        let original: Vec<f64> = tone(1000, 50.0).iter().map(|x| 100.0 + 5.0 * x).collect();
        let imfs = inspect(&found, &original, 2.0);
        let features = imfs[0].features().unwrap();
        assert!((features.period_days * 1440.0 - 50.0).abs() < 0.01, "{features:?}");
        // From 95 to 105.
        assert!((features.amp_pct - 10.0).abs() < 0.05);
        assert_eq!((features.pct_cycles_ge_gate, imfs[0].guard), (100.0, 13));
        // Turning points every 25 samples from 37.5 to 962.5.
        assert_eq!(features.cycles_count, 36);
        let reasons: Vec<_> = imfs[1..].iter().map(|imf| imf.verdict.unwrap_err()).collect();
        assert_eq!(reasons, [Reason::PeriodShort, Reason::PeriodLong, Reason::PeriodAbsent]);
        assert_eq!(inspect(&found, &original, 11.0)[0].verdict, Err(Reason::Depth));
    }

    #[test]
    fn a_midline_of_zero_has_no_depth() {
        assert_eq!(depth(&[0.0, 0.0, 0.0], &[0, 1, 2]), 0.0);
        assert_eq!(depth(&[0.0, 3.0, 3.0], &[0, 1, 2]), 200.0);
    }
}
