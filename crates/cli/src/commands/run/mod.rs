//! `data-pipeline run`: every stage in its turn, those that are current left out.

use std::path::{Path, PathBuf};

use bars::time::AsOfSpec;
use bars::{AsOf, Symbol, Window};
use bars_io::{Entry, Error};
use clap::Args;

use super::leaderboards;
use super::metrics::Cohort;
use crate::args::{self, SourceFlags};
use crate::choose;
use crate::interrupt::temp_files;
use crate::ui::{self, Usage};

mod course;
mod print;
mod record;

use course::{Course, Step};

/// Flags of `run`.
#[derive(Debug, Clone, Args)]
pub struct Flags {
    /// The cohorts that are measured.
    #[arg(
        long,
        value_name = "LIST",
        value_enum,
        value_delimiter = ',',
        default_value = "overlaps,gainers,losers"
    )]
    pub cohorts: Vec<Cohort>,
    /// Take the cohort files as they are.
    #[arg(long)]
    pub skip_leaderboards: bool,
    /// The folder for the outputs.
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub out_dir: PathBuf,
    /// As of when: a time, a date (00:00 UTC of it), or latest, the close of the newest bar.
    #[arg(long, value_name = "TIME", default_value = "latest", value_parser = args::asof)]
    pub asof: AsOfSpec,
    /// Places per bucket, and symbols per board.
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    pub top_n: u32,
    /// The windows of leaderboards, metrics and state.
    #[arg(long, value_name = "LIST", default_value = "1h,4h,12h,24h")]
    pub windows: String,
    /// Calendar months of the baselines of metrics, state and regime [default: 3, and 12 of regime].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1200))]
    pub months: Option<u32>,
    /// Calendar months that are taken apart into cycles [default: 3, or as many whole ones as the bars go back].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=120))]
    pub lookback_months: Option<u32>,
    /// Do every stage again, current or not.
    #[arg(long)]
    pub force: bool,
    /// Where the bars are.
    #[command(flatten)]
    pub source: SourceFlags,
}

/// Calendar months of baselines within the day.
const MONTHS: u32 = 3;

/// The union of the cohorts, for the stages that take one list.
const LEADERS: &str = "run_leaders.csv";

/// Runs the command.
pub fn run(flags: &Flags) -> anyhow::Result<()> {
    let cohorts = distinct(&flags.cohorts);
    // Before anything is read or written.
    Window::parse_list(&flags.windows).map_err(|e| Usage(format!("--windows: {e}")))?;
    let place = |name: &str| flags.out_dir.join(name);
    let source = choose::settled(&flags.source)?;
    let opened = choose::source(&source)?;
    let catalogue = choose::catalogue(opened.source())?;
    let asof = leaderboards::as_of(flags.asof, &catalogue)?;
    if flags.asof == AsOfSpec::Latest {
        leaderboards::warn_if_stale(&catalogue);
    }
    let state_of_source = record::of_source(&source, opened.source(), &catalogue)?;
    drop(opened);
    tracing::info!("as of {asof}");
    let lookback = flags.lookback_months.unwrap_or_else(|| lookback(asof, &catalogue));

    let steps = usize::from(!flags.skip_leaderboards) + 2 * cohorts.len() + 5;
    let mut course = Course::begin(&flags.out_dir, source, state_of_source, flags.force, steps)?;
    if flags.skip_leaderboards {
        cohorts.iter().try_for_each(|cohort| must_exist(&place(cohort.files()[0])))?;
    } else {
        course.step(boards(flags, asof));
    }
    let mut leaders: Vec<Symbol> = Vec::new();
    for &cohort in &cohorts {
        let symbols =
            if course.is_sound("leaderboards") { symbols(&place(cohort.files()[0]))? } else { Vec::new() };
        if course.is_sound("leaderboards") && symbols.is_empty() {
            tracing::warn!("nobody is among the {}: nothing to measure", cohort.name());
        }
        if symbols.is_empty() {
            course.pass_over(2);
            continue;
        }
        course.step(metrics(flags, cohort, asof));
        course.step(imf_cluster(flags, cohort, asof));
        let new: Vec<Symbol> = symbols.into_iter().filter(|symbol| !leaders.contains(symbol)).collect();
        leaders.extend(new);
    }
    if leaders.is_empty() {
        course.pass_over(4);
    } else {
        write_leaders(&place(LEADERS), &leaders)?;
        course.step(state(flags, asof));
        course.step(regime(flags, asof));
        let imf = imf_stage(flags, asof, lookback, &leaders);
        if course.step(imf) {
            course.step(imf_postprocess(flags, asof));
        } else {
            course.pass_over(1);
        }
    }
    if course.has_outputs() {
        // What it may read: nothing of an earlier run that stands in the folder.
        let mut inputs = course.outputs();
        if flags.skip_leaderboards {
            inputs.extend(boards(flags, asof).outputs);
        }
        course.step(report(flags, asof, inputs));
    } else {
        course.pass_over(1);
    }
    course.tell_of_trust();
    print::summary(&flags.out_dir, asof, &course, &cohorts)?;
    course.end()
}

/// Months looked back where nobody says how many.
const LOOKBACK: u32 = 3;

/// As many months as the bars go back, at least one: over minutes before the first bar, cycles are made up.
fn lookback(asof: AsOf, catalogue: &[Entry]) -> u32 {
    let first = catalogue.iter().map(|entry| AsOf::start_of(entry.first)).min();
    let is_held = |months: &u32| first.is_some_and(|first| first <= asof.months_before(*months));
    let months = (1..=LOOKBACK).rev().find(is_held).unwrap_or(1);
    if months < LOOKBACK {
        tracing::info!(
            "the bars do not go back {LOOKBACK} months: cycles are looked for in {}",
            ui::things(months as usize, "month")
        );
    }
    months
}

/// A stage that is typed: `words`, and what it reads and writes.
fn step(name: &str, words: &[&str], inputs: &[PathBuf], outputs: Vec<PathBuf>) -> Step {
    Step {
        name: name.to_owned(),
        words: words.iter().map(|word| (*word).to_owned()).collect(),
        inputs: inputs.to_vec(),
        outputs,
    }
}

fn boards(flags: &Flags, asof: AsOf) -> Step {
    let (dir, top_n, asof) = (shown(&flags.out_dir), flags.top_n.to_string(), asof.to_string());
    let words =
        ["leaderboards", "--top-n", &top_n, "--windows", &flags.windows, "--asof", &asof, "--out-dir", &dir];
    let cohorts = [Cohort::Gainers, Cohort::Losers, Cohort::Overlaps].map(|cohort| cohort.files()[0]);
    let names = ["leaderboards_summary.json", "leaderboards.parquet"].into_iter().chain(cohorts);
    step("leaderboards", &words, &[], names.map(|name| flags.out_dir.join(name)).collect())
}

fn metrics(flags: &Flags, cohort: Cohort, asof: AsOf) -> Step {
    let [input, output] = cohort.files().map(|name| flags.out_dir.join(name));
    let (name, months, asof) = (cohort.name(), flags.months.unwrap_or(MONTHS).to_string(), asof.to_string());
    let (from, to) = (shown(&input), shown(&output));
    let words = [
        "metrics",
        name,
        "--input",
        &from,
        "--output",
        &to,
        "--windows",
        &flags.windows,
        "--months",
        &months,
        "--asof",
        &asof,
    ];
    step(&format!("metrics {name}"), &words, &[input], vec![output])
}

fn imf_cluster(flags: &Flags, cohort: Cohort, asof: AsOf) -> Step {
    let (name, input) = (cohort.name(), flags.out_dir.join(cohort.files()[0]));
    let (from, dir) = (shown(&input), shown(&flags.out_dir));
    let asof = asof.to_string();
    let words = ["imf-cluster", name, "--input", &from, "--out-dir", &dir, "--asof", &asof];
    let outputs = ["json", "txt"].map(|end| flags.out_dir.join(format!("imf_clusters_{name}.{end}")));
    step(&format!("imf-cluster {name}"), &words, &[input], outputs.into())
}

fn state(flags: &Flags, asof: AsOf) -> Step {
    let months = flags.months.unwrap_or(MONTHS).to_string();
    snapshot(flags, asof, "state", &["--windows", &flags.windows, "--months", &months])
}

fn regime(flags: &Flags, asof: AsOf) -> Step {
    // Its windows are of weeks and months: where nobody says otherwise it looks back further.
    match flags.months {
        Some(months) => snapshot(flags, asof, "regime", &["--months", &months.to_string()]),
        None => snapshot(flags, asof, "regime", &[]),
    }
}

/// Both as of the date's beginning, so that their rows join.
fn snapshot(flags: &Flags, asof: AsOf, name: &str, further: &[&str]) -> Step {
    let (leaders, out) = (flags.out_dir.join(LEADERS), flags.out_dir.join("data").join(name));
    let (from, to, date) = (shown(&leaders), shown(&out), asof.date());
    let words = [name, "--input", &from, "--out", &to, "--asof", &date];
    step(name, &[&words, further].concat(), &[leaders], vec![out.join(format!("dt={date}"))])
}

fn imf_stage(flags: &Flags, asof: AsOf, lookback: u32, symbols: &[Symbol]) -> Step {
    let (leaders, out) = (flags.out_dir.join(LEADERS), flags.out_dir.join("data/imf"));
    let partition = out.join(format!("dt={}", asof.date()));
    let (from, to, months, time) = (shown(&leaders), shown(&out), lookback.to_string(), asof.to_string());
    let words = [
        "imf-stage",
        "--leaders-csv",
        &from,
        "--out",
        &to,
        "--lookback-months",
        &months,
        "--asof",
        &time,
        "--persist-imfs",
    ];
    let cards = ["global_price", "global_volume", "global_mixed", "asset"];
    let cards = cards.iter().map(|of| format!("cluster_cards_{of}.json"));
    // Not all of the folder: modes of symbols that lead no more stay there.
    let modes = symbols.iter().flat_map(|symbol| {
        ["price", "volume"].map(|series| format!("imfs/{}_{series}.npz", symbol.file_name()))
    });
    let names =
        ["imf_summary.parquet", "run_config.json"].map(str::to_owned).into_iter().chain(cards).chain(modes);
    let outputs = names.map(|name| partition.join(name));
    step("imf-stage", &words, &[leaders], outputs.collect())
}

fn imf_postprocess(flags: &Flags, asof: AsOf) -> Step {
    let partition = flags.out_dir.join(format!("data/imf/dt={}", asof.date()));
    let summary = partition.join("imf_summary.parquet");
    let from = shown(&summary);
    let out = shown(&partition);
    let words = ["imf-postprocess", "--summary", &from, "--series", "both", "--out-dir", &out];
    let cards = ["price", "volume"].map(|of| partition.join(format!("cluster_cards_global_{of}.json")));
    let inputs = [&[summary, partition.join("run_config.json")], &cards[..]].concat();
    let outputs = ["summary", "top_imfs"].map(|name| format!("imf_post_{name}"));
    let outputs =
        outputs.iter().flat_map(|name| ["parquet", "csv"].map(|end| partition.join(format!("{name}.{end}"))));
    step("imf-postprocess", &words, &inputs, outputs.collect())
}

fn report(flags: &Flags, asof: AsOf, inputs: Vec<PathBuf>) -> Step {
    let (dir, place, asof) = (shown(&flags.out_dir), flags.out_dir.join("report.html"), asof.to_string());
    let out = shown(&place);
    step("report", &["report", "--dir", &dir, "--out", &out, "--asof", &asof], &inputs, vec![place])
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

fn distinct(cohorts: &[Cohort]) -> Vec<Cohort> {
    let mut distinct = Vec::new();
    for &cohort in cohorts {
        if !distinct.contains(&cohort) {
            distinct.push(cohort);
        }
    }
    distinct
}

fn must_exist(path: &Path) -> anyhow::Result<()> {
    if path.is_file() {
        return Ok(());
    }
    Err(Usage(format!(
        "--skip-leaderboards takes {} as it is, but there is none; leave the flag out",
        path.display()
    ))
    .into())
}

/// The symbols of a cohort file. It may be long, and they stand in few runs.
fn symbols(path: &Path) -> anyhow::Result<Vec<Symbol>> {
    Ok(bars_io::reader::symbols(path)?)
}

/// Only if it differs: a file that is as it was keeps its time.
fn write_leaders(place: &Path, leaders: &[Symbol]) -> anyhow::Result<()> {
    let quoted = |symbol: &Symbol| crate::output::bar_csv::quoted(symbol.as_str());
    let lines: Vec<String> = std::iter::once("symbol".to_owned()).chain(leaders.iter().map(quoted)).collect();
    let text = lines.join("\n") + "\n";
    if std::fs::read_to_string(place).is_ok_and(|old| old == text) {
        return Ok(());
    }
    temp_files().write(place, text.as_bytes()).map_err(Error::into)
}

impl Course {
    /// Ends the run: with an error where a stage failed.
    fn end(self) -> anyhow::Result<()> {
        let failed = self.failed();
        if failed.is_empty() {
            return Ok(());
        }
        anyhow::bail!(
            "{} of the run failed: {}; what the others wrote stays, and the same run again does only what is missing",
            ui::things(failed.len(), "stage"),
            failed.join(", ")
        )
    }
}
