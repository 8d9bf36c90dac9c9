//! HDBSCAN with leaf selection: the finest clusters that a hierarchy of densities holds.
//!
//! Campello, Moulavi, Sander: Density-Based Clustering Based on Hierarchical Density Estimates (PAKDD 2013); the condensed
//! tree as in McInnes and Healy: Accelerated Hierarchical Density Based Clustering (ICDMW 2017).

use crate::reach::{Edge, Sets, nearest_others, spanning_tree};
use crate::{Labels, in_order_of_first_points};

/// The leaf clusters of `points`, each of at least `min_size` (at least 2) of them; `None` are noise. The whole is never a
/// cluster: fewer than `2 min_size` points have none.
///
/// The core distance of a point is that to its `min_size`-th nearest other. All merges at one distance are one merge of
/// several parts; it is a split where at least two of the parts have `min_size` points. Every point of a leaf's subtree
/// belongs to the leaf, however late it joins.
pub fn leaves<const D: usize>(points: &[[f64; D]], min_size: usize) -> Labels {
    let n = points.len();
    let min_size = min_size.max(2);
    if n < 2 * min_size {
        return vec![None; n];
    }
    let nearest = nearest_others(points, min_size);
    let core: Vec<f64> = nearest.iter().map(|near| near[min_size - 1]).collect();
    let tree = Hierarchy::new(n, &spanning_tree(points, &core));
    let mut labels = vec![None; n];
    for (number, leaf) in tree.leaves(min_size).into_iter().enumerate() {
        tree.each_point(leaf, |point| labels[point] = Some(number));
    }
    in_order_of_first_points(labels.into_iter())
}

/// How points come together as the distance grows. Nodes below `n` are the points, the last is the root.
struct Hierarchy {
    /// Per merge its parts.
    merges: Vec<Vec<usize>>,
    /// Points under each node.
    sizes: Vec<usize>,
}

impl Hierarchy {
    /// From the edges of a spanning tree, short to long.
    fn new(n: usize, edges: &[Edge]) -> Self {
        let mut sets = Sets::new(n);
        // The node that stands for each set, by the set's representative.
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

    /// The parts of a node; a point has none.
    fn parts(&self, node: usize) -> &[usize] {
        node.checked_sub(self.points()).map_or(&[], |merge| &self.merges[merge])
    }

    /// The nodes at which the clusters that are never split again begin.
    fn leaves(&self, min_size: usize) -> Vec<usize> {
        let root = self.sizes.len() - 1;
        // Clusters as (where they begin, how far down they have been followed).
        let (mut open, mut leaves) = (vec![(root, root)], Vec::new());
        while let Some((begin, node)) = open.pop() {
            let large: Vec<usize> =
                self.parts(node).iter().copied().filter(|part| self.sizes[*part] >= min_size).collect();
            match large[..] {
                [] if begin != root => leaves.push(begin),
                [] => {}
                // What falls off is small: the cluster goes on.
                [one] => open.push((begin, one)),
                _ => open.extend(large.into_iter().map(|part| (part, part))),
            }
        }
        leaves
    }

    fn each_point(&self, node: usize, mut tell: impl FnMut(usize)) {
        let mut open = vec![node];
        while let Some(node) = open.pop() {
            if node < self.points() {
                tell(node);
            }
            open.extend(self.parts(node));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Whichever way the rows are ordered, the same points are together; and no unit matters.
        #[test]
        fn neither_order_nor_unit_matters(
            raw in prop::collection::vec([-5_i32..5, -5_i32..5], 0..70), min_size in 2_usize..6, keys in any::<u64>(),
        ) {
            let points: Vec<[f64; 2]> = raw.iter().map(|p| p.map(f64::from)).collect();
            let mut order: Vec<usize> = (0..points.len()).collect();
            order.sort_by_key(|i| (*i as u64 + 1).wrapping_mul(keys | 1).rotate_left(31));
            let shuffled: Vec<[f64; 2]> = order.iter().map(|i| points[*i].map(|x| 0.25 * x)).collect();
            let (labels, others) = (leaves(&points, min_size), leaves(&shuffled, min_size));
            for a in 0..order.len() {
                prop_assert_eq!(others[a].is_some(), labels[order[a]].is_some());
                for b in 0..a {
                    prop_assert_eq!(others[a] == others[b], labels[order[a]] == labels[order[b]]);
                }
            }
        }

        /// Each cluster has enough points, and is never all of them.
        #[test]
        fn clusters_are_large_enough(raw in prop::collection::vec([-5_i32..5, -5_i32..5], 0..70), min_size in 2_usize..6) {
            let points: Vec<[f64; 2]> = raw.iter().map(|p| p.map(f64::from)).collect();
            let labels = leaves(&points, min_size);
            let clusters = labels.iter().flatten().max().map_or(0, |most| most + 1);
            prop_assert!(clusters != 1);
            for cluster in 0..clusters {
                prop_assert!(labels.iter().filter(|label| **label == Some(cluster)).count() >= min_size);
            }
        }
    }

    #[test]
    fn two_groups_and_a_stray() {
        let mut points: Vec<[f64; 1]> =
            (0..20).map(|i| [f64::from(i % 10) + if i < 10 { 0.0 } else { 100.0 }]).collect();
        points.push([1000.0]);
        let labels = leaves(&points, 8);
        assert!(labels[..10].iter().all(|label| *label == Some(0)));
        assert!(labels[10..20].iter().all(|label| *label == Some(1)));
        assert_eq!(labels[20], None);
    }

    #[test]
    fn none_where_there_is_nothing_to_tell_apart() {
        assert!(leaves::<1>(&[], 8).is_empty());
        assert_eq!(leaves(&[[1.0]; 15], 8), vec![None; 15]);
        assert_eq!(leaves(&[[1.0]; 40], 8), vec![None; 40]);
        // Evenly spaced: all merges are one.
        let even: Vec<[f64; 1]> = (0..40).map(|i| [f64::from(i)]).collect();
        assert_eq!(leaves(&even, 2), vec![None; 40]);
    }

    #[test]
    fn equal_points_are_a_cluster() {
        let points: Vec<[f64; 1]> = (0..27).map(|i| [f64::from(i / 9)]).collect();
        let labels = leaves(&points, 8);
        assert!(labels.iter().enumerate().all(|(i, label)| *label == Some(i / 9)));
    }
}
