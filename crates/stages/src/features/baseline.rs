//! Baselines: quantiles of a metric over a sliding range of buckets.

use std::ops::Range;

use indicators::order::{key, number};

use super::metric::Metric;
use super::panel::Panel;

/// The levels, in percent, at which the quantiles of a baseline are computed.
pub const QUANTILE_LEVELS: [u32; 13] = [1, 5, 10, 20, 25, 40, 50, 60, 75, 80, 90, 95, 99];

/// Default of the minimum number of values in a baseline: with fewer, percentiles are mostly noise
/// and z-scores can exceed any bound.
pub const MIN_BASELINE_N: usize = 10;

/// The quantiles of a metric and the number of values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quantiles {
    /// The quantile at each of [`QUANTILE_LEVELS`].
    pub at: [f64; QUANTILE_LEVELS.len()],
    /// Number of values, at least 1.
    pub n: usize,
}

impl Quantiles {
    /// Returns the quantiles of `sorted` (ascending): linear between order statistics at
    /// `(n - 1) p / 100`; `None` if it is empty.
    ///
    /// ```
    /// use stages::features::baseline::Quantiles;
    ///
    /// let quantiles = Quantiles::of_sorted(&[1.0, 2.0, 4.0, 8.0, 16.0]).unwrap();
    /// assert_eq!((quantiles.percent(25), quantiles.percent(50), quantiles.n), (2.0, 4.0, 5));
    /// assert_eq!(Quantiles::of_sorted(&[]), None);
    /// ```
    pub fn of_sorted(sorted: &[f64]) -> Option<Quantiles> {
        Quantiles::from_sorted(sorted.len(), |place| sorted[place])
    }

    /// As [`Quantiles::of_sorted`], for `n` values of which `value` returns the one at a rank.
    fn from_sorted(n: usize, value: impl Fn(usize) -> f64) -> Option<Quantiles> {
        let last = n.checked_sub(1)?;
        let at = QUANTILE_LEVELS.map(|percent| {
            let position = last * percent as usize;
            let (below, rest) = (position / 100, position % 100);
            let low = value(below);
            if rest == 0 {
                return low;
            }
            let (high, share) = (value(below + 1), rest as f64 / 100.0);
            let between = low + (high - low) * share;
            // The difference of huge numbers can overflow; the weighted sum does not.
            if between.is_finite() { between } else { low * (1.0 - share) + high * share }
        });
        Some(Quantiles { at, n })
    }

    /// Returns the quantile at `percent`, or NaN if that is not one of [`QUANTILE_LEVELS`].
    pub fn percent(&self, percent: u32) -> f64 {
        QUANTILE_LEVELS.iter().position(|&p| p == percent).map_or(f64::NAN, |i| self.at[i])
    }
}

/// The baselines of a window: for each metric with a baseline, the sorted values over a range of
/// the panel's buckets.
///
/// Sliding the range by one bucket costs one insertion and one removal per metric instead of a
/// sort. The result is bit-identical to that of a sort.
///
/// ```
/// use bars::{Minute, Window};
/// use stages::features::baseline::Baselines;
/// use stages::features::panel::Panel;
/// use stages::metrics::CATALOG;
///
/// let mut panel = Panel::new(Window::HOUR, CATALOG.metrics.len());
/// for hour in 0..10_i32 {
///     let start = Minute::new(60 * i64::from(hour)).unwrap();
///     panel.push(start, 1.0, true, |row| row.fill(f64::from(hour)));
/// }
/// let mut baselines = Baselines::new(&panel, CATALOG.metrics);
/// let metric = CATALOG.metrics.iter().position(|metric| metric.has_baseline).unwrap();
/// baselines.slide(0..5);
/// assert_eq!(baselines.knots(metric).unwrap().percent(50), 2.0);
/// baselines.slide(5..10);
/// assert_eq!(baselines.knots(metric).unwrap().percent(50), 7.0);
/// ```
#[derive(Debug)]
pub struct Baselines<'a> {
    panel: &'a Panel,
    metrics: &'static [Metric],
    range: Range<usize>,
    /// Values as [`key`]s, ascending.
    pools: Vec<Vec<i64>>,
}

impl<'a> Baselines<'a> {
    /// Creates baselines over an empty range.
    pub fn new(panel: &'a Panel, metrics: &'static [Metric]) -> Baselines<'a> {
        Baselines { panel, metrics, range: 0..0, pools: vec![Vec::new(); metrics.len()] }
    }

    /// The panel.
    pub fn panel(&self) -> &'a Panel {
        self.panel
    }

    /// Moves the range to the buckets at `range`.
    pub fn slide(&mut self, range: Range<usize>) {
        let overlap = self.range.start.max(range.start)..self.range.end.min(range.end);
        let steps = (self.range.len() + range.len()).saturating_sub(2 * overlap.len());
        // An insertion moves half of a pool; a sort compares each value about ten times.
        if overlap.is_empty() || steps > 16 {
            self.rebuild(range.clone());
        } else {
            for i in (self.range.start..range.start).chain(range.end..self.range.end) {
                self.each(i, |pool, value| {
                    if let Ok(at) = pool.binary_search(&value) {
                        pool.remove(at);
                    }
                });
            }
            for i in (range.start..self.range.start).chain(self.range.end..range.end) {
                self.each(i, |pool, value| {
                    let at = pool.partition_point(|&x| x < value);
                    pool.insert(at, value);
                });
            }
        }
        self.range = range;
    }

    fn rebuild(&mut self, range: Range<usize>) {
        self.pools.iter_mut().for_each(Vec::clear);
        for i in range {
            self.each(i, |pool, value| pool.push(value));
        }
        self.pools.iter_mut().for_each(|pool| pool.sort_unstable());
    }

    /// Calls `with` for each non-missing value of bucket `i` and its pool.
    fn each(&mut self, i: usize, mut with: impl FnMut(&mut Vec<i64>, i64)) {
        let Some(values) = self.panel.values(&self.panel.buckets()[i]) else {
            return;
        };
        for ((pool, &value), metric) in self.pools.iter_mut().zip(values).zip(self.metrics) {
            if metric.has_baseline && !value.is_nan() {
                with(pool, key(value));
            }
        }
    }

    /// Returns the quantiles of the metric at index `place`; `None` if there are no values.
    pub fn knots(&self, place: usize) -> Option<Quantiles> {
        let pool = &self.pools[place];
        Quantiles::from_sorted(pool.len(), |place| number(pool[place]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bars::{Minute, Window};
    use proptest::prelude::*;

    const METRICS: &[Metric] = &[Metric::raw("a", ""), Metric::raw("b", "").no_baseline()];

    proptest! {
        /// Sliding in any direction and by any distance equals sorting.
        #[test]
        fn sliding_is_sorting(
            values in prop::collection::vec(prop::option::weighted(0.8, (-4_i32..4).prop_map(|v| f64::from(v) / 2.0)), 30..90),
            places in prop::collection::vec((0_usize..90, 0_usize..40), 1..30),
        ) {
            let mut panel = Panel::new(Window::HOUR, 2);
            for (i, value) in values.iter().enumerate() {
                let start = Minute::new(60 * i as i64).unwrap();
                panel.push(start, 1.0, i % 7 != 0, |row| row.fill(value.unwrap_or(f64::NAN)));
            }
            let mut baselines = Baselines::new(&panel, METRICS);
            for &(start, length) in &places {
                let start = start.min(values.len());
                let range = start..(start + length).min(values.len());
                baselines.slide(range.clone());
                let mut expected: Vec<f64> = range.filter(|i| i % 7 != 0).filter_map(|i| values[i]).collect();
                expected.sort_by(f64::total_cmp);
                prop_assert_eq!(baselines.knots(0), Quantiles::of_sorted(&expected));
                prop_assert_eq!(baselines.knots(1), None);
            }
        }
    }
}
