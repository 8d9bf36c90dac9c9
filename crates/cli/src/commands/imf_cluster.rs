//! `data-pipeline imf-cluster`

use std::path::PathBuf;

use bars::ReadOptions;
use bars::time::AsOfSpec;
use bars::{Minute, Span, Symbol, Window};
use bars_io::Source;
use bars_io::atomic::FinishedFile;
use bars_io::file::FileSource;
use clap::Args;
use rayon::prelude::*;
use stages::cohort_cycles::kinds::{Kind, Kinds, SAMPLE};
use stages::cohort_cycles::{Params, Skipped, Study, ValidParams};
use stages::grid::Grid;

use super::emd::PresetFlag;
use super::metrics::Cohort;
use super::places::check_places;
use crate::args::{self, ReadingFlags, SourceFlags};
use crate::choose;
use crate::cohort;
use crate::interrupt::temp_files;
use crate::logging::step;
use crate::ui::{self, Progress, Unit, Usage};

/// Flags of `imf-cluster`.
#[derive(Debug, Clone, Args)]
pub struct Flags {
    /// Which cohort: it names the files.
    #[arg(value_enum)]
    pub cohort: Cohort,
    /// The cohort's bars: at least symbol, timestamp, close and volume; habitual_gainers.csv, habitual_losers.csv or
    /// habitual_overlaps.csv where it is missing.
    #[arg(long, value_name = "FILE")]
    pub input: Option<PathBuf>,
    /// As of when: a time, a date (00:00 UTC of it), or latest, which is all of the file.
    #[arg(long, value_name = "TIME", default_value = "latest", value_parser = args::asof)]
    pub asof: AsOfSpec,
    /// The windows, each ending with a symbol's last bar by then.
    #[arg(long, value_name = "LIST", default_value = "6h,12h,24h,3d,7d,30d", allow_hyphen_values = true)]
    pub windows: String,
    /// A rise from peak to peak counts from so many percent on.
    #[arg(long, value_name = "PCT", default_value_t = 2.0, allow_negative_numbers = true)]
    pub min_amplitude_pct: f64,
    /// A window of fewer minutes is skipped.
    #[arg(long, value_name = "N", default_value_t = 100, allow_negative_numbers = true)]
    pub min_points: usize,
    /// standard: EMD with 10 sifts. pyemd: what EMD-signal 1.10 computes, bit for bit.
    #[arg(long, value_enum, default_value_t = PresetFlag::Standard)]
    pub preset: PresetFlag,
    /// The folder of the outputs.
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub out_dir: PathBuf,
    /// How the bars are read.
    #[command(flatten)]
    pub reading: ReadingFlags,
}

/// A symbol over all windows.
struct Member {
    symbol: Symbol,
    studies: Vec<Study>,
}

/// Runs the command.
pub fn run(flags: &Flags) -> anyhow::Result<()> {
    let params = Params {
        windows: Window::parse_list(&flags.windows).map_err(|e| Usage(format!("--windows: {e}")))?,
        min_amplitude_pct: flags.min_amplitude_pct,
        min_points: flags.min_points,
    };
    let params = params.check().map_err(|e| Usage(e.to_string()))?;
    let decomposer = emd::Params::new(flags.preset.preset()).check()?;
    let input = flags.input.clone().unwrap_or_else(|| flags.cohort.files()[0].into());
    let outputs =
        ["json", "txt"].map(|end| flags.out_dir.join(format!("imf_clusters_{}.{end}", flags.cohort.name())));
    check_places(&input, &SourceFlags::default(), &[&outputs[0], &outputs[1]])?;

    let options = ReadOptions { closes_only: true, ..flags.reading.options() };
    let file = step("reading the cohort", || FileSource::open(&input, &options));
    let file = file.map_err(|e| cohort::explain(e, "no bars of the cohort", "--input"))?;
    choose::report_findings(&file, flags.reading.strict)?;
    let symbols = file.symbols();
    if symbols.is_empty() {
        anyhow::bail!(
            "{} holds no bar; {}, or name another file with --input",
            input.display(),
            cohort::ORIGIN
        );
    }
    for place in &outputs {
        temp_files().check_writable(place)?;
    }
    let span = Span { start: Minute::MIN, end: flags.asof.moment().map_or(Minute::MAX, |asof| asof.end()) };
    let members = step("computing", || compute(&file, symbols, span, &params, &decomposer))?;
    tell_of_skipped(&members, flags.min_points);
    tell_of_samples(&members);
    let files = step("writing", || write(&members, &outputs))?;
    files.into_iter().try_for_each(FinishedFile::commit)?;
    print(&members)?;
    ui::print(&format!("\nWritten: {}, {}", outputs[0].display(), outputs[1].display()))
}

fn compute(
    file: &FileSource,
    symbols: Vec<Symbol>,
    span: Span,
    params: &ValidParams,
    decomposer: &emd::Decomposer,
) -> anyhow::Result<Vec<Member>> {
    let progress = Progress::new("imf-cluster", Unit::Symbols, symbols.len() as u64);
    let member = |symbol: Symbol| {
        let mut closes = bars::series::Closes::default();
        file.closes(&symbol, span, &mut closes)?;
        let windows = &params.get().windows;
        let studies = match Grid::last(&closes, params.longest()) {
            Some(grid) => {
                let study = |window: &Window| params.study(&grid, *window, decomposer);
                windows.par_iter().map(study).collect()
            }
            None => {
                let none =
                    |window: &Window| Study { window: *window, minutes: 0, kinds: Err(Skipped::Short) };
                windows.iter().map(none).collect()
            }
        };
        progress.add(1);
        Ok(Member { symbol, studies })
    };
    symbols.into_par_iter().map(member).collect()
}

/// Windows that were not looked at, and mixtures that could not be had, in a warning per cause.
fn tell_of_skipped(members: &[Member], min_points: usize) {
    let skipped = members.iter().filter_map(|member| {
        let windows: Vec<String> = member
            .studies
            .iter()
            .filter(|study| study.kinds == Err(Skipped::Short))
            .map(|study| format!("{} ({})", study.window, ui::things(study.minutes, "minute")))
            .collect();
        (!windows.is_empty()).then(|| format!("{} {}", member.symbol, windows.join(", ")))
    });
    let skipped: Vec<String> = skipped.collect();
    if !skipped.is_empty() {
        tracing::warn!(
            "skipped for fewer than {min_points} minutes of bars (--min-points): {}; their results are empty",
            skipped.join("; ")
        );
    }
    for member in members {
        for study in &member.studies {
            let (symbol, window) = (&member.symbol, study.window);
            match &study.kinds {
                Err(Skipped::Numbers(error)) => {
                    tracing::warn!(
                        "{symbol} over {window} cannot be taken apart, and its result is empty: {error}"
                    );
                }
                Ok(kinds) if kinds.has_failed => {
                    tracing::warn!(
                        "{symbol} over {window}: no mixture holds, as the rises lie too far apart; gmm is empty"
                    );
                }
                _ => {}
            }
        }
    }
}

/// Where silhouettes are not of all cycles.
fn tell_of_samples(members: &[Member]) {
    let is_sampled =
        |kinds: &Kinds| kinds.dbscan.iter().any(|dense| dense.parameters.silhouette_sample.is_some());
    let sampled: Vec<String> = members
        .iter()
        .flat_map(|member| member.studies.iter().map(move |study| (member, study)))
        .filter(|(_, study)| study.kinds.as_ref().is_ok_and(is_sampled))
        .map(|(member, study)| format!("{} {}", member.symbol, study.window))
        .collect();
    if !sampled.is_empty() {
        tracing::info!("more than {SAMPLE} cycles, silhouettes of a sample: {}", sampled.join(", "));
    }
}

fn write(members: &[Member], [json, text]: &[PathBuf; 2]) -> anyhow::Result<Vec<FinishedFile>> {
    let mut symbols = serde_json::Map::new();
    let mut lines = String::new();
    let empty = Kinds::default();
    for member in members {
        let windows = member.studies.iter().map(|study| {
            let kinds = serde_json::to_value(study.kinds.as_ref().unwrap_or(&empty))?;
            Ok((study.window.to_string(), kinds))
        });
        let windows = windows.collect::<Result<serde_json::Map<_, _>, serde_json::Error>>()?;
        symbols.insert(member.symbol.to_string(), windows.into());
        let (mut duration, mut amplitude) = (zmij::Buffer::new(), zmij::Buffer::new());
        let best = strongest(member).map(|(_, kind)| {
            let duration = duration.format_finite(kind.median_duration_min);
            (duration, amplitude.format_finite(kind.median_amplitude_pct))
        });
        let (duration, amplitude) = best.map_or(("NA", "NA"), |(duration, amplitude)| (duration, amplitude));
        lines += &format!("{}, {duration}, {amplitude}\n", member.symbol);
    }
    let mut bytes = serde_json::to_vec_pretty(&symbols)?;
    bytes.push(b'\n');
    Ok(vec![temp_files().write_temp(json, &bytes)?, temp_files().write_temp(text, lines.as_bytes())?])
}

/// The kind with the greatest median amplitude over all windows, the first of equals.
fn strongest(member: &Member) -> Option<(Window, &Kind)> {
    let mut best: Option<(Window, &Kind)> = None;
    for study in &member.studies {
        for kind in study.kinds.iter().flat_map(Kinds::first_choice) {
            if best.is_none_or(|(_, best)| kind.median_amplitude_pct > best.median_amplitude_pct) {
                best = Some((study.window, kind));
            }
        }
    }
    best
}

/// The most symbols that are shown.
const MOST: usize = 20;

fn print(members: &[Member]) -> anyhow::Result<()> {
    let row = |member: &Member| {
        let mut row = vec![member.symbol.to_string()];
        match strongest(member) {
            Some((window, kind)) => row.extend([
                format!("{:.1}", kind.median_amplitude_pct),
                ui::minutes(kind.median_duration_min),
                ui::count(kind.count as u64),
                window.to_string(),
            ]),
            None => row.extend(["-"; 4].map(str::to_owned)),
        }
        row.push(per_window(member));
        row
    };
    let header = ["symbol", "strongest rise %", "takes", "cycles", "window", "kinds per window (gmm/dbscan)"];
    ui::print(&ui::table(&header, &[1, 2, 3, 4], members.iter().take(MOST).map(row)))?;
    if members.len() > MOST {
        ui::print(&format!("and {} more", members.len() - MOST))?;
    }
    Ok(())
}

/// `6h 2/3, 3d 9/2`: how many kinds each method tells apart.
fn per_window(member: &Member) -> String {
    let window = |study: &Study| match &study.kinds {
        Ok(kinds) => format!("{} {}/{}", study.window, kinds.gmm.len(), kinds.dbscan.len()),
        Err(_) => format!("{} -", study.window),
    };
    member.studies.iter().map(window).collect::<Vec<_>>().join(", ")
}
