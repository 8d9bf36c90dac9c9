//! k-means, and how many clusters there are by the silhouette.

use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;

use crate::seeding::{nearest, plus_plus};
use crate::silhouette;

/// Points in `k` groups around their means.
#[derive(Clone, Debug, PartialEq)]
pub struct KMeans {
    /// The group of each point.
    pub labels: Vec<usize>,
    /// Sum of the squared distances to the means.
    pub inertia: f64,
}

/// The most rounds of a start.
const ROUNDS: usize = 300;

/// The best of `starts` runs of Lloyd's algorithm, each from seeded k-means++ centres and until no point changes sides: the
/// one with the least inertia, the first of equals. `k` is taken as no more than there are distinct points, and no less
/// than 1.
pub fn fit<const D: usize>(points: &[[f64; D]], k: usize, starts: usize, seed: u64) -> KMeans {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut best: Option<KMeans> = None;
    for _ in 0..starts.max(1) {
        let found = lloyd(points, plus_plus(points, k.max(1), &mut rng));
        if best.as_ref().is_none_or(|best| found.inertia < best.inertia) {
            best = Some(found);
        }
    }
    best.unwrap_or(KMeans { labels: Vec::new(), inertia: 0.0 })
}

pub(crate) fn lloyd<const D: usize>(points: &[[f64; D]], mut centers: Vec<[f64; D]>) -> KMeans {
    let mut labels = vec![usize::MAX; points.len()];
    for _ in 0..ROUNDS {
        let mut changed = false;
        for (label, point) in labels.iter_mut().zip(points) {
            let own = nearest(point, &centers).0;
            changed |= own != *label;
            *label = own;
        }
        if !changed {
            break;
        }
        move_to_means(points, &labels, &mut centers);
    }
    let inertia = points.iter().map(|point| nearest(point, &centers).1).sum();
    KMeans { labels, inertia }
}

/// Moves the centres to the means of their points; one without a point goes to the point that is farthest from its own.
fn move_to_means<const D: usize>(points: &[[f64; D]], labels: &[usize], centers: &mut [[f64; D]]) {
    let mut sums = vec![([0.0; D], 0_usize); centers.len()];
    for (point, label) in points.iter().zip(labels) {
        let (sum, count) = &mut sums[*label];
        sum.iter_mut().zip(point).for_each(|(sum, x)| *sum += x);
        *count += 1;
    }
    let mut taken = Vec::new();
    for place in 0..centers.len() {
        let (sum, count) = sums[place];
        if count > 0 {
            centers[place] = sum.map(|sum| sum / count as f64);
            continue;
        }
        let far = |i: &usize| nearest(&points[*i], centers).1;
        let free = (0..points.len()).filter(|i| !taken.contains(i));
        // The first of the farthest.
        let farthest = free.rev().max_by(|a, b| far(a).total_cmp(&far(b)));
        if let Some(farthest) = farthest {
            taken.push(farthest);
            centers[place] = points[farthest];
        }
    }
}

/// A number of clusters, and what spoke for it.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// The group of each point.
    pub labels: Vec<usize>,
    /// How many there are.
    pub k: usize,
    /// The mean silhouette for each k that was tried.
    pub silhouettes: Vec<(usize, f64)>,
}

/// k-means with the k from 2 to the lesser of `most` and one less than there are points (and never more than there are
/// distinct ones) that has the greatest mean silhouette; of equals the smallest. `None` where there is no such k.
pub fn by_silhouette<const D: usize>(
    points: &[[f64; D]],
    most: usize,
    starts: usize,
    seed: u64,
) -> Option<Choice> {
    let most = most.min(points.len().saturating_sub(1)).min(distinct(points));
    let fits: Vec<(usize, KMeans)> = (2..=most).map(|k| (k, fit(points, k, starts, seed))).collect();
    let labels = |found: &KMeans| found.labels.iter().map(|label| Some(*label)).collect();
    let clusterings: Vec<_> = fits.iter().map(|(_, found)| labels(found)).collect();
    let scores = silhouette::means(points, &clusterings);
    let mut best: Option<(usize, f64)> = None;
    for (place, score) in scores.iter().enumerate() {
        if let Some(score) = *score
            && best.is_none_or(|(_, best)| score > best)
        {
            best = Some((place, score));
        }
    }
    let (place, _) = best?;
    let silhouettes = fits.iter().zip(&scores).filter_map(|((k, _), score)| Some((*k, (*score)?))).collect();
    Some(Choice { labels: fits[place].1.labels.clone(), k: fits[place].0, silhouettes })
}

fn distinct<const D: usize>(points: &[[f64; D]]) -> usize {
    // -0 and 0 are one place.
    let mut sorted: Vec<[u64; D]> = points.iter().map(|point| point.map(|x| (x + 0.0).to_bits())).collect();
    sorted.sort_unstable();
    sorted.dedup();
    sorted.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_heaps() {
        let points: Vec<[f64; 2]> = (0..30).map(|i| [f64::from(i % 3) * 50.0, f64::from(i / 3)]).collect();
        let choice = by_silhouette(&points, 12, 10, 7).unwrap();
        assert_eq!(choice.k, 3);
        assert!((0..30).all(|i| choice.labels[i] == choice.labels[i % 3]));
        assert_eq!(by_silhouette(&points, 12, 10, 7).unwrap(), choice);
    }

    #[test]
    fn few_points() {
        assert_eq!(by_silhouette::<1>(&[], 12, 10, 7), None);
        assert_eq!(by_silhouette(&[[1.0]], 12, 10, 7), None);
        assert_eq!(by_silhouette(&[[1.0], [2.0]], 12, 10, 7), None);
        assert_eq!(by_silhouette(&[[1.0]; 9], 12, 10, 7), None);
        assert_eq!(by_silhouette(&[[0.0], [-0.0], [5.0]], 12, 10, 7).unwrap().k, 2);
        assert_eq!(fit::<1>(&[], 3, 2, 1).labels, []);
        assert_eq!(fit(&[[1.0], [1.0]], 3, 2, 1).inertia, 0.0);
    }

    #[test]
    fn a_centre_without_points_moves() {
        let points = [[0.0], [1.0], [10.0], [11.0], [30.0]];
        let mut centers = vec![[0.0], [0.5], [900.0]];
        let labels: Vec<usize> = points.iter().map(|point| nearest(point, &centers).0).collect();
        move_to_means(&points, &labels, &mut centers);
        assert_eq!(centers, [[0.0], [13.0], [30.0]]);
    }
}
