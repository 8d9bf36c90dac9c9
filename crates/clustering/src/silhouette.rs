//! The mean silhouette coefficient: how much nearer points are to their own cluster than to the
//! next one.
//!
//! Rousseeuw: Silhouettes, a graphical aid to the interpretation and validation of cluster analysis
//! (1987).

use crate::points::{Rows, distance, with_rows};
use crate::{Error, Labels, Points, labels};

/// The mean silhouette coefficient of the points that are not noise, from -1 to 1.
///
/// The coefficient of a point is `(b - a) / max(a, b)`, with `a` the mean distance to the other
/// points of its cluster and `b` the smallest mean distance to the points of another cluster; it is
/// 0 for a point alone in its cluster. `None` unless there are at least two clusters and fewer
/// clusters than points. Distances are Euclidean; time grows with the square of the number of
/// points.
///
/// # Errors
/// [`Error::LabelCount`] if there is not exactly one label per point.
///
/// ```
/// use clustering::{Points, silhouette};
///
/// let points = Points::new(&[0.0, 1.0, 10.0, 12.0], 1)?;
/// let score = silhouette::mean(points, &[Some(0), Some(0), Some(1), Some(1)])?;
/// assert!(score.is_some_and(|score| score > 0.8));
/// assert_eq!(silhouette::mean(points, &[Some(0); 4])?, None);
/// # Ok::<(), clustering::Error>(())
/// ```
pub fn mean(points: Points<'_>, labels: &[Option<usize>]) -> Result<Option<f64>, Error> {
    means(points, &[labels.to_vec()]).map(|means| means[0])
}

/// [`mean`] of several clusterings of the same points; each distance is computed once.
///
/// # Errors
/// [`Error::LabelCount`] if a clustering does not have exactly one label per point.
///
/// ```
/// use clustering::{Points, silhouette};
///
/// let points = Points::new(&[0.0, 1.0, 10.0, 12.0], 1)?;
/// let (good, bad) = (vec![Some(0), Some(0), Some(1), Some(1)], vec![Some(0), Some(1), Some(0), Some(1)]);
/// let scores = silhouette::means(points, &[good, bad])?;
/// assert!(scores[0] > scores[1]);
/// # Ok::<(), clustering::Error>(())
/// ```
pub fn means(points: Points<'_>, clusterings: &[Labels]) -> Result<Vec<Option<f64>>, Error> {
    match clusterings.iter().find(|labels| labels.len() != points.len()) {
        Some(labels) => Err(Error::LabelCount { points: points.len(), labels: labels.len() }),
        None => Ok(with_rows!(points, |rows| of_rows(rows, clusterings))),
    }
}

/// [`means`], each clustering with one label per point.
pub(crate) fn of_rows<const D: usize>(
    points: Rows<'_, D>,
    clusterings: &[Labels],
) -> Vec<Option<f64>> {
    let mut sums: Vec<SilhouetteSum> =
        clusterings.iter().map(|labels| SilhouetteSum::new(points.len(), labels)).collect();
    let mut distances = vec![0.0; points.len()];
    for i in 0..points.len() {
        if sums.iter().all(|sum| sum.skips(i)) {
            continue;
        }
        let from = points.row(i);
        for (d, point) in distances.iter_mut().zip(points.iter()) {
            *d = distance(from, point);
        }
        for sum in &mut sums {
            sum.add(i, &distances);
        }
    }
    sums.into_iter().map(SilhouetteSum::mean).collect()
}

/// The silhouette coefficients of one clustering, summed point by point.
struct SilhouetteSum {
    /// The cluster of each point; noise has the number past the last cluster.
    cluster: Vec<u32>,
    sizes: Vec<usize>,
    /// Sums of the distances from the current point to each cluster and to the noise.
    distance_sums: Vec<f64>,
    total: f64,
    clustered: usize,
    is_defined: bool,
}

impl SilhouetteSum {
    fn new(n: usize, labels: &[Option<usize>]) -> Self {
        // Labels may have gaps: the points can be a sample of those that were clustered.
        let dense = labels::number_by_first_point(labels.iter().copied());
        let clusters = labels::count(&dense);
        let cluster: Vec<u32> =
            dense.iter().map(|label| label.unwrap_or(clusters) as u32).collect();
        let mut sizes = vec![0; clusters + 1];
        cluster.iter().for_each(|c| sizes[*c as usize] += 1);
        let clustered = n - sizes[clusters];
        let is_defined = clusters >= 2 && clusters < clustered;
        Self {
            cluster,
            distance_sums: vec![0.0; clusters + 1],
            sizes,
            total: 0.0,
            clustered,
            is_defined,
        }
    }

    fn skips(&self, i: usize) -> bool {
        !self.is_defined || self.cluster[i] as usize + 1 == self.sizes.len()
    }

    /// Adds the coefficient of point `i`; `distances` are its distances to all points.
    fn add(&mut self, i: usize, distances: &[f64]) {
        if self.skips(i) {
            return;
        }
        let own = self.cluster[i] as usize;
        if self.sizes[own] == 1 {
            return;
        }
        self.distance_sums.fill(0.0);
        for (d, c) in distances.iter().zip(&self.cluster) {
            self.distance_sums[*c as usize] += d;
        }
        let a = self.distance_sums[own] / (self.sizes[own] - 1) as f64;
        let others = (0..self.sizes.len() - 1).filter(|c| *c != own);
        let b = others
            .map(|c| self.distance_sums[c] / self.sizes[c] as f64)
            .fold(f64::INFINITY, f64::min);
        let larger = a.max(b);
        if larger > 0.0 {
            self.total += (b - a) / larger;
        }
    }

    fn mean(self) -> Option<f64> {
        self.is_defined.then(|| self.total / self.clustered as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn score(values: &[f64], labels: &[Option<usize>]) -> Option<f64> {
        mean(Points::new(values, 1).unwrap(), labels).unwrap()
    }

    #[test]
    fn mean_matches_a_calculation_by_hand() {
        let labels = [Some(0), Some(0), Some(1), Some(1), Some(5), None];
        // a = 1, b = 11 and 10; a = 2, b = 9.5 and 11.5; a point alone; noise.
        let expected = ((10.0 / 11.0 + 9.0 / 10.0) + (7.5 / 9.5 + 9.5 / 11.5)) / 5.0;
        let found = score(&[0.0, 1.0, 10.0, 12.0, 50.0, 90.0], &labels).unwrap();
        assert!((found - expected).abs() < 1e-15);
    }

    #[test]
    fn mean_needs_two_clusters_and_more_points() {
        assert_eq!(score(&[], &[]), None);
        assert_eq!(score(&[0.0, 1.0], &[Some(0), Some(0)]), None);
        assert_eq!(score(&[0.0, 1.0], &[Some(0), Some(1)]), None);
        assert_eq!(score(&[0.0; 4], &[Some(0), Some(0), Some(1), Some(1)]), Some(0.0));
    }

    #[test]
    fn missing_labels_are_an_error() {
        let points = Points::new(&[0.0, 1.0], 1).unwrap();
        assert_eq!(mean(points, &[Some(0)]), Err(Error::LabelCount { points: 2, labels: 1 }));
    }
}
