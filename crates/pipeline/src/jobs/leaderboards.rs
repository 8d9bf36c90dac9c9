use std::path::PathBuf;

use bars::time::AsOfSpec;
use serde::Serialize;
use stages::leaderboards::ValidParams;

use super::JobContext;
use crate::artifacts::names;
use crate::artifacts::table_file::Format;
use crate::error::Result;
use crate::leaderboards::{Leaderboards, leaderboards, output_names};
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
        let leaderboards = leaderboards(source, &self.params, &self.universe, self.asof, observer)?;
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
