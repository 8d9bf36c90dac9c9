//! Technical indicators: pure functions on slices, a file per family.
//!
//! Slices are in time order and of one length where several go together; prices are positive. Names: `open`, `high`, `low`,
//! `close`, `volume` of bins `t = 1..n`. **A value that cannot be computed is NaN**, never 0 and never infinite by
//! intent; NaN within an input means that this entry is absent, where a function says so. Nothing here allocates, but
//! for what is handed in as scratch.
//!
//! Results are the same bits on every platform: sums run in a fixed order, and logarithms are our own or those of `libm`.
//!
//! ```
//! let close: Vec<f64> = (0..30).map(|t| 100.0 + (f64::from(t) / 4.0).sin()).collect();
//! let rsi = indicators::momentum::rsi(&close);
//! assert!((0.0..=100.0).contains(&rsi));
//! assert!(indicators::momentum::rsi(&close[..14]).is_nan()); // 15 closes are needed
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

/// What divisors get added, so that they are not 0, and below which a price counts as none: 1e-9.
pub const EPS: f64 = 1e-9;

/// The period of Wilder's indicators: 14.
pub const WILDER: usize = 14;
