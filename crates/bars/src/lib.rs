//! One-minute bars: what a bar is, when it counts, and where bars come from.
//!
//! The rooms, from the ground up:
//!
//! - [`time`]: [`Minute`], [`Window`], [`AsOf`] and the reading and writing of timestamps.
//! - [`symbol`]: a checked market symbol and its spelling as a file name; [`spelling`]: the
//!   same market under the names that exchanges and people give it.
//! - [`series`]: a symbol's bars in memory, columnar, sorted and unique in time.
//! - [`clean`]: which rows are not bars, counted by cause.
//! - [`resample`]: minutes into longer bins.
//! - [`source`]: MySQL, the embedded Parquet store, Parquet and CSV files.
//! - [`import`]: archives and files into the store or into MySQL.
//! - [`kraken`]: the exchange, asked over the network for what is traded and for its newest minutes.
//! - [`atomic`]: files that appear whole or not at all.
//!
//! Everything below `source`, `import`, `kraken` and `atomic` is pure: no file, no clock, no environment.

pub mod atomic;
pub mod clean;
pub mod error;
pub mod import;
pub mod kraken;
pub mod resample;
pub mod series;
pub mod source;
pub mod spelling;
pub mod symbol;
pub mod time;

pub use clean::{Finding, Findings};
pub use error::{Error, Result};
pub use series::{Bar, Closes, Series, SeriesBuilder};
pub use source::{Entry, Source};
pub use symbol::Symbol;
pub use time::{AsOf, Minute, Span, Window};
