//! Clusters of upswings by amplitude, duration and volume.

use std::collections::BTreeMap;

use bars::Window;
use clustering::dbscan::DbscanGrid;
use clustering::scale::RobustScaler;
use clustering::{Points, mixture};
use serde::Serialize;

use super::fusion::MatchedUpswing;
use crate::stats::percentile;

/// Number of starts of each mixture.
const STARTS: usize = 5;

/// Seed of mixtures and samples.
const SEED: u64 = 1337;

/// A mixture has at most one component per this many cycles.
const CYCLES_PER_COMPONENT: usize = 10;

/// For more cycles than this, the silhouettes of DBSCAN's grid search use a random sample of this
/// size.
pub const SAMPLE: usize = 4000;

/// The grid search of DBSCAN's parameters.
const GRID: DbscanGrid = DbscanGrid {
    eps_steps: 10,
    min_min_samples: 2,
    max_min_samples: 7,
    max_silhouette_points: SAMPLE,
    seed: SEED,
};

/// DBSCAN clusters with fewer cycles are small.
const SMALL: usize = 5;

/// Minimum number of cycles to cluster.
const MIN_UPSWINGS: usize = 2;

/// A cluster of upswings.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SwingCluster {
    /// Number, from 0: ordered by descending count, then shorter median duration, then first cycle.
    pub cluster: usize,
    /// Number of upswings.
    pub count: usize,
    /// Median amplitude in percent.
    pub median_amplitude_pct: f64,
    /// Median absolute deviation of the amplitude.
    pub mad_amplitude_pct: f64,
    /// Median duration in minutes.
    pub median_duration_min: f64,
    /// Median absolute deviation of the duration.
    pub mad_duration_min: f64,
    /// Median volume activity: volume in the overlapping volume cycles, summed over all modes; not
    /// traded volume.
    pub median_total_volume: f64,
    /// Median absolute deviation of the volume activity.
    pub mad_total_volume: f64,
}

/// The DBSCAN parameters of a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Parameters {
    /// Neighborhood radius, in scaled units.
    pub eps: f64,
    /// Minimum number of points in the neighborhood of a core point.
    pub min_samples: usize,
    /// Sample size of the silhouettes, if not all cycles were used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub silhouette_sample: Option<usize>,
}

/// A DBSCAN cluster.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DenseCluster {
    /// The cluster.
    #[serde(flatten)]
    pub kind: SwingCluster,
    /// The parameters that found it.
    pub parameters: Parameters,
    /// Whether it has fewer than five cycles.
    pub flag_small: bool,
}

/// The clusters of a symbol's upswings over a window, by two methods.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct SwingClusters {
    /// Components of a Gaussian mixture.
    pub gmm: Vec<SwingCluster>,
    /// Clusters of DBSCAN.
    pub dbscan: Vec<DenseCluster>,
    /// Whether there are enough cycles for a mixture but none could be fitted, because their values
    /// differ too much in magnitude.
    #[serde(skip)]
    pub has_failed: bool,
}

impl SwingClusters {
    /// Returns the mixture's clusters if there are any, else those of DBSCAN.
    pub fn first_choice(&self) -> impl Iterator<Item = &SwingCluster> {
        let dense = self.dbscan.iter().map(|dense| &dense.kind);
        self.gmm.iter().chain(dense.take(if self.gmm.is_empty() { usize::MAX } else { 0 }))
    }
}

/// Returns the maximum number of components of a mixture over `window`.
fn most_components(window: Window, cycles: usize) -> usize {
    let most = match window {
        window if window <= Window::DAY => 5,
        window if window <= Window::WEEK => 10,
        _ => 15,
    };
    most.min(cycles / CYCLES_PER_COMPONENT)
}

/// Clusters `matched` upswings.
///
/// ```
/// use stages::cohort_cycles::clusters::swing_clusters;
/// use stages::cohort_cycles::cycle::Upswing;
/// use stages::cohort_cycles::fusion::MatchedUpswing;
///
/// // Twenty short rises of 2 percent and twenty long ones of 9.
/// let rise = |end: usize, amplitude_pct: f64| MatchedUpswing {
///     cycle: Upswing { imf: 0, start: 0, end, amplitude_pct },
///     volume_cycles: 1,
///     total_volume: end as f64,
/// };
/// let short = (0..20).map(|i| rise(30 + i % 5, 2.0 + 0.01 * i as f64));
/// let long = (0..20).map(|i| rise(400 + i % 5, 9.0 + 0.01 * i as f64));
/// let found = swing_clusters(&short.chain(long).collect::<Vec<_>>(), bars::Window::DAY);
/// let counts: usize = found.gmm.iter().map(|kind| kind.count).sum();
/// assert_eq!(counts, 40);
/// assert!(found.gmm.len() >= 2);
/// ```
pub fn swing_clusters(matched: &[MatchedUpswing], window: Window) -> SwingClusters {
    if matched.len() < MIN_UPSWINGS {
        return SwingClusters::default();
    }
    let raw: Vec<[f64; 3]> = matched.iter().map(point).collect();
    let most = most_components(window, raw.len());
    let scaled = scaled(&raw);
    let Ok(points) =
        scaled.as_deref().map_err(|error| *error).and_then(|scaled| Points::new(scaled, 3))
    else {
        // Values that are not finite cannot be clustered.
        return SwingClusters { has_failed: most >= 2, ..SwingClusters::default() };
    };
    let mixture = mixture::select_by_bic(points, most, STARTS, SEED);
    let has_failed = most >= 2 && mixture.is_none();
    let gmm = mixture
        .map(|mixture| clusters(&raw, mixture.labels.into_iter().map(Some)))
        .unwrap_or_default();
    let dbscan = GRID.search(points).map_or_else(Vec::new, |choice| {
        let parameters = Parameters {
            eps: choice.eps,
            min_samples: choice.min_samples,
            silhouette_sample: choice.sampled,
        };
        let dense =
            |kind: SwingCluster| DenseCluster { flag_small: kind.count < SMALL, parameters, kind };
        clusters(&raw, choice.labels.into_iter()).into_iter().map(dense).collect()
    });
    SwingClusters { gmm, dbscan, has_failed }
}

/// Returns the scaled coordinates of all cycles.
fn scaled(raw: &[[f64; 3]]) -> Result<Vec<f64>, clustering::Error> {
    let raw = Points::new(raw.as_flattened(), 3)?;
    RobustScaler::fit(raw).transform(raw)
}

/// Amplitude, duration and volume activity.
fn point(matched: &MatchedUpswing) -> [f64; 3] {
    [matched.cycle.amplitude_pct, matched.cycle.duration() as f64, matched.total_volume]
}

fn clusters(raw: &[[f64; 3]], labels: impl Iterator<Item = Option<usize>>) -> Vec<SwingCluster> {
    let mut groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (cycle, label) in labels.enumerate() {
        if let Some(label) = label {
            groups.entry(label).or_default().push(cycle);
        }
    }
    let mut clusters: Vec<(usize, SwingCluster)> =
        groups.into_values().map(|cycles| (cycles[0], kind(raw, &cycles))).collect();
    clusters.sort_by(|(first, a), (other, b)| {
        let by_duration = || a.median_duration_min.total_cmp(&b.median_duration_min);
        b.count.cmp(&a.count).then_with(by_duration).then_with(|| first.cmp(other))
    });
    clusters
        .into_iter()
        .enumerate()
        .map(|(cluster, (_, kind))| SwingCluster { cluster, ..kind })
        .collect()
}

fn kind(raw: &[[f64; 3]], cycles: &[usize]) -> SwingCluster {
    let median_and_mad = |d: usize| {
        let mut column: Vec<f64> = cycles.iter().map(|cycle| raw[*cycle][d]).collect();
        column.sort_by(f64::total_cmp);
        let median = percentile(&column, 50.0);
        column.iter_mut().for_each(|x| *x = (*x - median).abs());
        column.sort_by(f64::total_cmp);
        (median, percentile(&column, 50.0))
    };
    let [amplitude, duration, volume] = [0, 1, 2].map(median_and_mad);
    SwingCluster {
        cluster: 0,
        count: cycles.len(),
        median_amplitude_pct: amplitude.0,
        mad_amplitude_pct: amplitude.1,
        median_duration_min: duration.0,
        mad_duration_min: duration.1,
        median_total_volume: volume.0,
        mad_total_volume: volume.1,
    }
}

#[cfg(test)]
mod tests {
    use super::super::cycle::Upswing;
    use super::*;

    fn matched(amplitude_pct: f64, duration: usize, total_volume: f64) -> MatchedUpswing {
        let cycle = Upswing { imf: 0, start: 0, end: duration, amplitude_pct };
        MatchedUpswing { cycle, volume_cycles: 1, total_volume }
    }

    #[test]
    fn two_groups_give_two_clusters() {
        let spread = |i: usize, step: usize| (i * step % 61) as f64 / 61.0;
        let small = |i: usize| matched(3.0 + spread(i, 7), 20 + i * 5 % 17, 5.0 + spread(i, 11));
        let large = |i: usize| matched(9.0 + spread(i, 7), 300 + i * 5 % 17, 50.0 + spread(i, 11));
        let all: Vec<MatchedUpswing> =
            (0..60).map(|i| if i % 3 == 0 { large(i) } else { small(i) }).collect();
        let found = swing_clusters(&all, Window::DAY);
        // Points at the rim of the large clusters are noise.
        assert_eq!(
            (found.dbscan.len(), found.dbscan[0].kind.count, found.dbscan[1].kind.cluster),
            (2, 40, 1)
        );
        assert!(found.dbscan[1].kind.median_duration_min >= 300.0);
        assert!(
            !found.dbscan[0].flag_small && found.dbscan[0].parameters.silhouette_sample.is_none()
        );
        assert!(found.gmm.len() >= 2 && found.first_choice().count() == found.gmm.len());
        assert_eq!(found.gmm.iter().map(|kind| kind.count).sum::<usize>(), 60);
    }

    #[test]
    fn few_cycles_give_few_clusters() {
        assert_eq!(swing_clusters(&[], Window::DAY), SwingClusters::default());
        assert_eq!(swing_clusters(&[matched(3.0, 20, 1.0)], Window::DAY), SwingClusters::default());
        let two = swing_clusters(&[matched(3.0, 20, 1.0), matched(3.0, 20, 1.0)], Window::DAY);
        assert_eq!((two.gmm.len(), two.dbscan.len(), two.dbscan[0].flag_small), (0, 1, true));
        assert_eq!(two.first_choice().count(), 1);
        assert_eq!([19, 20, 49, 50, 500].map(|n| most_components(Window::DAY, n)), [1, 2, 4, 5, 5]);
        assert_eq!(
            [Window::WEEK, Window::MONTH].map(|window| most_components(window, 500)),
            [10, 15]
        );
    }
}
