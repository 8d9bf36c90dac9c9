//! What is written: each form a file. Every file appears whole or not at all ([`bars_io::atomic`]).

pub mod bar_csv;
pub mod boards;
pub mod npz;
pub mod parquet;
pub mod series;
pub mod table;
