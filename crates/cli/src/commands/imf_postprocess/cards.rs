//! Whether cards belong to a summary.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use bars_io::Error;
use serde_json::Value;
use stages::cycles::Series;
use stages::cycles::cluster::Pool;

use super::Flags;
use super::beside::json;
use super::summary::Summary;

/// How often each cluster of some kind comes up.
type Counts = BTreeMap<String, usize>;

/// Compares the cards that were named, or else stand in `folder`, with the summary.
///
/// # Errors
/// Names the first cluster that differs.
pub(super) fn check(flags: &Flags, folder: &Path, summary: &Summary) -> bars_io::Result<()> {
    let is_mixed =
        summary.cycles.iter().any(|cycle| cycle.cluster_id_global.starts_with(Pool::Mixed.prefix()));
    let pools = [
        (Pool::Price, &flags.cards_price),
        (Pool::Volume, &flags.cards_volume),
        (Pool::Mixed, &flags.cards_mixed),
    ];
    for (pool, named) in pools {
        let name = format!("cluster_cards_global_{}.json", pool.name());
        // Those of the other kind that may stand beside are of another run.
        let is_its = is_mixed == (pool == Pool::Mixed);
        if let Some(path) = place(named.as_ref(), folder, &name, is_its) {
            same(&path, &global(&path)?, &of_pool(summary, pool))?;
        }
    }
    if let Some(path) = place(flags.cards_asset.as_ref(), folder, "cluster_cards_asset.json", true) {
        same(&path, &asset(&path)?, &of_symbols(summary, is_mixed))?;
    }
    Ok(())
}

/// The cards that were named, else those of that name in `folder` where they are looked for there.
fn place(named: Option<&PathBuf>, folder: &Path, name: &str, beside: bool) -> Option<PathBuf> {
    let beside = || Some(folder.join(name)).filter(|path| beside && path.exists());
    named.cloned().or_else(beside)
}

/// Cycles per cluster over all symbols, as the summary has them.
fn of_pool(summary: &Summary, pool: Pool) -> Counts {
    let takes_part = |series: Series| match pool {
        Pool::Price => series == Series::Price,
        Pool::Volume => series == Series::Volume,
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

/// Cycles per cluster within a symbol, likewise.
fn of_symbols(summary: &Summary, is_mixed: bool) -> Counts {
    let mut counts = Counts::new();
    for (cycle, cluster) in summary.cycles.iter().zip(&summary.asset_clusters) {
        let series = if is_mixed { Pool::Mixed.name() } else { cycle.series.name() };
        if let Some(cluster) = cluster {
            *counts.entry(format!("{cluster} ({series})")).or_default() += 1;
        }
    }
    counts
}

/// Cycles per cluster over all symbols, as the cards have them.
fn global(path: &Path) -> bars_io::Result<Counts> {
    let value = json(path)?;
    let cards = value.as_array().ok_or_else(|| no_cards(path, "a list"))?;
    cards.iter().map(|card| counted(path, card)).collect()
}

/// Cycles per cluster within a symbol, likewise.
fn asset(path: &Path) -> bars_io::Result<Counts> {
    let value = json(path)?;
    let symbols = value.as_object().ok_or_else(|| no_cards(path, "lists by symbol"))?;
    let mut counts = Counts::new();
    for cards in symbols.values() {
        for card in cards.as_array().ok_or_else(|| no_cards(path, "lists by symbol"))? {
            let (id, count) = counted(path, card)?;
            let series = card["series"].as_str().unwrap_or_default();
            counts.insert(format!("{id} ({series})"), count);
        }
    }
    Ok(counts)
}

fn counted(path: &Path, card: &Value) -> bars_io::Result<(String, usize)> {
    let (id, count) = (card["cluster_id"].as_str(), card["n_imfs"].as_u64());
    let (Some(id), Some(count)) = (id, count) else {
        return Err(no_cards(path, "cards with cluster_id and n_imfs"));
    };
    Ok((id.to_owned(), usize::try_from(count).unwrap_or(usize::MAX)))
}

fn no_cards(path: &Path, what: &str) -> Error {
    Error::content(
        path,
        format!("these are no cards of imf-stage: {what} would be; name the file that it wrote"),
    )
}

fn same(path: &Path, cards: &Counts, summary: &Counts) -> bars_io::Result<()> {
    let all: std::collections::BTreeSet<&String> = cards.keys().chain(summary.keys()).collect();
    let Some(first) = all.into_iter().find(|id| cards.get(*id) != summary.get(*id)) else { return Ok(()) };
    let cycles = |counts: &Counts| match counts.get(first) {
        Some(1) => "1 cycle".to_owned(),
        Some(n) => format!("{n} cycles"),
        None => "none of that name".to_owned(),
    };
    let reason = format!(
        "these cards are not of this summary: {first} has {} by the cards, {} in the summary; name the cards of the same run",
        cycles(cards),
        cycles(summary)
    );
    Err(Error::content(path, reason))
}
