//! Cycles summarized per symbol: dominant cycle, reliability, one-line description.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use bars::AsOf;
use bars::time::AsOfSpec;
use bars_io::atomic::{FinishedFile, TempFiles};
use serde::Serialize;
use stages::cycles::postprocess::{self, Params, RecordedCycle, Summary, ValidParams};
use stages::cycles::table::{PostLine, post_summary, post_top, top_lines};
use stages::cycles::{Lookback, SignalKind, Status};
use stages::table::Table;

use crate::artifacts::cycles_table::CyclesTable;
use crate::artifacts::names;
use crate::artifacts::run_config::RecordedRun;
use crate::artifacts::table_file::{self, Compression, Format};
use crate::error::{Error, Result};
use crate::observer::Observer;

mod cards;

/// Cards to compare with the table; `None`: those in its folder, if any.
#[derive(Debug, Clone, Default, Serialize)]
pub struct CardFiles {
    /// Cards of price.
    pub price: Option<PathBuf>,
    /// Cards of volume.
    pub volume: Option<PathBuf>,
    /// Cards of price and volume together.
    pub mixed: Option<PathBuf>,
    /// Cards within symbols.
    pub asset: Option<PathBuf>,
}

/// Files and parameters of [`cycles_summary`].
#[derive(Debug, Clone, Serialize)]
pub struct CyclesSummaryRequest {
    /// The table of cycles, `imf_summary.parquet`.
    pub summary: PathBuf,
    /// Its cards.
    pub cards: CardFiles,
    /// Its `run_config.json`; `None`: the one in the folder of the table, if any.
    pub run_config: Option<PathBuf>,
    /// Which series to summarize.
    #[serde(serialize_with = "names_of_series")]
    pub series: Vec<SignalKind>,
    /// The as-of of the results; `None`: that of the run, else the table's latest. A date means its
    /// end.
    pub asof: Option<AsOfSpec>,
    /// Length of the window in days; `None`: that of the run.
    pub window_days: Option<f64>,
    /// Cycles with a smaller energy share are ignored, 0 to 1.
    pub min_energy_share: f64,
    /// A depth below the first percentage is small, above the second large.
    pub amp_bands: [f64; 2],
}

/// A difference between window lengths, in days, that rounding explains: a minute.
const MAX_WINDOW_DIFFERENCE: f64 = 1.0 / 1440.0;

/// The result of [`cycles_summary`].
#[derive(Debug, Clone)]
pub struct CyclesSummary {
    /// One line per symbol and series.
    pub lines: Vec<PostLine>,
    /// The as-of: only bars that close by then count.
    pub asof: AsOf,
}

/// Summarizes the cycles in files written by [`cycles`](crate::cycles::cycles).
///
/// # Errors
/// If a file is missing, damaged or belongs to another run, or a parameter is invalid or unknown.
pub fn cycles_summary(
    request: &CyclesSummaryRequest,
    observer: &dyn Observer,
) -> Result<CyclesSummary> {
    let table = observer.step("reading the summary", || CyclesTable::read(&request.summary))?;
    let folder = request.summary.parent().unwrap_or(Path::new("."));
    let config = RecordedRun::find(request.run_config.as_deref(), folder)?;
    let params = Params {
        window_days: request.window_days(config.as_ref(), observer)?,
        min_energy_share: request.min_energy_share,
        amp_bands: request.amp_bands,
    };
    let params = params.check()?;
    cards::check(&request.cards, folder, &table)?;
    let asof = request.asof(config.as_ref(), table.latest, observer)?;
    report_dropped(&table.cycles, observer);
    let chosen =
        table.cycles.into_iter().filter(|cycle| request.series.contains(&cycle.series)).collect();
    let missing_share = |symbol: &str| {
        config.as_ref().and_then(|config| config.missing_share(symbol)).unwrap_or(f64::NAN)
    };
    let summary = summarize(chosen, &params, asof, &missing_share);
    if summary.lines.is_empty() {
        observer.warn(format!(
            "no cycles of {} to summarize: the tables are empty",
            request.summary.display()
        ));
    }
    Ok(summary)
}

/// Summarizes cycles in memory. `missing_share` gives the share of minutes without a bar of a
/// symbol, NaN if unknown.
pub fn summarize(
    cycles: Vec<RecordedCycle>,
    params: &ValidParams,
    asof: AsOf,
    missing_share: &dyn Fn(&str) -> f64,
) -> CyclesSummary {
    let line = |summary: Summary| {
        let missing_share = missing_share(&summary.dominant().cycle.symbol);
        PostLine { asof, missing_share, summary }
    };
    CyclesSummary {
        lines: postprocess::summarize(cycles, params).into_iter().map(line).collect(),
        asof,
    }
}

impl CyclesSummaryRequest {
    /// The given window length, else that of the run. Warns if both are known and differ.
    fn window_days(&self, config: Option<&RecordedRun>, observer: &dyn Observer) -> Result<f64> {
        let recorded = config.map(RecordedRun::window_days);
        if let Some(given) = self.window_days {
            if let (Some(config), Some(Ok(Some(recorded)))) = (config, recorded)
                && (given - recorded).abs() > MAX_WINDOW_DIFFERENCE
            {
                observer.warn(format!(
                    "the given window of {given} days contradicts {}, which records {recorded} \
                     days; expected cycle counts and the flag of long periods use {given}",
                    config.path().display()
                ));
            }
            return Ok(given);
        }
        match recorded.transpose()?.flatten() {
            Some(days) => Ok(days),
            None => {
                let why = match config {
                    Some(config) => format!("{} does not have it", config.path().display()),
                    None => {
                        format!(
                            "there is no {} in the folder of {}",
                            names::CYCLES_CONFIG,
                            self.summary.display()
                        )
                    }
                };
                Err(Error::parameter("window_days", format!("unknown window length: {why}")))
            }
        }
    }

    /// The given as-of, else that of the run, else that of the table.
    fn asof(
        &self,
        config: Option<&RecordedRun>,
        latest: Option<AsOf>,
        observer: &dyn Observer,
    ) -> Result<AsOf> {
        let run = config.map(RecordedRun::asof).transpose()?.flatten();
        if let (Some(config), Some(run), Some(latest)) = (config, run, latest)
            && run != latest
        {
            let reason = format!(
                "belongs to another run: its as-of is {run}, that of {} is {latest}",
                self.summary.display()
            );
            return Err(Error::artifact(config.path(), reason));
        }
        let named = match self.asof {
            None | Some(AsOfSpec::Latest) => None,
            // The as-of does not depend on the months.
            Some(spec) => spec.moment().map(|moment| Lookback::new(spec, moment, 1).asof),
        };
        if let (Some(named), Some(latest)) = (named, latest)
            && named < latest
        {
            observer.warn(format!(
                "the cycles are as of {latest}, later than the as-of of the results, {named}"
            ));
        }
        let unknown = || Error::artifact(&self.summary, "has no rows and so no as-of; give asof");
        named.or(run).or(latest).ok_or_else(unknown)
    }
}

impl CyclesSummary {
    /// A row per symbol and series: the content of `imf_post_summary`.
    pub fn table(&self) -> Table {
        Table::from_rows(&post_summary(), &self.lines)
    }

    /// The leading cycles of each symbol and series: the content of `imf_post_top_imfs`.
    pub fn top(&self) -> Table {
        Table::from_rows(&post_top(), &top_lines(&self.lines))
    }

    /// Writes both tables into `out`, ready to be committed; with `csv_safe`, a spreadsheet does not
    /// evaluate the texts in CSV.
    ///
    /// # Errors
    /// If a file cannot be written.
    pub fn write(
        &self,
        out: &Path,
        format: Format,
        csv_safe: bool,
        temp: &TempFiles,
    ) -> Result<Vec<FinishedFile>> {
        let [summary, top] = paths(out, format);
        let write = |path: &Path, table| {
            table_file::write(path, format, Compression::Snappy, csv_safe, table, temp)
        };
        Ok(vec![write(&summary, self.table())?, write(&top, self.top())?])
    }
}

/// The two tables in `out`.
pub fn paths(out: &Path, format: Format) -> [PathBuf; 2] {
    [names::POST_SUMMARY, names::POST_TOP]
        .map(|name| out.join(format!("{name}.{}", format.extension())))
}

/// Removes the tables that an earlier run wrote in the other format.
///
/// # Errors
/// If a file cannot be removed.
pub fn remove_other_format(out: &Path, format: Format, observer: &dyn Observer) -> Result<()> {
    for path in paths(out, format.other()) {
        if path.exists() {
            std::fs::remove_file(&path).map_err(|e| bars_io::Error::io("remove", &path, e))?;
            observer.info(format!(
                "removed {}, written by an earlier run in the other format",
                path.display()
            ));
        }
    }
    Ok(())
}

/// Reports rows that are not summarized, by status.
fn report_dropped(cycles: &[RecordedCycle], observer: &dyn Observer) {
    let mut dropped = BTreeMap::<&str, usize>::new();
    for cycle in cycles.iter().filter(|cycle| cycle.status != Status::Ok.name()) {
        *dropped.entry(&cycle.status).or_default() += 1;
    }
    if !dropped.is_empty() {
        let counts: Vec<String> =
            dropped.iter().map(|(status, n)| format!("{n} {status}")).collect();
        observer.info(format!("skipped rows with a status other than ok: {}", counts.join(", ")));
    }
}

fn names_of_series<S: serde::Serializer>(
    series: &[SignalKind],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(series.iter().map(|series| series.name()))
}
