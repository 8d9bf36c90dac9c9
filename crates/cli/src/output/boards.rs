//! The form of `leaderboards_summary.json`: written by `leaderboards`, read for the report. A missing number is null.

use serde::{Deserialize, Serialize};

/// The file's name.
pub const NAME: &str = "leaderboards_summary.json";

/// The whole file.
#[derive(Debug, Serialize, Deserialize)]
pub struct Summary {
    #[serde(rename = "Top Gainers")]
    pub gainers: Board,
    #[serde(rename = "Top Losers")]
    pub losers: Board,
    #[serde(rename = "Top Overlap")]
    pub overlaps: Board,
    pub run: Run,
}

/// A board.
#[derive(Debug, Serialize, Deserialize)]
pub struct Board {
    pub coins: Vec<Coin>,
    pub skew_details: Vec<Skew>,
}

/// A symbol of a board, in the order of its rank.
#[derive(Debug, Serialize, Deserialize)]
pub struct Coin {
    pub symbol: String,
    pub price_change: Option<f64>,
    pub pct_vol_change: Option<f64>,
    pub skew: Vec<String>,
}

/// A bucket in which a symbol is out of the ordinary.
#[derive(Debug, Serialize, Deserialize)]
pub struct Skew {
    pub symbol: String,
    pub bucket: String,
    pub level: String,
    pub deviation_pct: Option<f64>,
}

/// What was ranked.
#[derive(Debug, Serialize, Deserialize)]
pub struct Run {
    pub asof: String,
    pub windows: Vec<String>,
    pub lookback_days: u32,
    pub top_n: usize,
    pub symbols_seen: usize,
    pub symbols_stale: usize,
    pub symbols_ranked: usize,
    pub include_partial: bool,
}
