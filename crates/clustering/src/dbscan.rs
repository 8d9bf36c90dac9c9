//! DBSCAN, and which of a grid of its parameters tells clusters apart best.
//!
//! Ester, Kriegel, Sander, Xu: A density-based algorithm for discovering clusters (KDD 1996). A point counts itself, and a
//! neighbour is one at a distance of at most eps. Points of which `min_samples` are that near are core; core points within
//! reach of each other are a cluster, and a point at the border of several belongs to the first.
//!
//! What is core at which eps is told by the distances to the nearest few points, and what is within reach by the tree that
//! spans all points by mutual reachability: one such tree per `min_samples` serves every eps.

use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use crate::reach::{Edge, Sets, nearest_others, spanning_tree};
use crate::scale::percentile;
use crate::{Labels, distance, knee, silhouette};

/// What DBSCAN needs to know of points, whatever the parameters.
#[derive(Debug)]
pub struct Neighbourhoods<'p, const D: usize> {
    points: &'p [[f64; D]],
    /// Per point the distances to its nearest others, ascending.
    nearest: Vec<Vec<f64>>,
    /// Points in the order of their first coordinate: near ones stand near.
    order: Vec<usize>,
    /// Per `min_samples` from 1 on.
    trees: Vec<Vec<Edge>>,
}

impl<'p, const D: usize> Neighbourhoods<'p, D> {
    /// Of `points`, for `min_samples` up to `most`.
    pub fn of(points: &'p [[f64; D]], most: usize) -> Self {
        let nearest = nearest_others(points, most.max(1) - 1);
        let mut order: Vec<usize> = (0..points.len()).collect();
        order.sort_by(|a, b| points[*a][0].total_cmp(&points[*b][0]));
        let mut space = Self { points, nearest, order, trees: Vec::new() };
        space.trees = (1..=most.max(1)).map(|k| spanning_tree(points, &space.kth(k))).collect();
        space
    }

    /// The distance of each point to its `k`-th nearest, itself being the first; infinite where there are fewer.
    pub fn kth(&self, k: usize) -> Vec<f64> {
        let of = |own: &Vec<f64>| match k {
            0 | 1 => 0.0,
            _ => own.get(k - 2).copied().unwrap_or(f64::INFINITY),
        };
        self.nearest.iter().map(of).collect()
    }

    /// The clusters at `eps` and `min_samples` (1 to what was asked for), numbered by their first core points.
    pub fn clusters(&self, eps: f64, min_samples: usize) -> Labels {
        let min_samples = min_samples.clamp(1, self.trees.len());
        let is_core: Vec<bool> = self.kth(min_samples).iter().map(|d| *d <= eps).collect();
        let mut sets = Sets::new(self.points.len());
        for edge in self.trees[min_samples - 1].iter().take_while(|edge| edge.weight <= eps) {
            sets.join(edge.a, edge.b);
        }
        let cores = (0..self.points.len()).map(|i| is_core[i].then(|| sets.find(i)));
        let cores = crate::in_order_of_first_points(cores);
        (0..self.points.len()).map(|i| cores[i].or_else(|| self.first_within(i, eps, &cores))).collect()
    }

    /// The first of the clusters whose core points are within `eps` of a point.
    fn first_within(&self, point: usize, eps: f64, cores: &[Option<usize>]) -> Option<usize> {
        let at = &self.points[point];
        let place = self.order.partition_point(|other| self.points[*other][0] < at[0]);
        // Nobody is nearer than along the first coordinate alone.
        let may_be = |other: &&usize| {
            let along = self.points[**other][0] - at[0];
            (along * along).sqrt() <= eps
        };
        let before = self.order[..place].iter().rev().take_while(may_be);
        let near = before.chain(self.order[place..].iter().take_while(may_be));
        near.filter(|other| distance(at, &self.points[**other]) <= eps)
            .filter_map(|other| cores[*other])
            .min()
    }
}

/// Which parameters are tried.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Grid {
    /// Values of eps, evenly from the 10th to the 90th percentile of the distances to the k-th nearest point.
    pub eps_steps: usize,
    /// From which `min_samples`.
    pub min_samples: usize,
    /// To which; it is the k of the distances too (fewer where there are fewer points).
    pub most_samples: usize,
    /// The most points of which the silhouette is taken; of more it is that of as many, drawn by seed.
    pub sample: usize,
    /// The seed.
    pub seed: u64,
}

/// A cell of the grid.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cell {
    /// Its eps.
    pub eps: f64,
    /// Its `min_samples`.
    pub min_samples: usize,
    /// Clusters that were found.
    pub clusters: usize,
    /// Points of noise.
    pub noise: usize,
    /// Mean silhouette of the points that are no noise; `None` where there are fewer than two clusters.
    pub silhouette: Option<f64>,
}

/// What was chosen.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// The eps.
    pub eps: f64,
    /// The `min_samples`.
    pub min_samples: usize,
    /// The clusters.
    pub labels: Labels,
    /// The mean silhouette; `None` where no cell of the grid has two clusters and the knee decided.
    pub silhouette: Option<f64>,
    /// What was tried, eps ascending, then `min_samples`; an eps of 0 is left out.
    pub cells: Vec<Cell>,
    /// Of how many points the silhouettes are, where not of all.
    pub sampled: Option<usize>,
}

impl Grid {
    /// The cell with the best mean silhouette, the first of equals. Where none has two clusters: eps at the knee of the
    /// distances to the k-th nearest point (their median where there is no knee) and the least `min_samples`. `None` for
    /// fewer than two points.
    pub fn best<const D: usize>(&self, points: &[[f64; D]]) -> Option<Choice> {
        if points.len() < 2 {
            return None;
        }
        let space = Neighbourhoods::of(points, self.most_samples);
        let mut reach = space.kth(self.most_samples.min(points.len()));
        reach.sort_by(f64::total_cmp);
        let (low, high) = (percentile(&reach, 10.0), percentile(&reach, 90.0));
        let mut cells = Vec::new();
        let mut clusterings: Vec<Labels> = Vec::new();
        // Which of the clusterings is a cell's: many cells have the same.
        let mut which = Vec::new();
        for eps in evenly(low, high, self.eps_steps).filter(|eps| *eps > 0.0) {
            for min_samples in self.min_samples..=self.most_samples {
                let labels = space.clusters(eps, min_samples);
                let clusters = labels.iter().flatten().max().map_or(0, |most| most + 1);
                let noise = labels.iter().filter(|label| label.is_none()).count();
                cells.push(Cell { eps, min_samples, clusters, noise, silhouette: None });
                let place = clusterings.iter().position(|known| *known == labels);
                which.push(place.unwrap_or(clusterings.len()));
                if place.is_none() {
                    clusterings.push(labels);
                }
            }
        }
        let sample = self.sample_of(points.len());
        let scores = scores(points, &clusterings, sample.as_deref());
        let mut best: Option<(usize, f64)> = None;
        for (place, cell) in cells.iter_mut().enumerate() {
            cell.silhouette = scores[which[place]];
            if let Some(score) = cell.silhouette
                && best.is_none_or(|(_, best)| score > best)
            {
                best = Some((place, score));
            }
        }
        let sampled = sample.map(|sample| sample.len());
        let Some((place, _)) = best else {
            let eps = at_the_knee(&reach);
            let min_samples = self.min_samples;
            let labels = space.clusters(eps, min_samples);
            return Some(Choice { eps, min_samples, labels, silhouette: None, cells, sampled });
        };
        let Cell { eps, min_samples, silhouette, .. } = cells[place];
        let labels = clusterings.swap_remove(which[place]);
        Some(Choice { eps, min_samples, labels, silhouette, cells, sampled })
    }

    /// The points of which silhouettes are taken, ascending; `None` for all.
    fn sample_of(&self, n: usize) -> Option<Vec<usize>> {
        if n <= self.sample {
            return None;
        }
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(self.seed);
        // Of what is left each point is as likely (Knuth's algorithm S).
        let mut missing = self.sample;
        let chosen = (0..n).filter(|i| {
            let is_chosen = rng.random_range(0..n - i) < missing;
            missing -= usize::from(is_chosen);
            is_chosen
        });
        Some(chosen.collect())
    }
}

/// The distance at which sorted distances begin to rise steeply; their median where they do not, and the greatest where all
/// are as good as equal.
fn at_the_knee(reach: &[f64]) -> f64 {
    let (low, high) = (reach[0], reach[reach.len() - 1]);
    if high - low <= 1e-8 + 1e-5 * low {
        return high;
    }
    knee::find(reach).map_or_else(|| percentile(reach, 50.0), |knee| reach[knee])
}

fn scores<const D: usize>(
    points: &[[f64; D]],
    clusterings: &[Labels],
    sample: Option<&[usize]>,
) -> Vec<Option<f64>> {
    let Some(sample) = sample else { return silhouette::means(points, clusterings) };
    let some: Vec<[f64; D]> = sample.iter().map(|i| points[*i]).collect();
    let of_some = |labels: &Labels| sample.iter().map(|i| labels[*i]).collect();
    silhouette::means(&some, &clusterings.iter().map(of_some).collect::<Vec<_>>())
}

/// `steps` values from `low` to `high`, both in.
fn evenly(low: f64, high: f64, steps: usize) -> impl Iterator<Item = f64> {
    let step = (high - low) / steps.max(2).saturating_sub(1) as f64;
    (0..steps).map(move |i| if i + 1 == steps && steps > 1 { high } else { i as f64 * step + low })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// By the book: every point looks at every other.
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
        fn as_by_definition(
            raw in prop::collection::vec([-6_i32..6, -6_i32..6], 1..40), eps in 0.0..4.0_f64, min_samples in 1_usize..7,
        ) {
            // Numbers on a grid: many distances are equal.
            let points: Vec<[f64; 2]> = raw.iter().map(|p| p.map(|x| f64::from(x) / 2.0)).collect();
            let space = Neighbourhoods::of(&points, 7);
            for eps in [eps, (2.0 * eps).floor() / 2.0] {
                prop_assert_eq!(space.clusters(eps, min_samples), by_definition(&points, eps, min_samples));
            }
        }
    }

    fn grid(sample: usize) -> Grid {
        Grid { eps_steps: 10, min_samples: 2, most_samples: 7, sample, seed: 1337 }
    }

    #[test]
    fn a_sample_is_said() {
        let points: Vec<[f64; 1]> =
            (0..60).map(|i| [f64::from(i % 30) + if i < 30 { 0.0 } else { 500.0 }]).collect();
        let (all, some) = (grid(60).best(&points).unwrap(), grid(40).best(&points).unwrap());
        assert_eq!((all.sampled, some.sampled), (None, Some(40)));
        assert_eq!(all.labels, some.labels);
        assert!(all.silhouette.unwrap() > 0.9 && some.silhouette.unwrap() > 0.9);
    }

    #[test]
    fn few_and_equal_points() {
        assert!(grid(9).best(&[[1.0]]).is_none());
        let two = grid(9).best(&[[1.0], [2.0]]).unwrap();
        assert_eq!((two.eps, two.labels, two.silhouette), (1.0, vec![Some(0), Some(0)], None));
        assert_eq!(at_the_knee(&[1.0, 1.0 + 1e-7, 1.0 + 2e-7, 1.0 + 9e-7]), 1.0 + 9e-7);
        let equal = grid(9).best(&[[1.0]; 9]).unwrap();
        assert!(equal.cells.is_empty());
        assert_eq!((equal.eps, equal.labels), (0.0, vec![Some(0); 9]));
    }
}
