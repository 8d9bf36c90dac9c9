//! Ward linkage of numbers on a line.

use kodama::{Method, linkage};

/// Merges `values` by Ward's criterion while the nearest two groups are less than `limit` apart, and numbers the groups by
/// their first values. The distance of two groups of `a` and `b` values is `sqrt(2ab / (a + b)) |difference of means|`,
/// which for two single values is their difference.
///
/// ```
/// assert_eq!(clustering::ward::groups(&[1.0, 5.0, 1.05, 5.02], 0.1), [0, 1, 0, 1]);
/// ```
pub fn groups(values: &[f64], limit: f64) -> Vec<usize> {
    let n = values.len();
    let mut condensed: Vec<f64> = (0..n)
        .flat_map(|i| (i + 1..n).map(move |j| (i, j)))
        .map(|(i, j)| (values[i] - values[j]).abs())
        .collect();
    // Nodes are the values, then the merges in their order.
    let mut node: Vec<usize> = (0..n).collect();
    if n > 1 {
        let merges = linkage(&mut condensed, n, Method::Ward);
        for (k, merge) in merges.steps().iter().enumerate() {
            if merge.dissimilarity >= limit {
                break;
            }
            let (a, b) = (merge.cluster1, merge.cluster2);
            node.iter_mut().filter(|node| **node == a || **node == b).for_each(|node| *node = n + k);
        }
    }
    crate::in_order_of_first_points(node.into_iter().map(Some)).into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::groups;

    #[test]
    fn few_values() {
        assert!(groups(&[], 1.0).is_empty());
        assert_eq!(groups(&[3.0], 1.0), [0]);
        assert_eq!(groups(&[3.0, 3.0, 4.0], 1.0), [0, 0, 1]);
        // Two and one: sqrt(4/3) * 1.
        assert_eq!(groups(&[3.0, 3.0, 4.0], 1.2), [0, 0, 0]);
    }
}
