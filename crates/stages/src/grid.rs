//! Close and volume for every minute, without gaps, as decompositions need them.

use bars::series::Closes;
use bars::{Minute, Span};

/// Close and volume per minute.
#[derive(Debug, Clone, PartialEq)]
pub struct MinuteGrid {
    /// The first minute.
    pub start: Minute,
    /// Close of each minute. A minute without a bar repeats the previous close; minutes before the
    /// first bar repeat its close.
    pub close: Vec<f64>,
    /// Volume of each minute: 0 without a bar.
    pub volume: Vec<f64>,
    /// Number of minutes with a bar.
    pub bars: usize,
    /// Length of the longest run of minutes without a bar.
    pub longest_gap: usize,
}

impl MinuteGrid {
    /// Returns the minutes of `span`; `None` if no bar opens in it.
    pub fn over(closes: &Closes, span: Span) -> Option<MinuteGrid> {
        let from = closes.time.partition_point(|time| *time < span.start);
        let to = closes.time.partition_point(|time| *time < span.end);
        if from >= to {
            return None;
        }
        let place = |minute: Minute| (minute.index() - span.start.index()) as usize;
        let length = place(span.end);
        let mut close = Vec::with_capacity(length);
        let mut volume = vec![0.0; length];
        let mut longest_gap = 0;
        for i in from..to {
            let at = place(closes.time[i]);
            // The previous close holds until here; before the first bar its own close does.
            let held = if i == from { closes.close[i] } else { closes.close[i - 1] };
            longest_gap = longest_gap.max(at - close.len());
            close.resize(at, held);
            close.push(closes.close[i]);
            volume[at] = closes.volume[i];
        }
        longest_gap = longest_gap.max(length - close.len());
        close.resize(length, closes.close[to - 1]);
        Some(MinuteGrid { start: span.start, close, volume, bars: to - from, longest_gap })
    }

    /// Returns the minutes from the first bar to the last, at most the last `most`; `None` if there
    /// is no bar.
    pub fn last(closes: &Closes, most: i32) -> Option<MinuteGrid> {
        let (first, last) = (*closes.time.first()?, *closes.time.last()?);
        let span = Span { start: first.max(last.plus(1).plus(-most)), end: last.plus(1) };
        let mut grid = MinuteGrid::over(closes, span)?;
        // Minutes before the first bar in the range repeat the last close before the range.
        let before = closes.time.partition_point(|time| *time < span.start);
        if let (Some(held), Some(next)) = (before.checked_sub(1), closes.time.get(before)) {
            let until = (next.index() - span.start.index()) as usize;
            grid.close[..until].fill(closes.close[held]);
        }
        Some(grid)
    }

    /// Number of minutes.
    pub fn len(&self) -> usize {
        self.close.len()
    }

    /// Whether there is no minute.
    pub fn is_empty(&self) -> bool {
        self.close.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minute(i: i64) -> Minute {
        Minute::new(i).unwrap()
    }

    #[test]
    fn gaps_are_filled_within_the_span() {
        let closes = Closes {
            time: [2, 5, 6, 9].map(minute).to_vec(),
            close: vec![2.0, 5.0, 6.0, 9.0],
            volume: vec![20.0, 50.0, 60.0, 90.0],
        };
        let span = |start, end| Span { start: minute(start), end: minute(end) };
        let grid = MinuteGrid::over(&closes, span(3, 9)).unwrap();
        // Minute 2 is outside: the first bar fills backward.
        assert_eq!(grid.close, [5.0, 5.0, 5.0, 6.0, 6.0, 6.0]);
        assert_eq!(grid.volume, [0.0, 0.0, 50.0, 60.0, 0.0, 0.0]);
        assert_eq!((grid.bars, grid.start, grid.len(), grid.longest_gap), (2, minute(3), 6, 2));
        assert_eq!(MinuteGrid::over(&closes, span(7, 9)), None);
        let all = MinuteGrid::last(&closes, 1000).unwrap();
        assert_eq!((all.start, all.len(), all.bars), (minute(2), 8, 4));
        // Fewer minutes give the same values, also before the first bar within them.
        for most in 1..=8 {
            let some = MinuteGrid::last(&closes, most).unwrap();
            let cut = all.len() - most as usize;
            assert_eq!(
                (&some.close[..], &some.volume[..]),
                (&all.close[cut..], &all.volume[cut..])
            );
        }
        assert_eq!(MinuteGrid::last(&Closes::default(), 9), None);
    }
}
