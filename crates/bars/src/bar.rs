//! One bar.

use crate::time::minute::Minute;

/// One bar: the minute that opens at `time`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bar {
    /// Open time.
    pub time: Minute,
    /// First price.
    pub open: f64,
    /// Highest price.
    pub high: f64,
    /// Lowest price.
    pub low: f64,
    /// Last price.
    pub close: f64,
    /// Volume in units of the base asset.
    pub volume: f64,
    /// Number of trades, if known.
    pub trades: Option<u32>,
}
