//! DBSCAN, and a grid search for the parameters with the best mean silhouette coefficient.
//!
//! Ester, Kriegel, Sander, Xu: A density-based algorithm for discovering clusters (KDD 1996). Two
//! points are neighbors if their distance is at most `eps`; a point is its own neighbor. A point
//! with at least `min_samples` neighbors is a core point. Core points that are connected through
//! neighboring core points form a cluster; a border point near several clusters belongs to the
//! first of them.
//!
//! Whether a point is a core point at some `eps` follows from the distances to its nearest points,
//! and which core points are connected from the minimum spanning tree by mutual reachability. One
//! such tree per `min_samples` therefore serves every `eps`.

use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use crate::mutual_reachability::{DisjointSets, Edge, nearest_others, spanning_tree};
use crate::points::{distance, with_rows};
use crate::scale::percentile;
use crate::{Labels, Points, knee, labels, silhouette};

/// An index of points that answers DBSCAN for any `eps` and any `min_samples` up to a limit.
///
/// ```
/// use clustering::{Points, dbscan::DbscanIndex};
///
/// let points = Points::new(&[0.0, 1.0, 2.0, 50.0, 51.0, 99.0], 1)?;
/// let index = DbscanIndex::new(points, 3);
/// assert_eq!(index.clusters(1.5, 2), [Some(0), Some(0), Some(0), Some(1), Some(1), None]);
/// assert_eq!(index.clusters(1.5, 3), [Some(0), Some(0), Some(0), None, None, None]);
/// # Ok::<(), clustering::Error>(())
/// ```
#[derive(Debug)]
pub struct DbscanIndex<'p> {
    points: Points<'p>,
    /// Per point the distances to its nearest others, ascending.
    nearest: Vec<Vec<f64>>,
    /// Point indices in the order of the first coordinate.
    order: Vec<usize>,
    /// A spanning tree per `min_samples`, from 1 on.
    trees: Vec<Vec<Edge>>,
}

impl<'p> DbscanIndex<'p> {
    /// Indexes `points` for `min_samples` from 1 to `max_min_samples` (at least 1).
    ///
    /// Time is `O(n^2)` per value of `min_samples`.
    pub fn new(points: Points<'p>, max_min_samples: usize) -> Self {
        let max_min_samples = max_min_samples.max(1);
        let mut order: Vec<usize> = (0..points.len()).collect();
        order.sort_by(|a, b| points.point(*a)[0].total_cmp(&points.point(*b)[0]));
        with_rows!(points, |rows| {
            let nearest = nearest_others(rows, max_min_samples - 1);
            let mut index = Self { points, nearest, order, trees: Vec::new() };
            index.trees = (1..=max_min_samples)
                .map(|k| spanning_tree(rows, &index.kth_distances(k)))
                .collect();
            index
        })
    }

    /// The distance of each point to its `k`-th nearest point, the point itself being the first;
    /// infinite if there are fewer than `k` points. `k` is at most the `max_min_samples` of
    /// [`DbscanIndex::new`].
    ///
    /// ```
    /// use clustering::{Points, dbscan::DbscanIndex};
    ///
    /// let index = DbscanIndex::new(Points::new(&[0.0, 1.0, 5.0], 1)?, 4);
    /// assert_eq!(index.kth_distances(2), [1.0, 1.0, 4.0]);
    /// assert_eq!(index.kth_distances(4), [f64::INFINITY; 3]);
    /// # Ok::<(), clustering::Error>(())
    /// ```
    pub fn kth_distances(&self, k: usize) -> Vec<f64> {
        let kth = |own: &Vec<f64>| match k {
            0 | 1 => 0.0,
            _ => own.get(k - 2).copied().unwrap_or(f64::INFINITY),
        };
        self.nearest.iter().map(kth).collect()
    }

    /// The DBSCAN clusters at `eps` and `min_samples`, numbered by their first core points.
    ///
    /// `min_samples` is clamped to 1 and the `max_min_samples` of [`DbscanIndex::new`].
    pub fn clusters(&self, eps: f64, min_samples: usize) -> Labels {
        let min_samples = min_samples.clamp(1, self.trees.len());
        let is_core: Vec<bool> =
            self.kth_distances(min_samples).iter().map(|d| *d <= eps).collect();
        let mut sets = DisjointSets::new(self.points.len());
        for edge in self.trees[min_samples - 1].iter().take_while(|edge| edge.weight <= eps) {
            sets.join(edge.a, edge.b);
        }
        let cores = (0..self.points.len()).map(|i| is_core[i].then(|| sets.find(i)));
        let cores = labels::number_by_first_point(cores);
        (0..self.points.len())
            .map(|i| cores[i].or_else(|| self.first_within(i, eps, &cores)))
            .collect()
    }

    /// The first of the clusters that have a core point within `eps` of a point.
    fn first_within(&self, point: usize, eps: f64, cores: &[Option<usize>]) -> Option<usize> {
        let position = self.points.point(point);
        let start = self.order.partition_point(|other| self.points.point(*other)[0] < position[0]);
        // The distance is at least the difference in the first coordinate.
        let may_be_near = |other: &&usize| {
            let along = self.points.point(**other)[0] - position[0];
            (along * along).sqrt() <= eps
        };
        let before = self.order[..start].iter().rev().take_while(may_be_near);
        let candidates = before.chain(self.order[start..].iter().take_while(may_be_near));
        candidates
            .filter(|other| distance(position, self.points.point(**other)) <= eps)
            .filter_map(|other| cores[*other])
            .min()
    }
}

/// A grid of DBSCAN parameters.
///
/// ```
/// use clustering::{Points, dbscan::DbscanGrid};
///
/// let values: Vec<f64> = (0..30).map(|i| f64::from(i % 15) * 0.1 + if i < 15 { 0.0 } else { 9.0 }).collect();
/// let grid = DbscanGrid {
///     eps_steps: 10,
///     min_min_samples: 2,
///     max_min_samples: 7,
///     max_silhouette_points: 4000,
///     seed: 1,
/// };
/// let found = grid.search(Points::new(&values, 1)?).expect("two points or more");
/// assert_eq!((found.labels[0], found.labels[29]), (Some(0), Some(1)));
/// # Ok::<(), clustering::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DbscanGrid {
    /// Number of values of `eps`, evenly spaced from the 10th to the 90th percentile of the
    /// distances to the `max_min_samples`-th nearest point.
    pub eps_steps: usize,
    /// Smallest `min_samples`.
    pub min_min_samples: usize,
    /// Largest `min_samples`.
    pub max_min_samples: usize,
    /// With more points than this, silhouette coefficients are those of a random sample of as many
    /// points.
    pub max_silhouette_points: usize,
    /// Seed of the sample.
    pub seed: u64,
}

/// The result of DBSCAN at one cell of the grid.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GridCell {
    /// Largest distance of neighbors.
    pub eps: f64,
    /// Neighbors that make a core point, itself included.
    pub min_samples: usize,
    /// Number of clusters.
    pub clusters: usize,
    /// Number of noise points.
    pub noise: usize,
    /// Mean silhouette coefficient of the points that are not noise; `None` with fewer than two
    /// clusters.
    pub silhouette: Option<f64>,
}

/// The parameters that a grid search selected.
#[derive(Clone, Debug, PartialEq)]
pub struct GridSearchResult {
    /// Selected `eps`.
    pub eps: f64,
    /// Selected `min_samples`.
    pub min_samples: usize,
    /// The clusters at these parameters.
    pub labels: Labels,
    /// The mean silhouette coefficient; `None` if no cell of the grid has two clusters and the knee
    /// was used.
    pub silhouette: Option<f64>,
    /// All cells, by ascending `eps`, then `min_samples`; cells with an `eps` of 0 are skipped.
    pub cells: Vec<GridCell>,
    /// Number of points in the sample for silhouette coefficients; `None` if all points were used.
    pub sampled: Option<usize>,
}

impl DbscanGrid {
    /// Selects the cell with the greatest mean silhouette coefficient, the first of equals.
    ///
    /// If no cell has two clusters, `eps` is the knee of the distances to the `max_min_samples`-th
    /// nearest point (their median if there is no knee) and `min_samples` the smallest one. `None`
    /// for fewer than two points.
    pub fn search(&self, points: Points<'_>) -> Option<GridSearchResult> {
        if points.len() < 2 {
            return None;
        }
        let index = DbscanIndex::new(points, self.max_min_samples);
        let mut kth = index.kth_distances(self.max_min_samples.min(points.len()));
        kth.sort_by(f64::total_cmp);
        let (low, high) = (percentile(&kth, 10.0), percentile(&kth, 90.0));
        let mut cells = Vec::new();
        // Many cells share a clustering; its silhouette is computed once.
        let mut clusterings: Vec<Labels> = Vec::new();
        let mut clustering_of_cell = Vec::new();
        for eps in linspace(low, high, self.eps_steps).filter(|eps| *eps > 0.0) {
            for min_samples in self.min_min_samples..=self.max_min_samples {
                let labels = index.clusters(eps, min_samples);
                let clusters = labels::count(&labels);
                let noise = labels.iter().filter(|label| label.is_none()).count();
                cells.push(GridCell { eps, min_samples, clusters, noise, silhouette: None });
                let known = clusterings.iter().position(|known| *known == labels);
                clustering_of_cell.push(known.unwrap_or(clusterings.len()));
                if known.is_none() {
                    clusterings.push(labels);
                }
            }
        }
        let sample = self.draw_sample(points.len());
        let scores = silhouettes(points, &clusterings, sample.as_deref());
        let mut best: Option<(usize, f64)> = None;
        for (i, cell) in cells.iter_mut().enumerate() {
            cell.silhouette = scores[clustering_of_cell[i]];
            if let Some(score) = cell.silhouette
                && best.is_none_or(|(_, best)| score > best)
            {
                best = Some((i, score));
            }
        }
        let sampled = sample.map(|sample| sample.len());
        let Some((i, _)) = best else {
            let eps = eps_at_knee(&kth);
            let min_samples = self.min_min_samples;
            let labels = index.clusters(eps, min_samples);
            return Some(GridSearchResult {
                eps,
                min_samples,
                labels,
                silhouette: None,
                cells,
                sampled,
            });
        };
        let GridCell { eps, min_samples, silhouette, .. } = cells[i];
        let labels = clusterings.swap_remove(clustering_of_cell[i]);
        Some(GridSearchResult { eps, min_samples, labels, silhouette, cells, sampled })
    }

    /// Ascending indices of the points with computed silhouette coefficients; `None` for all.
    fn draw_sample(&self, n: usize) -> Option<Vec<usize>> {
        if n <= self.max_silhouette_points {
            return None;
        }
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(self.seed);
        // Selection sampling: Knuth, The Art of Computer Programming, volume 2, algorithm S.
        let mut missing = self.max_silhouette_points;
        let chosen = (0..n).filter(|i| {
            let is_chosen = rng.random_range(0..n - i) < missing;
            missing -= usize::from(is_chosen);
            is_chosen
        });
        Some(chosen.collect())
    }
}

/// The distance at which sorted distances begin to rise steeply; their median if there is no knee,
/// the greatest if all are nearly equal.
fn eps_at_knee(sorted: &[f64]) -> f64 {
    let (low, high) = (sorted[0], sorted[sorted.len() - 1]);
    if high - low <= 1e-8 + 1e-5 * low {
        return high;
    }
    knee::find(sorted).map_or_else(|| percentile(sorted, 50.0), |knee| sorted[knee])
}

/// The mean silhouette coefficient of each clustering, over `sample` or all points.
fn silhouettes(
    points: Points<'_>,
    clusterings: &[Labels],
    sample: Option<&[usize]>,
) -> Vec<Option<f64>> {
    let Some(sample) = sample else {
        return with_rows!(points, |rows| silhouette::of_rows(rows, clusterings));
    };
    let sampled: Vec<f64> = sample.iter().flat_map(|i| points.point(*i)).copied().collect();
    let of_sample = |labels: &Labels| sample.iter().map(|i| labels[*i]).collect();
    let clusterings: Vec<Labels> = clusterings.iter().map(of_sample).collect();
    with_rows!(points, |rows| silhouette::of_rows(rows.like(&sampled), &clusterings))
}

/// `steps` evenly spaced values from `low` to `high`, both included (numpy's `linspace`).
fn linspace(low: f64, high: f64, steps: usize) -> impl Iterator<Item = f64> {
    let step = (high - low) / steps.max(2).saturating_sub(1) as f64;
    (0..steps).map(move |i| if i + 1 == steps && steps > 1 { high } else { i as f64 * step + low })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// DBSCAN by its definition: a flood fill over all pairs.
    fn by_definition(points: &[[f64; 2]], eps: f64, min_samples: usize) -> Labels {
        let near = |i: usize| -> Vec<usize> {
            (0..points.len()).filter(|j| distance(&points[i], &points[*j]) <= eps).collect()
        };
        let is_core: Vec<bool> = (0..points.len()).map(|i| near(i).len() >= min_samples).collect();
        let mut labels: Labels = vec![None; points.len()];
        let mut clusters = 0;
        for i in 0..points.len() {
            if labels[i].is_some() || !is_core[i] {
                continue;
            }
            let mut open = vec![i];
            while let Some(j) = open.pop() {
                if labels[j].is_none() {
                    labels[j] = Some(clusters);
                    if is_core[j] {
                        open.extend(near(j));
                    }
                }
            }
            clusters += 1;
        }
        labels
    }

    proptest! {
        #[test]
        fn index_matches_the_definition(
            raw in prop::collection::vec([-6_i32..6, -6_i32..6], 1..40), eps in 0.0..4.0_f64, min_samples in 1_usize..7,
        ) {
            // Coordinates are multiples of a half, so that many distances are equal.
            let rows: Vec<[f64; 2]> = raw.iter().map(|p| p.map(|x| f64::from(x) / 2.0)).collect();
            let index = DbscanIndex::new(Points::new(rows.as_flattened(), 2).unwrap(), 7);
            for eps in [eps, (2.0 * eps).floor() / 2.0] {
                prop_assert_eq!(index.clusters(eps, min_samples), by_definition(&rows, eps, min_samples));
            }
        }
    }

    fn search(max_silhouette_points: usize, values: &[f64]) -> Option<GridSearchResult> {
        let grid = DbscanGrid {
            eps_steps: 10,
            min_min_samples: 2,
            max_min_samples: 7,
            max_silhouette_points,
            seed: 1337,
        };
        grid.search(Points::new(values, 1).unwrap())
    }

    #[test]
    fn sample_size_is_reported() {
        let values: Vec<f64> =
            (0..60).map(|i| f64::from(i % 30) + if i < 30 { 0.0 } else { 500.0 }).collect();
        let (all, some) = (search(60, &values).unwrap(), search(40, &values).unwrap());
        assert_eq!((all.sampled, some.sampled), (None, Some(40)));
        assert_eq!(all.labels, some.labels);
        assert!(all.silhouette.unwrap() > 0.9 && some.silhouette.unwrap() > 0.9);
    }

    #[test]
    fn few_and_equal_points_use_the_knee() {
        assert!(search(9, &[1.0]).is_none());
        let two = search(9, &[1.0, 2.0]).unwrap();
        assert_eq!((two.eps, two.labels, two.silhouette), (1.0, vec![Some(0), Some(0)], None));
        assert_eq!(eps_at_knee(&[1.0, 1.0 + 1e-7, 1.0 + 2e-7, 1.0 + 9e-7]), 1.0 + 9e-7);
        let equal = search(9, &[1.0; 9]).unwrap();
        assert!(equal.cells.is_empty());
        assert_eq!((equal.eps, equal.labels), (0.0, vec![Some(0); 9]));
    }
}
