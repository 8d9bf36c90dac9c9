//! Reduces a long series to the resolution of a chart.
//!
//! Each bin keeps its lowest and highest value, so that no spike is lost.

/// The lowest and highest value of each of a number of consecutive bins of a series.
///
/// A bin without a finite value is empty; its low and high are NaN.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MinMaxSeries {
    low: Vec<f64>,
    high: Vec<f64>,
}

impl MinMaxSeries {
    /// Divides `values` into at most `bins` bins that differ by at most one value in length.
    ///
    /// Non-finite values are ignored. There are never more bins than values.
    ///
    /// ```
    /// use report::MinMaxSeries;
    ///
    /// let series = MinMaxSeries::from_values(&[1.0, 9.0, 2.0, 3.0], 2);
    /// assert_eq!((series.low(), series.high()), ([1.0, 2.0].as_slice(), [9.0, 3.0].as_slice()));
    /// ```
    pub fn from_values(values: &[f64], bins: usize) -> MinMaxSeries {
        let bins = bins.min(values.len());
        (0..bins)
            .map(|bin| &values[bin * values.len() / bins..(bin + 1) * values.len() / bins])
            .collect()
    }

    /// Builds a series from the values of each bin. Non-finite values are ignored.
    pub fn from_bins<B: AsRef<[f64]>>(bins: &[B]) -> MinMaxSeries {
        bins.iter().map(AsRef::as_ref).collect()
    }

    /// Lowest value of each bin; NaN for an empty bin.
    pub fn low(&self) -> &[f64] {
        &self.low
    }

    /// Highest value of each bin; NaN for an empty bin. Same length as [`low`](MinMaxSeries::low).
    pub fn high(&self) -> &[f64] {
        &self.high
    }

    /// Number of bins, empty ones included.
    pub fn bin_count(&self) -> usize {
        self.low.len()
    }

    /// Lowest and highest value of the series, or `None` if all bins are empty.
    pub fn range(&self) -> Option<(f64, f64)> {
        let low = self.low.iter().copied().filter(|value| !value.is_nan()).reduce(f64::min)?;
        let high = self.high.iter().copied().filter(|value| !value.is_nan()).reduce(f64::max)?;
        Some((low, high))
    }

    /// Lowest values of the first and of the last bin that is not empty.
    pub(crate) fn first_and_last_low(&self) -> Option<(f64, f64)> {
        let known = || self.low.iter().copied().filter(|value| !value.is_nan());
        known().next().zip(known().next_back())
    }
}

impl<'a> FromIterator<&'a [f64]> for MinMaxSeries {
    fn from_iter<I: IntoIterator<Item = &'a [f64]>>(bins: I) -> MinMaxSeries {
        let mut series = MinMaxSeries::default();
        for bin in bins {
            let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
            for &value in bin.iter().filter(|value| value.is_finite()) {
                low = low.min(value);
                high = high.max(value);
            }
            let is_empty = low > high;
            series.low.push(if is_empty { f64::NAN } else { low });
            series.high.push(if is_empty { f64::NAN } else { high });
        }
        series
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn keeps_spikes_and_gaps() {
        let mut values = vec![1.0; 1000];
        values[777] = 9.0;
        values[300..400].fill(f64::NAN);
        let series = MinMaxSeries::from_values(&values, 10);
        assert_eq!((series.low()[7], series.high()[7]), (1.0, 9.0));
        assert!(series.low()[3].is_nan() && series.high()[3].is_nan());
        assert_eq!(series.range(), Some((1.0, 9.0)));
    }

    #[test]
    fn series_without_values_has_no_range() {
        assert_eq!(MinMaxSeries::from_values(&[], 10), MinMaxSeries::default());
        assert_eq!(MinMaxSeries::from_values(&[1.0], 0), MinMaxSeries::default());
        assert_eq!(MinMaxSeries::from_values(&[f64::NAN], 10).range(), None);
    }

    proptest! {
        #[test]
        fn bins_cover_all_values(values in prop::collection::vec(-1e9..1e9, 1..400), bins in 1..50_usize) {
            let series = MinMaxSeries::from_values(&values, bins);
            prop_assert_eq!(series.bin_count(), bins.min(values.len()));
            let lowest = values.iter().copied().fold(f64::INFINITY, f64::min);
            let highest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            prop_assert_eq!(series.range(), Some((lowest, highest)));
            prop_assert!(series.low().iter().zip(series.high()).all(|(low, high)| low <= high));
        }
    }
}
