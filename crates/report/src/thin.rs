//! Long series to the few points that a screen can show: of each column of pixels the lowest and the highest value, so that no
//! spike is lost.

/// A series thinned to columns; a column without a value is NaN.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Thinned {
    /// The lowest value of each column.
    pub low: Vec<f64>,
    /// The highest value of each column.
    pub high: Vec<f64>,
}

impl Thinned {
    /// `values` thinned to at most `columns` columns of equal width. Values that are not finite count as missing.
    pub fn of(values: &[f64], columns: usize) -> Thinned {
        let columns = columns.min(values.len());
        let column = |column: usize| {
            let (from, to) = (column * values.len() / columns, (column + 1) * values.len() / columns);
            &values[from..to]
        };
        Thinned::of_columns(&(0..columns).map(column).collect::<Vec<_>>())
    }

    /// Values that stand in columns already.
    pub fn of_columns<C: AsRef<[f64]>>(columns: &[C]) -> Thinned {
        let mut thinned = Thinned::default();
        for column in columns {
            let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
            for &value in column.as_ref().iter().filter(|value| value.is_finite()) {
                low = low.min(value);
                high = high.max(value);
            }
            let is_empty = low > high;
            thinned.low.push(if is_empty { f64::NAN } else { low });
            thinned.high.push(if is_empty { f64::NAN } else { high });
        }
        thinned
    }

    /// Its number of columns.
    pub fn columns(&self) -> usize {
        self.low.len()
    }

    /// The lowest and the highest of all values; `None` where there is none.
    pub fn extent(&self) -> Option<(f64, f64)> {
        let low = self.low.iter().copied().filter(|value| !value.is_nan()).reduce(f64::min)?;
        let high = self.high.iter().copied().filter(|value| !value.is_nan()).reduce(f64::max)?;
        Some((low, high))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_spike_survives_and_a_gap_stays() {
        let mut values = vec![1.0; 1000];
        values[777] = 9.0;
        values[300..400].fill(f64::NAN);
        let thinned = Thinned::of(&values, 10);
        assert_eq!((thinned.low[7], thinned.high[7]), (1.0, 9.0));
        assert!(thinned.low[3].is_nan() && thinned.high[3].is_nan());
        assert_eq!(thinned.extent(), Some((1.0, 9.0)));
        assert_eq!(Thinned::of(&[], 10), Thinned::default());
        assert_eq!(Thinned::of(&[f64::NAN], 10).extent(), None);
    }

    proptest! {
        #[test]
        fn each_value_lies_in_its_column(values in prop::collection::vec(-1e9..1e9, 1..400), columns in 1..50_usize) {
            let thinned = Thinned::of(&values, columns);
            prop_assert_eq!(thinned.columns(), columns.min(values.len()));
            let least = values.iter().copied().fold(f64::INFINITY, f64::min);
            let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            prop_assert_eq!(thinned.extent(), Some((least, most)));
            prop_assert!(thinned.low.iter().zip(&thinned.high).all(|(low, high)| low <= high));
        }
    }
}
