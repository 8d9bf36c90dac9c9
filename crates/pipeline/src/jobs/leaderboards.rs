use std::path::PathBuf;

use bars::AsOf;
use bars::time::AsOfSpec;
use bars_io::Source;
use serde::Serialize;
use stages::leaderboards::ValidParams;

use super::context::JobContext;
use crate::artifacts::names;
use crate::artifacts::table_file::Format;
use crate::error::{Error, Result};
use crate::leaderboards::{Leaderboards, leaderboards, output_names};
use crate::leaderboards_panel::{BoardsPanel, NAME, columns, is_of_asof};
use crate::panel::PanelRange;
use crate::snapshots::{PartitionWriter, SnapshotFiles, commit_partitions};
use crate::universe::Universe;

/// Ranks a market and writes the boards.
#[derive(Debug, Clone, Serialize)]
pub struct LeaderboardsJob {
    /// Windows, lookback and number of ranks.
    pub params: ValidParams,
    /// The choice of symbols.
    #[serde(skip_serializing_if = "Universe::is_default")]
    pub universe: Universe,
    /// The as-of; `Latest`: the close of the newest bar.
    pub asof: AsOfSpec,
    /// The folder of the outputs.
    pub out_dir: PathBuf,
    /// The format of the cohorts' bars.
    #[serde(skip_serializing_if = "is_csv")]
    pub cohort_format: Format,
}

/// The result of a [`LeaderboardsJob`].
#[derive(Debug, Clone)]
pub struct LeaderboardsOutput {
    /// The boards and the ranks behind them.
    pub leaderboards: Leaderboards,
    /// The files that were written.
    pub files: Vec<PathBuf>,
}

fn is_csv(format: &Format) -> bool {
    *format == Format::Csv
}

/// Returns why no symbol can be ranked: with `is_strict` the rejected rows of `source`, if it has
/// any. Other errors are returned as they are.
fn cause(error: Error, source: &dyn Source, context: &JobContext<'_>) -> Error {
    let is_without_bars = matches!(error, Error::EmptySource { .. } | Error::AsofBeforeBars { .. });
    if is_without_bars || is_of_asof(&error) {
        return context.check(source).err().unwrap_or(error);
    }
    error
}

impl LeaderboardsJob {
    /// Runs the job.
    ///
    /// # Errors
    /// As [`leaderboards`], and if a file cannot be written.
    pub fn run(&self, context: &JobContext<'_>) -> Result<LeaderboardsOutput> {
        let JobContext { temp, observer, .. } = *context;
        let source = context.source()?;
        // Report a folder that cannot be written before reading the market.
        temp.check_writable(&self.out_dir.join(names::LEADERBOARDS_SUMMARY))?;
        let leaderboards = leaderboards(source, &self.params, &self.universe, self.asof, observer)
            .map_err(|error| cause(error, source, context))?;
        context.check(source)?;
        let files = observer.step("writing", || {
            leaderboards.write(&self.out_dir, self.cohort_format, source, temp, observer)
        })?;
        Ok(LeaderboardsOutput { leaderboards, files })
    }

    /// The files that the job writes.
    pub fn outputs(&self) -> Vec<PathBuf> {
        output_names(self.cohort_format).map(|name| self.out_dir.join(name)).collect()
    }
}

/// Ranks a market at several as-ofs and writes the boards, a partition per date. It writes no ranks
/// per bucket and no bars of the cohorts.
#[derive(Debug, Clone, Serialize)]
pub struct LeaderboardsPanelJob {
    /// Windows, lookback and number of ranks.
    pub params: ValidParams,
    /// The choice of symbols.
    #[serde(skip_serializing_if = "Universe::is_default")]
    pub universe: Universe,
    /// The as-ofs.
    pub range: PanelRange,
    /// Folder, format and compression of the outputs.
    pub files: SnapshotFiles,
}

/// The result of a [`LeaderboardsPanelJob`].
#[derive(Debug, Clone)]
pub struct LeaderboardsPanelOutput {
    /// The boards at the last as-of, without ranks; `None` if no symbol can be ranked then.
    pub last: Option<Leaderboards>,
    /// The as-ofs, ascending, at least one.
    pub asofs: Vec<AsOf>,
    /// Number of partitions.
    pub partitions: usize,
    /// Number of rows of the tables.
    pub rows: usize,
    /// Number of columns of the tables.
    pub columns: usize,
    /// The table of the first date.
    pub first_file: PathBuf,
}

impl LeaderboardsPanelJob {
    /// Runs the job.
    ///
    /// # Errors
    /// As [`leaderboards_panel`](crate::leaderboards_panel::leaderboards_panel), and if a file
    /// cannot be written.
    pub fn run(&self, context: &JobContext<'_>) -> Result<LeaderboardsPanelOutput> {
        let JobContext { temp, observer, .. } = *context;
        let source = context.source()?;
        let cause = |error| cause(error, source, context);
        let panel = BoardsPanel::new(source, &self.params, &self.universe, self.range, observer)
            .map_err(cause)?;
        let first_file = self.files.table(NAME, panel.asofs()[0]);
        // Report a folder that cannot be written before reading the market.
        temp.check_writable(&first_file)?;
        let columns = columns();
        let mut writer = PartitionWriter::new(&self.files, NAME, &columns, temp)?;
        let (mut rows, mut number) = (0, 0);
        let last = panel
            .for_each_part(observer, &mut |part| {
                rows += part.values.iter().flatten().map(|values| values[0].len()).sum::<usize>();
                number += 1;
                writer.write_group(number, part.dates, true, &|date| part.values[date].clone())
            })
            .map_err(cause)?;
        context.check(source)?;
        let partitions = commit_partitions(writer, &self.files, NAME, panel.asofs())?;
        let asofs = panel.asofs().to_vec();
        let columns = columns.len();
        Ok(LeaderboardsPanelOutput { last, asofs, partitions, rows, columns, first_file })
    }
}
