//! What the stages wrote in a folder, read and put together: for the page of `report`, and for what `run` says at its end.
//!
//! A file that is missing is a part that is missing; one that cannot be read is an error.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::Context;
use bars::AsOf;
use bars::time::AsOfSpec;
use bars_io::Error;
use report::Report;
use report::model::Absent;
use serde::de::DeserializeOwned;

mod boards;
mod cycles;
mod frame;
mod modes;
mod rises;
mod standing;

/// How much is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// All.
    Whole,
    /// All but the modes, which are most of the bytes.
    Tables,
}

/// The files that may be read.
#[derive(Debug)]
pub struct Outputs<'a> {
    dir: &'a Path,
    only: Option<BTreeSet<&'a Path>>,
}

impl<'a> Outputs<'a> {
    /// Those in `dir`, or only these of them: what else stands there is of another run.
    pub fn new(dir: &'a Path, only: Option<&'a [PathBuf]>) -> Outputs<'a> {
        Outputs { dir, only: only.map(|paths| paths.iter().map(PathBuf::as_path).collect()) }
    }

    /// A file, if it is there and may be read. Of tables also the one in the other form.
    fn file(&self, path: PathBuf) -> Option<PathBuf> {
        let csv = path.with_extension("csv");
        let forms =
            if path.extension().is_some_and(|end| end == "parquet") { vec![path, csv] } else { vec![path] };
        let is_meant = |path: &PathBuf| self.only.as_ref().is_none_or(|only| only.contains(path.as_path()));
        forms.into_iter().find(|path| path.is_file() && is_meant(path))
    }

    /// A file of the folder by its name.
    fn named(&self, name: &str) -> Option<PathBuf> {
        self.file(self.dir.join(name))
    }

    /// The partitions `dt=YYYY-MM-DD` of `data/<stage>`, newest first, without those of dates after `asof`.
    fn partitions(&self, stage: &str, asof: Option<AsOf>) -> anyhow::Result<Vec<PathBuf>> {
        let folder = self.dir.join("data").join(stage);
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(e) => return Err(Error::io("read", &folder, e).into()),
        };
        let date = |path: &Path| Some(path.file_name()?.to_str()?.strip_prefix("dt=")?.to_owned());
        let last = asof.map(AsOf::date);
        let is_in_time = |date: &String| last.as_ref().is_none_or(|last| date <= last);
        let dated = entries.flatten().filter_map(|entry| Some((date(&entry.path())?, entry.path())));
        let mut dated: Vec<(String, PathBuf)> = dated.filter(|(date, _)| is_in_time(date)).collect();
        dated.sort();
        Ok(dated.into_iter().rev().map(|(_, path)| path).collect())
    }
}

/// Reads the outputs; of those that are partitioned by date the newest, or the newest up to `asof`. Nothing of a later moment is
/// read.
pub fn gather(outputs: &Outputs<'_>, asof: Option<AsOf>, depth: Depth) -> anyhow::Result<Report> {
    let mut report = Report::default();
    boards::read(outputs, asof, &mut report)?;
    standing::read_state(outputs, asof, &mut report)?;
    standing::read_regime(outputs, asof, &mut report)?;
    cycles::read(outputs, asof, depth, &mut report)?;
    let has_rises = rises::read(outputs, &mut report)?;
    report.absent = absent(&report, has_rises);
    Ok(report)
}

/// A JSON file.
fn json<T: DeserializeOwned>(path: &Path) -> anyhow::Result<T> {
    let text = std::fs::read(path).map_err(|e| Error::io("read", path, e))?;
    let read = serde_json::from_slice(&text);
    read.with_context(|| format!("{} is not as data-pipeline writes it; write it anew", path.display()))
}

/// A moment as outputs have it.
fn moment(text: &str) -> Option<AsOf> {
    text.parse::<AsOfSpec>().ok().and_then(AsOfSpec::moment)
}

fn absent(report: &Report, has_rises: bool) -> Vec<Absent> {
    const CYCLES: &str = "data-pipeline imf-stage --leaders-csv habitual_overlaps.csv --persist-imfs";
    let has_cycles = !report.cycles.is_empty();
    let parts = [
        (report.boards.is_empty(), "the boards", "data-pipeline leaderboards"),
        (report.state.is_empty(), "the state within the day", "data-pipeline state"),
        (report.regime.is_empty(), "the regime over days", "data-pipeline regime"),
        (!has_cycles, "the cycles", CYCLES),
        (
            has_cycles && report.leaders.iter().all(|leader| leader.modes.is_empty()),
            "the cycles over time",
            CYCLES,
        ),
        (
            has_cycles && report.leaders.iter().all(|leader| leader.sentences.is_empty()),
            "what dominates",
            "data-pipeline imf-postprocess --series both --summary data/imf/dt=DATE/imf_summary.parquet",
        ),
        (!has_rises, "the kinds of rises", "data-pipeline imf-cluster overlaps"),
    ];
    let missing = parts.into_iter().filter(|(is_missing, _, _)| *is_missing);
    missing.map(|(_, what, command)| Absent { what, command }).collect()
}
