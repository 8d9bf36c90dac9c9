//! Why a row is not a bar, or is an odd one.

use std::fmt;

use crate::bar::Bar;

/// Something found in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Finding {
    /// Rejected: no symbol, or none that can be one.
    Symbol,
    /// Rejected: more fields than the header has.
    Fields,
    /// Rejected: no readable timestamp.
    Timestamp,
    /// Rejected: a timestamp that is not on a whole minute.
    OffMinute,
    /// Rejected: a price that is not finite or not above zero.
    Price,
    /// Rejected: a volume that is not finite or below zero.
    Volume,
    /// Rejected: high below low.
    HighBelowLow,
    /// Replaced: a later row of the same symbol and time won.
    Duplicate,
    /// Kept: open or close outside [low, high].
    OutsideRange,
    /// Kept, without its count: an unreadable number of trades.
    Trades,
    /// Kept: timestamps with and without an offset in one input; those without are taken as UTC.
    MixedOffsets,
}

impl Finding {
    /// Whether the row is no bar.
    pub fn is_set_aside(self) -> bool {
        self <= Finding::HighBelowLow
    }

    /// What is wrong with `bar`, judged by its numbers; `None` where it is a bar.
    ///
    /// The MySQL source of `bars-io` says the same in SQL (`mysql/read.rs`, `is_bar` and `closes`):
    /// change both.
    pub fn from_bar(bar: &Bar) -> Option<Finding> {
        let prices = [bar.open, bar.high, bar.low, bar.close];
        if !prices.iter().all(|p| p.is_finite() && *p > 0.0) {
            Some(Finding::Price)
        } else if !(bar.volume.is_finite() && bar.volume >= 0.0) {
            Some(Finding::Volume)
        } else if bar.high < bar.low {
            Some(Finding::HighBelowLow)
        } else {
            None
        }
    }

    /// Whether open or close of a bar lie outside its range: odd, but kept.
    pub fn is_outside_range(bar: &Bar) -> bool {
        bar.open.max(bar.close) > bar.high || bar.open.min(bar.close) < bar.low
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Finding::Symbol => "no readable symbol",
            Finding::Fields => "more fields than the header has",
            Finding::Timestamp => "no readable timestamp",
            Finding::OffMinute => {
                "timestamp not on a whole minute (if it names the minute's end: bar_time close)"
            }
            Finding::Price => "a price that is not a number above 0",
            Finding::Volume => "a volume that is not a number from 0 up",
            Finding::HighBelowLow => "high below low",
            Finding::Duplicate => "replaced by a later row of the same symbol and time",
            Finding::OutsideRange => "kept, though open or close lies outside low to high",
            Finding::Trades => "kept without its unreadable number of trades",
            Finding::MixedOffsets => {
                "kept, but whose timestamps name an offset while that of the first row does not, or the other way round (those without were read as UTC)"
            }
        })
    }
}
