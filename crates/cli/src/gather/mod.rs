//! What the stages wrote in a folder, read and put together: for the page of `report`, and for what `run` says at its end.
//!
//! A file that is missing is a part that is missing; one that cannot be read is an error.

use std::path::{Path, PathBuf};

use anyhow::Context;
use bars::{AsOf, Error};
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

/// Reads the outputs in `dir`; of those that are partitioned by date the newest partition, or the newest up to `asof`.
pub fn gather(dir: &Path, asof: Option<AsOf>, depth: Depth) -> anyhow::Result<Report> {
    let mut report = Report::default();
    boards::read(dir, &mut report)?;
    let partition = |name: &str| newest_partition(&dir.join("data").join(name), asof);
    if let Some(partition) = partition("state")? {
        standing::read_state(&partition, asof, &mut report)?;
    }
    if let Some(partition) = partition("regime")? {
        standing::read_regime(&partition, asof, &mut report)?;
    }
    if let Some(partition) = partition("imf")? {
        cycles::read(&partition, depth, &mut report)?;
    }
    rises::read(dir, &mut report)?;
    report.absent = absent(&report);
    Ok(report)
}

/// The partition `dt=YYYY-MM-DD` with the latest date that is not later than `asof`.
fn newest_partition(folder: &Path, asof: Option<AsOf>) -> anyhow::Result<Option<PathBuf>> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(Error::io("read", folder, e).into()),
    };
    let date = |path: &Path| Some(path.file_name()?.to_str()?.strip_prefix("dt=")?.to_owned());
    let last = asof.map(AsOf::date);
    let is_in_time = |date: &String| last.as_ref().is_none_or(|last| date <= last);
    let dated = entries.flatten().filter_map(|entry| Some((date(&entry.path())?, entry.path())));
    Ok(dated.filter(|(date, _)| is_in_time(date)).max().map(|(_, path)| path))
}

/// A JSON file; `None` where there is none.
fn json<T: DeserializeOwned>(path: &Path) -> anyhow::Result<Option<T>> {
    let text = match std::fs::read(path) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(Error::io("read", path, e).into()),
    };
    let read = serde_json::from_slice(&text);
    read.map(Some)
        .with_context(|| format!("{} is not as data-pipeline writes it; write it anew", path.display()))
}

fn absent(report: &Report) -> Vec<Absent> {
    let parts = [
        (report.boards.is_empty(), "the boards", "data-pipeline leaderboards"),
        (report.state.is_empty(), "the state within the day", "data-pipeline state"),
        (report.regime.is_empty(), "the regime over days", "data-pipeline regime"),
        (
            report.cycles.is_empty(),
            "the cycles",
            "data-pipeline imf-stage --leaders-csv habitual_overlaps.csv",
        ),
        (
            !report.cycles.is_empty() && report.leaders.iter().all(|leader| leader.modes.is_empty()),
            "the cycles over time",
            "data-pipeline imf-stage --leaders-csv habitual_overlaps.csv --persist-imfs",
        ),
        (
            !report.cycles.is_empty() && report.leaders.iter().all(|leader| leader.sentences.is_empty()),
            "what dominates",
            "data-pipeline imf-postprocess --summary data/imf/dt=DATE/imf_summary.parquet",
        ),
        (report.rises.is_empty(), "the kinds of rises", "data-pipeline imf-cluster overlaps"),
    ];
    let missing = parts.into_iter().filter(|(is_missing, _, _)| *is_missing);
    missing.map(|(_, what, command)| Absent { what, command }).collect()
}
