//! The mean silhouette: how much nearer points are to their own cluster than to the next one.
//!
//! Rousseeuw: Silhouettes, a graphical aid to the interpretation and validation of cluster analysis (1987).

use crate::{Labels, distance};

/// The mean silhouette of the points that are no noise, -1 to 1: `(b - a) / max(a, b)` with `a` the mean distance to the others
/// of its cluster and `b` the least mean distance to another cluster; 0 for a point alone in its cluster. `None` unless there
/// are at least two clusters and fewer than points.
pub fn mean<const D: usize>(points: &[[f64; D]], labels: &[Option<usize>]) -> Option<f64> {
    let several = [labels.to_vec()];
    means(points, &several)[0]
}

/// The same for several clusterings of the same points: each distance is computed once.
pub fn means<const D: usize>(points: &[[f64; D]], clusterings: &[Labels]) -> Vec<Option<f64>> {
    let mut tallies: Vec<Tally> = clusterings.iter().map(|labels| Tally::new(points.len(), labels)).collect();
    let mut row = vec![0.0; points.len()];
    for i in 0..points.len() {
        if tallies.iter().all(|tally| tally.skips(i)) {
            continue;
        }
        for (d, point) in row.iter_mut().zip(points) {
            *d = distance(&points[i], point);
        }
        for tally in &mut tallies {
            tally.add(i, &row);
        }
    }
    tallies.into_iter().map(Tally::mean).collect()
}

/// The silhouettes of one clustering, summed point by point.
struct Tally {
    /// The cluster of each point, those of noise past the last.
    cluster: Vec<u32>,
    sizes: Vec<usize>,
    /// Distances from the point in hand to each cluster, and to the noise.
    sums: Vec<f64>,
    total: f64,
    clustered: usize,
    is_defined: bool,
}

impl Tally {
    fn new(n: usize, labels: &[Option<usize>]) -> Self {
        // Numbers may have gaps, where the points are a part of those that were clustered.
        let dense = crate::in_order_of_first_points(labels.iter().copied());
        let clusters = dense.iter().flatten().max().map_or(0, |most| most + 1);
        let cluster: Vec<u32> = dense.iter().map(|label| label.unwrap_or(clusters) as u32).collect();
        let mut sizes = vec![0; clusters + 1];
        cluster.iter().for_each(|c| sizes[*c as usize] += 1);
        let clustered = n - sizes[clusters];
        let is_defined = clusters >= 2 && clusters < clustered;
        Self { cluster, sums: vec![0.0; clusters + 1], sizes, total: 0.0, clustered, is_defined }
    }

    fn skips(&self, i: usize) -> bool {
        !self.is_defined || self.cluster[i] as usize + 1 == self.sizes.len()
    }

    /// Adds the silhouette of point `i`, whose distances to all are `row`.
    fn add(&mut self, i: usize, row: &[f64]) {
        if self.skips(i) {
            return;
        }
        let own = self.cluster[i] as usize;
        if self.sizes[own] == 1 {
            return;
        }
        self.sums.fill(0.0);
        for (d, c) in row.iter().zip(&self.cluster) {
            self.sums[*c as usize] += d;
        }
        let a = self.sums[own] / (self.sizes[own] - 1) as f64;
        let others = (0..self.sizes.len() - 1).filter(|c| *c != own);
        let b = others.map(|c| self.sums[c] / self.sizes[c] as f64).fold(f64::INFINITY, f64::min);
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

    #[test]
    fn by_hand() {
        let points = [[0.0], [1.0], [10.0], [12.0], [50.0], [90.0]];
        let labels = [Some(0), Some(0), Some(1), Some(1), Some(5), None];
        // a 1, b 11 and 10; a 2, b 9.5 and 11.5; alone.
        let expected = ((10.0 / 11.0 + 9.0 / 10.0) + (7.5 / 9.5 + 9.5 / 11.5)) / 5.0;
        assert!((mean(&points, &labels).unwrap() - expected).abs() < 1e-15);
    }

    #[test]
    fn undefined() {
        assert_eq!(mean::<1>(&[], &[]), None);
        assert_eq!(mean(&[[0.0], [1.0]], &[Some(0), Some(0)]), None);
        assert_eq!(mean(&[[0.0], [1.0]], &[Some(0), Some(1)]), None);
        assert_eq!(mean(&[[0.0]; 4], &[Some(0), Some(0), Some(1), Some(1)]), Some(0.0));
    }
}
