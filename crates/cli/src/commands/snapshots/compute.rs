//! Computes snapshots and writes them beside their places.

use std::collections::BTreeMap;
use std::path::Path;

use bars::{AsOf, Symbol};
use bars_io::atomic::FinishedFile;
use bars_io::{Entry, Source};
use rayon::prelude::*;
use stages::features::layout::Layout;
use stages::features::table::{Row, fill};

use super::partitions::Partitions;
use super::{SnapshotFlags, Stage, Study};
use crate::cohort::Member;
use crate::interrupt::temp_files;
use crate::output::series::SeriesFile;
use crate::output::table::{Columns, TableWriter, schema};
use crate::ui::{Progress, Unit};

/// The most numbers of a result that are held at once: a quarter of a gigabyte.
const CELLS: usize = 1 << 25;

/// The most dates that are gone through at once: where not all symbols fit, each is an open file.
const DATES: usize = 64;

/// What a run made.
pub(super) struct Done {
    /// The files, not yet in their places.
    pub(super) files: Vec<FinishedFile>,
    pub(super) layout: Layout,
    pub(super) partitions: usize,
    pub(super) rows: usize,
    /// The rows of the last as-of.
    pub(super) last: Vec<Row>,
}

/// Goes through some dates at a time, and of these through some symbols at a time, so that what is held at once is bounded.
pub(super) fn run<S: Stage>(
    stage: &S,
    source: &dyn Source,
    members: &[Member],
    asofs: &[AsOf],
    partitions: &Partitions<'_>,
    flags: &SnapshotFlags,
    series_output: Option<&Path>,
) -> anyhow::Result<Done> {
    let layout = S::layout(&stage.plan(asofs[..1].to_vec())).clone();
    let columns = Columns::of(&layout);
    let schema = schema(&layout, &flags.schema_version)?;
    let present: Vec<(&Symbol, &Entry)> =
        members.iter().filter_map(|member| Some((&member.symbol, member.entry.as_ref()?))).collect();
    let dates: Vec<&[AsOf]> = asofs.chunk_by(|a, b| a.midnight() == b.midnight()).collect();
    let of_a_date =
        dates.iter().map(|date| date.len()).max().unwrap_or(1) * columns.len() * present.len().max(1);
    let passes: Vec<&[&[AsOf]]> = dates.chunks((CELLS / of_a_date).clamp(1, DATES)).collect();
    let progress = Progress::new(S::NAME, Unit::Symbols, (present.len() * passes.len()) as u64);
    let mut series =
        series_output.map(|place| SeriesFile::create(place, layout.catalogue.metrics)).transpose()?;
    // Panels are large: where they are wanted, only as many as there are threads to make them.
    let most = if series.is_some() { rayon::current_num_threads() } else { usize::MAX };

    let mut done = Done { files: Vec::new(), layout, partitions: dates.len(), rows: 0, last: Vec::new() };
    for pass in passes {
        let plan = stage.plan(pass.concat());
        let of_a_symbol = pass.iter().map(|date| date.len()).sum::<usize>() * columns.len();
        let batches: Vec<_> = present.chunks((CELLS / of_a_symbol).clamp(1, most)).collect();
        let mut tables: Vec<Option<TableWriter>> = pass.iter().map(|_| None).collect();
        for (number, batch) in batches.iter().enumerate() {
            let study = |&(symbol, entry): &(&Symbol, &Entry)| {
                let mut study = S::study(&plan, source, symbol, entry)?;
                if series_output.is_none() {
                    study.panels = Vec::new();
                }
                progress.add(1);
                tracing::trace!("{symbol}: {} rows", study.rows.len());
                Ok(study)
            };
            let studies = batch.par_iter().map(study).collect::<bars_io::Result<Vec<Study>>>()?;
            if let Some(series) = &mut series {
                for ((symbol, _), study) in batch.iter().zip(&studies) {
                    for panel in &study.panels {
                        series.write(symbol, panel, S::asofs(&plan).last_buckets(panel))?;
                    }
                }
            }
            let by_date = by_date(studies);
            done.rows += by_date.values().map(Vec::len).sum::<usize>();
            let newest = by_date.values().flatten().filter(|row| asofs.last() == Some(&row.asof));
            done.last.extend(newest.cloned());

            // A table is open from its first rows to its last; where all symbols fit, that is a moment.
            let write = |(table, date): (&mut Option<TableWriter>, &&[AsOf])| {
                let mut writer = match table.take() {
                    Some(writer) => writer,
                    None => TableWriter::create(
                        &partitions.file(date[0]),
                        flags.format,
                        flags.compression.unwrap_or_default(),
                        &columns,
                    )?,
                };
                if let Some(rows) = by_date.get(&date[0].midnight()) {
                    writer.write(fill(&done.layout, rows))?;
                    writer.end_group()?;
                }
                if number + 1 < batches.len() {
                    *table = Some(writer);
                    return Ok(Vec::new());
                }
                Ok(vec![writer.seal()?, temp_files().write_temp(&partitions.schema(date[0]), &schema)?])
            };
            let sealed: bars_io::Result<Vec<Vec<FinishedFile>>> =
                tables.par_iter_mut().zip(pass).map(write).collect();
            done.files.extend(sealed?.into_iter().flatten());
        }
    }
    done.files.extend(series.map(SeriesFile::seal).transpose()?);
    Ok(done)
}

/// Rows by their date, in the order in which they came.
fn by_date(studies: Vec<Study>) -> BTreeMap<AsOf, Vec<Row>> {
    let mut by_date: BTreeMap<AsOf, Vec<Row>> = BTreeMap::new();
    for row in studies.into_iter().flat_map(|study| study.rows) {
        by_date.entry(row.asof.midnight()).or_default().push(row);
    }
    by_date
}
