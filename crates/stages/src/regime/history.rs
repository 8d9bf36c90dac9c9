//! A symbol's daily bars with moving averages, crossings and breakouts.

use std::collections::VecDeque;
use std::ops::Range;

use bars::time::DAY;
use bars::{Minute, Series, Window};
use indicators::average::sma_series;

/// Maximum number of daily bars before a window that a metric uses (ATR and ADX of short windows).
/// It covers the 200-day average and the sign before a crossing.
pub(super) const CONTEXT: usize = 250;

/// Daily bars with derived columns, all of one length, in time order.
#[derive(Debug)]
pub(super) struct History {
    bars: Series,
    pub(super) ma50: Vec<f64>,
    pub(super) ma200: Vec<f64>,
    /// +1 or -1 on days on which the sign of the difference of the averages changed, else 0; NaN
    /// before both averages and a non-zero difference exist.
    pub(super) cross: Vec<f64>,
    /// Whether the close is the highest, and the lowest, of the lookback.
    pub(super) breakout: Vec<(bool, bool)>,
}

impl History {
    /// Creates the history of daily `bars`; `first` is the open time of the symbol's first bar,
    /// which may be earlier.
    pub(super) fn new(bars: &Series, first: Minute, breakout_days: u32) -> History {
        let (ma50, ma200) = (sma_series(bars.close(), 50), sma_series(bars.close(), 200));
        let cross = crossings(&ma50, &ma200);
        let breakout = breakouts(bars, first.floor(Window::DAY), breakout_days);
        History { bars: bars.clone(), ma50, ma200, cross, breakout }
    }

    pub(super) fn bars(&self) -> &Series {
        &self.bars
    }

    /// Returns the indices of the days in the window that starts at `start`.
    pub(super) fn within(&self, start: Minute, window: Window) -> Range<usize> {
        self.bars.range(bars::Span { start, end: start.plus(window.minutes()) })
    }

    /// Returns whether the days before `start` determine every later metric: there are enough of
    /// them, including a non-zero difference of the averages for detecting crossings.
    pub(super) fn is_settled_before(&self, start: Minute) -> bool {
        let before = self.bars.time().partition_point(|&time| time < start);
        let differs = |day: usize| self.ma50[day] != self.ma200[day] && !self.ma200[day].is_nan();
        before >= CONTEXT && (0..before).any(differs)
    }
}

/// Returns for each day the sign of `fast - slow` if it differs from the last non-zero sign before
/// it, else 0; NaN if an average or such a predecessor is missing.
fn crossings(fast: &[f64], slow: &[f64]) -> Vec<f64> {
    let mut before: Option<f64> = None;
    let differences = fast.iter().zip(slow).map(|(fast, slow)| fast - slow);
    let crossing = differences.map(|difference| {
        let known = before.filter(|_| !difference.is_nan());
        let sign = if difference == 0.0 { 0.0 } else { difference.signum() };
        let cross =
            known.map_or(f64::NAN, |before| if sign != 0.0 && sign != before { sign } else { 0.0 });
        if !sign.is_nan() && sign != 0.0 {
            before = Some(sign);
        }
        cross
    });
    crossing.collect()
}

/// Returns whether each day's close is the highest, and the lowest, of the `days` calendar days
/// that end with it; ties count. Neither if the symbol's history does not cover these days.
fn breakouts(bars: &Series, first: Minute, days: u32) -> Vec<(bool, bool)> {
    let lookback =
        i32::try_from(days).unwrap_or(i32::MAX / DAY).saturating_sub(1).saturating_mul(DAY);
    let (time, close) = (bars.time(), bars.close());
    // Indices of closes that fall (rise) from front to back: the front is the highest (lowest) of
    // the lookback.
    let (mut highest, mut lowest) = (VecDeque::<usize>::new(), VecDeque::<usize>::new());
    let breakout = (0..bars.len()).map(|day| {
        let from = time[day].plus(-lookback);
        for (queue, is_beaten) in
            [(&mut highest, (|a, b| a <= b) as fn(f64, f64) -> bool), (&mut lowest, |a, b| a >= b)]
        {
            while queue.back().is_some_and(|&last| is_beaten(close[last], close[day])) {
                queue.pop_back();
            }
            queue.push_back(day);
            while queue.front().is_some_and(|&oldest| time[oldest] < from) {
                queue.pop_front();
            }
        }
        let is_known = first <= from;
        // A day that ties with an older one has replaced it.
        (is_known && highest.front() == Some(&day), is_known && lowest.front() == Some(&day))
    });
    breakout.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use bars::Bar;
    use proptest::prelude::*;

    fn days(closes: &[(i32, i32)]) -> Series {
        let mut day = 0;
        let bar = |&(gap, close): &(i32, i32)| {
            day += gap;
            let close = f64::from(close);
            let time = Minute::new(i64::from(day * DAY)).unwrap();
            Bar { time, open: close, high: close, low: close, close, volume: 1.0, trades: None }
        };
        closes.iter().map(bar).collect()
    }

    proptest! {
        #[test]
        fn breakouts_by_their_definition(closes in prop::collection::vec((1_i32..4, 1_i32..6), 1..60), lookback in 1_u32..12) {
            let bars = days(&closes);
            let got = breakouts(&bars, bars.time()[0], lookback);
            for (day, got) in got.into_iter().enumerate() {
                let from = bars.time()[day].plus(-(lookback as i32 - 1) * DAY);
                let seen: Vec<f64> = (0..=day).filter(|&i| bars.time()[i] >= from).map(|i| bars.close()[i]).collect();
                let close = bars.close()[day];
                let known = bars.time()[0] <= from;
                let expected = (known && seen.iter().all(|&c| c <= close), known && seen.iter().all(|&c| c >= close));
                prop_assert_eq!(got, expected);
            }
        }
    }

    #[test]
    fn crossings_skip_ties_and_gaps() {
        let nan = f64::NAN;
        let fast = [nan, 1.0, 2.0, 2.0, 3.0, 1.0, 2.0, 1.0];
        let slow = [nan, nan, 3.0, 2.0, 2.0, 1.0, 1.0, 2.0];
        let got = crossings(&fast, &slow);
        assert!(got[..3].iter().all(|x| x.is_nan()));
        assert_eq!(got[3..], [0.0, 1.0, 0.0, 0.0, -1.0]);
    }
}
