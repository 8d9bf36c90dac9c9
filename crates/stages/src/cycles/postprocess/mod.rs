//! Summarizes a symbol's cycles: dominant cycle, reliability and a one-line description.

mod text;

use std::collections::BTreeMap;

use super::cluster::{FIRST_SINGLETON, mad_pct, number_of};
use super::{SignalKind, Status};
use crate::error::{Error, Result};

/// A cycle from a summary of `imf-stage`; missing numbers are NaN.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordedCycle {
    /// The symbol.
    pub symbol: String,
    /// The series.
    pub series: SignalKind,
    /// The status of the row; only cycles with status `ok` are summarized.
    pub status: String,
    /// Index among the modes.
    pub imf_id: i64,
    /// Period in days.
    pub period_days: f64,
    /// Depth in percent.
    pub amp_pct: f64,
    /// Share of the variance of all modes, 0 to 1.
    pub energy_share: f64,
    /// Correlation of its envelope with that of the matched cycle of volume.
    pub vol_amp_corr: f64,
    /// Its period over that of the matched cycle of volume.
    pub vol_period_ratio: f64,
    /// Its cluster over all symbols.
    pub cluster_id_global: String,
    /// Number of cycles in that cluster.
    pub cluster_size_global: i64,
    /// 1.4826 MAD of the periods in that cluster, in percent of the median.
    pub cluster_mad_pct_period_global: f64,
    /// 1.4826 MAD of the depths in that cluster, in percent of the median.
    pub cluster_mad_pct_amp_global: f64,
}

/// Parameters of the summary; [`Params::check`] makes them usable.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// Length of the decomposed window in days, above 0.
    pub window_days: f64,
    /// Cycles with a smaller energy share are ignored; 0 to 1.
    pub min_energy_share: f64,
    /// Depth limits in percent: below the first a cycle is small, above the second large.
    pub amp_bands: [f64; 2],
}

impl Params {
    /// Checks the parameters.
    ///
    /// # Errors
    /// [`Error::Parameter`].
    pub fn check(self) -> Result<ValidParams> {
        let [small, large] = self.amp_bands;
        if !(self.window_days > 0.0 && self.window_days.is_finite()) {
            return Err(Error::out_of_range("window_days", self.window_days, "above 0"));
        }
        if !(0.0..=1.0).contains(&self.min_energy_share) {
            let share = self.min_energy_share;
            return Err(Error::out_of_range("min_energy_share", share, "0 to 1"));
        }
        if !(small > 0.0 && small <= large && large.is_finite()) {
            let problem = format!(
                "{small} {large} are not two ascending depths above 0; use two such as 5 12"
            );
            return Err(Error::invalid("amp_bands", problem));
        }
        Ok(ValidParams(self))
    }
}

/// [`Params`] that were checked.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "Params", into = "Params")]
pub struct ValidParams(Params);

impl TryFrom<Params> for ValidParams {
    type Error = Error;

    fn try_from(params: Params) -> Result<ValidParams> {
        params.check()
    }
}

impl From<ValidParams> for Params {
    fn from(valid: ValidParams) -> Params {
        valid.0
    }
}

/// Class of a cycle's depth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Band {
    /// Below the first limit.
    Small,
    /// Between the limits.
    Medium,
    /// Above the second limit.
    Large,
}

impl Band {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Band::Small => "small",
            Band::Medium => "medium",
            Band::Large => "large",
        }
    }
}

/// A cycle with its assessment.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// The cycle.
    pub cycle: RecordedCycle,
    /// Length of the window over the period.
    pub expected_cycles: f64,
    /// Whether the window has fewer than 1.5 cycles.
    pub undersampled: bool,
    /// Whether the period exceeds two thirds of the window.
    pub long: bool,
    /// Whether it belongs to no cluster.
    pub singleton: bool,
    /// Class of the depth.
    pub band: Band,
    /// Reliability, 0 to 1.
    pub reliability: f64,
    /// The score by which cycles are ordered.
    pub score: f64,
}

/// The summary of a symbol's series.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// The cycles, dominant one first; at least one.
    pub cycles: Vec<Judged>,
    /// Mean period in days, weighted by energy; NaN if the total energy is 0.
    pub agg_period_days: f64,
    /// Mean depth in percent, weighted by energy; NaN if the total energy is 0.
    pub agg_amp_pct: f64,
    /// 1.4826 MAD of the periods in percent of the median; NaN for a single cycle.
    pub mad_pct_period_all: f64,
    /// A description of at most 120 characters.
    pub text: String,
}

impl Summary {
    /// Returns the dominant cycle.
    pub fn dominant(&self) -> &Judged {
        &self.cycles[0]
    }
}

/// Maximum number of cycles listed per series.
pub const TOP: usize = 3;

/// Summarizes the cycles of each symbol's series, ordered by symbol and series.
///
/// ```
/// use stages::cycles::SignalKind;
/// use stages::cycles::postprocess::{Params, RecordedCycle, summarize};
///
/// let cycle = |imf_id, period_days, energy_share| RecordedCycle {
///     symbol: "A/USD".to_owned(),
///     series: SignalKind::Price,
///     status: "ok".to_owned(),
///     imf_id,
///     period_days,
///     amp_pct: 3.0,
///     energy_share,
///     vol_amp_corr: f64::NAN,
///     vol_period_ratio: f64::NAN,
///     cluster_id_global: "GP0001".to_owned(),
///     cluster_size_global: 2,
///     cluster_mad_pct_period_global: 10.0,
///     cluster_mad_pct_amp_global: 10.0,
/// };
/// let params = Params { window_days: 90.0, min_energy_share: 0.01, amp_bands: [2.0, 6.0] }.check()?;
/// let summaries = summarize(vec![cycle(4, 1.0, 0.1), cycle(6, 4.0, 0.6)], &params);
/// assert_eq!(summaries.len(), 1);
/// assert_eq!(summaries[0].dominant().cycle.imf_id, 6);
/// # Ok::<(), stages::Error>(())
/// ```
pub fn summarize(cycles: Vec<RecordedCycle>, params: &ValidParams) -> Vec<Summary> {
    let mut groups: BTreeMap<(String, SignalKind), Vec<Judged>> = BTreeMap::new();
    for cycle in cycles {
        // A missing energy share counts as too small.
        let is_weak = cycle.energy_share.is_nan() || cycle.energy_share < params.0.min_energy_share;
        if cycle.status == Status::Ok.name() && !is_weak {
            groups
                .entry((cycle.symbol.clone(), cycle.series))
                .or_default()
                .push(params.judge(cycle));
        }
    }
    groups.into_values().map(summary).collect()
}

impl ValidParams {
    fn judge(&self, cycle: RecordedCycle) -> Judged {
        let [small, large] = self.0.amp_bands;
        let expected_cycles = self.0.window_days / cycle.period_days;
        let neutral =
            |mad_pct: f64| if mad_pct.is_nan() { 0.5 } else { libm::exp(-mad_pct / 25.0) };
        let tight = 0.6 * neutral(cycle.cluster_mad_pct_period_global)
            + 0.4 * neutral(cycle.cluster_mad_pct_amp_global);
        let seen = (expected_cycles / 2.0).min(1.0);
        let size = cycle.cluster_size_global.max(0) as f64;
        let boost = (0.15 * libm::log1p(size) / libm::log(50.0)).min(0.15);
        let reliability = (seen * tight + 0.4 * (1.0 - seen) + boost).min(1.0);
        Judged {
            expected_cycles,
            undersampled: expected_cycles < 1.5,
            long: cycle.period_days > 2.0 / 3.0 * self.0.window_days,
            singleton: number_of(&cycle.cluster_id_global)
                .is_some_and(|number| number >= FIRST_SINGLETON),
            band: match cycle.amp_pct {
                amp if amp < small => Band::Small,
                amp if amp > large => Band::Large,
                _ => Band::Medium,
            },
            reliability,
            score: reliability * (0.6 * cycle.energy_share + 0.4 * (cycle.amp_pct / 20.0).min(1.0)),
            cycle,
        }
    }
}

fn summary(mut cycles: Vec<Judged>) -> Summary {
    cycles.sort_by(|a, b| {
        let by_amp = || b.cycle.amp_pct.total_cmp(&a.cycle.amp_pct);
        let by_period = || a.cycle.period_days.total_cmp(&b.cycle.period_days);
        let by_id = || a.cycle.imf_id.cmp(&b.cycle.imf_id);
        b.score.total_cmp(&a.score).then_with(by_amp).then_with(by_period).then_with(by_id)
    });
    let energy: f64 = cycles.iter().map(|judged| judged.cycle.energy_share).sum();
    let mean = |of: fn(&RecordedCycle) -> f64| {
        let sum: f64 =
            cycles.iter().map(|judged| judged.cycle.energy_share * of(&judged.cycle)).sum();
        if energy > 0.0 { sum / energy } else { f64::NAN }
    };
    let mut periods: Vec<f64> = cycles.iter().map(|judged| judged.cycle.period_days).collect();
    periods.sort_by(f64::total_cmp);
    Summary {
        agg_period_days: mean(|cycle| cycle.period_days),
        agg_amp_pct: mean(|cycle| cycle.amp_pct),
        mad_pct_period_all: mad_pct(&periods),
        text: text::describe(&cycles),
        cycles,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn cycle(imf_id: i64, period_days: f64, amp_pct: f64) -> RecordedCycle {
        RecordedCycle {
            symbol: "A".to_owned(),
            series: SignalKind::Price,
            status: "ok".to_owned(),
            imf_id,
            period_days,
            amp_pct,
            energy_share: 0.25,
            vol_amp_corr: f64::NAN,
            vol_period_ratio: f64::NAN,
            cluster_id_global: "GP0001".to_owned(),
            cluster_size_global: 9,
            cluster_mad_pct_period_global: 10.0,
            cluster_mad_pct_amp_global: f64::NAN,
        }
    }

    pub(super) fn params() -> ValidParams {
        let params = Params { window_days: 30.0, min_energy_share: 0.0, amp_bands: [5.0, 12.0] };
        params.check().unwrap()
    }

    #[test]
    fn summary_equals_one_computed_by_hand() {
        let judged = params().judge(cycle(0, 20.0, 10.0));
        let tight = 0.6 * (-0.4_f64).exp() + 0.4 * 0.5;
        let reliability = 0.75 * tight + 0.4 * 0.25 + 0.15 * 10_f64.ln() / 50_f64.ln();
        assert!((judged.reliability - reliability).abs() < 1e-12);
        assert!((judged.score - reliability * (0.15 + 0.2)).abs() < 1e-12);
        assert_eq!((judged.expected_cycles, judged.undersampled, judged.long), (1.5, false, false));
        assert_eq!((judged.band, judged.singleton), (Band::Medium, false));
        let alone = params().judge(RecordedCycle {
            cluster_id_global: "GP90001".to_owned(),
            ..cycle(0, 21.0, 12.5)
        });
        assert_eq!(
            (alone.undersampled, alone.long, alone.singleton, alone.band),
            (true, true, true, Band::Large)
        );
    }

    #[test]
    fn ties_are_ordered_by_mode() {
        let found =
            summarize(vec![cycle(3, 1.0, 9.0), cycle(1, 1.0, 9.0), cycle(2, 0.5, 9.0)], &params());
        let order: Vec<i64> = found[0].cycles.iter().map(|judged| judged.cycle.imf_id).collect();
        assert_eq!(order, [2, 1, 3]);
        assert_eq!(found[0].agg_amp_pct, 9.0);
    }

    #[test]
    fn empty_input_gives_no_summary() {
        assert!(summarize(Vec::new(), &params()).is_empty());
        let silent = RecordedCycle { energy_share: 0.0, ..cycle(0, 1.0, 9.0) };
        let found = summarize(vec![silent.clone()], &params());
        assert!(found[0].agg_period_days.is_nan() && found[0].mad_pct_period_all.is_nan());
        let strict = Params { min_energy_share: 0.1, ..params().0 }.check().unwrap();
        assert!(summarize(vec![silent], &strict).is_empty());
    }

    #[test]
    fn parameters_out_of_range_are_refused() {
        let of = |window_days, min_energy_share, amp_bands| {
            Params { window_days, min_energy_share, amp_bands }.check().is_err()
        };
        assert!(
            of(0.0, 0.0, [5.0, 12.0])
                && of(f64::NAN, 0.0, [5.0, 12.0])
                && of(9.0, 1.5, [5.0, 12.0])
        );
        assert!(
            of(9.0, 0.0, [12.0, 5.0]) && of(9.0, 0.0, [f64::NAN, 5.0]) && !of(9.0, 0.0, [5.0, 5.0])
        );
    }
}
