//! Technical indicators: pure functions on slices, one file per family.
//!
//! # Inputs
//! Slices are in time order, one entry per bin (or bar): `open`, `high`, `low`, `close` are
//! positive prices, `volume` is not negative. Slices of different lengths are cut to the shortest.
//! A period or span of 0 counts as 1. NaN in an input marks a missing entry where a function documents
//! so; elsewhere inputs must be finite.
//!
//! # Results
//! **A value that cannot be computed is NaN**, never 0. No function panics. Results have the same
//! bits on every platform: sums run in a fixed order, and logarithms are those of this crate or of
//! `libm`.
//!
//! # Last values and series
//! A function with the name of an indicator (`rsi`) returns its value at the last bin and does not
//! allocate, except in scratch that the caller passes. Its companion `*_series` (`rsi_series`)
//! returns the value at every bin, NaN during warm-up. There are two kinds:
//!
//! - **running**: entry `t` is the last value over the bins `0..=t` (`ema`, `macd`, `rsi`, `atr`,
//!   `obv`, ...);
//! - **rolling**: entry `t` is the last value over the `period` bins that end at `t` (`sma`, `cci`,
//!   `parkinson`, `std`, ...). The last-value functions of these take all bins that they are given
//!   as one window.
//!
//! Either way the bits are those of the last-value function over these bins. Times are in bins;
//! prices and their differences have the unit of the input.
//!
//! ```
//! use indicators::{WILDER_PERIOD, momentum::{rsi, rsi_series}};
//!
//! let close: Vec<f64> = (0..30).map(|t| 100.0 + (f64::from(t) / 4.0).sin()).collect();
//! let last = rsi(&close, WILDER_PERIOD);
//! assert!((0.0..=100.0).contains(&last));
//!
//! let series = rsi_series(&close, WILDER_PERIOD);
//! assert!(series[13].is_nan() && !series[14].is_nan()); // 15 closes are needed
//! assert_eq!(series[29], last);
//! ```

pub mod average;
pub mod bands;
pub mod log;
pub mod moments;
pub mod momentum;
pub mod order;
pub mod trend;
pub mod volatility;
pub mod volume;
mod window;

/// Added to divisors, so that they are not 0, and the lower bound of prices in logarithms and
/// comparisons of neighbors: 1e-9.
pub const EPS: f64 = 1e-9;

/// The period of Wilder's indicators (RSI, ATR, ADX), in bins.
pub const WILDER_PERIOD: usize = 14;
