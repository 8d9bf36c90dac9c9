//! A file or archive entry with bars, and the information in its name.

use std::path::PathBuf;

use bars::{Symbol, excerpt};

#[cfg(feature = "archive")]
use super::archive_file::ArchiveEntry;
use crate::error::Error;

/// Maximum number of characters of an interval in a message.
const MAX_INTERVAL: usize = 20;

const KRAKEN_INTERVALS: [&str; 8] = ["1", "5", "15", "30", "60", "240", "720", "1440"];
/// Extensions of bar files and archives.
pub(crate) const EXTENSIONS: [&str; 5] = [".csv", ".csv.gz", ".csv.zst", ".parquet", ".zip"];

/// Without the feature there are no entries.
#[cfg(not(feature = "archive"))]
#[derive(Clone, Debug)]
pub(super) enum ArchiveEntry {}

#[cfg(not(feature = "archive"))]
impl ArchiveEntry {
    pub(super) fn name(&self) -> &str {
        match *self {}
    }
}

/// A file or an entry of an archive.
#[derive(Clone, Debug)]
pub struct ImportFile {
    pub(super) path: PathBuf,
    /// The entry if `path` is an archive.
    pub(super) entry: Option<ArchiveEntry>,
    /// Symbol from the file's name or the caller; `None` if it must come from a column.
    pub(super) symbol: Option<Symbol>,
    /// Whether the file's name states one-minute bars.
    pub(super) is_named_minutes: bool,
    pub(super) bytes: u64,
}

impl ImportFile {
    /// The error of a row with another symbol than that of the caller or the file's name.
    pub(super) fn names_another(&self, named: &Symbol, symbol: &Symbol) -> Error {
        let shown = self.shown();
        let name = shown.file_name().unwrap_or_default().to_string_lossy();
        let reason = if FileName::parse(&name) == FileName::Minutes(symbol.clone()) {
            format!("contains symbol {named}, but its name states {symbol}; rename the file")
        } else {
            format!("contains symbol {named}, not the given symbol {symbol}; give no symbol")
        };
        Error::content(&shown, reason)
    }

    /// The path for messages; an entry is shown below its archive.
    pub(super) fn shown(&self) -> PathBuf {
        self.entry.as_ref().map_or_else(|| self.path.clone(), |entry| self.path.join(entry.name()))
    }
}

/// The information in a file's name.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum FileName {
    /// One-minute bars of a symbol.
    Minutes(Symbol),
    /// Bars of another interval.
    Other(String),
    /// No information.
    Plain,
}

impl FileName {
    pub(super) fn parse(name: &str) -> FileName {
        let stem = EXTENSIONS
            .iter()
            .rev()
            .find_map(|extension| name.strip_suffix(extension))
            .unwrap_or(name);
        let pair = |text: &str| {
            let plain = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'.';
            (!text.is_empty() && text.bytes().all(plain)).then(|| text.parse().ok()).flatten()
        };
        if let Some((base, interval)) = stem.rsplit_once('_')
            && let (Some(symbol), true) = (pair(base), KRAKEN_INTERVALS.contains(&interval))
        {
            return if interval == "1" {
                FileName::Minutes(symbol)
            } else {
                FileName::Other(format!("{interval} minutes"))
            };
        }
        let mut parts = stem.splitn(3, '-');
        if let (Some(base), Some(interval), Some(date)) = (parts.next(), parts.next(), parts.next())
            && let Some(symbol) = pair(base)
            && interval.len() >= 2
            && interval.as_bytes()[0].is_ascii_digit()
            && date.len() >= 7
            && date.bytes().all(|b| b.is_ascii_digit() || b == b'-')
        {
            return if interval == "1m" {
                FileName::Minutes(symbol)
            } else {
                FileName::Other(excerpt(interval, MAX_INTERVAL))
            };
        }
        FileName::Plain
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_give_symbol_and_interval() {
        let minutes = |symbol: &str| FileName::Minutes(symbol.parse().unwrap());
        assert_eq!(FileName::parse("XBTUSDC_1.csv"), minutes("XBTUSDC"));
        assert_eq!(FileName::parse("XBTUSDC_1.csv.gz"), minutes("XBTUSDC"));
        assert_eq!(FileName::parse("XBTUSDC_15.csv"), FileName::Other("15 minutes".into()));
        assert_eq!(FileName::parse("BTCUSDT-1m-2024-02.csv"), minutes("BTCUSDT"));
        assert_eq!(FileName::parse("BTCUSDT-1m-2024-02-03.zip"), minutes("BTCUSDT"));
        assert_eq!(FileName::parse("BTCUSDT-1h-2024-02.csv"), FileName::Other("1h".into()));
        for plain in
            ["bars.csv", "my_bars_1.csv", "market-2024-02.csv", "BARS_2.csv", "_1.csv", "é_1.csv"]
        {
            assert_eq!(FileName::parse(plain), FileName::Plain, "{plain}");
        }
    }
}
