//! What density-based clusterings share: distances to the nearest points, and the tree that spans all points by mutual
//! reachability.

use crate::distance;

/// Per point the distances to its `k` nearest others, ascending; fewer where there are fewer others.
pub(crate) fn nearest_others<const D: usize>(points: &[[f64; D]], k: usize) -> Vec<Vec<f64>> {
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
            let d = distance(&points[i], point);
            if own.len() < k || d < own[k - 1] {
                let place = own.partition_point(|other| *other <= d);
                own.insert(place, d);
                own.truncate(k);
            }
        }
    }
    nearest
}

/// An edge of a spanning tree.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Edge {
    /// From which point.
    pub a: usize,
    /// To which.
    pub b: usize,
    /// How far: the largest of the points' distance and their core distances.
    pub weight: f64,
}

/// The spanning tree of least mutual reachability (Prim), its edges from short to long. `core` are the points' core
/// distances. Which tree it is among equals does not matter to the components at any distance.
pub(crate) fn spanning_tree<const D: usize>(points: &[[f64; D]], core: &[f64]) -> Vec<Edge> {
    let mut edges = Vec::with_capacity(points.len().saturating_sub(1));
    // The points outside of the tree: where they are, their core distances, and the nearest of the tree.
    let mut outside: Vec<(usize, Edge)> =
        (1..points.len()).map(|b| (b, Edge { a: 0, b, weight: f64::INFINITY })).collect();
    let mut newest = 0;
    while !outside.is_empty() {
        let (at, own) = (points[newest], core[newest]);
        let (mut least, mut least_weight) = (0, f64::INFINITY);
        for (place, (b, edge)) in outside.iter_mut().enumerate() {
            let weight = distance(&at, &points[*b]).max(own).max(core[*b]);
            if weight < edge.weight {
                *edge = Edge { a: newest, b: *b, weight };
            }
            if edge.weight < least_weight {
                (least, least_weight) = (place, edge.weight);
            }
        }
        let (next, edge) = outside.swap_remove(least);
        edges.push(edge);
        newest = next;
    }
    edges.sort_by(|x, y| x.weight.total_cmp(&y.weight));
    edges
}

/// Disjoint sets of points.
#[derive(Debug)]
pub(crate) struct Sets(Vec<usize>);

impl Sets {
    /// Each of `n` points on its own.
    pub fn new(n: usize) -> Self {
        Self((0..n).collect())
    }

    /// The representative of a point's set.
    pub fn find(&mut self, mut point: usize) -> usize {
        while self.0[point] != point {
            self.0[point] = self.0[self.0[point]];
            point = self.0[point];
        }
        point
    }

    /// Joins the sets of two points; the lower representative stays.
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
        /// Any two points within reach of each other by steps of at most `limit` are joined by edges up to it, and no others.
        #[test]
        fn the_tree_tells_what_is_within_reach(
            raw in prop::collection::vec([-4_i32..4, -4_i32..4], 1..30), k in 0_usize..4, limit in 0.0..5.0_f64,
        ) {
            let points: Vec<[f64; 2]> = raw.iter().map(|p| p.map(f64::from)).collect();
            let core: Vec<f64> = nearest_others(&points, k).iter().map(|near| near.last().copied().unwrap_or(0.0)).collect();
            let (mut tree, mut all) = (Sets::new(points.len()), Sets::new(points.len()));
            for edge in spanning_tree(&points, &core).iter().filter(|edge| edge.weight <= limit) {
                tree.join(edge.a, edge.b);
            }
            for i in 0..points.len() {
                for j in 0..i {
                    if distance(&points[i], &points[j]).max(core[i]).max(core[j]) <= limit {
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
