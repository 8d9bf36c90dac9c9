//! A parsed timestamp.

/// A parsed timestamp, and whether the text had an offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// Nanoseconds since the epoch, UTC.
    pub nanos: i128,
    /// `Some(true)` with an offset or `Z`, `Some(false)` without, `None` for an epoch number.
    pub offset: Option<bool>,
    /// Whether the text was a date without a time of day.
    pub is_date: bool,
}
