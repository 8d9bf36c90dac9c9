//! Reads the outputs in a folder into the report's model, for the page and for the summary at the
//! end of a run.
//!
//! A missing file is a missing part of the report; a damaged one is an error.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use bars::AsOf;
use bars::time::AsOfSpec;
use report::Report;
use report::model::{LeaderChart, Part};

use crate::artifacts::names;
use crate::artifacts::table_file::Format;
use crate::error::Result;

mod boards;
mod cycles;
mod snapshots;
mod upswings;

/// How much to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Everything.
    Whole,
    /// Everything but the modes, which are most of the bytes.
    Tables,
}

/// The readable files of a folder.
#[derive(Debug)]
pub struct OutputFiles<'a> {
    dir: &'a Path,
    only: Option<BTreeSet<&'a Path>>,
}

impl<'a> OutputFiles<'a> {
    /// All files in `dir`, or only those in `only`: others belong to another run.
    pub fn new(dir: &'a Path, only: Option<&'a [PathBuf]>) -> OutputFiles<'a> {
        OutputFiles { dir, only: only.map(|paths| paths.iter().map(PathBuf::as_path).collect()) }
    }

    /// Returns a file if it exists and may be read. For a Parquet table the same table as CSV also
    /// counts.
    fn file(&self, path: PathBuf) -> Option<PathBuf> {
        let csv = path.with_extension(Format::Csv.extension());
        let forms =
            if Format::from_path(&path) == Format::Parquet { vec![path, csv] } else { vec![path] };
        let is_meant =
            |path: &PathBuf| self.only.as_ref().is_none_or(|only| only.contains(path.as_path()));
        forms.into_iter().find(|path| path.is_file() && is_meant(path))
    }

    /// A file of the folder by name.
    fn named(&self, name: impl AsRef<Path>) -> Option<PathBuf> {
        self.file(self.dir.join(name))
    }

    /// The partitions `dt=YYYY-MM-DD` of `data/<stage>`, newest first, without those of dates after
    /// `asof`.
    fn partitions(&self, stage: &str, asof: Option<AsOf>) -> Result<Vec<PathBuf>> {
        let folder = self.dir.join("data").join(stage);
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(e) => return Err(bars_io::Error::io("read", &folder, e).into()),
        };
        let date = |path: &Path| {
            Some(path.file_name()?.to_str()?.strip_prefix(names::PARTITION_PREFIX)?.to_owned())
        };
        let last = asof.map(AsOf::date);
        let is_in_time = |date: &String| last.as_ref().is_none_or(|last| date <= last);
        let dated =
            entries.flatten().filter_map(|entry| Some((date(&entry.path())?, entry.path())));
        let mut dated: Vec<(String, PathBuf)> =
            dated.filter(|(date, _)| is_in_time(date)).collect();
        dated.sort();
        Ok(dated.into_iter().rev().map(|(_, path)| path).collect())
    }
}

/// Reads the outputs; of several partitions the newest, or the newest up to `asof`. Nothing after
/// `asof` is read.
///
/// # Errors
/// If a file is damaged.
pub fn read(outputs: &OutputFiles<'_>, asof: Option<AsOf>, depth: Depth) -> Result<Report> {
    let mut report = Report::default();
    boards::read(outputs, asof, &mut report)?;
    snapshots::read_state(outputs, asof, &mut report)?;
    snapshots::read_regime(outputs, asof, &mut report)?;
    cycles::read(outputs, asof, depth, &mut report)?;
    let has_upswings = upswings::read(outputs, &mut report)?;
    report.missing_parts = absent(&report, has_upswings);
    Ok(report)
}

/// Parses a time as the outputs write it.
fn moment(text: &str) -> Option<AsOf> {
    text.parse::<AsOfSpec>().ok().and_then(AsOfSpec::moment)
}

fn absent(report: &Report, has_upswings: bool) -> Vec<Part> {
    let has_cycles = !report.cycles.is_empty();
    let without =
        |is_without: fn(&LeaderChart) -> bool| has_cycles && report.leaders.iter().all(is_without);
    let parts = [
        (report.boards.is_empty(), Part::Boards),
        (report.state.is_empty(), Part::State),
        (report.regime.is_empty(), Part::Regime),
        (!has_cycles, Part::Cycles),
        (without(|leader| leader.modes.is_empty()), Part::Waveforms),
        (without(|leader| leader.notes.is_empty()), Part::DominantCycles),
        (!has_upswings, Part::UpswingClusters),
    ];
    parts.into_iter().filter(|(is_missing, _)| *is_missing).map(|(_, part)| part).collect()
}
