//! HDBSCAN with leaf selection: the finest clusters of the density hierarchy.
//!
//! Campello, Moulavi, Sander: Density-Based Clustering Based on Hierarchical Density Estimates
//! (PAKDD 2013); the condensed tree is that of McInnes and Healy: Accelerated Hierarchical Density
//! Based Clustering (ICDMW 2017).

use crate::mutual_reachability::{DisjointSets, Edge, nearest_others, spanning_tree};
use crate::points::{Rows, with_rows};
use crate::{Labels, Points, labels};

/// The leaf clusters of `points`, each of at least `min_size` points (at least 2); points outside
/// of them are noise.
///
/// The core distance of a point is the distance to its `min_size`-th nearest other point. All
/// merges at one distance count as one merge of several parts, which is a split if at least two of
/// the parts have `min_size` points; so the result depends neither on the order of the points nor
/// on their unit. All points below a leaf belong to it, however late they join. The set of all
/// points is never a cluster, so fewer than `2 min_size` points have none. Time is `O(n^2)`.
///
/// ```
/// use clustering::{Points, hdbscan};
///
/// let mut values: Vec<f64> = (0..20).map(|i| f64::from(i % 10) + if i < 10 { 0.0 } else { 100.0 }).collect();
/// values.push(1000.0);
/// let labels = hdbscan::leaf_clusters(Points::new(&values, 1)?, 8);
/// assert_eq!((labels[0], labels[10], labels[20]), (Some(0), Some(1), None));
/// # Ok::<(), clustering::Error>(())
/// ```
pub fn leaf_clusters(points: Points<'_>, min_size: usize) -> Labels {
    let min_size = min_size.max(2);
    if points.len() < min_size.saturating_mul(2) {
        return vec![None; points.len()];
    }
    with_rows!(points, |rows| leaf_clusters_of(rows, min_size))
}

/// [`leaf_clusters`] of at least `2 min_size` points.
fn leaf_clusters_of<const D: usize>(points: Rows<'_, D>, min_size: usize) -> Labels {
    let nearest = nearest_others(points, min_size);
    let core: Vec<f64> = nearest.iter().map(|near| near[min_size - 1]).collect();
    let hierarchy = Hierarchy::new(points.len(), &spanning_tree(points, &core));
    let mut labels = vec![None; points.len()];
    for (number, leaf) in hierarchy.leaves(min_size).into_iter().enumerate() {
        hierarchy.for_each_point(leaf, |point| labels[point] = Some(number));
    }
    labels::number_by_first_point(labels.into_iter())
}

/// The merges of points as the distance grows: a tree. Nodes below `n` are the points, the last
/// node is the root.
struct Hierarchy {
    /// The child nodes of each merge.
    merges: Vec<Vec<usize>>,
    /// Number of points below each node.
    sizes: Vec<usize>,
}

impl Hierarchy {
    /// Builds the tree from the edges of a spanning tree of `n` points, by ascending weight.
    fn new(n: usize, edges: &[Edge]) -> Self {
        let mut sets = DisjointSets::new(n);
        // The node of each set, by the representative of the set.
        let mut node: Vec<usize> = (0..n).collect();
        let (mut merges, mut sizes) = (Vec::new(), vec![1; n]);
        for level in edges.chunk_by(|a, b| a.weight == b.weight) {
            let mut parts: Vec<(usize, usize)> = level
                .iter()
                .flat_map(|edge| [edge.a, edge.b])
                .map(|point| {
                    let set = sets.find(point);
                    (set, node[set])
                })
                .collect();
            parts.sort_unstable();
            parts.dedup();
            for edge in level {
                sets.join(edge.a, edge.b);
            }
            let mut parts: Vec<(usize, usize)> =
                parts.into_iter().map(|(set, part)| (sets.find(set), part)).collect();
            parts.sort_unstable();
            for merge in parts.chunk_by(|a, b| a.0 == b.0) {
                node[merge[0].0] = n + merges.len();
                merges.push(merge.iter().map(|(_, part)| *part).collect::<Vec<_>>());
                sizes.push(merge.iter().map(|(_, part)| sizes[*part]).sum());
            }
        }
        Self { merges, sizes }
    }

    fn points(&self) -> usize {
        self.sizes.len() - self.merges.len()
    }

    /// The child nodes of a node; a point has none.
    fn parts(&self, node: usize) -> &[usize] {
        node.checked_sub(self.points()).map_or(&[], |merge| &self.merges[merge])
    }

    /// The topmost nodes of the clusters that are never split again.
    fn leaves(&self, min_size: usize) -> Vec<usize> {
        let root = self.sizes.len() - 1;
        // A cluster as its topmost node and the node that the descent has reached.
        let (mut open, mut leaves) = (vec![(root, root)], Vec::new());
        while let Some((top, node)) = open.pop() {
            let large: Vec<usize> = self
                .parts(node)
                .iter()
                .copied()
                .filter(|part| self.sizes[*part] >= min_size)
                .collect();
            match large[..] {
                [] if top != root => leaves.push(top),
                [] => {}
                // The other parts are too small for a cluster, so this one continues.
                [one] => open.push((top, one)),
                _ => open.extend(large.into_iter().map(|part| (part, part))),
            }
        }
        leaves
    }

    fn for_each_point(&self, node: usize, mut visit: impl FnMut(usize)) {
        let mut open = vec![node];
        while let Some(node) = open.pop() {
            if node < self.points() {
                visit(node);
            }
            open.extend(self.parts(node));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn leaves_of(rows: &[[f64; 2]], min_size: usize) -> Labels {
        leaf_clusters(Points::new(rows.as_flattened(), 2).unwrap(), min_size)
    }

    fn line(values: &[f64], min_size: usize) -> Labels {
        leaf_clusters(Points::new(values, 1).unwrap(), min_size)
    }

    proptest! {
        #[test]
        fn order_and_unit_do_not_change_clusters(
            raw in prop::collection::vec([-5_i32..5, -5_i32..5], 0..70), min_size in 2_usize..6, keys in any::<u64>(),
        ) {
            let points: Vec<[f64; 2]> = raw.iter().map(|p| p.map(f64::from)).collect();
            let mut order: Vec<usize> = (0..points.len()).collect();
            order.sort_by_key(|i| (*i as u64 + 1).wrapping_mul(keys | 1).rotate_left(31));
            let shuffled: Vec<[f64; 2]> = order.iter().map(|i| points[*i].map(|x| 0.25 * x)).collect();
            let (labels, others) = (leaves_of(&points, min_size), leaves_of(&shuffled, min_size));
            for a in 0..order.len() {
                prop_assert_eq!(others[a].is_some(), labels[order[a]].is_some());
                for b in 0..a {
                    prop_assert_eq!(others[a] == others[b], labels[order[a]] == labels[order[b]]);
                }
            }
        }

        #[test]
        fn clusters_have_min_size_and_are_never_all_points(
            raw in prop::collection::vec([-5_i32..5, -5_i32..5], 0..70), min_size in 2_usize..6,
        ) {
            let points: Vec<[f64; 2]> = raw.iter().map(|p| p.map(f64::from)).collect();
            let labels = leaves_of(&points, min_size);
            let clusters = labels::count(&labels);
            prop_assert!(clusters != 1);
            for cluster in 0..clusters {
                prop_assert!(labels.iter().filter(|label| **label == Some(cluster)).count() >= min_size);
            }
        }

        /// A constant dimension and one known at run time give the same bits.
        #[test]
        fn dimension_dispatch_does_not_change_clusters(
            raw in prop::collection::vec([-5_i32..5, -5_i32..5], 4..70), min_size in 2_usize..6,
        ) {
            let points: Vec<[f64; 2]> = raw.iter().map(|p| p.map(f64::from)).collect();
            if points.len() >= 2 * min_size {
                let dynamic = leaf_clusters_of(Rows::<0>::new(points.as_flattened(), 2), min_size);
                prop_assert_eq!(leaves_of(&points, min_size), dynamic);
            }
        }
    }

    #[test]
    fn two_groups_and_an_outlier() {
        let mut values: Vec<f64> =
            (0..20).map(|i| f64::from(i % 10) + if i < 10 { 0.0 } else { 100.0 }).collect();
        values.push(1000.0);
        let labels = line(&values, 8);
        assert!(labels[..10].iter().all(|label| *label == Some(0)));
        assert!(labels[10..20].iter().all(|label| *label == Some(1)));
        assert_eq!(labels[20], None);
    }

    #[test]
    fn points_without_density_contrast_are_noise() {
        assert!(line(&[], 8).is_empty());
        assert_eq!(line(&[1.0; 15], 8), vec![None; 15]);
        assert_eq!(line(&[1.0; 40], 8), vec![None; 40]);
        // Evenly spaced: all merges are one.
        let even: Vec<f64> = (0..40).map(f64::from).collect();
        assert_eq!(line(&even, 2), vec![None; 40]);
        assert_eq!(line(&even, usize::MAX), vec![None; 40]);
    }

    #[test]
    fn equal_points_are_a_cluster() {
        let values: Vec<f64> = (0..27).map(|i| f64::from(i / 9)).collect();
        let labels = line(&values, 8);
        assert!(labels.iter().enumerate().all(|(i, label)| *label == Some(i / 9)));
    }
}
