//! Code that `state` and `regime` share: run the job or the dry run and print the result.

use bars::{Symbol, Window};
use indicators::moments::{median, range};
use pipeline::cohort::read_symbols;
use pipeline::jobs::{SnapshotFilesJob, SnapshotsOutput};
use pipeline::snapshots::{Moments, SnapshotJob, SnapshotStage};
use pipeline::summaries::{self, SummaryMetric};
use pipeline::task::TaskRequest;

use crate::console::Console;
use crate::explain;
use crate::flags::SnapshotFlags;
use crate::shard;
use crate::source_select::{self, Prompt};
use crate::ui;

/// Runs a snapshot job, one shard of it, or a dry run. `longest` is the longest window printed;
/// `request` builds the request of a shard.
pub fn run<S: SnapshotStage + Clone>(
    job: &SnapshotFilesJob<S>,
    flags: &SnapshotFlags,
    metrics: &[SummaryMetric],
    longest: Window,
    request: impl FnOnce(S, Vec<Symbol>, Moments) -> TaskRequest,
) -> anyhow::Result<()> {
    job.check()?;
    if flags.shard.is_some() {
        flags.columns.check_whole()?;
    }
    let opened = source_select::optional_source(&flags.source, Prompt::Never)?;
    let console = Console::new(flags.source.reading.strict);
    let context = console.context(opened.as_ref());
    if let Some(shard) = flags.shard {
        let opened = opened.as_ref().ok_or_else(source_select::no_source)?;
        let symbols =
            read_symbols(&job.input, &console).map_err(|e| explain::with_input(e, "--input"))?;
        let request = request(job.stage.clone(), symbols, job.moments);
        return shard::run(&request, shard, &job.files.out, Some(opened), &console);
    }
    if flags.dry_run {
        let shown = job.open(&context, |snapshots| Ok(dry_run(job, snapshots, &console)));
        return shown.map_err(|e| explain::with_input(e, "--input"))?;
    }
    let output = job.run(&context).map_err(|e| explain::with_input(e, "--input"))?;
    print(&output, metrics, longest)
}

/// Prints the snapshot at the last as-of and the paths of the files.
pub fn print(
    output: &SnapshotsOutput,
    metrics: &[SummaryMetric],
    longest: Window,
) -> anyhow::Result<()> {
    let last = output.asofs[output.asofs.len() - 1];
    if output.asofs.len() > 1 {
        ui::print(&format!("last snapshot, as of {last}:"))?;
    }
    let summary = summaries::features(&output.layout, &output.last, metrics, longest);
    ui::print_first(ui::MAX_SYMBOLS_SHOWN, summary)?;
    let size = [output.rows, output.columns];
    let written = summaries::written(&output.first_file, output.partitions, size, &output.asofs);
    ui::print(&format!("\n{written}"))
}

/// Prints the symbols, the coverage of each window at the last as-of, and the output path.
fn dry_run<S: SnapshotStage>(
    job: &SnapshotFilesJob<S>,
    snapshots: &SnapshotJob<'_, S>,
    console: &Console,
) -> anyhow::Result<()> {
    let (asofs, asof) = (&snapshots.asofs, snapshots.last_asof());
    let rows = snapshots.coverage(console)?;
    let names: Vec<&str> = rows.iter().map(|row| row.symbol.as_str()).collect();
    let symbols = ui::pluralize(snapshots.members.len(), "symbol");
    ui::print(&format!("{} of {symbols}: {}", names.len(), names.join(", ")))?;
    ui::print(&match asofs.len() {
        1 => format!("as of {asof}\n"),
        n => format!(
            "{} from {} to {asof}; coverage at the last one:\n",
            ui::pluralize(n, "snapshot"),
            asofs[0]
        ),
    })?;
    let table = job.stage.windows().iter().enumerate().map(|(index, &window)| {
        let (start, end) = job.stage.bucket(window, asof);
        let coverage: Vec<f64> = rows.iter().map(|row| row.window(index).coverage()).collect();
        let (low, high) = range(&coverage);
        let shares =
            [low, median(&coverage, &mut Vec::new()), high].map(|share| format!("{share:.3}"));
        [vec![window.to_string(), start.to_string(), end.to_string()], shares.to_vec()].concat()
    });
    let header = ["window", "from", "to", "coverage min", "median", "max"];
    ui::print(&ui::table(&header, &[3, 4, 5], table))?;
    let more = snapshots.partitions() - 1;
    let more = if more > 0 {
        format!(" and {} more", ui::pluralize(more, "partition"))
    } else {
        String::new()
    };
    let file = job.files.table(S::NAME, asofs[0]);
    ui::print(&format!("\ndry run: nothing written; the output would be {}{more}", file.display()))
}
