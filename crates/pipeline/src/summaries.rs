//! Results in a few columns, as people read them first.
//!
//! ```
//! use bars::time::AsOfSpec;
//! use bars_io::memory::MemorySource;
//! use pipeline::leaderboards::leaderboards;
//! use pipeline::observer::Silent;
//! use pipeline::sample::{Market, MarketSettings};
//! use pipeline::summaries;
//! use pipeline::universe::Universe;
//! use stages::leaderboards::Params;
//!
//! let market = Market::new(MarketSettings { symbols: 6, days: 3, ..Default::default() });
//! let source = MemorySource::new(market.series());
//! let params = Params { top_n: 2, lookback_days: 2, ..Params::default() }.check()?;
//! let found = leaderboards(&source, &params, &Universe::default(), AsOfSpec::Latest, &Silent)?;
//! let table = summaries::board(&found.boards.gainers, &found.boards.run, |gains, _| gains);
//! assert_eq!((table.header[1].as_str(), table.rows.len()), ("symbol", 2));
//! # Ok::<(), pipeline::Error>(())
//! ```

use std::path::{Path, PathBuf};

use bars::{AsOf, Minute, Symbol, Window};
use bars_io::import::{ImportSummary, Imported};
use stages::cohort_cycles::{SymbolUpswings, WindowUpswings};
use stages::cycles::table::PostLine;
use stages::features::highlights::{longest_window, most_unusual};
use stages::features::layout::FeatureLayout;
use stages::features::table::FeatureRow;
use stages::leaderboards::{Board, Run};
use stages::metrics::Intraday;
use stages::regime::Daily;

use crate::cycles::SymbolCycles;
use crate::run::{FileGroup, StageReport, StageStatus, group_files};
use crate::text::{self, bar, count, minutes, pluralize};
use crate::text_table::TextTable;

/// The symbols of a board with their places and latest changes. `appearances` chooses from the number
/// of gains and of losses.
pub fn board(board: &Board, run: &Run, appearances: fn(u32, u32) -> u32) -> TextTable {
    let change = |value: f64| {
        if value.is_nan() { "-".to_owned() } else { format!("{value:+.2}") }
    };
    let rows = (1..).zip(&board.coins).map(|(rank, coin)| {
        vec![
            rank.to_string(),
            coin.symbol.to_string(),
            count(appearances(coin.gains, coin.losses).into()),
            change(coin.price_change),
            change(coin.pct_vol_change),
            coin.tags.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        ]
    });
    let [price, volume] = ["", "volume "].map(|what| format!("last {} {what}%", run.changes_of));
    let header = ["rank", "symbol", "appearances", &price, &volume, "tags"];
    TextTable::new(&header, &[0, 2, 3, 4], rows)
}

/// The symbols of a board that rank in one bucket much more or less often than in the others.
pub fn skew(board: &Board) -> TextTable {
    let rows = board.skew_details.iter().map(|detail| {
        vec![
            detail.symbol.to_string(),
            detail.bucket.clone(),
            detail.level.to_string(),
            format!("{:+.1}", detail.deviation_pct),
        ]
    });
    TextTable::new(&["symbol", "bucket", "level", "deviation %"], &[3], rows)
}

/// The number of cycles of each symbol, and its price cycle with the most energy.
pub fn cycles(symbols: &[SymbolCycles]) -> TextTable {
    let row = |SymbolCycles { symbol, counts, strongest }: &SymbolCycles| {
        let [price, volume] = counts.map(|count| match count {
            Ok(count) => count.to_string(),
            Err(status) => status.name().to_owned(),
        });
        let [period, depth, energy] = match strongest {
            Some(features) => [
                minutes(features.period_days * 1440.0),
                format!("{:.1}", features.amp_pct),
                format!("{:.0}", 100.0 * features.energy_share),
            ],
            None => ["-"; 3].map(str::to_owned),
        };
        vec![symbol.to_string(), price, volume, period, depth, energy]
    };
    let header =
        ["symbol", "price cycles", "volume cycles", "strongest price cycle", "depth %", "energy %"];
    TextTable::new(&header, &[1, 2, 3, 4, 5], symbols.iter().map(row))
}

/// The strongest cluster of upswings of each symbol, and the number of clusters per window.
pub fn upswings(symbols: &[SymbolUpswings]) -> TextTable {
    let row = |symbol: &SymbolUpswings| {
        let mut row = vec![symbol.symbol.to_string()];
        match symbol.strongest() {
            Some((window, kind)) => row.extend([
                format!("{:.1}", kind.median_amplitude_pct),
                minutes(kind.median_duration_min),
                count(kind.count as u64),
                window.to_string(),
            ]),
            None => row.extend(["-"; 4].map(str::to_owned)),
        }
        row.push(per_window(symbol));
        row
    };
    let header = [
        "symbol",
        "strongest upswing %",
        "duration",
        "upswings",
        "window",
        "clusters per window (Gaussian mixture/DBSCAN)",
    ];
    TextTable::new(&header, &[1, 2, 3, 4], symbols.iter().map(row))
}

/// Formats the number of clusters per window and method, such as `6h 2/3, 3d 9/2`.
fn per_window(symbol: &SymbolUpswings) -> String {
    let window = |study: &WindowUpswings| match &study.clusters {
        Ok(clusters) => {
            format!("{} {}/{}", study.window, clusters.gmm.len(), clusters.dbscan.len())
        }
        Err(_) => format!("{} -", study.window),
    };
    symbol.windows.iter().map(window).collect::<Vec<_>>().join(", ")
}

/// The cycles of each symbol and series in words.
pub fn cycle_texts(lines: &[PostLine]) -> TextTable {
    let row = |line: &PostLine| {
        let cycle = &line.summary.dominant().cycle;
        vec![cycle.symbol.clone(), cycle.series.to_string(), line.summary.text.clone()]
    };
    TextTable::new(&["symbol", "series", "cycles"], &[], lines.iter().map(row))
}

/// The bars that an import read from each symbol.
pub fn imported(summary: &ImportSummary) -> TextTable {
    let row = |(symbol, imported): (&Symbol, &Imported)| {
        let end = |end: Option<Minute>| end.map_or("-".to_owned(), |minute| minute.to_string());
        vec![
            symbol.to_string(),
            count(imported.bars as u64),
            count(imported.new as u64),
            end(imported.ends.map(|ends| ends.0)),
            end(imported.ends.map(|ends| ends.1)),
            count(imported.gaps as u64),
            count(imported.missing as u64),
            count(imported.rejected),
        ]
    };
    let header = ["symbol", "bars", "new", "first", "last", "gaps", "missing minutes", "rejected"];
    TextTable::new(&header, &[1, 2, 5, 6, 7], summary.symbols.iter().map(row))
}

/// The stages of a run and how long each took.
pub fn stages(stages: &[StageReport]) -> TextTable {
    let seconds = |stage: &StageReport| match stage.status {
        StageStatus::Done(time) => time.as_secs_f64(),
        StageStatus::UpToDate | StageStatus::Failed => 0.0,
    };
    let longest = stages.iter().map(seconds).fold(0.0, f64::max);
    let row = |stage: &StageReport| {
        let time = match stage.status {
            StageStatus::Done(time) => format!("{:.1} s", time.as_secs_f64()),
            StageStatus::UpToDate => "up to date".to_owned(),
            StageStatus::Failed => "FAILED".to_owned(),
        };
        vec![stage.name.clone(), time, bar(seconds(stage) / longest)]
    };
    TextTable::new(&["stage", "time", ""], &[1], stages.iter().map(row))
}

/// Files and their sizes; many files of modes share a line.
pub fn files(files: &[PathBuf]) -> TextTable {
    let rows = group_files(files).into_iter().map(|FileGroup { path, count, bytes }| {
        let count = if count > 1 { pluralize(count, "file") + ", " } else { String::new() };
        vec![path.display().to_string(), format!("{count}{}", text::bytes(bytes))]
    });
    TextTable::new(&["file", "size"], &[1], rows)
}

/// Formats the paths, size (rows and columns) and as-ofs of the files.
pub fn written(
    first_file: &Path,
    partitions: usize,
    [rows, columns]: [usize; 2],
    asofs: &[AsOf],
) -> String {
    let file = first_file.display();
    let written = match partitions {
        1 => file.to_string(),
        n => format!("{}, the first {file}", pluralize(n, "partition")),
    };
    let (first, last) = (asofs[0], asofs[asofs.len() - 1]);
    let moments = match asofs.len() {
        1 => format!("as of {last}"),
        n => format!("{} from {first} to {last}", pluralize(n, "as-of")),
    };
    let (rows, columns) = (pluralize(rows, "row"), pluralize(columns, "column"));
    format!("wrote {written}: {rows} of {columns}, {moments}")
}

/// A metric of the summary of [`features`].
#[derive(Debug, Clone, Copy)]
pub struct SummaryMetric {
    /// Column title, after the window.
    pub title: &'static str,
    /// Index of the metric in its catalog.
    pub index: usize,
    /// Factor from the metric to the value shown.
    pub scale: f64,
    /// Decimal places.
    pub digits: usize,
}

impl SummaryMetric {
    const fn new(title: &'static str, index: usize, scale: f64, digits: usize) -> SummaryMetric {
        SummaryMetric { title, index, scale, digits }
    }

    /// Formats the value with its percentile in brackets; `-` if it is missing.
    fn cell(&self, row: &FeatureRow, window: usize) -> String {
        let window = row.window(window);
        let value = window.value(self.index) * self.scale;
        let (percentile, digits) = (window.enriched(self.index).pctile, self.digits);
        if value.is_nan() {
            "-".to_owned()
        } else if percentile.is_nan() {
            format!("{value:.digits$}")
        } else {
            format!("{value:.digits$} ({percentile:.0})")
        }
    }
}

/// The metrics of `metrics` and `state` to look at first.
pub const INTRADAY: &[SummaryMetric] = &[
    SummaryMetric::new("change %", Intraday::ChangePct as usize, 1.0, 2),
    SummaryMetric::new("volatility %", Intraday::RvClose as usize, 100.0, 3),
    SummaryMetric::new("RSI", Intraday::Rsi as usize, 1.0, 0),
    SummaryMetric::new("ADX", Intraday::Adx as usize, 1.0, 0),
];

/// The metrics of `regime` to look at first.
pub const DAILY: &[SummaryMetric] = &[
    SummaryMetric::new("change %", Daily::ChangePct as usize, 1.0, 2),
    SummaryMetric::new("volatility %", Daily::RvClose as usize, 100.0, 2),
    SummaryMetric::new("ADX", Daily::Adx as usize, 1.0, 0),
    SummaryMetric::new("breakouts up %", Daily::BreakoutHiShare as usize, 100.0, 0),
];

/// Maximum number of unusual metrics per symbol.
const MAX_UNUSUAL: usize = 2;

/// A few metrics of each symbol, with percentiles in brackets, in the [`longest_window`] up to `limit`,
/// and the most unusual metrics of any window, if there are baselines.
pub fn features(
    layout: &FeatureLayout,
    rows: &[FeatureRow],
    metrics: &[SummaryMetric],
    limit: Window,
) -> TextTable {
    let index = longest_window(layout, rows, limit);
    let window = layout.windows[index];
    let titles: Vec<String> =
        metrics.iter().map(|metric| format!("{window} {}", metric.title)).collect();
    let has_baseline = layout.options.has_baseline;
    let titles = titles.iter().map(String::as_str);
    let last = has_baseline.then_some("most unusual (percentile)");
    let header: Vec<&str> = std::iter::once("symbol").chain(titles).chain(last).collect();
    let numbers: Vec<usize> = (1..=metrics.len()).collect();
    let row = |row: &FeatureRow| {
        let cells = metrics.iter().map(|metric| metric.cell(row, index));
        let last = has_baseline.then(|| unusual(layout, row));
        std::iter::once(row.symbol.to_string()).chain(cells).chain(last).collect()
    };
    TextTable::new(&header, &numbers, rows.iter().map(row))
}

/// Formats the most unusual metrics of any window.
fn unusual(layout: &FeatureLayout, row: &FeatureRow) -> String {
    let unusual = most_unusual(layout, row, MAX_UNUSUAL);
    let named = unusual.iter().map(|(name, percentile)| format!("{name} ({percentile:.0})"));
    if unusual.is_empty() { "-".to_owned() } else { named.collect::<Vec<_>>().join(", ") }
}
