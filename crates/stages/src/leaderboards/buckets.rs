//! Aggregates a symbol's bars into last close and total volume per bucket.

use std::ops::Range;

use bars::time::DAY;
use bars::{Closes, Minute, Span, Window};

use super::LeaderboardsPlan;

/// The used buckets of a window: consecutive and epoch-aligned.
#[derive(Debug, Clone)]
pub(super) struct BucketGrid {
    pub(super) window: Window,
    /// Index of the first bucket, counted from the epoch.
    first: i32,
    buckets: usize,
}

impl BucketGrid {
    /// Lists the buckets that lie completely inside `span`, or with `partial` all that overlap it.
    pub(super) fn new(window: Window, span: Span, partial: bool) -> BucketGrid {
        let width = window.minutes();
        let floor = |minute: Minute| minute.index().div_euclid(width);
        let ceil = |minute: Minute| -(-minute.index()).div_euclid(width);
        let (first, end) = if partial {
            (floor(span.start), ceil(span.end))
        } else {
            (ceil(span.start), floor(span.end))
        };
        BucketGrid { window, first, buckets: usize::try_from(end - first).unwrap_or(0) }
    }

    pub(super) fn len(&self) -> usize {
        self.buckets
    }

    /// Start of the bucket at `index`.
    pub(super) fn start(&self, index: usize) -> Minute {
        let number = i64::from(self.first) + index as i64;
        Minute::new(number * i64::from(self.window.minutes())).unwrap_or(Minute::MAX)
    }

    /// The bars that the bucket at `index` can have.
    pub(super) fn bucket(&self, index: usize) -> Span {
        let start = self.start(index);
        Span { start, end: start.plus(self.window.minutes()) }
    }

    /// Returns the indices of this grid's buckets in `whole`, a grid of the same window that has
    /// them all.
    pub(super) fn range_in(&self, whole: &BucketGrid) -> Range<usize> {
        let first = usize::try_from(self.first - whole.first).unwrap_or(0);
        first..first + self.buckets
    }

    /// Returns the index of the used bucket that contains `minute`.
    fn place(&self, minute: Minute) -> Option<usize> {
        let index =
            usize::try_from(minute.index().div_euclid(self.window.minutes()) - self.first).ok()?;
        (index < self.buckets).then_some(index)
    }
}

/// A bucket of a symbol: last close (NaN without a bar) and total volume.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cell {
    pub(super) close: f64,
    pub(super) volume: f64,
}

impl Cell {
    const EMPTY: Cell = Cell { close: f64::NAN, volume: 0.0 };

    pub(super) fn has_bar(self) -> bool {
        !self.close.is_nan()
    }

    fn add(&mut self, close: f64, volume: f64) {
        self.close = close;
        self.volume += volume;
    }
}

/// The used buckets of every window of one symbol, some 16 kB with default parameters. Nothing else
/// of a symbol stays in memory.
#[derive(Debug, Clone)]
pub struct Buckets {
    pub(super) windows: Vec<Box<[Cell]>>,
    pub(super) last: Option<Minute>,
}

impl Buckets {
    /// Open time of the last bar in the lookback.
    pub fn last(&self) -> Option<Minute> {
        self.last
    }

    /// The buckets with bars: index of the window, index of the bucket, last close, total volume.
    /// [`LeaderboardsPlan::buckets`] rebuilds them, for example in another process.
    pub fn cells(&self) -> impl Iterator<Item = (usize, usize, f64, f64)> + '_ {
        self.windows.iter().enumerate().flat_map(|(window, cells)| {
            let with_bars = cells.iter().enumerate().filter(|(_, cell)| cell.has_bar());
            with_bars.map(move |(bucket, cell)| (window, bucket, cell.close, cell.volume))
        })
    }

    /// Returns whether the symbol has a bar in the 24 hours before `end`.
    pub(super) fn is_fresh(&self, end: Minute) -> bool {
        self.last.is_some_and(|last| last >= end.plus(-DAY))
    }

    /// Whether any used bucket has a bar.
    pub(super) fn has_bars(&self) -> bool {
        self.windows.iter().flatten().any(|cell| cell.has_bar())
    }
}

impl LeaderboardsPlan {
    /// Rebuilds buckets from [`Buckets::cells`] of the same plan; `None` if a cell does not belong
    /// to it.
    pub fn buckets(
        &self,
        last: Option<Minute>,
        cells: impl IntoIterator<Item = (usize, usize, f64, f64)>,
    ) -> Option<Buckets> {
        let mut windows: Vec<Box<[Cell]>> = self
            .grids
            .iter()
            .map(|grid| vec![Cell::EMPTY; grid.len()].into_boxed_slice())
            .collect();
        for (window, bucket, close, volume) in cells {
            *windows.get_mut(window)?.get_mut(bucket)? = Cell { close, volume };
        }
        Some(Buckets { windows, last })
    }

    /// Aggregates a symbol's bars within [`LeaderboardsPlan::span`] into the buckets of every
    /// window.
    pub fn summarize(&self, bars: &Closes) -> Buckets {
        let range = bars_within(bars, self.span);
        Buckets {
            last: last_of(bars, &range),
            windows: sum_bars(&self.base, &self.grids, bars, range),
        }
    }
}

/// Returns the indices of the bars that open within `span`.
pub(super) fn bars_within(bars: &Closes, span: Span) -> Range<usize> {
    let index = |minute: Minute| bars.time.partition_point(|&time| time < minute);
    index(span.start)..index(span.end)
}

/// Returns the open time of the last bar of `range`.
pub(super) fn last_of(bars: &Closes, range: &Range<usize>) -> Option<Minute> {
    bars.time[range.clone()].last().copied()
}

/// Aggregates the bars of `range` into the buckets of `grids`.
///
/// Bars are summed into bins of `base` (its window divides those of `grids`), and bins into
/// windows. So one pass is enough, and the sums are the same for every source.
pub(super) fn sum_bars(
    base: &BucketGrid,
    grids: &[BucketGrid],
    bars: &Closes,
    range: Range<usize>,
) -> Vec<Box<[Cell]>> {
    let mut bins = vec![Cell::EMPTY; base.len()];
    let (mut at, to) = (range.start, range.end);
    while at < to {
        // The bars of a bin are adjacent, so its index is looked up once.
        let bin_end = bars.time[at].floor(base.window).plus(base.window.minutes());
        let run = at + bars.time[at..to].partition_point(|&time| time < bin_end);
        if let Some(bin) = base.place(bars.time[at]) {
            bin_sum(&mut bins[bin], &bars.close[at..run], &bars.volume[at..run]);
        }
        at = run;
    }
    let mut windows: Vec<Box<[Cell]>> =
        grids.iter().map(|grid| vec![Cell::EMPTY; grid.len()].into_boxed_slice()).collect();
    for (i, bin) in bins.iter().enumerate().filter(|(_, bin)| bin.has_bar()) {
        let start = base.start(i);
        for (grid, cells) in grids.iter().zip(&mut windows) {
            if let Some(place) = grid.place(start) {
                cells[place].add(bin.close, bin.volume);
            }
        }
    }
    windows
}

fn bin_sum(bin: &mut Cell, closes: &[f64], volumes: &[f64]) {
    if let Some(&last) = closes.last() {
        bin.add(last, volumes.iter().sum());
    }
}
