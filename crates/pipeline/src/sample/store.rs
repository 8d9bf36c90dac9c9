//! A sample market in a store, with its truth file.

use std::path::Path;

use bars::BarTime;
use bars_io::atomic::TempFiles;
use bars_io::store::Store;
use bars_io::{Entry, Source, Target};

use super::Market;
use crate::artifacts::write_json;
use crate::error::{Error, Result};
use crate::observer::Observer;

impl Market {
    /// Checks that a store, if it exists, has no bars of another market: the file `truth` would not
    /// describe the mixture.
    ///
    /// # Errors
    /// [`Error::Parameter`] if it has, or the store cannot be read.
    ///
    /// ```
    /// use bars_io::atomic::TempFiles;
    /// use bars_io::store::StoreWriter;
    /// use pipeline::observer::Silent;
    /// use pipeline::sample::{Market, MarketSettings};
    ///
    /// let folder = tempfile::tempdir()?;
    /// let (store, truth) = (folder.path().join("bars"), folder.path().join("truth.json"));
    /// let settings = MarketSettings { symbols: 2, days: 1, ..Default::default() };
    /// let (market, temp) = (Market::new(settings), TempFiles::default());
    /// market.check_store(&store, &truth)?;
    /// market.write_with_truth(&StoreWriter::open(&store, &temp)?, &truth, &temp, &Silent)?;
    /// market.check_store(&store, &truth)?;
    /// let other = Market::new(MarketSettings { seed: 2, ..settings });
    /// assert!(other.check_store(&store, &truth).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn check_store(&self, store: &Path, truth: &Path) -> Result<()> {
        let Ok(source) = Store::open(store, BarTime::Open) else { return Ok(()) };
        let (start, end) = self.span();
        let is_other =
            |entry: &Entry| !self.has(&entry.symbol) || entry.first < start || entry.last >= end;
        let has_others = source.catalog()?.iter().any(is_other);
        let truth = bars_io::regular::read(truth)
            .ok()
            .and_then(|bytes| serde_json::from_slice::<serde_json::Value>(&bytes).ok());
        if has_others || truth.is_some_and(|truth| !self.is_that_of(&truth)) {
            let reason = format!(
                "{} already has bars that are not of this market; give another folder, or remove that one first",
                store.display()
            );
            return Err(Error::parameter("output", reason));
        }
        Ok(())
    }

    /// Writes the market to `target`, then the file `truth`. Because that is last, its existence
    /// means that the market is complete.
    ///
    /// # Errors
    /// If a file or the target cannot be written, or the observer cancels.
    pub fn write_with_truth(
        &self,
        target: &dyn Target,
        truth: &Path,
        temp: &TempFiles,
        observer: &dyn Observer,
    ) -> Result<()> {
        let planted = self.write(target, observer)?;
        Ok(write_json(truth, &planted, temp)?.commit()?)
    }
}
