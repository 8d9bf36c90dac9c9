//! Reasons why a row is not a valid bar, or is unusual.

use std::fmt;

use crate::bar::Bar;

/// A problem found in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Finding {
    /// Rejected: missing or invalid symbol.
    Symbol,
    /// Rejected: more fields than the header has.
    Fields,
    /// Rejected: no readable timestamp.
    Timestamp,
    /// Rejected: a timestamp in another format than the stated one.
    OtherFormat,
    /// Rejected: a timestamp that is not on a whole minute.
    OffMinute,
    /// Rejected: a number of days, as spreadsheets store dates.
    DayNumber,
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
    /// Kept: before 2009 or after tomorrow.
    Implausible,
}

impl Finding {
    /// Returns whether rows with this finding are rejected.
    pub fn is_rejected(self) -> bool {
        self <= Finding::HighBelowLow
    }

    /// What to do about rows with this finding; `None` if its text states it.
    pub fn remedy(self) -> Option<&'static str> {
        match self {
            Finding::Timestamp => {
                Some("use 2021-04-02 00:00, RFC 3339 or an epoch number, or state the format")
            }
            Finding::OtherFormat => Some("correct the stated format, or state none"),
            Finding::DayNumber => Some("export the column as text such as 2021-04-02 00:00"),
            _ => None,
        }
    }

    /// Checks the numbers of `bar`. Returns the first problem, or `None` for a valid bar.
    ///
    /// The MySQL source of `bars-io` implements the same checks in SQL (`mysql/read.rs`, `is_bar`
    /// and `closes`): change both.
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

    /// Returns whether open or close is outside [low, high]; such bars are unusual but kept.
    pub fn is_outside_range(bar: &Bar) -> bool {
        bar.open.max(bar.close) > bar.high || bar.open.min(bar.close) < bar.low
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Finding::Symbol => "missing or invalid symbol",
            Finding::Fields => "more fields than the header has",
            Finding::Timestamp => "unreadable timestamp",
            Finding::OtherFormat => "timestamp that does not match the stated format",
            Finding::DayNumber => "spreadsheet date instead of a timestamp",
            Finding::OffMinute => {
                "timestamp not on a whole minute (if timestamps name the end of the minute: bar_time close)"
            }
            Finding::Price => "price is not a number > 0",
            Finding::Volume => "volume is not a number >= 0",
            Finding::HighBelowLow => "high below low",
            Finding::Duplicate => "replaced by a later row of the same symbol and minute",
            Finding::OutsideRange => "kept with open or close outside [low, high]",
            Finding::Trades => "kept without its unreadable number of trades",
            Finding::MixedOffsets => {
                "kept although timestamps with and without an offset are mixed (those without were read as UTC)"
            }
            Finding::Implausible => "kept although before 2009 or after tomorrow",
        })
    }
}
