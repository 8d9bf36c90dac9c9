//! MySQL, MariaDB, and whatever speaks their protocol.
//!
//! The session runs in UTC. Reads go symbol by symbol along the `(symbol, timestamp)` index,
//! streaming over a few connections; a lost connection, a deadlock or a time-out is retried with
//! back-off, and the symbol is then read again from its start. Reading never writes.

pub mod config;
mod connect;
mod read;
mod table;
mod write;

pub use config::{Config, Password, SslMode};
pub use read::MySqlSource;
pub use write::MySqlWriter;
