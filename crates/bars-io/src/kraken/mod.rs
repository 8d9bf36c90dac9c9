//! Kraken's public REST API: its pairs, their day so far, and their newest minutes.
//!
//! [`Client`] asks, at its pace and with bounded patience; [`market`] reads what is traded,
//! [`candles`] and [`trades`] read bars; [`sync`] brings a store up to date with these.
//!
//! An answer is an envelope, `{"error": [], "result": {...}}`, in which a list of errors that is
//! not empty is a failure whatever the HTTP status. Facts about the single answers stand with those
//! who read them.

pub mod candles;
mod client;
pub mod market;
pub mod sync;
pub mod trades;

pub use client::{BASE_URL, Client, Pace};
