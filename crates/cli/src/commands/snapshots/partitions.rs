//! Where snapshots stand.

use std::path::{Path, PathBuf};

use bars::AsOf;
use bars_io::Error;

use crate::output::table::Format;

/// The partitions of a run, a folder per date.
pub(super) struct Partitions<'a> {
    pub(super) out: &'a Path,
    pub(super) name: &'static str,
    pub(super) format: Format,
}

impl Partitions<'_> {
    fn folder(&self, asof: AsOf) -> PathBuf {
        self.out.join(format!("dt={}", asof.date()))
    }

    fn table(&self, asof: AsOf, format: Format) -> PathBuf {
        self.folder(asof).join(format!("{}_snapshot.{}", self.name, format.extension()))
    }

    /// The table of a date.
    pub(super) fn file(&self, asof: AsOf) -> PathBuf {
        self.table(asof, self.format)
    }

    /// The schema of a date's table.
    pub(super) fn schema(&self, asof: AsOf) -> PathBuf {
        self.folder(asof).join(format!("{}_snapshot.schema.json", self.name))
    }

    /// Removes the tables of these dates that an earlier run wrote in the other form: a partition is replaced, and its schema
    /// is that of the table which is there.
    pub(super) fn remove_other_form(&self, asofs: &[AsOf]) -> bars_io::Result<()> {
        let other = match self.format {
            Format::Parquet => Format::Csv,
            Format::Csv => Format::Parquet,
        };
        for date in asofs.chunk_by(|a, b| a.midnight() == b.midnight()) {
            let place = self.table(date[0], other);
            if place.exists() {
                std::fs::remove_file(&place).map_err(|e| Error::io("remove", &place, e))?;
            }
        }
        Ok(())
    }
}
