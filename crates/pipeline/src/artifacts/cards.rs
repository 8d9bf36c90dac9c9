//! `cluster_cards_*.json`: cards of clusters of cycles, over all symbols and within symbols.

use std::collections::BTreeMap;
use std::path::Path;

use bars_io::atomic::{FinishedFile, TempFiles};
use serde::Deserialize;
use stages::cycles::cards::{AssetCard, GlobalCard};
use stages::cycles::cluster::Pool;

use super::{read_json, write_json};
use crate::error::Result;

/// The file of a pool's cards.
pub fn cards_name(pool: Pool) -> String {
    format!("cluster_cards_global_{}.json", pool.name())
}

/// Writes the cards of a pool, ready to be committed to `path`.
pub(crate) fn write_global(
    path: &Path,
    cards: &[GlobalCard],
    temp: &TempFiles,
) -> Result<FinishedFile> {
    write_json(path, &cards, temp)
}

/// Writes the cards within symbols, by symbol, ready to be committed to `path`.
pub(crate) fn write_asset(
    path: &Path,
    cards: &BTreeMap<&str, Vec<AssetCard>>,
    temp: &TempFiles,
) -> Result<FinishedFile> {
    write_json(path, cards, temp)
}

/// The fields of a card that are read.
#[derive(Debug, Deserialize)]
pub(crate) struct RecordedCard {
    pub(crate) cluster_id: String,
    /// Number of cycles.
    pub(crate) n_imfs: usize,
    /// Only in cards within symbols.
    #[serde(default)]
    pub(crate) series: String,
}

/// Reads the cards of a pool.
///
/// # Errors
/// If the file is missing or has another format.
pub(crate) fn read_global(path: &Path) -> Result<Vec<RecordedCard>> {
    read_json(path)
}

/// Reads the cards within symbols.
///
/// # Errors
/// If the file is missing or has another format.
pub(crate) fn read_asset(path: &Path) -> Result<Vec<RecordedCard>> {
    let symbols: BTreeMap<String, Vec<RecordedCard>> = read_json(path)?;
    Ok(symbols.into_values().flatten().collect())
}
