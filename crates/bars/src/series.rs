//! A symbol's bars in memory: columnar, sorted by time, unique in time.

pub use crate::bar::Bar;
use crate::error::{Error, Result};
use crate::finding::Finding;
use crate::time::{Minute, Span};

/// Owned columns of a series, all of one length; the input of [`Series::from_columns`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Columns {
    /// Open times.
    pub time: Vec<Minute>,
    /// First prices.
    pub open: Vec<f64>,
    /// Highest prices.
    pub high: Vec<f64>,
    /// Lowest prices.
    pub low: Vec<f64>,
    /// Last prices.
    pub close: Vec<f64>,
    /// Volumes in units of the base asset.
    pub volume: Vec<f64>,
    /// Numbers of trades, if known.
    pub trades: Option<Vec<Option<u32>>>,
}

/// The columns of a series while [`Series::refill`] writes them.
#[derive(Debug)]
pub struct ColumnsMut<'a> {
    /// Open times.
    pub time: &'a mut Vec<Minute>,
    /// Open, high, low, close, volume.
    pub numbers: [&'a mut Vec<f64>; 5],
    /// Numbers of trades; left empty if none is known.
    pub trades: &'a mut Vec<Option<u32>>,
}

/// A symbol's bars as columns of one length. Times strictly ascend.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    time: Vec<Minute>,
    open: Vec<f64>,
    high: Vec<f64>,
    low: Vec<f64>,
    close: Vec<f64>,
    volume: Vec<f64>,
    trades: Option<Vec<Option<u32>>>,
}

impl Series {
    /// Number of bars.
    pub fn len(&self) -> usize {
        self.time.len()
    }

    /// Whether there is no bar.
    pub fn is_empty(&self) -> bool {
        self.time.is_empty()
    }

    /// Open times, strictly ascending.
    pub fn time(&self) -> &[Minute] {
        &self.time
    }

    /// First prices.
    pub fn open(&self) -> &[f64] {
        &self.open
    }

    /// Highest prices.
    pub fn high(&self) -> &[f64] {
        &self.high
    }

    /// Lowest prices.
    pub fn low(&self) -> &[f64] {
        &self.low
    }

    /// Last prices.
    pub fn close(&self) -> &[f64] {
        &self.close
    }

    /// Volumes.
    pub fn volume(&self) -> &[f64] {
        &self.volume
    }

    /// Numbers of trades; `None` if no bar has one.
    pub fn trades(&self) -> Option<&[Option<u32>]> {
        self.trades.as_deref()
    }

    /// First and last open time.
    pub fn ends(&self) -> Option<(Minute, Minute)> {
        Some((*self.time.first()?, *self.time.last()?))
    }

    /// Number of gaps: runs of minutes without a bar between the first and the last.
    pub fn gaps(&self) -> usize {
        self.time.windows(2).filter(|pair| pair[1].index() - pair[0].index() > 1).count()
    }

    /// The bar at `index`, which must be below [`Series::len`].
    pub fn bar(&self, index: usize) -> Bar {
        Bar {
            time: self.time[index],
            open: self.open[index],
            high: self.high[index],
            low: self.low[index],
            close: self.close[index],
            volume: self.volume[index],
            trades: self.trades.as_ref().and_then(|trades| trades[index]),
        }
    }

    /// The bars in time order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Bar> + '_ {
        (0..self.len()).map(|i| self.bar(i))
    }

    /// Indices of the bars that open within `span`.
    pub fn range(&self, span: Span) -> std::ops::Range<usize> {
        let start = self.time.partition_point(|&t| t < span.start);
        start..self.time.partition_point(|&t| t < span.end).max(start)
    }

    /// Returns only the bars that open within `span`.
    pub fn within(mut self, span: Span) -> Series {
        let range = self.range(span);
        if range.len() < self.len() {
            for column in
                [&mut self.open, &mut self.high, &mut self.low, &mut self.close, &mut self.volume]
            {
                keep(column, &range);
            }
            keep(&mut self.time, &range);
            if let Some(trades) = &mut self.trades {
                keep(trades, &range);
            }
            self.drop_empty_trades();
        }
        self
    }

    /// Returns a copy of the bars that open within `span`.
    pub fn slice(&self, span: Span) -> Series {
        let range = self.range(span);
        let copy = |column: &[f64]| column[range.clone()].to_vec();
        let mut slice = Series {
            time: self.time[range.clone()].to_vec(),
            open: copy(&self.open),
            high: copy(&self.high),
            low: copy(&self.low),
            close: copy(&self.close),
            volume: copy(&self.volume),
            trades: self.trades.as_ref().map(|trades| trades[range.clone()].to_vec()),
        };
        slice.drop_empty_trades();
        slice
    }

    /// Returns an empty series with room for `capacity` bars.
    pub(crate) fn with_capacity(capacity: usize) -> Series {
        let column = || Vec::with_capacity(capacity);
        let time = Vec::with_capacity(capacity);
        Series {
            time,
            open: column(),
            high: column(),
            low: column(),
            close: column(),
            volume: column(),
            trades: None,
        }
    }

    /// Creates a series from columns. `trades` may be `None`.
    ///
    /// # Errors
    /// [`Error::ColumnLength`], [`Error::Unsorted`] (times must strictly ascend) or
    /// [`Error::NotABar`] (prices must be finite and above 0, volumes finite and at least 0, high
    /// not below low). Use [`SeriesBuilder`] with [`Findings::admit`](crate::Findings::admit) to
    /// clean rows instead of refusing them.
    ///
    /// ```
    /// use bars::{Minute, Series, series::Columns};
    /// let time = (0..3).filter_map(Minute::new).collect();
    /// let price = vec![1.0, 2.0, 3.0];
    /// let columns = Columns {
    ///     time, open: price.clone(), high: price.clone(), low: price.clone(), close: price, volume: vec![0.0; 3], trades: None,
    /// };
    /// let series = Series::from_columns(columns.clone()).unwrap();
    /// assert_eq!(series.len(), 3);
    /// assert!(Series::from_columns(Columns { close: vec![1.0, 0.0, 3.0], ..columns }).is_err());
    /// ```
    pub fn from_columns(columns: Columns) -> Result<Series> {
        let series = Series {
            time: columns.time,
            open: columns.open,
            high: columns.high,
            low: columns.low,
            close: columns.close,
            volume: columns.volume,
            trades: columns.trades,
        };
        series.check_shape()?;
        for (row, bar) in series.iter().enumerate() {
            if let Some(finding) = Finding::from_bar(&bar) {
                return Err(Error::NotABar { row, finding });
            }
        }
        let mut series = series;
        series.drop_empty_trades();
        Ok(series)
    }

    /// Clears the columns, lets `fill` write new ones into the same memory, and checks lengths and
    /// the order of times. Readers use this to decode into a series that they reuse; `fill` must
    /// validate prices and volumes. On failure the series is left empty.
    ///
    /// # Errors
    /// What `fill` returns; [`Error::ColumnLength`] or [`Error::Unsorted`].
    pub fn refill<E: From<Error>>(
        &mut self,
        fill: impl FnOnce(ColumnsMut<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.clear();
        let mut trades = Vec::new();
        let Series { time, open, high, low, close, volume, .. } = self;
        let filled = fill(ColumnsMut {
            time,
            numbers: [open, high, low, close, volume],
            trades: &mut trades,
        });
        self.trades = (!trades.is_empty()).then_some(trades);
        if let Err(error) = filled.and_then(|()| self.check_shape().map_err(E::from)) {
            self.clear();
            return Err(error);
        }
        self.drop_empty_trades();
        Ok(())
    }

    /// Checks that all columns have one length and that times strictly ascend.
    fn check_shape(&self) -> Result<()> {
        let rows = self.time.len();
        let lengths = [
            ("open", self.open.len()),
            ("high", self.high.len()),
            ("low", self.low.len()),
            ("close", self.close.len()),
            ("volume", self.volume.len()),
            ("trades", self.trades.as_ref().map_or(rows, Vec::len)),
        ];
        if let Some((column, len)) = lengths.into_iter().find(|(_, len)| *len != rows) {
            return Err(Error::ColumnLength { column, len, rows });
        }
        match self.time.windows(2).position(|pair| pair[0] >= pair[1]) {
            Some(before) => Err(Error::Unsorted { row: before + 1, time: self.time[before + 1] }),
            None => Ok(()),
        }
    }

    /// Empties the columns and keeps their memory.
    pub fn clear(&mut self) {
        let Series { time, open, high, low, close, volume, trades } = self;
        time.clear();
        [open, high, low, close, volume].into_iter().for_each(Vec::clear);
        *trades = None;
    }

    /// Returns the same bars without numbers of trades.
    pub fn without_trades(self) -> Series {
        Series { trades: None, ..self }
    }

    /// Adds the bars of `from` at `range`, which must not be empty, merged into one bar that opens
    /// at `time`.
    pub(crate) fn push_merged(
        &mut self,
        time: Minute,
        from: &Series,
        range: std::ops::Range<usize>,
    ) {
        let highest = |column: &[f64]| {
            column.iter().copied().fold(f64::MIN, |a, b| if b > a { b } else { a })
        };
        let lowest = |column: &[f64]| {
            column.iter().copied().fold(f64::MAX, |a, b| if b < a { b } else { a })
        };
        self.time.push(time);
        self.open.push(from.open[range.start]);
        self.high.push(highest(&from.high[range.clone()]));
        self.low.push(lowest(&from.low[range.clone()]));
        self.close.push(from.close[range.end - 1]);
        self.volume.push(from.volume[range.clone()].iter().sum());
        if let Some(trades) = &from.trades {
            let known = trades[range].iter().flatten().copied();
            self.trades.get_or_insert_default().push(known.reduce(u32::saturating_add));
        }
    }

    fn push(&mut self, bar: Bar) {
        self.time.push(bar.time);
        self.open.push(bar.open);
        self.high.push(bar.high);
        self.low.push(bar.low);
        self.close.push(bar.close);
        self.volume.push(bar.volume);
        match (&mut self.trades, bar.trades) {
            (Some(trades), count) => trades.push(count),
            (None, None) => {}
            (trades @ None, count) => {
                let mut column = vec![None; self.time.len() - 1];
                column.push(count);
                *trades = Some(column);
            }
        }
    }

    /// Drops the column of trades if it has no values.
    pub(crate) fn drop_empty_trades(&mut self) {
        if self.trades.as_ref().is_some_and(|trades| trades.iter().all(Option::is_none)) {
            self.trades = None;
        }
    }
}

fn keep<T>(column: &mut Vec<T>, range: &std::ops::Range<usize>) {
    column.truncate(range.end);
    column.drain(..range.start);
}

impl FromIterator<Bar> for Series {
    /// Sorts by time; of bars with the same time the last wins.
    fn from_iter<I: IntoIterator<Item = Bar>>(bars: I) -> Series {
        let mut builder = SeriesBuilder::default();
        bars.into_iter().for_each(|bar| builder.push(bar));
        builder.finish().0
    }
}

/// Fewest bars out of order that are sorted before the last one was added.
const MIN_COMPACTED: usize = 1 << 20;

/// Collects bars in any order into a [`Series`]; of bars with the same time the last wins.
///
/// Bars that a later one replaced are dropped from time to time: memory is that of some two million
/// bars, or of twice the distinct times.
#[derive(Clone, Debug, Default)]
pub struct SeriesBuilder {
    bars: Series,
    unsorted: bool,
    /// Bars dropped so far because a later one replaced them, and the first such time.
    replaced: usize,
    first_replaced: Option<Minute>,
    /// Number of bars after which those replaced since the last time are dropped.
    next_compaction: usize,
}

impl SeriesBuilder {
    /// A builder with room for `capacity` bars.
    pub fn with_capacity(capacity: usize) -> SeriesBuilder {
        SeriesBuilder { bars: Series::with_capacity(capacity), ..SeriesBuilder::default() }
    }

    /// Adds a bar.
    pub fn push(&mut self, bar: Bar) {
        self.unsorted |= self.bars.time.last().is_some_and(|&last| last >= bar.time);
        self.bars.push(bar);
        if self.unsorted && self.bars.len() >= self.next_compaction.max(MIN_COMPACTED) {
            self.compact();
            self.next_compaction = 2 * self.bars.len();
        }
    }

    /// Number of bars added so far.
    pub fn len(&self) -> usize {
        self.bars.len() + self.replaced
    }

    /// Returns whether no bar was added.
    pub fn is_empty(&self) -> bool {
        self.bars.is_empty()
    }

    /// Sorts the bars and drops those that a later one replaced.
    fn compact(&mut self) {
        let mut order: Vec<usize> = (0..self.bars.len()).collect();
        order.sort_by_key(|&i| self.bars.time[i]);
        let time = |i: usize| self.bars.time[i];
        let is_last = |pair: &&[usize]| time(pair[0]) != time(pair[1]);
        let distinct = 1 + order.windows(2).filter(is_last).count();
        let mut series = Series::with_capacity(distinct);
        let mut first = None;
        for (at, &i) in order.iter().enumerate() {
            if order.get(at + 1).is_some_and(|&next| time(next) == time(i)) {
                first = first.or(Some(time(i)));
            } else {
                series.push(self.bars.bar(i));
            }
        }
        self.replaced += order.len() - series.len();
        self.first_replaced = [self.first_replaced, first].into_iter().flatten().min();
        series.drop_empty_trades();
        self.bars = series;
        self.unsorted = false;
    }

    /// Returns the series, the number of bars that a later one of the same time replaced, and the
    /// first such time.
    pub fn finish(mut self) -> (Series, usize, Option<Minute>) {
        if self.unsorted {
            self.compact();
        }
        (self.bars, self.replaced, self.first_replaced)
    }
}

/// Close and volume of a symbol's bars: all that leaderboards need of a market.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Closes {
    /// Open times, strictly ascending.
    pub time: Vec<Minute>,
    /// Last prices.
    pub close: Vec<f64>,
    /// Volumes.
    pub volume: Vec<f64>,
}

impl Closes {
    /// Empties the columns and keeps their memory.
    pub fn clear(&mut self) {
        self.time.clear();
        self.close.clear();
        self.volume.clear();
    }

    /// Replaces the content with that of `series`.
    pub fn copy_from(&mut self, series: &Series) {
        self.clear();
        self.time.extend_from_slice(series.time());
        self.close.extend_from_slice(series.close());
        self.volume.extend_from_slice(series.volume());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    #[test]
    fn replaced_bars_take_no_memory() {
        let mut builder = SeriesBuilder::default();
        let rows = 5 * MIN_COMPACTED + 3;
        for i in 0..rows {
            // One bar has trades, but a later one of its minute has none.
            builder.push(bar((7 - i as i64).rem_euclid(3), 1.0 + i as f64, (i == 9).then_some(1)));
            assert!(builder.bars.len() <= MIN_COMPACTED);
        }
        assert_eq!((builder.len(), builder.is_empty()), (rows, false));
        let (series, replaced, first) = builder.finish();
        assert_eq!((series.len(), replaced, first), (3, rows - 3, Minute::new(0)));
        let mut newest: Vec<f64> = series.close().to_vec();
        newest.sort_by(f64::total_cmp);
        assert_eq!(newest, [rows as f64 - 2.0, rows as f64 - 1.0, rows as f64]);
        assert_eq!(series.trades(), None);
    }

    #[test]
    fn the_last_of_a_time_wins_among_millions() {
        let mut builder = SeriesBuilder::default();
        let rows = 3 * MIN_COMPACTED;
        let minute = |i: usize| (i * 7919 % 1_500_007) as i64;
        for i in 0..rows {
            builder.push(bar(minute(i), 1.0 + i as f64, None));
        }
        let (series, replaced, first) = builder.finish();
        assert_eq!((series.len(), replaced), (1_500_007, rows - 1_500_007));
        let expected: BTreeMap<i64, usize> = (0..rows).map(|i| (minute(i), i)).collect();
        let is_expected = |(found, i): (Bar, &usize)| found.close == 1.0 + *i as f64;
        assert!(series.iter().zip(expected.values()).all(is_expected));
        assert_eq!(first, Minute::new(0));
    }

    fn bar(minute: i64, price: f64, trades: Option<u32>) -> Bar {
        let time = Minute::new(minute).unwrap();
        Bar { time, open: price, high: price, low: price, close: price, volume: 1.0, trades }
    }

    proptest! {
        #[test]
        fn the_last_of_a_time_wins(rows in prop::collection::vec((0_i64..20, 1.0..9.0, prop::option::of(0_u32..5)), 0..60)) {
            let mut builder = SeriesBuilder::default();
            let mut expected = BTreeMap::new();
            for &(minute, price, trades) in &rows {
                builder.push(bar(minute, price, trades));
                expected.insert(minute, bar(minute, price, trades));
            }
            let (series, replaced, _) = builder.finish();
            prop_assert_eq!(replaced, rows.len() - expected.len());
            prop_assert_eq!(series.iter().collect::<Vec<_>>(), expected.values().copied().collect::<Vec<_>>());
            prop_assert_eq!(series.trades().is_some(), expected.values().any(|b| b.trades.is_some()));

            let span = Span { start: Minute::new(5).unwrap(), end: Minute::new(12).unwrap() };
            let inside: Vec<Bar> = expected.range(5..12).map(|(_, b)| *b).collect();
            prop_assert_eq!(series.within(span).iter().collect::<Vec<_>>(), inside);
        }
    }
}
