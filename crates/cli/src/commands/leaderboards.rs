//! `data-pipeline leaderboards`

use std::path::{Path, PathBuf};

use bars::AsOf;
use bars::time::{AsOfSpec, DAY};
use clap::Args;
use pipeline::artifacts::names;
use pipeline::jobs::{
    LeaderboardsJob, LeaderboardsOutput, LeaderboardsPanelJob, LeaderboardsPanelOutput,
};
use pipeline::panel::PanelRange;
use pipeline::snapshots::SnapshotFiles;
use pipeline::summaries;
use pipeline::task::{Shard, TaskRequest};
use stages::features::output::OutputOptions;
use stages::leaderboards::{Board, Params, RankedBoards, Run, ValidParams};

use crate::clock;
use crate::console::Console;
use crate::flags::{self, CompressionFlag, FormatFlag, PanelFlags, SourceFlags, UniverseFlags};
use crate::prompts;
use crate::shard;
use crate::source_select;
use crate::ui::{self, Usage};

/// Flags of `leaderboards`.
#[derive(Debug, Clone, Args)]
pub struct Flags {
    /// Number of symbols that rank per bucket and kind (gain, loss, volume drop, volume spike); also the
    /// size of each board [default: 20, or asked for on a terminal].
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub top_n: Option<usize>,
    /// Bucket lengths, such as 6h,24h,72h,168h.
    #[arg(long, value_name = "LIST", default_value = "1h,4h,12h,24h")]
    pub windows: String,
    /// Add 72h to --windows.
    #[arg(long)]
    pub enable_72h: bool,
    /// Days of history before the evaluation time (--asof).
    #[arg(long, value_name = "DAYS", default_value_t = 30, allow_negative_numbers = true)]
    pub lookback_days: u32,
    /// Evaluation time: timestamp, date (00:00 UTC) or `latest` (close of the newest bar).
    #[arg(long, value_name = "TIME", default_value = "latest", value_parser = flags::asof)]
    pub asof: AsOfSpec,
    /// Include partial buckets at the edges of the lookback.
    #[arg(long)]
    pub include_partial: bool,
    /// Include symbols without a bar in the last 24 hours.
    #[arg(long)]
    pub include_stale: bool,
    /// Output folder [default: . or, for a panel, data/leaderboards].
    #[arg(long, value_name = "DIR")]
    pub out_dir: Option<PathBuf>,
    /// Format of the cohort files (habitual_gainers, habitual_losers, habitual_overlaps).
    #[arg(long, value_enum, default_value_t = FormatFlag::Csv, conflicts_with = "from")]
    pub cohort_format: FormatFlag,
    /// Compute only part I of N and write it to the output folder (see 'data-pipeline merge').
    #[arg(long, value_name = "I/N")]
    pub shard: Option<Shard>,
    /// The as-ofs of a panel: a table of the boards at several times, one partition dt=YYYY-MM-DD
    /// per date, without ranks per bucket and without cohort files.
    #[command(flatten)]
    pub panel: PanelFlags,
    /// Format of a panel.
    #[arg(long, value_enum, default_value_t = FormatFlag::Parquet, requires = "from", help_heading = "Panel")]
    pub format: FormatFlag,
    /// Parquet compression of a panel [default: snappy].
    #[arg(long, value_enum, requires = "from", help_heading = "Panel")]
    pub compression: Option<CompressionFlag>,
    /// Version string in the schema sidecar of a panel.
    #[arg(
        long,
        value_name = "TEXT",
        default_value = "v1",
        requires = "from",
        help_heading = "Panel"
    )]
    pub schema_version: String,
    /// Put an apostrophe before texts of a panel in CSV that spreadsheets would evaluate: those that
    /// begin with = + - @, a tab or a line end.
    #[arg(long, requires = "from", help_heading = "Panel")]
    pub csv_safe: bool,
    /// The choice of symbols.
    #[command(flatten)]
    pub universe: UniverseFlags,
    /// The source of the bars.
    #[command(flatten)]
    pub source: SourceFlags,
}

const DEFAULT_TOP_N: usize = 20;

/// Runs the command.
pub fn run(flags: &Flags) -> anyhow::Result<()> {
    // Invalid flags are reported before the prompt.
    let panel = flags.panel_files()?;
    let job = flags.job(top_n(flags)?)?;
    let opened = source_select::source(&flags.source)?;
    let console = Console::new(flags.source.reading.strict);
    if let Some(shard) = flags.shard {
        let request = TaskRequest::Leaderboards {
            params: job.params,
            universe: job.universe,
            asof: job.asof,
        };
        return shard::run(&request, shard, &job.out_dir, Some(&opened), &console);
    }
    let context = console.context(Some(&opened));
    if let Some((range, files)) = panel {
        let LeaderboardsJob { params, universe, .. } = job;
        let output = LeaderboardsPanelJob { params, universe, range, files }.run(&context)?;
        return print_panel(&output);
    }
    let output = job.run(&context)?;
    if flags.asof == AsOfSpec::Latest {
        warn_if_stale(output.leaderboards.newest);
    }
    print(&output)?;
    print_files(&output)
}

/// Prints the paths of the written files.
pub fn print_files(output: &LeaderboardsOutput) -> anyhow::Result<()> {
    let files: Vec<String> = output.files.iter().map(|path| path.display().to_string()).collect();
    ui::print(&format!("\nwrote {}", files.join(", ")))
}

/// Returns `--top-n`, or asks for it on a terminal.
fn top_n(flags: &Flags) -> anyhow::Result<usize> {
    match flags.top_n {
        Some(top_n) => Ok(top_n),
        None if prompts::is_interactive() => prompts::checked(
            "Top symbols per bucket and board",
            Some(&DEFAULT_TOP_N.to_string()),
            |answer| {
                let top_n = answer.parse().ok().filter(|top_n| *top_n > 0);
                let invalid = format!("invalid number \"{answer}\": expected 1, 2, 3 ...");
                Ok(top_n.ok_or(Usage(invalid))?)
            },
        ),
        None => Ok(DEFAULT_TOP_N),
    }
}

impl Flags {
    /// Returns the job for these flags.
    pub fn job(&self, top_n: usize) -> anyhow::Result<LeaderboardsJob> {
        let params = Params {
            top_n,
            windows: flags::windows(&self.windows, self.enable_72h)?,
            lookback_days: self.lookback_days,
            include_partial: self.include_partial,
            include_stale: self.include_stale,
        };
        let params: ValidParams = params.check().map_err(pipeline::Error::from)?;
        Ok(LeaderboardsJob {
            params,
            universe: self.universe.universe(),
            asof: self.asof,
            out_dir: self.out_dir.clone().unwrap_or_else(|| ".".into()),
            cohort_format: self.cohort_format.format(),
        })
    }

    /// Returns the as-ofs and the files of a panel; `None` if none is wanted.
    ///
    /// # Errors
    /// `--compression` was given for CSV, or the as-ofs are invalid.
    fn panel_files(&self) -> anyhow::Result<Option<(PanelRange, SnapshotFiles)>> {
        let compression = flags::compression(self.format, self.compression)?;
        let files = SnapshotFiles {
            out: self.out_dir.clone().unwrap_or_else(|| names::LEADERBOARDS_FOLDER.into()),
            format: self.format.format(),
            compression,
            schema_version: self.schema_version.clone(),
            columns: OutputOptions::default(),
            csv_safe: self.csv_safe,
        };
        let range = self.panel.range();
        range.map(|range| range.check(AsOfSpec::moment)).transpose()?;
        Ok(range.map(|range| (range, files)))
    }

    /// Returns the folder of the log: that of the outputs, except for a panel: its folder has
    /// tables only.
    pub fn log_dir(&self) -> &Path {
        match &self.out_dir {
            Some(folder) if self.panel.from.is_none() => folder,
            _ => Path::new("."),
        }
    }
}

/// Warns if the newest bar is more than a day old.
pub fn warn_if_stale(newest: AsOf) {
    let age = clock::epoch_seconds() - newest.epoch_seconds();
    if age > i64::from(DAY) * 60 {
        let days = age / 86_400;
        tracing::warn!(
            "the newest bar closed at {newest}, {days} days ago; update the source with 'data-pipeline sync' or 'import'"
        );
    }
}

/// Prints the boards.
pub fn print(output: &LeaderboardsOutput) -> anyhow::Result<()> {
    print_boards(&output.leaderboards.boards)
}

/// Prints the boards at the last as-of of a panel and the paths of the files.
fn print_panel(output: &LeaderboardsPanelOutput) -> anyhow::Result<()> {
    let (first, last) = (output.asofs[0], output.asofs[output.asofs.len() - 1]);
    match &output.last {
        Some(leaderboards) => print_boards(&leaderboards.boards)?,
        None => ui::print(&format!("no boards as of {last}"))?,
    }
    ui::print(&format!(
        "\nwrote {}, the first {}: {} of {}, {} from {first} to {last}",
        ui::pluralize(output.partitions, "partition"),
        output.first_file.display(),
        ui::pluralize(output.rows, "row"),
        ui::pluralize(output.columns, "column"),
        ui::pluralize(output.asofs.len(), "as-of"),
    ))
}

fn print_boards(boards: &RankedBoards) -> anyhow::Result<()> {
    let run = &boards.run;
    ui::print(&format!(
        "{} of {} ranked over the {} before {}",
        run.symbols_ranked,
        ui::pluralize(run.symbols_seen, "symbol"),
        ui::pluralize(run.params.lookback_days() as usize, "day"),
        run.asof
    ))?;
    print_board("Top Gainers", &boards.gainers, run, |gains, _| gains)?;
    print_board("Top Losers", &boards.losers, run, |_, losses| losses)?;
    print_board("Top Overlaps", &boards.overlaps, run, |gains, losses| gains + losses)
}

fn print_board(
    name: &str,
    board: &Board,
    run: &Run,
    appearances: fn(u32, u32) -> u32,
) -> anyhow::Result<()> {
    ui::print(&format!("\n{}", ui::heading(name)))?;
    if board.coins.is_empty() {
        return ui::print("no symbols");
    }
    ui::print_table(summaries::board(board, run, appearances))?;
    if board.skew_details.is_empty() {
        return Ok(());
    }
    ui::print(&format!("\n{}", ui::heading(&format!("{name}: skew"))))?;
    ui::print_table(summaries::skew(board))
}
