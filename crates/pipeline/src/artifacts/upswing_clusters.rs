//! `imf_clusters_*.json`: clusters of upswings per symbol and window; and the text file next to it.

use std::path::{Path, PathBuf};

use bars::Window;
use bars_io::atomic::{FinishedFile, TempFiles};
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use stages::cohort_cycles::clusters::SwingClusters;
use stages::cohort_cycles::{SymbolUpswings, WindowUpswings};

use super::csv_text::quoted;
use super::{read_json, unexpected, write_json};
use crate::error::Result;

/// The JSON file: symbols in order, each with its windows, ascending.
struct BySymbol<'a>(&'a [SymbolUpswings]);

impl Serialize for BySymbol<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(
            self.0.iter().map(|symbol| (symbol.symbol.as_str(), ByWindow(&symbol.windows))),
        )
    }
}

struct ByWindow<'a>(&'a [WindowUpswings]);

impl Serialize for ByWindow<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let none = SwingClusters::default();
        serializer.collect_map(
            self.0
                .iter()
                .map(|study| (study.window.to_string(), study.clusters.as_ref().unwrap_or(&none))),
        )
    }
}

/// Writes both files, ready to be committed. The text has one line per symbol with the median
/// duration and amplitude of its strongest cluster, or `NA`; a symbol with a comma or a quote is quoted.
pub(crate) fn write(
    [json, text]: &[PathBuf; 2],
    symbols: &[SymbolUpswings],
    temp: &TempFiles,
) -> Result<Vec<FinishedFile>> {
    let mut lines = String::new();
    for symbol in symbols {
        let (mut duration, mut amplitude) = (zmij::Buffer::new(), zmij::Buffer::new());
        let strongest = symbol.strongest().map(|(_, cluster)| {
            let duration = duration.format_finite(cluster.median_duration_min);
            (duration, amplitude.format_finite(cluster.median_amplitude_pct))
        });
        let (duration, amplitude) = strongest.unwrap_or(("NA", "NA"));
        lines += &format!("{}, {duration}, {amplitude}\n", quoted(symbol.symbol.as_str()));
    }
    Ok(vec![write_json(json, &BySymbol(symbols), temp)?, temp.write_temp(text, lines.as_bytes())?])
}

/// The clusters of a symbol as read from the file.
#[derive(Debug)]
pub(crate) struct RecordedUpswings {
    pub(crate) symbol: String,
    /// By window, in file order (ascending).
    pub(crate) windows: Vec<(Window, RecordedClusters)>,
}

/// The clusters of a window by both methods.
#[derive(Debug, Deserialize)]
pub(crate) struct RecordedClusters {
    pub(crate) gmm: Vec<RecordedCluster>,
    pub(crate) dbscan: Vec<RecordedCluster>,
}

/// A cluster; `None` for a number that is not finite.
#[derive(Debug, Deserialize)]
pub(crate) struct RecordedCluster {
    pub(crate) count: usize,
    pub(crate) median_amplitude_pct: Option<f64>,
    pub(crate) median_duration_min: Option<f64>,
    pub(crate) median_total_volume: Option<f64>,
}

/// Reads the JSON file.
///
/// # Errors
/// If it is missing or has another format.
pub(crate) fn read(path: &Path) -> Result<Vec<RecordedUpswings>> {
    let symbols: Map<String, Value> = read_json(path)?;
    let symbol = |(symbol, windows): (String, Value)| {
        let windows: Map<String, Value> =
            serde_json::from_value(windows).map_err(|e| unexpected(path, e))?;
        let window = |(window, clusters): (String, Value)| {
            let window = window.parse().map_err(|e: bars::Error| unexpected(path, e))?;
            Ok((window, serde_json::from_value(clusters).map_err(|e| unexpected(path, e))?))
        };
        Ok(RecordedUpswings {
            symbol,
            windows: windows.into_iter().map(window).collect::<Result<_>>()?,
        })
    };
    symbols.into_iter().map(symbol).collect()
}

#[cfg(test)]
mod tests {
    use bars_io::atomic::commit_all;

    use super::*;

    #[test]
    fn symbols_with_commas_are_quoted() {
        let folder = tempfile::tempdir().unwrap();
        let paths = ["c.json", "c.txt"].map(|name| folder.path().join(name));
        let symbols = ["A/B", "A, 1, 2", "A\"B"]
            .map(|symbol| SymbolUpswings { symbol: symbol.parse().unwrap(), windows: Vec::new() });
        commit_all(write(&paths, &symbols, &TempFiles::default()).unwrap()).unwrap();
        let text = std::fs::read_to_string(&paths[1]).unwrap();
        assert_eq!(text, "A/B, NA, NA\n\"A, 1, 2\", NA, NA\n\"A\"\"B\", NA, NA\n");
        let mut csv = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
        let read: Vec<String> =
            csv.records().map(|record| record.unwrap().get(0).unwrap().to_owned()).collect();
        assert_eq!(read, symbols.map(|symbol| symbol.symbol.as_str().to_owned()));
    }
}
