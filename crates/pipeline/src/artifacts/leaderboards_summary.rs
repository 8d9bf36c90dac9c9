//! `leaderboards_summary.json`: written by `leaderboards`, read for the report. A missing number is
//! null.

use serde::{Deserialize, Serialize};

use crate::universe::Universe;

/// The whole file.
#[derive(Debug, Serialize, Deserialize)]
pub struct LeaderboardsSummary {
    /// Symbols ranked most often among the gains.
    #[serde(rename = "Top Gainers")]
    pub gainers: SummaryBoard,
    /// Symbols ranked most often among the losses.
    #[serde(rename = "Top Losers")]
    pub losers: SummaryBoard,
    /// Symbols ranked often among both.
    #[serde(rename = "Top Overlap")]
    pub overlaps: SummaryBoard,
    /// The context of the ranking.
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
    /// Change of price in the newest bucket of 24h (or the longest window), in percent.
    pub price_change: Option<f64>,
    /// Change of volume in that bucket, in percent.
    pub pct_vol_change: Option<f64>,
    /// Tags of the profile.
    pub skew: Vec<String>,
}

/// An unusual share of a symbol.
#[derive(Debug, Serialize, Deserialize)]
pub struct SummarySkew {
    /// The symbol.
    pub symbol: String,
    /// Name of the bucket: window and kind.
    pub bucket: String,
    /// Level of the deviation.
    pub level: String,
    /// Deviation from the board, in percent.
    pub deviation_pct: Option<f64>,
}

/// The context of the ranking.
#[derive(Debug, Serialize, Deserialize)]
pub struct SummaryRun {
    /// The as-of.
    pub asof: String,
    /// The windows, ascending.
    pub windows: Vec<String>,
    /// Days before the as-of.
    pub lookback_days: u32,
    /// Number of ranks per bucket and of symbols per board.
    pub top_n: usize,
    /// Number of symbols with a bar by the as-of.
    pub symbols_seen: usize,
    /// Number of symbols without a bar in the 24 hours before the as-of.
    pub symbols_stale: usize,
    /// Number of ranked symbols.
    pub symbols_ranked: usize,
    /// Whether partial buckets were used.
    pub include_partial: bool,
    /// The choice of symbols; absent if all were ranked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub universe: Option<Universe>,
}
