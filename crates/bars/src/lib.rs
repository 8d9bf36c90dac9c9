//! One-minute bars: data types, the point-in-time rule, validation and resampling. No I/O.
//!
//! - [`time`]: [`Minute`], [`Window`], [`AsOf`]; reading and writing timestamps.
//! - [`symbol`]: a checked market symbol; [`spelling`]: the same market under other names.
//! - [`series`]: a symbol's bars in memory as columns, sorted and unique in time.
//! - [`clean`]: findings, counted by cause; [`rows`]: validation row by row.
//! - [`resample`](mod@resample): minutes to longer bins.
//! - `arrow` (feature `arrow`): series from and to Arrow record batches.
//! - Feature `serde`: domain types as text.
//!
//! The crate `bars-io` reads and writes bars.

#[cfg(feature = "arrow")]
pub mod arrow;
mod bar;
pub mod clean;
pub mod error;
mod excerpt;
mod finding;
pub mod resample;
pub mod rows;
#[cfg(feature = "serde")]
mod serde_text;
pub mod series;
pub mod spelling;
pub mod symbol;
pub mod time;

pub use clean::{Finding, Findings};
pub use error::{Error, Result};
pub use excerpt::{excerpt, shortened};
pub use rows::{BarTime, ColumnNames, DecimalMark, ReadOptions};
pub use series::{Bar, Closes, Series, SeriesBuilder};
pub use symbol::Symbol;
pub use time::{AsOf, Minute, Span, Window};
