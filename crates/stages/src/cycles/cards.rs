//! Summaries of clusters, in the form in which they are handed on.

use std::collections::BTreeMap;

use serde::Serialize;

use super::CycleRow;
use super::cluster::{Cluster, Clustered};

/// What every card tells.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Card {
    /// The cluster's name.
    pub cluster_id: String,
    /// Cycles in it.
    pub n_imfs: usize,
    /// Median period.
    pub median_period_days: f64,
    /// Deviation of the period.
    #[serde(rename = "MAD%_period")]
    pub mad_pct_period: Option<f64>,
    /// Median depth.
    pub median_amp_pct: f64,
    /// Deviation of the depth.
    #[serde(rename = "MAD%_amp")]
    pub mad_pct_amp: Option<f64>,
    /// Median energy share.
    pub median_energy_share: f64,
}

/// A card of a cluster over all symbols.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GlobalCard {
    /// What every card tells.
    #[serde(flatten)]
    pub card: Card,
    /// Reliability of the period.
    pub reliability_period: f64,
    /// Reliability of the depth.
    pub reliability_amp: f64,
    /// Some of the symbols in it, those whose cycle has the greatest energy share first.
    pub example_symbols: Vec<String>,
}

/// A card of a cluster within a symbol.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AssetCard {
    /// Which cycles were compared: `price`, `volume` or `mixed`. Names are unique together with it.
    pub series: &'static str,
    /// What every card tells.
    #[serde(flatten)]
    pub card: Card,
}

impl Card {
    fn new(cluster: &Cluster) -> Card {
        // JSON has no NaN.
        let known = |value: f64| value.is_finite().then_some(value);
        Card {
            cluster_id: cluster.id.clone(),
            n_imfs: cluster.size,
            median_period_days: cluster.median_period,
            mad_pct_period: known(cluster.mad_pct_period),
            median_amp_pct: cluster.median_amp,
            mad_pct_amp: known(cluster.mad_pct_amp),
            median_energy_share: cluster.median_energy_share,
        }
    }
}

/// The most symbols that a card names.
const EXAMPLES: usize = 5;

/// The cards of a pool, in the order of their numbers.
pub fn global(pool: &Clustered, rows: &[CycleRow]) -> Vec<GlobalCard> {
    let card = |cluster: &Cluster| GlobalCard {
        card: Card::new(cluster),
        reliability_period: cluster.reliability_period,
        reliability_amp: cluster.reliability_amp,
        example_symbols: examples(cluster, rows),
    };
    pool.global.iter().map(card).collect()
}

/// The cards of each symbol, by series and number.
pub fn asset(pools: &[Clustered]) -> BTreeMap<&str, Vec<AssetCard>> {
    let mut cards: BTreeMap<&str, Vec<AssetCard>> = BTreeMap::new();
    for pool in pools {
        for (symbol, clusters) in &pool.asset {
            let card = |cluster| AssetCard { series: pool.pool.name(), card: Card::new(cluster) };
            cards.entry(symbol).or_default().extend(clusters.iter().map(card));
        }
    }
    cards
}

/// Distinct symbols of a cluster by their greatest energy share, then by name.
fn examples(cluster: &Cluster, rows: &[CycleRow]) -> Vec<String> {
    let mut greatest: BTreeMap<&str, f64> = BTreeMap::new();
    for row in cluster.rows.iter().map(|place| &rows[*place]) {
        if let Some((_, features)) = &row.cycle {
            let share = greatest.entry(row.symbol.as_str()).or_insert(features.energy_share);
            *share = share.max(features.energy_share);
        }
    }
    let mut symbols: Vec<(&str, f64)> = greatest.into_iter().collect();
    // Stable: equal shares stay in the order of the names.
    symbols.sort_by(|a, b| b.1.total_cmp(&a.1));
    symbols.into_iter().take(EXAMPLES).map(|(symbol, _)| symbol.to_owned()).collect()
}
