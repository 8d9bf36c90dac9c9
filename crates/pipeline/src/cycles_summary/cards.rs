//! Checks that cards belong to a table of cycles.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use stages::cycles::SignalKind;
use stages::cycles::cluster::Pool;

use super::CardFiles;
use crate::artifacts::cards::{self, RecordedCard, cards_name};
use crate::artifacts::cycles_table::CyclesTable;
use crate::artifacts::names;
use crate::error::{Error, Result};

/// Number of cycles per cluster.
type Counts = BTreeMap<String, usize>;

/// Compares the given cards, or those in `folder`, with the table of cycles.
///
/// # Errors
/// A cluster differs; the message names the first one.
pub(super) fn check(files: &CardFiles, folder: &Path, summary: &CyclesTable) -> Result<()> {
    let is_mixed = summary
        .cycles
        .iter()
        .any(|cycle| cycle.cluster_id_global.starts_with(Pool::Mixed.prefix()));
    let pools =
        [(Pool::Price, &files.price), (Pool::Volume, &files.volume), (Pool::Mixed, &files.mixed)];
    for (pool, named) in pools {
        let name = cards_name(pool);
        // Cards of the other kind in the folder belong to another run.
        let is_its = is_mixed == (pool == Pool::Mixed);
        if let Some(path) = place(named.as_ref(), folder, &name, is_its) {
            same(&path, &global(&path)?, &of_pool(summary, pool))?;
        }
    }
    if let Some(path) = place(files.asset.as_ref(), folder, names::CYCLES_CARDS_ASSET, true) {
        same(&path, &asset(&path)?, &of_symbols(summary, is_mixed))?;
    }
    Ok(())
}

/// Returns the given file, or else the one named `name` in `folder` if it is expected there.
fn place(named: Option<&PathBuf>, folder: &Path, name: &str, is_default: bool) -> Option<PathBuf> {
    let in_folder = || Some(folder.join(name)).filter(|path| is_default && path.exists());
    named.cloned().or_else(in_folder)
}

/// Number of cycles per cluster over all symbols, according to the table.
fn of_pool(summary: &CyclesTable, pool: Pool) -> Counts {
    let takes_part = |series: SignalKind| match pool {
        Pool::Price => series == SignalKind::Price,
        Pool::Volume => series == SignalKind::Volume,
        Pool::Mixed => true,
    };
    let mut counts = Counts::new();
    for cycle in &summary.cycles {
        if takes_part(cycle.series) && !cycle.cluster_id_global.is_empty() {
            *counts.entry(cycle.cluster_id_global.clone()).or_default() += 1;
        }
    }
    counts
}

/// Number of cycles per cluster within a symbol, according to the table.
fn of_symbols(summary: &CyclesTable, is_mixed: bool) -> Counts {
    let mut counts = Counts::new();
    for (cycle, cluster) in summary.cycles.iter().zip(&summary.asset_clusters) {
        let series = if is_mixed { Pool::Mixed.name() } else { cycle.series.name() };
        if let Some(cluster) = cluster {
            *counts.entry(format!("{cluster} ({series})")).or_default() += 1;
        }
    }
    counts
}

/// Number of cycles per cluster over all symbols, according to the cards.
fn global(path: &Path) -> Result<Counts> {
    Ok(cards::read_global(path)?.into_iter().map(|card| (card.cluster_id, card.n_imfs)).collect())
}

/// Number of cycles per cluster within a symbol, according to the cards.
fn asset(path: &Path) -> Result<Counts> {
    let name = |card: RecordedCard| (format!("{} ({})", card.cluster_id, card.series), card.n_imfs);
    Ok(cards::read_asset(path)?.into_iter().map(name).collect())
}

fn same(path: &Path, cards: &Counts, summary: &Counts) -> Result<()> {
    let all: std::collections::BTreeSet<&String> = cards.keys().chain(summary.keys()).collect();
    let Some(first) = all.into_iter().find(|id| cards.get(*id) != summary.get(*id)) else {
        return Ok(());
    };
    let cycles = |counts: &Counts| match counts.get(first) {
        Some(1) => "1 cycle".to_owned(),
        Some(n) => format!("{n} cycles"),
        None => "no such cluster".to_owned(),
    };
    let reason = format!(
        "these cards do not belong to the summary: {first} has {} in the cards, {} in the summary; give the cards of the same run",
        cycles(cards),
        cycles(summary)
    );
    Err(Error::artifact(path, reason))
}
