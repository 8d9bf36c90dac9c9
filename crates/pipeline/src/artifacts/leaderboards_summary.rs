//! `leaderboards_summary.json`: written by `leaderboards`, read for the report. A missing number is
//! null.

use serde::{Deserialize, Serialize};

/// The whole file.
#[derive(Debug, Serialize, Deserialize)]
pub struct LeaderboardsSummary {
    /// The habitual gainers.
    #[serde(rename = "Top Gainers")]
    pub gainers: SummaryBoard,
    /// The habitual losers.
    #[serde(rename = "Top Losers")]
    pub losers: SummaryBoard,
    /// Symbols that are both.
    #[serde(rename = "Top Overlap")]
    pub overlaps: SummaryBoard,
    /// What was ranked.
    pub run: SummaryRun,
}

/// A board.
#[derive(Debug, Serialize, Deserialize)]
pub struct SummaryBoard {
    /// The symbols, by rank.
    pub coins: Vec<SummaryCoin>,
    /// Unusual buckets, by rank, then bucket.
    pub skew_details: Vec<SummarySkew>,
}

/// A symbol of a board, in the order of its rank.
#[derive(Debug, Serialize, Deserialize)]
pub struct SummaryCoin {
    /// The symbol.
    pub symbol: String,
    /// Change of the price in the newest bucket of a day (or the longest window), in percent.
    pub price_change: Option<f64>,
    /// Change of the volume in that bucket, in percent.
    pub pct_vol_change: Option<f64>,
    /// Tags of the profile.
    pub skew: Vec<String>,
}

/// A bucket in which a symbol is out of the ordinary.
#[derive(Debug, Serialize, Deserialize)]
pub struct SummarySkew {
    /// The symbol.
    pub symbol: String,
    /// Window and kind of the bucket.
    pub bucket: String,
    /// How unusual.
    pub level: String,
    /// Deviation from the board, in percent.
    pub deviation_pct: Option<f64>,
}

/// What was ranked.
#[derive(Debug, Serialize, Deserialize)]
pub struct SummaryRun {
    /// The as-of.
    pub asof: String,
    /// The windows, ascending.
    pub windows: Vec<String>,
    /// Days before the as-of.
    pub lookback_days: u32,
    /// Places per bucket and symbols per board.
    pub top_n: usize,
    /// Symbols with a bar by the as-of.
    pub symbols_seen: usize,
    /// Symbols without a bar in the day before the as-of.
    pub symbols_stale: usize,
    /// Symbols that were ranked.
    pub symbols_ranked: usize,
    /// Whether partial buckets were used.
    pub include_partial: bool,
}
