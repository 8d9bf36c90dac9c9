//! Sources and targets of one-minute bars.
//!
//! - [`source`]: the trait [`Source`]: a catalog of symbols, and the bars of one symbol in a span.
//! - [`mod@file`], [`store`], [`memory`], `mysql`: its implementations; [`reader`], [`csv`],
//!   [`parquet`] read files.
//! - [`import`]: files and archives into a store or MySQL.
//! - `kraken`: Kraken's public REST API.
//! - [`regular`], [`decode`]: files that may be pipes, devices or damaged.
//! - [`atomic`]: files that are complete or absent. [`address`]: sources as text.
//! - [`panics`]: panics of other crates that become errors.
//!
//! Cargo features: `mysql`, `kraken`, `archive` (ZIP archives). Parquet and CSV are always enabled.

pub mod address;
pub mod atomic;
pub mod column;
pub mod csv;
mod decimal;
pub mod decode;
mod decode_error;
mod decompressed;
mod dialect;
mod divisor;
pub mod error;
pub mod file;
pub mod foreign;
mod header;
pub mod import;
#[cfg(feature = "kraken")]
pub mod kraken;
mod ledger;
mod lines;
mod links;
pub mod memory;
#[cfg(feature = "mysql")]
pub mod mysql;
mod page_header;
mod page_limits;
pub mod panics;
pub mod parquet;
pub mod reader;
pub mod regular;
pub mod source;
pub mod spill_buffer;
pub mod store;
pub mod target;
mod text_lengths;
mod thrift;
mod warnings;

pub use error::{Error, Result};
pub use source::{Entry, Source, newest_close};
pub use target::Target;
pub use warnings::Warnings;
