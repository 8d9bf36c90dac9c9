//! Spans of open times.

use super::asof::AsOf;
use super::calendar::DAY;
use super::minute::Minute;

/// A half-open span of open times, `[start, end)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// First open time in the span.
    pub start: Minute,
    /// First open time after the span.
    pub end: Minute,
}

impl Span {
    /// All minutes.
    pub const ALL: Span = Span { start: Minute::MIN, end: Minute::MAX };

    /// The `days` days of bars that end at `asof`. The start is rounded up to a whole minute.
    pub fn days_before(asof: AsOf, days: u32) -> Span {
        Span { start: asof.plus(-i64::from(days) * i64::from(DAY)).ceil(), end: asof.end() }
    }

    /// Returns whether the span contains the bar that opens at `minute`.
    pub fn contains(self, minute: Minute) -> bool {
        self.start <= minute && minute < self.end
    }

    /// Returns whether the span overlaps the bars from `first` to `last` (inclusive).
    pub fn touches(self, first: Minute, last: Minute) -> bool {
        first < self.end && self.start <= last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> AsOf {
        AsOf::from_epoch_micros(seconds * 1_000_000).unwrap()
    }

    #[test]
    fn a_bar_counts_from_its_close() {
        let minute = Minute::from_epoch_seconds(1_000_000_020).unwrap();
        let span = |seconds| Span { start: Minute::MIN, end: at(seconds).end() };
        assert!(!span(1_000_000_079).contains(minute));
        assert!(span(1_000_000_080).contains(minute));
        assert_eq!(AsOf::close_of(minute).end(), minute.plus(1));
    }

    #[test]
    fn lookback_from_within_a_minute_starts_at_the_next_minute() {
        let span = Span::days_before(at(86_400 * 3 + 30), 1);
        assert_eq!((span.start.index(), span.end.index()), (2 * DAY + 1, 3 * DAY));
    }
}
