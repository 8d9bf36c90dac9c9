//! The data of a report. The caller reads it from the outputs of the stages.
//!
//! Each collection is one part of the page; an empty collection omits the part. Collections are
//! shown in the order in which they are given. A missing number is NaN, unless its field states
//! otherwise. Times are UTC. Texts are plain text, not markup; symbols and windows are text because
//! the page prints them as the outputs spell them.

use bars::AsOf;

use crate::downsample::MinMaxSeries;

/// The results of the stages for one market.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// As-of of the boards.
    pub asof: Option<AsOf>,
    /// Size of the ranked market.
    pub market: Option<MarketSummary>,
    /// Gainers, losers and overlaps.
    pub boards: Vec<BoardTable>,
    /// How often each symbol was ranked, by bucket.
    pub rank_counts: RankCounts,
    /// As-of of [`state`](Report::state) and [`outliers`](Report::outliers).
    pub state_asof: Option<AsOf>,
    /// Percentiles of intraday metrics, one heatmap per window, shortest window first.
    pub state: Vec<StateHeatmap>,
    /// Metrics far from a symbol's own median, farthest first.
    pub outliers: Vec<MetricOutlier>,
    /// As-of of [`regime`](Report::regime).
    pub regime_asof: Option<AsOf>,
    /// Metrics of daily bars, one row per symbol and window.
    pub regime: Vec<RegimeRow>,
    /// Start and end of the bars that were decomposed into cycles.
    pub cycle_window: Option<(AsOf, AsOf)>,
    /// Price and modes of each decomposed symbol.
    pub leaders: Vec<LeaderChart>,
    /// The dominant cycle of each symbol's price, best score first.
    pub dominant_cycles: Vec<DominantCycle>,
    /// All cycles of all symbols, of price and of volume.
    pub cycles: Vec<CyclePoint>,
    /// Clusters of upswings, grouped by symbol.
    pub upswing_clusters: Vec<UpswingCluster>,
    /// Completeness of the bars of each symbol on the boards.
    pub bar_quality: Vec<BarQuality>,
    /// Parts of the report for which there is no data.
    pub missing_parts: Vec<Part>,
    /// What the page prints for a missing part; `None`: only that it is missing.
    pub remedy: Option<Remedy>,
}

impl Report {
    /// The first `count` of each symbol's [`outliers`](Report::outliers), symbols in the order of
    /// their first one.
    pub fn outliers_by_symbol(&self, count: usize) -> Vec<(&str, Vec<&MetricOutlier>)> {
        let mut symbols: Vec<(&str, Vec<&MetricOutlier>)> = Vec::new();
        for outlier in &self.outliers {
            match symbols.iter_mut().find(|(symbol, _)| *symbol == outlier.symbol) {
                Some((_, own)) if own.len() < count => own.push(outlier),
                Some(_) => {}
                None => symbols.push((&outlier.symbol, vec![outlier])),
            }
        }
        symbols
    }

    /// The as-of of the boards, or without boards the latest as-of of the other parts; `None` if no
    /// part has one.
    pub fn latest_asof(&self) -> Option<AsOf> {
        let cycle_asof = self.cycle_window.map(|(_, end)| end);
        self.asof.or(cycle_asof.max(self.state_asof).max(self.regime_asof))
    }
}

/// Size of the ranked market.
#[derive(Clone, Debug)]
pub struct MarketSummary {
    /// Number of symbols in the source.
    pub symbols_seen: usize,
    /// Number of symbols that were ranked.
    pub symbols_ranked: usize,
    /// Number of symbols without a bar in the 24 hours before the as-of.
    pub symbols_stale: usize,
    /// Length of the lookback in days.
    pub lookback_days: usize,
    /// Window of the changes shown on the boards, such as `24h`.
    pub change_window: String,
}

/// One board: gainers, losers or overlaps.
#[derive(Clone, Debug)]
pub struct BoardTable {
    /// Title, such as `Gainers`.
    pub title: String,
    /// Which symbols are on the board, in one sentence.
    pub description: String,
    /// Symbols of the board, best rank first.
    pub rows: Vec<BoardRow>,
}

/// A symbol on a board.
#[derive(Clone, Debug)]
pub struct BoardRow {
    /// Symbol.
    pub symbol: String,
    /// Closing price over the lookback; without bins if it is not available.
    pub price: MinMaxSeries,
    /// Change of the price in the newest bucket that was ranked, in percent.
    pub price_change_pct: f64,
    /// Change of the volume from the bucket before to the newest one that was ranked, in percent.
    pub volume_change_pct: f64,
    /// Number of buckets in which the symbol ranked among the largest gains.
    pub gain_count: usize,
    /// Number of buckets in which the symbol ranked among the largest losses.
    pub loss_count: usize,
    /// Labels of the kind of mover, such as `Short-Term`.
    pub tags: Vec<String>,
}

/// How often each symbol was ranked, by bucket.
#[derive(Clone, Debug, Default)]
pub struct RankCounts {
    /// The columns of the table.
    pub buckets: Vec<RankBucket>,
    /// The rows of the table, highest total first.
    pub rows: Vec<RankCountRow>,
    /// Number of symbols with fewer ranks that are not in [`rows`](RankCounts::rows).
    pub omitted_symbols: usize,
}

/// A column of [`RankCounts`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RankBucket {
    /// Length of the bucket, such as `24h`.
    pub window: String,
    /// What was ranked, such as `gain` or `volume spike`.
    pub ranking: &'static str,
}

/// A row of [`RankCounts`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RankCountRow {
    /// Symbol.
    pub symbol: String,
    /// Number of ranks in each of [`RankCounts::buckets`].
    pub counts: Vec<usize>,
}

/// Percentiles of intraday metrics over one window: symbols by metrics.
#[derive(Clone, Debug)]
pub struct StateHeatmap {
    /// Window, such as `4h`.
    pub window: String,
    /// The columns of the heatmap.
    pub metrics: Vec<HeatmapMetric>,
    /// The rows of the heatmap.
    pub rows: Vec<HeatmapRow>,
}

/// A column of a [`StateHeatmap`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeatmapMetric {
    /// Name of the metric, without its window.
    pub name: String,
    /// Description shown as a tooltip; may be empty.
    pub description: String,
}

/// A row of a [`StateHeatmap`].
#[derive(Clone, Debug, PartialEq)]
pub struct HeatmapRow {
    /// Symbol.
    pub symbol: String,
    /// Percentile of each of [`StateHeatmap::metrics`] in the symbol's own history, 0 to 100; NaN
    /// if the history is too short.
    pub percentiles: Vec<f64>,
}

/// A metric of a symbol that is far from its own median.
#[derive(Clone, Debug)]
pub struct MetricOutlier {
    /// Symbol.
    pub symbol: String,
    /// Column of the metric in the state snapshot, with its window, such as `rsi_1h`.
    pub column: String,
    /// Percentile in the symbol's own history, 0 to 100.
    pub percentile: f64,
    /// Signed distance from the median, in interquartile ranges.
    pub iqr_distance: f64,
}

/// Metrics of daily bars of a symbol over one window.
#[derive(Clone, Debug)]
pub struct RegimeRow {
    /// Symbol.
    pub symbol: String,
    /// Window, such as `30d`.
    pub window: String,
    /// Length of the window in days, to sort by.
    pub window_days: f64,
    /// One value for each of [`REGIME_COLUMNS`].
    pub values: [RegimeValue; REGIME_COLUMNS.len()],
}

/// A value of a [`RegimeRow`].
#[derive(Clone, Copy, Debug)]
pub struct RegimeValue {
    /// Value in the unit of the snapshot.
    pub value: f64,
    /// Percentile in the symbol's own history, 0 to 100; NaN if the history is too short.
    pub percentile: f64,
}

/// A column of the regime table.
#[derive(Clone, Copy, Debug)]
pub struct RegimeColumn {
    /// Name of the metric in the regime snapshot, without its window.
    pub metric: &'static str,
    /// Title of the column.
    pub title: &'static str,
    /// Description shown as a tooltip.
    pub description: &'static str,
    /// Factor from the unit of the snapshot to the unit of the title.
    pub scale: f64,
    /// Number of decimals.
    pub decimals: usize,
}

/// The columns of the regime table.
pub const REGIME_COLUMNS: [RegimeColumn; 6] = [
    RegimeColumn {
        metric: "change_pct",
        title: "change %",
        description: "change of the price from the first open to the last close of the window",
        scale: 1.0,
        decimals: 1,
    },
    RegimeColumn {
        metric: "rv_close",
        title: "volatility %",
        description: "standard deviation of the daily log returns",
        scale: 100.0,
        decimals: 2,
    },
    RegimeColumn {
        metric: "adx",
        title: "ADX",
        description: "average directional index, period 14 days; in windows of fewer than 27 days its averages start before the window",
        scale: 1.0,
        decimals: 0,
    },
    RegimeColumn {
        metric: "above_ma50_share",
        title: "days above MA50 %",
        description: "share of the days that close above their mean of 50 days",
        scale: 100.0,
        decimals: 0,
    },
    RegimeColumn {
        metric: "breakout_hi_share",
        title: "days at a new high %",
        description: "share of the window's days with a close that is the highest of the breakout lookback (20 days by default)",
        scale: 100.0,
        decimals: 0,
    },
    RegimeColumn {
        metric: "breakout_lo_share",
        title: "days at a new low %",
        description: "share of the window's days with a close that is the lowest of the breakout lookback (20 days by default)",
        scale: 100.0,
        decimals: 0,
    },
];

/// Price and strongest modes of a decomposed symbol.
#[derive(Clone, Debug)]
pub struct LeaderChart {
    /// Symbol.
    pub symbol: String,
    /// Sentences about the symbol's cycles; the first one is its headline.
    pub notes: Vec<LeaderNote>,
    /// Start and end of the decomposed bars: the axis of time of all charts of the symbol.
    pub window: (AsOf, AsOf),
    /// Closing price; without bins if it is not available.
    pub price: MinMaxSeries,
    /// Price without the modes faster than the dominant cycle; without bins if no cycle dominates.
    pub slow_price: MinMaxSeries,
    /// The modes of the price with most energy, shortest period first.
    pub modes: Vec<ModeChart>,
}

/// A sentence about the cycles of a symbol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaderNote {
    /// What the sentence is about: `price`, `volume` or `note`.
    pub label: String,
    /// The sentence.
    pub text: String,
}

/// A mode of a symbol's price over time.
#[derive(Clone, Debug)]
pub struct ModeChart {
    /// Period in days.
    pub period_days: f64,
    /// Median peak-to-trough depth of its oscillations, in percent of the price.
    pub amp_pct: f64,
    /// Share of the energy of all modes, 0 to 1.
    pub energy_share: f64,
    /// Whether it is the dominant cycle.
    pub is_dominant: bool,
    /// The mode over time, in percent of the price.
    pub waveform: MinMaxSeries,
}

/// The dominant cycle of a symbol's price.
#[derive(Clone, Debug)]
pub struct DominantCycle {
    /// Symbol.
    pub symbol: String,
    /// Period in days.
    pub period_days: f64,
    /// Median peak-to-trough depth of its oscillations, in percent of the price.
    pub amp_pct: f64,
    /// Reliability, 0 to 1; NaN if the cycle belongs to no cluster.
    pub reliability: f64,
    /// Whether the window has too few repetitions of the cycle.
    pub is_undersampled: bool,
    /// Whether enough bars are missing that the cycle may be an artifact of the gaps.
    pub is_gap_affected: bool,
}

impl DominantCycle {
    /// Returns why the cycle is not reliable, or `None` without objections.
    pub fn caveat(&self) -> Option<&'static str> {
        match self {
            DominantCycle { is_gap_affected: true, .. } => Some("many bars missing"),
            DominantCycle { is_undersampled: true, .. } => Some("too long for the window"),
            _ => None,
        }
    }
}

/// A cycle of a symbol's price or volume: one point of the scatter plot.
#[derive(Clone, Debug)]
pub struct CyclePoint {
    /// Symbol.
    pub symbol: String,
    /// Whether it is a cycle of the volume rather than of the price.
    pub is_volume: bool,
    /// Period in days.
    pub period_days: f64,
    /// Median peak-to-trough depth of its oscillations, in percent.
    pub amp_pct: f64,
    /// Share of the energy of the symbol's modes, 0 to 1.
    pub energy_share: f64,
    /// Cluster of the cycle among all symbols.
    pub cluster: String,
}

/// A cluster of similar upswings of a symbol.
#[derive(Clone, Debug)]
pub struct UpswingCluster {
    /// Symbol.
    pub symbol: String,
    /// Window, such as `30d`.
    pub window: String,
    /// Length of the window in minutes, to sort by.
    pub window_minutes: f64,
    /// Number of upswings in the cluster.
    pub count: usize,
    /// Median rise from one peak to the next, in percent.
    pub median_amplitude_pct: f64,
    /// Median time from one peak to the next, in minutes.
    pub median_duration_minutes: f64,
    /// Median volume activity: volume of the overlapping volume cycles, summed over all modes.
    pub median_volume: f64,
}

/// Completeness of the bars of a symbol over the lookback.
#[derive(Clone, Debug)]
pub struct BarQuality {
    /// Symbol.
    pub symbol: String,
    /// Number of bars.
    pub bar_count: usize,
    /// Share of minutes without a bar, from the first bar to the end of the lookback, 0 to 1.
    pub missing_share: f64,
    /// Longest run of minutes without a bar.
    pub longest_gap_minutes: usize,
    /// Minutes from the close of the last bar to the as-of.
    pub minutes_behind: i64,
    /// Share of bars without volume, 0 to 1.
    pub zero_volume_share: f64,
    /// Warnings in a few words each; empty if the bars are complete.
    pub warnings: Vec<String>,
}

/// A part of the report that may lack its data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Part {
    /// The boards.
    Boards,
    /// `state`.
    State,
    /// `regime`.
    Regime,
    /// The cycles.
    Cycles,
    /// The modes of all leaders.
    Waveforms,
    /// The price of a leader, which is the sum of its modes.
    LeaderPrice,
    /// The dominant cycles.
    DominantCycles,
    /// The clusters of upswings.
    UpswingClusters,
}

impl Part {
    /// Returns the name on the page.
    pub fn name(self) -> &'static str {
        match self {
            Part::Boards => "boards",
            Part::State => "intraday state",
            Part::Regime => "daily regime",
            Part::Cycles => "cycles",
            Part::Waveforms => "cycles over time",
            Part::LeaderPrice => "price over time",
            Part::DominantCycles => "dominant cycles",
            Part::UpswingClusters => "upswing clusters",
        }
    }
}

/// Returns how to create the data of a part, such as a command.
pub type Remedy = fn(Part) -> &'static str;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_of_of_the_boards_takes_precedence() {
        let day = |day: i64| AsOf::from_epoch_micros(day * 86_400_000_000);
        let parts = Report { state_asof: day(2), regime_asof: day(3), ..Report::default() };
        assert_eq!(parts.latest_asof(), day(3));
        assert_eq!(Report { asof: day(1), ..parts }.latest_asof(), day(1));
        assert_eq!(Report::default().latest_asof(), None);
    }
}
