//! Cluster cards: summaries of clusters for the JSON outputs.

use std::collections::BTreeMap;

use serde::Serialize;

use super::CycleRow;
use super::cluster::{Cluster, Clustered};

/// Fields of every card.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Card {
    /// The cluster's name.
    pub cluster_id: String,
    /// Number of cycles.
    pub n_imfs: usize,
    /// Median period in days.
    pub median_period_days: f64,
    /// 1.4826 MAD of the period in percent of the median; `None` if undefined.
    #[serde(rename = "MAD%_period")]
    pub mad_pct_period: Option<f64>,
    /// Median depth in percent.
    pub median_amp_pct: f64,
    /// 1.4826 MAD of the depth in percent of the median; `None` if undefined.
    #[serde(rename = "MAD%_amp")]
    pub mad_pct_amp: Option<f64>,
    /// Median energy share.
    pub median_energy_share: f64,
}

/// The card of a cluster over all symbols.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GlobalCard {
    /// Common fields.
    #[serde(flatten)]
    pub card: Card,
    /// Reliability of the period.
    pub reliability_period: f64,
    /// Reliability of the depth.
    pub reliability_amp: f64,
    /// Up to five symbols, ordered by descending energy share of their cycle.
    pub example_symbols: Vec<String>,
}

/// The card of a cluster within a symbol.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AssetCard {
    /// The pool: `price`, `volume` or `mixed`. Cluster names are unique within it.
    pub series: &'static str,
    /// Common fields.
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

/// Maximum number of symbols on a card.
const EXAMPLES: usize = 5;

/// Returns the cards of a pool, ordered by cluster number.
pub fn global(pool: &Clustered, rows: &[CycleRow]) -> Vec<GlobalCard> {
    let card = |cluster: &Cluster| GlobalCard {
        card: Card::new(cluster),
        reliability_period: cluster.reliability_period,
        reliability_amp: cluster.reliability_amp,
        example_symbols: examples(cluster, rows),
    };
    pool.global.iter().map(card).collect()
}

/// Returns the cards of each symbol, ordered by series and cluster number.
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

/// Returns the distinct symbols of a cluster, ordered by largest energy share, then by name.
fn examples(cluster: &Cluster, rows: &[CycleRow]) -> Vec<String> {
    let mut greatest: BTreeMap<&str, f64> = BTreeMap::new();
    for row in cluster.rows.iter().map(|place| &rows[*place]) {
        if let Some((_, features)) = &row.cycle {
            let share = greatest.entry(row.symbol.as_str()).or_insert(features.energy_share);
            *share = share.max(features.energy_share);
        }
    }
    let mut symbols: Vec<(&str, f64)> = greatest.into_iter().collect();
    // The sort is stable: equal shares stay ordered by name.
    symbols.sort_by(|a, b| b.1.total_cmp(&a.1));
    symbols.into_iter().take(EXAMPLES).map(|(symbol, _)| symbol.to_owned()).collect()
}
