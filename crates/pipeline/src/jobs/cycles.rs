use std::collections::BTreeSet;
use std::path::PathBuf;

use bars::time::AsOfSpec;
use bars::{AsOf, Symbol};
use serde::Serialize;
use stages::cycles::cluster::Pool;
use stages::cycles::{Lookback, SignalKind};

use super::context::{JobContext, check_outputs};
use crate::artifacts::cards::cards_name;
use crate::artifacts::table_file::Format;
use crate::artifacts::{commit, names, partition};
use crate::cohort::{Member, extent, read_symbols};
use crate::cycles::{
    Cycles, CyclesParams, CyclesPartition, ModeFiles, ModeSink, SharedNoise, panel_lookbacks,
};
use crate::cycles_summary::{
    CyclesSummary, CyclesSummaryRequest, cycles_summary, paths, remove_other_format,
};
use crate::error::Result;
use crate::leaderboards_panel::board_symbols;
use crate::observer::Observer;
use crate::panel::PanelRange;
use crate::source::{catalog, ends};
use crate::text::pluralize;

/// Decomposes leaders and writes their cycles.
#[derive(Debug, Clone, Serialize)]
pub struct CyclesJob {
    /// A file with a symbol column.
    pub leaders_file: Option<PathBuf>,
    /// Symbols, after those of the file.
    pub leaders: Vec<Symbol>,
    /// Lookback, decomposition, depth gate and clustering.
    pub params: CyclesParams,
    /// The as-of; `Latest`: the close of the newest bar.
    pub asof: AsOfSpec,
    /// The folder of the partitions.
    pub out: PathBuf,
    /// Whether to write the modes.
    pub persist_modes: bool,
}

/// The result of a [`CyclesJob`].
#[derive(Debug, Clone)]
pub struct CyclesOutput {
    /// The cycles.
    pub cycles: Cycles,
    /// The file of their table.
    pub summary_file: PathBuf,
}

/// The result of [`CyclesJob::run_panel`].
#[derive(Debug, Clone)]
pub struct CyclesPanelOutput {
    /// The as-ofs, ascending, at least one.
    pub asofs: Vec<AsOf>,
    /// Number of rows of the tables of all dates.
    pub rows: usize,
    /// The result at the last as-of.
    pub last: Option<CyclesOutput>,
    /// The table of the first date.
    pub first_file: PathBuf,
}

impl CyclesJob {
    /// Runs the job.
    ///
    /// # Errors
    /// As [`cycles`](crate::cycles::cycles), and if the file of leaders cannot be read or a file
    /// not be written.
    pub fn run(&self, context: &JobContext<'_>) -> Result<CyclesOutput> {
        let members = self.members(context)?;
        self.run_at(members, self.asof, &mut SharedNoise::default(), context)
    }

    /// Runs the job at every as-of of `range` (its step is a whole number of days) instead of at
    /// its own as-of. If the file of leaders is the folder of a panel of boards, the leaders of each
    /// date are the symbols on its boards. The noise is decomposed once for all windows of a length.
    /// The files of a date are put in place when they are complete, so dates that are done stay if
    /// the job is interrupted.
    ///
    /// # Errors
    /// As [`CyclesJob::run`], and for an invalid range or a date without boards.
    pub fn run_panel(
        &self,
        range: PanelRange,
        context: &JobContext<'_>,
    ) -> Result<CyclesPanelOutput> {
        let observer = context.observer;
        let source = context.source()?;
        let mut dates = match self.leaders_file.as_deref().filter(|path| path.is_dir()) {
            None => {
                let members = self.members(context)?;
                let ends = extent(&members, &source.describe())?;
                let lookbacks = panel_lookbacks(&self.params, ends, range, observer)?;
                lookbacks.into_iter().map(|(spec, of)| (spec, of, members.clone())).collect()
            }
            Some(boards) => {
                let ends = ends(&catalog(source)?)?;
                let lookbacks = panel_lookbacks(&self.params, ends, range, observer)?;
                let with_members = |(spec, lookback): (AsOfSpec, Lookback)| {
                    let leaders = self.distinct(board_symbols(boards, lookback.asof)?);
                    Ok((spec, lookback, crate::cycles::members(&leaders, source, observer)?))
                };
                lookbacks.into_iter().map(with_members).collect::<Result<Vec<_>>>()?
            }
        };
        let asofs: Vec<AsOf> = dates.iter().map(|(_, lookback, _)| lookback.asof).collect();
        // Windows of one length follow each other, so that one noise is in memory.
        dates.sort_by_key(|(_, lookback, _)| (lookback.minutes(), lookback.asof));
        let lengths = dates.chunk_by(|a, b| a.1.minutes() == b.1.minutes()).count();
        let symbols: usize = dates.iter().map(|(_, _, members)| members.len()).sum();
        observer.info(format!(
            "panel of {}: up to {}, {}",
            pluralize(asofs.len(), "date"),
            pluralize(2 * symbols, "decomposition"),
            pluralize(lengths, "window length")
        ));
        let mut noise = SharedNoise::default();
        let (mut rows, mut last) = (0, None);
        for (spec, lookback, members) in dates {
            let output = self.run_at(members, spec, &mut noise, context)?;
            rows += output.cycles.rows.len();
            if lookback.asof == asofs[asofs.len() - 1] {
                last = Some(output);
            }
        }
        let first_file = partition(&self.out, asofs[0]).join(names::CYCLES_SUMMARY);
        Ok(CyclesPanelOutput { asofs, rows, last, first_file })
    }

    /// Looks the leaders up.
    fn members(&self, context: &JobContext<'_>) -> Result<Vec<Member>> {
        let observer = context.observer;
        let leaders = observer.step("reading the leaders", || self.symbols(observer))?;
        crate::cycles::members(&leaders, context.source()?, observer)
    }

    /// Runs the job for `members` at `asof`.
    fn run_at(
        &self,
        members: Vec<Member>,
        asof: AsOfSpec,
        noise: &mut SharedNoise,
        context: &JobContext<'_>,
    ) -> Result<CyclesOutput> {
        let JobContext { temp, observer, .. } = *context;
        let source = context.source()?;
        let lookback = crate::cycles::lookback(&members, source, &self.params, asof, observer)?;
        let partition = CyclesPartition::new(&self.out, &lookback);
        temp.check_writable(&partition.summary())?;
        let modes = ModeFiles::new(&partition, temp);
        let sink = self.persist_modes.then_some(&modes as &dyn ModeSink);
        let cycles =
            crate::cycles::compute(members, lookback, source, &self.params, sink, noise, observer)?;
        context.check(source)?;
        let write = || cycles.write(&partition, self.persist_modes, temp);
        let files = observer.step("writing", write)?;
        commit(modes.into_files().into_iter().chain(files).collect())?;
        partition.remove_stale(
            self.params.stage.get().mixed,
            self.persist_modes,
            context.temp,
            observer,
        )?;
        Ok(CyclesOutput { cycles, summary_file: partition.summary() })
    }

    /// Returns the distinct leaders: those of the file, then the list.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn symbols(&self, observer: &dyn Observer) -> Result<Vec<Symbol>> {
        let of_file = match &self.leaders_file {
            Some(file) => read_symbols(file, observer)?,
            None => Vec::new(),
        };
        Ok(self.distinct(of_file))
    }

    /// Returns the distinct symbols of `leaders`, then of the list.
    fn distinct(&self, mut leaders: Vec<Symbol>) -> Vec<Symbol> {
        leaders.extend(self.leaders.iter().cloned());
        let mut seen = BTreeSet::new();
        leaders.retain(|leader| seen.insert(leader.clone()));
        leaders
    }

    /// The files that the job reads, besides the source.
    pub fn inputs(&self) -> Vec<PathBuf> {
        self.leaders_file.iter().cloned().collect()
    }

    /// The files that the job writes for `symbols` as of `asof`. Other files in the folder, such as
    /// modes of other symbols, are not included.
    pub fn outputs(&self, asof: AsOf, symbols: &[Symbol]) -> Vec<PathBuf> {
        let partition =
            CyclesPartition::new(&self.out, &Lookback::new(AsOfSpec::At(asof), asof, 1));
        let cards = [Pool::Price, Pool::Volume, Pool::Mixed].map(cards_name);
        let names = [names::CYCLES_SUMMARY, names::CYCLES_CONFIG, names::CYCLES_CARDS_ASSET]
            .map(str::to_owned);
        let mut outputs: Vec<PathBuf> =
            names.into_iter().chain(cards).map(|name| partition.folder().join(name)).collect();
        outputs.extend(
            symbols
                .iter()
                .flat_map(|symbol| SignalKind::BOTH.map(|series| partition.modes(symbol, series))),
        );
        outputs
    }
}

/// Summarizes cycles per symbol and writes the tables.
#[derive(Debug, Clone, Serialize)]
pub struct CyclesSummaryJob {
    /// Files and parameters.
    pub request: CyclesSummaryRequest,
    /// The folder of the tables.
    pub out: PathBuf,
    /// Parquet or CSV.
    pub format: Format,
    /// Whether texts in CSV are written so that a spreadsheet does not evaluate them, see
    /// [`spreadsheet_safe`](crate::artifacts::csv_text::spreadsheet_safe).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub csv_safe: bool,
}

/// The result of a [`CyclesSummaryJob`].
#[derive(Debug, Clone)]
pub struct CyclesSummaryOutput {
    /// The summary.
    pub summary: CyclesSummary,
    /// The tables: per symbol, and leading cycles.
    pub files: [PathBuf; 2],
}

impl CyclesSummaryJob {
    /// Runs the job.
    ///
    /// # Errors
    /// As [`cycles_summary`], and if a file cannot be written.
    pub fn run(&self, context: &JobContext<'_>) -> Result<CyclesSummaryOutput> {
        let JobContext { temp, observer, .. } = *context;
        let files = paths(&self.out, self.format);
        check_outputs(&self.request.summary, None, &[&files[0], &files[1]])?;
        let summary = cycles_summary(&self.request, observer)?;
        commit(summary.write(&self.out, self.format, self.csv_safe, temp)?)?;
        remove_other_format(&self.out, self.format, observer)?;
        Ok(CyclesSummaryOutput { summary, files })
    }

    /// The files that the job reads; some may not exist.
    pub fn inputs(&self) -> Vec<PathBuf> {
        let folder = self.request.summary.parent().unwrap_or(std::path::Path::new("."));
        let CyclesSummaryRequest { summary, cards, run_config, .. } = &self.request;
        let named = |path: &Option<PathBuf>, name: String| {
            path.clone().unwrap_or_else(|| folder.join(name))
        };
        vec![
            summary.clone(),
            named(run_config, names::CYCLES_CONFIG.to_owned()),
            named(&cards.price, cards_name(Pool::Price)),
            named(&cards.volume, cards_name(Pool::Volume)),
            named(&cards.mixed, cards_name(Pool::Mixed)),
            named(&cards.asset, names::CYCLES_CARDS_ASSET.to_owned()),
        ]
    }

    /// The files that the job may write.
    pub fn outputs(&self) -> Vec<PathBuf> {
        Format::ALL.iter().flat_map(|format| paths(&self.out, *format)).collect()
    }
}
