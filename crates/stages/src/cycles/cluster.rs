//! Clusters cycles across all symbols and within each symbol.

use std::collections::BTreeMap;

use clustering::scale::RobustScaler;
use clustering::{Labels, Points, hdbscan, kmeans, ward};

use super::imf::Features;
use super::{CycleRow, SignalKind};
use crate::stats::percentile;

/// The features that are clustered, in order.
pub const FEATURES: [&str; 6] =
    ["period_days", "amp_pct", "energy_share", "cycles_count", "pct_cycles_ge_2pct", "phase_var"];

/// Minimum size of an HDBSCAN cluster.
pub const MIN_CLUSTER_SIZE: usize = 8;

/// Maximum number of k-means clusters.
pub const MAX_CLUSTERS: usize = 12;

/// Number of k-means starts.
pub const STARTS: usize = 10;

/// Seed of k-means.
pub const SEED: u64 = 1337;

/// Cycles of one symbol are merged while the Ward distance of their log periods is below this.
pub const WARD_DISTANCE: f64 = 0.10;

/// The number of the first singleton, a cycle without a cluster.
pub const FIRST_SINGLETON: usize = 90_001;

/// A set of cycles that are clustered together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pool {
    /// Cycles of price.
    Price,
    /// Cycles of volume.
    Volume,
    /// All cycles.
    Mixed,
}

impl Pool {
    /// Its name in files.
    pub fn name(self) -> &'static str {
        match self {
            Pool::Price => "price",
            Pool::Volume => "volume",
            Pool::Mixed => "mixed",
        }
    }

    /// Prefix of its clusters' names.
    pub fn prefix(self) -> &'static str {
        match self {
            Pool::Price => "GP",
            Pool::Volume => "GV",
            Pool::Mixed => "GM",
        }
    }

    /// Lists the pools.
    pub fn all(mixed: bool) -> &'static [Pool] {
        if mixed { &[Pool::Mixed] } else { &[Pool::Price, Pool::Volume] }
    }

    /// Returns whether a row belongs to the pool.
    fn has(self, row: &CycleRow) -> bool {
        match self {
            Pool::Price => row.series == SignalKind::Price,
            Pool::Volume => row.series == SignalKind::Volume,
            Pool::Mixed => true,
        }
    }
}

/// A cluster of cycles.
#[derive(Debug, Clone, PartialEq)]
pub struct Cluster {
    /// Name, such as `GP0001`.
    pub id: String,
    /// Number of cycles.
    pub size: usize,
    /// Median period in days.
    pub median_period: f64,
    /// 1.4826 MAD of the period in percent of the median; NaN for a single cycle or a median of 0.
    pub mad_pct_period: f64,
    /// Median depth in percent.
    pub median_amp: f64,
    /// The same of the depth.
    pub mad_pct_amp: f64,
    /// `exp(-MAD% / 25)` of the period; 0 if undefined.
    pub reliability_period: f64,
    /// The same of the depth.
    pub reliability_amp: f64,
    /// Median energy share.
    pub median_energy_share: f64,
    /// Indices of its rows.
    pub rows: Vec<usize>,
}

/// The method that produced a pool's clusters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// No cycles.
    Empty,
    /// HDBSCAN.
    Hdbscan,
    /// K-means, because HDBSCAN found no cluster.
    KMeans,
    /// One cluster, because there are too few distinct cycles for k-means.
    OneCluster,
}

impl Method {
    /// Its name in files.
    pub fn name(self) -> &'static str {
        match self {
            Method::Empty => "empty",
            Method::Hdbscan => "hdbscan",
            Method::KMeans => "kmeans",
            Method::OneCluster => "one_cluster",
        }
    }
}

/// The clusters of a pool.
#[derive(Debug, Clone, PartialEq)]
pub struct Clustered {
    /// Which pool.
    pub pool: Pool,
    /// Scaling of the features.
    pub scaler: RobustScaler,
    /// The method of the clusters over all symbols.
    pub method: Method,
    /// Clusters over all symbols, ordered by number.
    pub global: Vec<Cluster>,
    /// Clusters within each symbol, ordered by symbol.
    pub asset: Vec<(String, Vec<Cluster>)>,
}

impl Clustered {
    /// Number of cycles.
    pub fn cycles(&self) -> usize {
        self.global.iter().map(|cluster| cluster.rows.len()).sum()
    }
}

/// Clusters the cycles of `rows`, which are ordered by series, symbol and mode. Stubs are ignored.
///
/// ```
/// use stages::cycles::cluster::cluster;
/// use stages::cycles::imf::Features;
/// use stages::cycles::{CycleRow, SignalKind, Status};
///
/// let cycle = |symbol: &str, period_days: f64| {
///     let features = Features {
///         period_days,
///         amp_pct: 3.0,
///         energy_share: 0.2,
///         cycles_count: 40,
///         pct_cycles_ge_gate: 80.0,
///         phase_var: 0.3,
///     };
///     let symbol = symbol.parse().unwrap();
///     let cycle = Some((0, features));
///     CycleRow { symbol, series: SignalKind::Price, status: Status::Ok, cycle, fusion: None }
/// };
/// let rows = [cycle("A/USD", 1.0), cycle("B/USD", 1.0)];
/// let pools = cluster(&rows, false);
/// // Equal cycles are one cluster.
/// assert_eq!(pools[0].global.len(), 1);
/// assert_eq!(pools[0].global[0].id, "GP0001");
/// assert_eq!(pools[0].global[0].rows, [0, 1]);
/// // There are no cycles of volume.
/// assert_eq!(pools[1].cycles(), 0);
/// ```
pub fn cluster(rows: &[CycleRow], mixed: bool) -> Vec<Clustered> {
    Pool::all(mixed).iter().map(|pool| of_pool(rows, *pool)).collect()
}

fn of_pool(rows: &[CycleRow], pool: Pool) -> Clustered {
    let cycle =
        |(place, row): (usize, &CycleRow)| pool.has(row).then(|| Some((place, row.cycle?.1)))?;
    let cycles: Vec<(usize, Features)> = rows.iter().enumerate().filter_map(cycle).collect();
    let raw: Vec<[f64; 6]> = cycles.iter().map(|(_, features)| point(features)).collect();
    let (scaler, labels, method) = global(&raw).unwrap_or_else(|_| one_cluster(raw.len()));
    let mut alone = Vec::new();
    let mut groups: BTreeMap<usize, Vec<(usize, Features)>> = BTreeMap::new();
    for (cycle, label) in cycles.iter().zip(labels) {
        match label {
            Some(label) => groups.entry(label).or_default().push(*cycle),
            None => alone.push(vec![*cycle]),
        }
    }
    let mut global = numbered(groups.into_values().collect(), pool.prefix(), 1);
    let alone = alone.into_iter().zip(FIRST_SINGLETON..);
    global.extend(alone.map(|(one, number)| Cluster::new(one, named(pool.prefix(), number))));
    Clustered { pool, scaler, method, global, asset: within_symbols(rows, &cycles) }
}

/// A cycle's features as a point.
fn point(features: &Features) -> [f64; 6] {
    [
        features.period_days,
        features.amp_pct,
        features.energy_share,
        features.cycles_count as f64,
        features.pct_cycles_ge_gate,
        features.phase_var,
    ]
}

fn global(raw: &[[f64; 6]]) -> Result<(RobustScaler, Labels, Method), clustering::Error> {
    let raw = Points::new(raw.as_flattened(), 6)?;
    let scaler = RobustScaler::fit(raw);
    if raw.is_empty() {
        return Ok((scaler, Vec::new(), Method::Empty));
    }
    let scaled = scaler.transform(raw)?;
    let points = Points::new(&scaled, 6)?;
    let leaves = hdbscan::leaf_clusters(points, MIN_CLUSTER_SIZE);
    if leaves.iter().any(Option::is_some) {
        return Ok((scaler, leaves, Method::Hdbscan));
    }
    Ok(match kmeans::select_k(points, MAX_CLUSTERS, STARTS, SEED) {
        Some(selection) => {
            (scaler, selection.labels.into_iter().map(Some).collect(), Method::KMeans)
        }
        None => (scaler, vec![Some(0); points.len()], Method::OneCluster),
    })
}

/// The clustering of features that are not finite.
fn one_cluster(cycles: usize) -> (RobustScaler, Labels, Method) {
    let scaler = RobustScaler { center: vec![0.0; 6], scale: vec![1.0; 6] };
    (scaler, vec![Some(0); cycles], Method::OneCluster)
}

/// Clusters each symbol's cycles by period.
fn within_symbols(rows: &[CycleRow], cycles: &[(usize, Features)]) -> Vec<(String, Vec<Cluster>)> {
    let mut by_symbol: BTreeMap<&str, Vec<(usize, Features)>> = BTreeMap::new();
    for cycle in cycles {
        by_symbol.entry(rows[cycle.0].symbol.as_str()).or_default().push(*cycle);
    }
    let of_symbol = |(symbol, cycles): (&str, Vec<(usize, Features)>)| {
        let periods: Vec<f64> = cycles.iter().map(|(_, f)| libm::log(f.period_days)).collect();
        // Periods are positive and finite; otherwise the symbol gets one group.
        let near = ward::groups(&periods, WARD_DISTANCE).unwrap_or_else(|_| vec![0; periods.len()]);
        let mut groups: BTreeMap<usize, Vec<(usize, Features)>> = BTreeMap::new();
        for (cycle, group) in cycles.into_iter().zip(near) {
            groups.entry(group).or_default().push(cycle);
        }
        (symbol.to_owned(), numbered(groups.into_values().collect(), &format!("A:{symbol}:"), 1))
    };
    by_symbol.into_iter().map(of_symbol).collect()
}

/// Numbers and names clusters: largest first, then by shorter median period, then by first row.
fn numbered(groups: Vec<Vec<(usize, Features)>>, prefix: &str, first: usize) -> Vec<Cluster> {
    let mut clusters: Vec<Cluster> =
        groups.into_iter().map(|group| Cluster::new(group, String::new())).collect();
    clusters.sort_by(|a, b| {
        let by_period = || a.median_period.total_cmp(&b.median_period);
        b.size.cmp(&a.size).then_with(by_period).then_with(|| a.rows.cmp(&b.rows))
    });
    for (cluster, number) in clusters.iter_mut().zip(first..) {
        cluster.id = named(prefix, number);
    }
    clusters
}

fn named(prefix: &str, number: usize) -> String {
    format!("{prefix}{number:04}")
}

impl Cluster {
    fn new(cycles: Vec<(usize, Features)>, id: String) -> Cluster {
        let column = |of: fn(&Features) -> f64| {
            let mut column: Vec<f64> = cycles.iter().map(|(_, features)| of(features)).collect();
            column.sort_by(f64::total_cmp);
            column
        };
        let (periods, amps) = (column(|f| f.period_days), column(|f| f.amp_pct));
        let (mad_pct_period, mad_pct_amp) = (mad_pct(&periods), mad_pct(&amps));
        Cluster {
            id,
            size: cycles.len(),
            median_period: percentile(&periods, 50.0),
            mad_pct_period,
            median_amp: percentile(&amps, 50.0),
            mad_pct_amp,
            reliability_period: reliability(mad_pct_period),
            reliability_amp: reliability(mad_pct_amp),
            median_energy_share: percentile(&column(|f| f.energy_share), 50.0),
            rows: cycles.into_iter().map(|(row, _)| row).collect(),
        }
    }

    /// The number in its name.
    pub fn number(&self) -> Option<usize> {
        number_of(&self.id)
    }
}

/// Returns the number at the end of a cluster's name.
pub fn number_of(id: &str) -> Option<usize> {
    let digits = id.len() - id.bytes().rev().take_while(u8::is_ascii_digit).count();
    id[digits..].parse().ok()
}

/// Returns 1.4826 MAD in percent of the median of sorted values; NaN for fewer than two values and
/// for a median of 0.
pub fn mad_pct(sorted: &[f64]) -> f64 {
    if sorted.len() < 2 {
        return f64::NAN;
    }
    let median = percentile(sorted, 50.0);
    if median == 0.0 {
        return f64::NAN;
    }
    let mut deviations: Vec<f64> = sorted.iter().map(|x| (x - median).abs()).collect();
    deviations.sort_by(f64::total_cmp);
    1.4826 * percentile(&deviations, 50.0) / median.abs() * 100.0
}

/// `exp(-MAD% / 25)`; 0 if undefined.
fn reliability(mad_pct: f64) -> f64 {
    if mad_pct.is_nan() { 0.0 } else { libm::exp(-mad_pct / 25.0) }
}

#[cfg(test)]
mod tests {
    use super::super::Status;
    use super::*;

    fn row(symbol: &str, series: SignalKind, id: usize, period_days: f64) -> CycleRow {
        let features = Features {
            period_days,
            amp_pct: 4.0,
            energy_share: 0.1,
            cycles_count: 10,
            pct_cycles_ge_gate: 50.0,
            phase_var: 0.1,
        };
        let symbol = symbol.parse().unwrap();
        CycleRow { symbol, series, status: Status::Ok, cycle: Some((id, features)), fusion: None }
    }

    #[test]
    fn stubs_give_no_clusters() {
        let stub = CycleRow::stub(&"A".parse().unwrap(), SignalKind::Price, Status::NoData);
        for pool in cluster(&[stub], false) {
            assert_eq!((pool.method, pool.global.len(), pool.asset.len()), (Method::Empty, 0, 0));
        }
    }

    #[test]
    fn a_single_row_is_one_cluster_without_a_deviation() {
        let found = cluster(&[row("A", SignalKind::Price, 0, 2.0)], false);
        assert_eq!(found[0].method, Method::OneCluster);
        let [only] = &found[0].global[..] else { panic!("{found:?}") };
        assert_eq!((only.id.as_str(), only.size, only.reliability_period), ("GP0001", 1, 0.0));
        assert!(only.mad_pct_period.is_nan());
        assert_eq!(found[0].asset[0].1[0].id, "A:A:0001");
    }

    #[test]
    fn clusters_are_numbered_by_size_and_period() {
        let mut rows: Vec<CycleRow> =
            (0..10).map(|i| row("A", SignalKind::Price, i, 5.0 + 0.001 * i as f64)).collect();
        rows.extend((0..10).map(|i| row("B", SignalKind::Price, i, 1.0 + 0.001 * i as f64)));
        rows.push(row("C", SignalKind::Price, 0, 300.0));
        let found = &cluster(&rows, true)[0];
        let names: Vec<_> =
            found.global.iter().map(|cluster| (cluster.id.as_str(), cluster.size)).collect();
        assert_eq!(names, [("GM0001", 10), ("GM0002", 10), ("GM90001", 1)]);
        assert!(found.global[0].median_period < 2.0);
        assert_eq!((found.global[2].number(), number_of("none")), (Some(90_001), None));
        // Within a symbol these are one cluster.
        let sizes: Vec<_> =
            found.asset.iter().map(|(symbol, own)| (symbol.as_str(), own[0].size)).collect();
        assert_eq!(sizes, [("A", 10), ("B", 10), ("C", 1)]);
    }
}
