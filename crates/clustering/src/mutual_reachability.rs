//! What the density-based algorithms share: distances to the nearest points, and the minimum
//! spanning tree by mutual reachability.

use crate::points::{Rows, distance};

/// Per point the distances to its `k` nearest others, ascending; fewer if there are fewer others.
pub(crate) fn nearest_others<const D: usize>(points: Rows<'_, D>, k: usize) -> Vec<Vec<f64>> {
    let k = k.min(points.len().saturating_sub(1));
    let mut nearest = vec![Vec::with_capacity(k + 1); points.len()];
    if k == 0 {
        return nearest;
    }
    for (i, own) in nearest.iter_mut().enumerate() {
        for (j, point) in points.iter().enumerate() {
            if i == j {
                continue;
            }
            let d = distance(points.row(i), point);
            if own.len() < k || d < own[k - 1] {
                let index = own.partition_point(|other| *other <= d);
                own.insert(index, d);
                own.truncate(k);
            }
        }
    }
    nearest
}

/// An edge of a spanning tree.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Edge {
    /// Index of one point.
    pub a: usize,
    /// Index of the other point.
    pub b: usize,
    /// Mutual reachability: the largest of the distance of the points and their core distances.
    pub weight: f64,
}

/// The minimum spanning tree by mutual reachability (Prim), its edges by ascending weight. `core`
/// holds the core distance of each point.
///
/// Several trees can be minimal; they have the same connected components at every distance.
pub(crate) fn spanning_tree<const D: usize>(points: Rows<'_, D>, core: &[f64]) -> Vec<Edge> {
    let mut edges = Vec::with_capacity(points.len().saturating_sub(1));
    // Points that are not in the tree yet, each with the lightest edge to the tree.
    let mut outside: Vec<(usize, Edge)> =
        (1..points.len()).map(|b| (b, Edge { a: 0, b, weight: f64::INFINITY })).collect();
    let mut newest = 0;
    while !outside.is_empty() {
        let (position, own) = (points.row(newest), core[newest]);
        let (mut lightest, mut lightest_weight) = (0, f64::INFINITY);
        for (index, (b, edge)) in outside.iter_mut().enumerate() {
            let weight = distance(position, points.row(*b)).max(own).max(core[*b]);
            if weight < edge.weight {
                *edge = Edge { a: newest, b: *b, weight };
            }
            if edge.weight < lightest_weight {
                (lightest, lightest_weight) = (index, edge.weight);
            }
        }
        let (next, edge) = outside.swap_remove(lightest);
        edges.push(edge);
        newest = next;
    }
    edges.sort_by(|x, y| x.weight.total_cmp(&y.weight));
    edges
}

/// Disjoint sets of points (union-find).
#[derive(Debug)]
pub(crate) struct DisjointSets(Vec<usize>);

impl DisjointSets {
    /// `n` sets of one point each.
    pub fn new(n: usize) -> Self {
        Self((0..n).collect())
    }

    /// The representative of a point's set: its lowest index.
    pub fn find(&mut self, mut point: usize) -> usize {
        while self.0[point] != point {
            self.0[point] = self.0[self.0[point]];
            point = self.0[point];
        }
        point
    }

    /// Joins the sets of two points.
    pub fn join(&mut self, a: usize, b: usize) -> usize {
        let (a, b) = (self.find(a), self.find(b));
        let (low, high) = (a.min(b), a.max(b));
        self.0[high] = low;
        low
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Two points are connected by tree edges up to `limit` exactly if they are connected by
        /// pairs up to `limit`.
        #[test]
        fn spanning_tree_has_the_components_of_all_pairs(
            raw in prop::collection::vec([-4_i32..4, -4_i32..4], 1..30), k in 0_usize..4, limit in 0.0..5.0_f64,
        ) {
            let flat: Vec<f64> = raw.as_flattened().iter().map(|x| f64::from(*x)).collect();
            let points = Rows::<2>::new(&flat, 2);
            let core: Vec<f64> = nearest_others(points, k).iter().map(|near| near.last().copied().unwrap_or(0.0)).collect();
            let (mut tree, mut all) = (DisjointSets::new(points.len()), DisjointSets::new(points.len()));
            for edge in spanning_tree(points, &core).iter().filter(|edge| edge.weight <= limit) {
                tree.join(edge.a, edge.b);
            }
            for i in 0..points.len() {
                for j in 0..i {
                    if distance(points.row(i), points.row(j)).max(core[i]).max(core[j]) <= limit {
                        all.join(i, j);
                    }
                }
            }
            for i in 0..points.len() {
                prop_assert_eq!(tree.find(i), all.find(i));
            }
        }
    }
}
