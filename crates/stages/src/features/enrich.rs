//! Enrichment: a value relative to its baseline.

use indicators::EPS;

use super::baseline::{QUANTILE_LEVELS, Quantiles};
use super::metric::Transform;
use crate::stats::finite;
use crate::table::DType;

/// The columns that follow a metric with a baseline, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Enrichment {
    /// Percentile, 1 to 99.
    Pctile,
    /// Quintile, 1 to 5.
    Quintile,
    /// Lower quartile of the baseline.
    P25,
    /// Median of the baseline.
    P50,
    /// Upper quartile of the baseline.
    P75,
    /// Number of values in the baseline.
    N,
    /// At or above the median (`over`), or below it (`under`).
    Direction,
    /// Robust z.
    Rz,
    /// Its absolute value.
    AbsRz,
}

/// The description of an enrichment column.
#[derive(Debug, Clone, Copy)]
pub struct Described {
    /// The column.
    pub which: Enrichment,
    /// Suffix of the name.
    pub suffix: &'static str,
    /// Type.
    pub dtype: DType,
    /// Family tag of the schema.
    pub family: &'static str,
    /// The neutral value, for missing ones.
    pub neutral: f64,
    /// Whether a mask column marks neutral values.
    pub has_mask: bool,
    /// The definition.
    pub description: &'static str,
}

impl Enrichment {
    /// The columns after a metric with a baseline, in order.
    pub const TABLE: &'static [Described] = &[
        masked(
            Enrichment::Pctile,
            "pctile",
            DType::Float64,
            "pctile",
            50.0,
            "percentile of the value within the symbol's own baseline, 1 to 99; missing if that has fewer than `--min-baseline-n` values",
        ),
        masked(
            Enrichment::Quintile,
            "quintile",
            DType::Int64,
            "quintile",
            3.0,
            "quintile of the value within the symbol's own baseline, 1 to 5; missing like the percentile",
        ),
        plain(Enrichment::P25, "p25", DType::Float64, "knot", "lower quartile of the baseline"),
        plain(Enrichment::P50, "p50", DType::Float64, "knot", "median of the baseline"),
        plain(Enrichment::P75, "p75", DType::Float64, "knot", "upper quartile of the baseline"),
        plain(
            Enrichment::N,
            "n",
            DType::Int64,
            "knot",
            "number of values in the baseline; 0 without a baseline",
        ),
        plain(
            Enrichment::Direction,
            "direction",
            DType::Utf8,
            "flag",
            "`over` if the value is at or above p50, else `under`",
        ),
        masked(
            Enrichment::Rz,
            "rz",
            DType::Float64,
            "rz",
            0.0,
            "robust z, (value - p50) / (p75 - p25 + 1e-9); missing like the percentile, and if p75 = p25",
        ),
        masked(Enrichment::AbsRz, "abs_rz", DType::Float64, "abs_rz", 0.0, "absolute robust z"),
    ];

    /// Returns the neutral value, for missing ones.
    pub fn neutral(self) -> f64 {
        Enrichment::TABLE
            .iter()
            .find(|column| column.which == self)
            .map_or(0.0, |column| column.neutral)
    }
}

const fn masked(
    which: Enrichment,
    suffix: &'static str,
    dtype: DType,
    family: &'static str,
    neutral: f64,
    description: &'static str,
) -> Described {
    Described { which, suffix, dtype, family, neutral, has_mask: true, description }
}

const fn plain(
    which: Enrichment,
    suffix: &'static str,
    dtype: DType,
    family: &'static str,
    description: &'static str,
) -> Described {
    Described { which, suffix, dtype, family, neutral: 0.0, has_mask: false, description }
}

/// A value relative to its baseline. If the value or the baseline is missing, the fields that need
/// it are NaN or `None`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Enriched {
    /// Percentile, 1 to 99.
    pub pctile: f64,
    /// 1 + the number of p20, p40, p60 and p80 that the value exceeds.
    pub quintile: Option<i64>,
    /// Lower quartile, median and upper quartile of the baseline.
    pub quartiles: [f64; 3],
    /// Number of values in the baseline.
    pub n: usize,
    /// Whether the value is at or above the median.
    pub is_over: Option<bool>,
    /// `(value - p50) / (p75 - p25 + eps)`; NaN if p75 equals p25.
    pub rz: f64,
}

impl Enriched {
    /// Compares `value` (NaN if missing) with `knots`.
    ///
    /// Percentile, quintile and z-score are missing for a baseline of fewer than `min_n` values. The
    /// z-score is missing, too, if the interquartile range is 0, unless `min_n` is 1, which turns
    /// both rules off.
    pub fn new(
        value: f64,
        knots: Option<&Quantiles>,
        transform: Transform,
        min_n: usize,
    ) -> Enriched {
        let Some(knots) = knots else {
            let quartiles = [f64::NAN; 3];
            return Enriched {
                pctile: f64::NAN,
                quintile: None,
                quartiles,
                n: 0,
                is_over: None,
                rz: f64::NAN,
            };
        };
        let quartiles = [25, 50, 75].map(|percent| knots.percent(percent));
        let [p25, p50, p75] = quartiles;
        let exceeded =
            || [20, 40, 60, 80].iter().filter(|&&percent| value > knots.percent(percent)).count();
        let is_present = !value.is_nan();
        let is_large_enough = knots.n >= min_n;
        let has_scale = is_large_enough && (p75 > p25 || min_n == 1);
        Enriched {
            pctile: if is_large_enough { pctile(value, knots, transform) } else { f64::NAN },
            quintile: (is_present && is_large_enough).then(|| 1 + exceeded() as i64),
            quartiles,
            n: knots.n,
            is_over: is_present.then_some(value >= p50),
            rz: if has_scale { finite((value - p50) / (p75 - p25 + EPS)) } else { f64::NAN },
        }
    }
}

/// Returns the percentile of `value` among `knots`, piecewise linear between them on the scale of
/// `transform`.
///
/// Equal quantiles count as one, at the mean of their levels. Below the first the percentile is 1,
/// above the last 99; it is 50 if all are equal. NaN if the value is.
pub fn pctile(value: f64, knots: &Quantiles, transform: Transform) -> f64 {
    let at = &knots.at;
    let last = at.len() - 1;
    if value.is_nan() {
        return f64::NAN;
    } else if at[0] == at[last] {
        return 50.0;
    } else if value < at[0] {
        return 1.0;
    } else if value > at[last] {
        return 99.0;
    }
    // The quantiles that equal the value, or else its neighbors.
    let below = at.partition_point(|&knot| knot < value);
    let above = at.partition_point(|&knot| knot <= value);
    if below < above {
        return merged(at, below);
    }
    let (low, high) = (at[below - 1], at[above]);
    let [from, x, to] = [low, value, high].map(|x| transform.apply(x));
    let (from_percent, to_percent) = (merged(at, below - 1), merged(at, above));
    // Two quantiles can differ although their logarithms are equal.
    if to > from {
        from_percent + (to_percent - from_percent) * (x - from) / (to - from)
    } else {
        from_percent
    }
}

/// Returns the mean level of the quantiles that equal the one at index `place`.
fn merged(at: &[f64; QUANTILE_LEVELS.len()], place: usize) -> f64 {
    let equal = || {
        QUANTILE_LEVELS
            .iter()
            .zip(at)
            .filter(|(_, knot)| **knot == at[place])
            .map(|(percent, _)| percent)
    };
    f64::from(equal().sum::<u32>()) / equal().count() as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn enriched(baseline: &[f64], value: f64, min_n: usize) -> Enriched {
        Enriched::new(value, Quantiles::of_sorted(baseline).as_ref(), Transform::Identity, min_n)
    }

    #[test]
    fn small_baselines_give_no_percentile_quintile_and_z() {
        let values: Vec<f64> = (0..9).map(f64::from).collect();
        let small = enriched(&values, 20.0, 10);
        assert!(small.pctile.is_nan() && small.quintile.is_none() && small.rz.is_nan());
        assert_eq!((small.quartiles, small.n, small.is_over), ([2.0, 4.0, 6.0], 9, Some(true)));
        let enough = enriched(&values, 20.0, 9);
        assert_eq!((enough.pctile, enough.quintile), (99.0, Some(5)));
        assert!((enough.rz - 4.0).abs() < 1e-8);
    }

    #[test]
    fn zero_interquartile_range_gives_no_z() {
        let mut values = vec![0.0; 30];
        values.extend([1.0, 2.0, 3.0]);
        let flat = enriched(&values, 2.5, 10);
        assert!(flat.rz.is_nan());
        assert!(flat.pctile > 95.0 && flat.quintile == Some(5));
        // Without the guards the z-score explodes.
        assert!(enriched(&values, 2.5, 1).rz > 1e9 && enriched(&[5.0], 6.0, 1).rz > 1e8);
    }

    proptest! {
        #[test]
        fn percentiles_rise_with_the_value(
            mut values in prop::collection::vec((0_i32..30).prop_map(f64::from), 1..60), a in -1.0_f64..31.0, b in -1.0_f64..31.0,
        ) {
            values.sort_by(f64::total_cmp);
            let knots = Quantiles::of_sorted(&values).unwrap();
            for transform in [Transform::Identity, Transform::SignedLog] {
                let (low, high) = (pctile(a.min(b), &knots, transform), pctile(a.max(b), &knots, transform));
                prop_assert!((1.0..=99.0).contains(&low) && low <= high && high <= 99.0, "{low} {high}");
            }
        }
    }
}
