//! Upswings of a cohort (peak-to-peak cycles), clustered per symbol and window.

use std::path::PathBuf;

use bars::series::Closes;
use bars::{Span, Symbol, Window};
use bars_io::Source;
use bars_io::atomic::{FinishedFile, TempFiles};
use rayon::prelude::*;
use stages::cohort_cycles::clusters::{SAMPLE, SwingCluster, SwingClusters};
use stages::cohort_cycles::{Skipped, SymbolUpswings, ValidParams, WindowUpswings};
use stages::grid::MinuteGrid;
use stages::table::{ColumnSource, Table};

use crate::artifacts::upswing_clusters;
use crate::error::Result;
use crate::observer::{Observer, Progress, Unit};
use crate::text::pluralize;

/// A cluster of upswings.
struct ClusterRow<'a> {
    symbol: &'a Symbol,
    window: Window,
    method: &'static str,
    cluster: &'a SwingCluster,
}

fn cluster_columns<'a>() -> Vec<ColumnSource<ClusterRow<'a>>> {
    type Row<'a> = ClusterRow<'a>;
    let number = |name: &str, about: &str, unit: &'static str, value: fn(&SwingCluster) -> f64| {
        ColumnSource::number(name, about, move |row: &Row<'_>| value(row.cluster)).with_unit(unit)
    };
    let spread = "median absolute deviation";
    vec![
        ColumnSource::text("symbol", "symbol", |row: &Row<'_>| Some(row.symbol.to_string())),
        ColumnSource::text("window", "window", |row: &Row<'_>| Some(row.window.to_string())),
        ColumnSource::text("method", "`gmm` or `dbscan`", |row: &Row<'_>| {
            Some(row.method.to_owned())
        }),
        ColumnSource::whole(
            "cluster",
            "number of the cluster, from 0 for the largest",
            |row: &Row<'_>| Some(row.cluster.cluster as i64),
        ),
        ColumnSource::whole("count", "number of upswings", |row: &Row<'_>| {
            Some(row.cluster.count as i64)
        }),
        number("median_amplitude_pct", "median amplitude", "percent", |c| c.median_amplitude_pct),
        number("mad_amplitude_pct", spread, "percent", |c| c.mad_amplitude_pct),
        number("median_duration_min", "median duration", "minutes", |c| c.median_duration_min),
        number("mad_duration_min", spread, "minutes", |c| c.mad_duration_min),
        number("median_total_volume", "median volume", "", |c| c.median_total_volume),
        number("mad_total_volume", spread, "", |c| c.mad_total_volume),
    ]
}

/// The result of [`cohort_cycles`].
#[derive(Debug, Clone)]
pub struct CohortCycles {
    /// The symbols, in the order given.
    pub symbols: Vec<SymbolUpswings>,
}

/// Clusters the upswings of `symbols` in windows that end with each symbol's last bar within
/// `span`.
///
/// # Errors
/// If the source cannot be read or the observer cancels.
///
/// ```
/// use bars::Span;
/// use bars_io::memory::MemorySource;
/// use pipeline::observer::Silent;
/// use pipeline::sample::{Market, MarketSettings};
///
/// let market = Market::new(MarketSettings { symbols: 6, days: 4, ..Default::default() });
/// let source = MemorySource::new(market.series());
/// let params = stages::cohort_cycles::Params::default().check()?;
/// let decomposer = emd::Params::default().check()?;
/// let symbols = &bars_io::Source::symbols(&source)?[..2];
/// let found =
///     pipeline::cohort_cycles::cohort_cycles(symbols, &source, Span::ALL, &params, &decomposer, &Silent)?;
/// let clusters = found.table().to_record_batch()?;
/// assert_eq!(clusters.schema().field(2).name(), "method");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn cohort_cycles(
    symbols: &[Symbol],
    source: &dyn Source,
    span: Span,
    params: &ValidParams,
    decomposer: &emd::Decomposer,
    observer: &dyn Observer,
) -> Result<CohortCycles> {
    let progress = Progress::new(observer, "imf-cluster", Unit::Symbols, symbols.len() as u64);
    let compute = |symbol: &Symbol| {
        let mut closes = Closes::default();
        source.closes(symbol, span, &mut closes)?;
        let windows = &params.get().windows;
        let windows = match MinuteGrid::last(&closes, params.longest()) {
            Some(grid) => {
                let study = |window: &Window| params.study(&grid, *window, decomposer);
                windows.par_iter().map(study).collect()
            }
            None => {
                let none = |window: &Window| WindowUpswings {
                    window: *window,
                    minutes: 0,
                    clusters: Err(Skipped::Short),
                };
                windows.iter().map(none).collect()
            }
        };
        progress.advance(1)?;
        Ok(SymbolUpswings { symbol: symbol.clone(), windows })
    };
    let symbols = symbols.par_iter().map(compute).collect::<Result<Vec<_>>>()?;
    drop(progress);
    let result = CohortCycles { symbols };
    result.warn_of_skipped(params.get().min_points, observer);
    result.report_samples(observer);
    Ok(result)
}

impl CohortCycles {
    /// A row per cluster: by symbol, window and method.
    pub fn table(&self) -> Table {
        let mut rows = Vec::new();
        for symbol in &self.symbols {
            for study in &symbol.windows {
                let Ok(found) = &study.clusters else { continue };
                let dense = found.dbscan.iter().map(|dense| ("dbscan", &dense.kind));
                for (method, cluster) in
                    found.gmm.iter().map(|cluster| ("gmm", cluster)).chain(dense)
                {
                    rows.push(ClusterRow {
                        symbol: &symbol.symbol,
                        window: study.window,
                        method,
                        cluster,
                    });
                }
            }
        }
        Table::from_rows(&cluster_columns(), &rows)
    }

    /// Writes the clusters as JSON and the strongest upswing per symbol as text, ready to be
    /// committed.
    ///
    /// # Errors
    /// If a file cannot be written.
    pub fn write(&self, paths: &[PathBuf; 2], temp: &TempFiles) -> Result<Vec<FinishedFile>> {
        upswing_clusters::write(paths, &self.symbols, temp)
    }

    /// Warns of windows without a result and of mixtures that failed, one warning per cause.
    fn warn_of_skipped(&self, min_points: usize, observer: &dyn Observer) {
        let skipped = self.symbols.iter().filter_map(|symbol| {
            let windows: Vec<String> = symbol
                .windows
                .iter()
                .filter(|study| study.clusters == Err(Skipped::Short))
                .map(|study| format!("{} ({})", study.window, pluralize(study.minutes, "minute")))
                .collect();
            (!windows.is_empty()).then(|| format!("{} {}", symbol.symbol, windows.join(", ")))
        });
        let skipped: Vec<String> = skipped.collect();
        if !skipped.is_empty() {
            observer.warn(format!(
                "skipped for fewer than {min_points} minutes of bars (min-points): {}; their results are empty",
                skipped.join("; ")
            ));
        }
        for SymbolUpswings { symbol, windows } in &self.symbols {
            for study in windows {
                let window = study.window;
                match &study.clusters {
                    Err(Skipped::Numbers(error)) => observer.warn(format!(
                        "{symbol} over {window}: cannot be decomposed, the result is empty: {error}"
                    )),
                    Ok(clusters) if clusters.has_failed => observer.warn(format!(
                        "{symbol} over {window}: no mixture fits because the upswings differ too much in magnitude; gmm is empty"
                    )),
                    _ => {}
                }
            }
        }
    }

    /// Reports windows in which silhouettes were computed from a sample of the cycles.
    fn report_samples(&self, observer: &dyn Observer) {
        let is_sampled = |clusters: &SwingClusters| {
            clusters.dbscan.iter().any(|dense| dense.parameters.silhouette_sample.is_some())
        };
        let sampled: Vec<String> = self
            .symbols
            .iter()
            .flat_map(|symbol| symbol.windows.iter().map(move |study| (symbol, study)))
            .filter(|(_, study)| study.clusters.as_ref().is_ok_and(is_sampled))
            .map(|(symbol, study)| format!("{} {}", symbol.symbol, study.window))
            .collect();
        if !sampled.is_empty() {
            observer.info(format!(
                "silhouettes are computed from a sample (more than {SAMPLE} cycles): {}",
                sampled.join(", ")
            ));
        }
    }
}
