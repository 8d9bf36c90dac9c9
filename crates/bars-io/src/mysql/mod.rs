//! MySQL, MariaDB and compatible servers.
//!
//! Sessions run in UTC. Symbols are read one by one along the `(symbol, timestamp)` index,
//! streaming over a few connections. After a lost connection, a deadlock or a timeout the symbol is
//! read again from its start, with back-off. Reading never writes.

pub mod config;
mod connect;
mod patience;
mod read;
mod table;
mod write;

pub use config::{Config, Password, SslMode};
pub use connect::{Login, check_database, check_host, check_login};
pub use read::MySqlSource;
pub use table::check_table;
pub use write::MySqlWriter;
