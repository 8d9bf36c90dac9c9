//! k-means, and the selection of k by the silhouette coefficient.

use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;

use crate::points::{Rows, with_rows};
use crate::seeding::{nearest_center, plus_plus};
use crate::{Labels, Points, silhouette};

/// A partition of points around the means of its groups.
#[derive(Clone, Debug, PartialEq)]
pub struct KMeans {
    /// The group of each point.
    pub labels: Vec<usize>,
    /// The center of each group, flat (row-major).
    pub centers: Vec<f64>,
    /// Sum of the squared distances of the points to their centers.
    pub inertia: f64,
}

/// Limit of Lloyd iterations per start.
const MAX_ITERATIONS: usize = 300;

/// Partitions `points` into `k` groups: the result with the least inertia of `starts` runs of
/// Lloyd's algorithm, the first of equals.
///
/// Each run starts from k-means++ centers drawn with `seed` and ends when no point changes its
/// group, after at most 300 iterations. `k` and `starts` count as at least 1; there are never more
/// groups than distinct points.
///
/// ```
/// use clustering::{Points, kmeans};
///
/// let found = kmeans::fit(Points::new(&[0.0, 1.0, 10.0, 11.0], 1)?, 2, 10, 1);
/// assert_eq!(found.labels[0], found.labels[1]);
/// assert_ne!(found.labels[0], found.labels[2]);
/// assert_eq!(found.inertia, 1.0);
/// # Ok::<(), clustering::Error>(())
/// ```
pub fn fit(points: Points<'_>, k: usize, starts: usize, seed: u64) -> KMeans {
    with_rows!(points, |rows| fit_rows(rows, k, starts, seed))
}

fn fit_rows<const D: usize>(points: Rows<'_, D>, k: usize, starts: usize, seed: u64) -> KMeans {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut best: Option<KMeans> = None;
    for _ in 0..starts.max(1) {
        let found = lloyd(points, plus_plus(points, k.max(1), &mut rng));
        if best.as_ref().is_none_or(|best| found.inertia < best.inertia) {
            best = Some(found);
        }
    }
    best.unwrap_or(KMeans { labels: Vec::new(), centers: Vec::new(), inertia: 0.0 })
}

/// Lloyd's algorithm from the given centers (flat).
pub(crate) fn lloyd<const D: usize>(points: Rows<'_, D>, mut centers: Vec<f64>) -> KMeans {
    let mut labels = vec![usize::MAX; points.len()];
    for _ in 0..MAX_ITERATIONS {
        let mut changed = false;
        let known = points.like(&centers);
        for (label, point) in labels.iter_mut().zip(points.iter()) {
            let own = nearest_center(point, known).0;
            changed |= own != *label;
            *label = own;
        }
        if !changed {
            break;
        }
        move_to_means(points, &labels, &mut centers);
    }
    let inertia = points.iter().map(|point| nearest_center(point, points.like(&centers)).1).sum();
    KMeans { labels, centers, inertia }
}

/// Moves each center to the mean of its points; a center without points moves to the point farthest
/// from its own center.
fn move_to_means<const D: usize>(points: Rows<'_, D>, labels: &[usize], centers: &mut [f64]) {
    let dim = points.dim();
    let (mut sums, mut counts) = (vec![0.0; centers.len()], vec![0_usize; centers.len() / dim]);
    for (point, label) in points.iter().zip(labels) {
        let sum = &mut sums[label * dim..][..dim];
        sum.iter_mut().zip(point).for_each(|(sum, x)| *sum += x);
        counts[*label] += 1;
    }
    let mut taken = Vec::new();
    for (index, count) in counts.into_iter().enumerate() {
        if count > 0 {
            for d in index * dim..(index + 1) * dim {
                centers[d] = sums[d] / count as f64;
            }
            continue;
        }
        let known = points.like(centers);
        let distance = |i: &usize| nearest_center(points.row(*i), known).1;
        let free = (0..points.len()).filter(|i| !taken.contains(i));
        // In reverse, as `max_by` returns the last of equals and the first is wanted.
        let farthest = free.rev().max_by(|a, b| distance(a).total_cmp(&distance(b)));
        if let Some(farthest) = farthest {
            taken.push(farthest);
            centers[index * dim..][..dim].copy_from_slice(points.row(farthest));
        }
    }
}

/// The partition with the selected number of groups.
#[derive(Clone, Debug, PartialEq)]
pub struct KSelection {
    /// The group of each point.
    pub labels: Vec<usize>,
    /// The selected number of groups.
    pub k: usize,
    /// Each k that was tried, with its mean silhouette coefficient if that is defined.
    pub silhouettes: Vec<(usize, f64)>,
}

/// Selects the k from 2 to `max_k` for which the k-means partition has the greatest mean silhouette
/// coefficient, the smallest of equals.
///
/// k also stays below the number of points and does not exceed the number of distinct points.
/// `None` if no k is left. `starts` and `seed` are those of [`fit`].
///
/// ```
/// use clustering::{Points, kmeans};
///
/// let values: Vec<f64> = (0..30).map(|i| f64::from(i % 3) * 50.0 + f64::from(i) * 0.1).collect();
/// let selection = kmeans::select_k(Points::new(&values, 1)?, 12, 10, 1);
/// assert_eq!(selection.map(|selection| selection.k), Some(3));
/// # Ok::<(), clustering::Error>(())
/// ```
pub fn select_k(points: Points<'_>, max_k: usize, starts: usize, seed: u64) -> Option<KSelection> {
    with_rows!(points, |rows| select_k_rows(rows, max_k, starts, seed))
}

fn select_k_rows<const D: usize>(
    points: Rows<'_, D>,
    max_k: usize,
    starts: usize,
    seed: u64,
) -> Option<KSelection> {
    let max_k = max_k.min(points.len().saturating_sub(1)).min(count_distinct(points));
    let fits: Vec<(usize, KMeans)> =
        (2..=max_k).map(|k| (k, fit_rows(points, k, starts, seed))).collect();
    let labels = |found: &KMeans| found.labels.iter().map(|label| Some(*label)).collect();
    let clusterings: Vec<Labels> = fits.iter().map(|(_, found)| labels(found)).collect();
    let scores = silhouette::of_rows(points, &clusterings);
    let mut best: Option<(usize, f64)> = None;
    for (index, score) in scores.iter().enumerate() {
        if let Some(score) = *score
            && best.is_none_or(|(_, best)| score > best)
        {
            best = Some((index, score));
        }
    }
    let (index, _) = best?;
    let silhouettes =
        fits.iter().zip(&scores).filter_map(|((k, _), score)| Some((*k, (*score)?))).collect();
    Some(KSelection { labels: fits[index].1.labels.clone(), k: fits[index].0, silhouettes })
}

fn count_distinct<const D: usize>(points: Rows<'_, D>) -> usize {
    // -0 and 0 are the same coordinate.
    let mut sorted: Vec<Vec<u64>> =
        points.iter().map(|point| point.iter().map(|x| (x + 0.0).to_bits()).collect()).collect();
    sorted.sort_unstable();
    sorted.dedup();
    sorted.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(values: &[f64]) -> Points<'_> {
        Points::new(values, 1).unwrap()
    }

    #[test]
    fn three_groups_are_selected() {
        let rows: Vec<[f64; 2]> =
            (0..30).map(|i| [f64::from(i % 3) * 50.0, f64::from(i / 3)]).collect();
        let points = Points::new(rows.as_flattened(), 2).unwrap();
        let selection = select_k(points, 12, 10, 7).unwrap();
        assert_eq!(selection.k, 3);
        assert!((0..30).all(|i| selection.labels[i] == selection.labels[i % 3]));
        assert_eq!(select_k(points, 12, 10, 7).unwrap(), selection);
    }

    /// A constant dimension and one known at run time give the same bits.
    #[test]
    fn dimension_dispatch_does_not_change_the_selection() {
        let rows: Vec<[f64; 6]> =
            (0..60).map(|i| [2, 3, 5, 7, 11, 13].map(|m| f64::from(i % m))).collect();
        let points = Points::new(rows.as_flattened(), 6).unwrap();
        let dynamic = select_k_rows(Rows::<0>::new(points.values(), 6), 8, 4, 7);
        assert_eq!(select_k(points, 8, 4, 7), dynamic);
    }

    #[test]
    fn few_or_equal_points_have_no_selection() {
        assert_eq!(select_k(points(&[]), 12, 10, 7), None);
        assert_eq!(select_k(points(&[1.0]), 12, 10, 7), None);
        assert_eq!(select_k(points(&[1.0, 2.0]), 12, 10, 7), None);
        assert_eq!(select_k(points(&[1.0; 9]), 12, 10, 7), None);
        assert_eq!(select_k(points(&[0.0, -0.0, 5.0]), 12, 10, 7).unwrap().k, 2);
        assert_eq!(fit(points(&[]), 3, 2, 1).labels, []);
        assert_eq!(fit(points(&[1.0, 1.0]), 3, 2, 1).inertia, 0.0);
    }

    #[test]
    fn center_without_points_moves_to_the_farthest_point() {
        let points = Rows::<0>::new(&[0.0, 1.0, 10.0, 11.0, 30.0], 1);
        let mut centers = vec![0.0, 0.5, 900.0];
        let labels: Vec<usize> =
            points.iter().map(|point| nearest_center(point, points.like(&centers)).0).collect();
        move_to_means(points, &labels, &mut centers);
        assert_eq!(centers, [0.0, 13.0, 30.0]);
    }
}
