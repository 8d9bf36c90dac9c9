//! The interval of bars: one minute, or longer.
//!
//! A market without trades in most minutes has few bars, at irregular distances; that alone does not
//! make them longer than a minute. The bars of a symbol are longer if all steps between them are
//! multiples of some N of at least 2 minutes, and
//!
//! - there are at least 10 steps, half of which are N; or
//! - there are 3 to 9 steps, all are N, and N is at least 5 minutes.
//!
//! Fewer bars decide nothing. A file is refused if this holds for at least half of its symbols that
//! decide something, or if all timestamps are dates without a time of day. Files with names that
//! state one-minute bars are not looked at.

use bars::Minute;

use crate::divisor::gcd;

/// Fewer steps than this decide nothing.
const MIN_STEPS: usize = 3;
/// From this number of steps on, half of them may differ.
const ENOUGH_STEPS: usize = 10;
/// The shortest interval that fewer steps can show, in minutes.
const MIN_CLEAR_MINUTES: i32 = 5;

/// What the times of a symbol's bars show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Interval {
    /// Too few bars.
    Unknown,
    /// One-minute bars.
    Minute,
    /// Longer bars, in minutes.
    Longer(u32),
}

impl Interval {
    /// Decides by the open times of bars, ascending.
    pub(super) fn of(time: &[Minute]) -> Interval {
        if time.len() <= MIN_STEPS {
            return Interval::Unknown;
        }
        let steps = || time.windows(2).map(|pair| pair[1].index() - pair[0].index());
        let mut interval = 0;
        for step in steps() {
            interval = gcd(interval, step);
            if interval == 1 {
                return Interval::Minute;
            }
        }
        let (all, equal) = (time.len() - 1, steps().filter(|step| *step == interval).count());
        let is_longer = if all >= ENOUGH_STEPS {
            2 * equal >= all
        } else {
            equal == all && interval >= MIN_CLEAR_MINUTES
        };
        if is_longer { Interval::Longer(interval.unsigned_abs()) } else { Interval::Minute }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(minutes: impl IntoIterator<Item = i64>) -> Interval {
        Interval::of(&minutes.into_iter().filter_map(Minute::new).collect::<Vec<_>>())
    }

    #[test]
    fn longer_bars_are_recognized() {
        assert_eq!(of((0..4).map(|i| i * 1440)), Interval::Longer(1440));
        assert_eq!(of((0..4).map(|i| 30 + i * 5)), Interval::Longer(5));
        assert_eq!(of((0..11).map(|i| i * 2)), Interval::Longer(2));
        // Hours of a stock exchange: seven a day.
        assert_eq!(of((0..70).map(|i| i / 7 * 1440 + i % 7 * 60)), Interval::Longer(60));
    }

    #[test]
    fn thin_markets_are_minutes() {
        assert_eq!(of([0, 60, 120]), Interval::Unknown);
        assert_eq!(of([0, 2, 4, 6]), Interval::Minute);
        // All steps are even by chance, but no step is frequent.
        let thin = [0, 14, 20, 60, 82, 86, 100, 140, 200, 202, 300, 340];
        assert_eq!(of(thin), Interval::Minute);
        assert_eq!(of([0, 60, 180, 240, 300]), Interval::Minute);
        assert_eq!(of((0..100).map(|i| i * 60).chain([6001])), Interval::Minute);
    }
}
