//! Kraken's public REST API: pairs, tickers and the newest minutes.
//!
//! [`Client`] sends requests with a rate limit and retries; [`market`] reads pairs and tickers,
//! [`candles`] and [`trades`] read bars; [`sync`] updates a target.
//!
//! A response is `{"error": [], "result": {...}}`; a non-empty list of errors is a failure whatever
//! the HTTP status. The modules document the individual responses.

pub mod candles;
mod client;
pub mod market;
mod shape;
pub mod sync;
pub mod trades;

pub use client::{BASE_URL, Client, Pace};
