//! Ward linkage of one-dimensional values.

use kodama::{Method, linkage};

use crate::{Error, labels};

/// The largest absolute value: squares of differences and their sums stay finite.
const MAX_ABS_VALUE: f64 = 1e150;

/// Merges `values` by Ward's criterion while the nearest two groups are less than `max_distance`
/// apart. Returns the group of each value; groups are numbered from 0 in the order of their first
/// values.
///
/// The distance of two groups of `a` and `b` values is `sqrt(2ab / (a + b)) |difference of means|`,
/// which for two single values is their difference. Ward: Hierarchical grouping to optimize an
/// objective function (1963); distances as in scipy's `linkage`. Memory: 4 `n^2` bytes for `n`
/// values.
///
/// # Errors
/// - [`Error::NotFinite`] if a value is NaN or infinite.
/// - [`Error::TooLarge`] if the absolute value of one exceeds 1e150.
///
/// ```
/// assert_eq!(clustering::ward::groups(&[1.0, 5.0, 1.05, 5.02], 0.1)?, [0, 1, 0, 1]);
/// # Ok::<(), clustering::Error>(())
/// ```
pub fn groups(values: &[f64], max_distance: f64) -> Result<Vec<usize>, Error> {
    if let Some(point) = values.iter().position(|x| !x.is_finite()) {
        return Err(Error::NotFinite { point, coordinate: 0 });
    }
    if let Some(point) = values.iter().position(|x| x.abs() > MAX_ABS_VALUE) {
        return Err(Error::TooLarge { point, coordinate: 0 });
    }
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
            if merge.dissimilarity >= max_distance {
                break;
            }
            let (a, b) = (merge.cluster1, merge.cluster2);
            node.iter_mut()
                .filter(|node| **node == a || **node == b)
                .for_each(|node| *node = n + k);
        }
    }
    Ok(labels::number_by_first_point(node.into_iter().map(Some)).into_iter().flatten().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_merge_below_the_distance() {
        assert!(groups(&[], 1.0).unwrap().is_empty());
        assert_eq!(groups(&[3.0], 1.0).unwrap(), [0]);
        assert_eq!(groups(&[3.0, 3.0, 4.0], 1.0).unwrap(), [0, 0, 1]);
        // Two values and one: sqrt(4/3) * 1.
        assert_eq!(groups(&[3.0, 3.0, 4.0], 1.2).unwrap(), [0, 0, 0]);
    }

    #[test]
    fn invalid_values_are_errors() {
        assert_eq!(
            groups(&[1.0, f64::NAN], 1.0),
            Err(Error::NotFinite { point: 1, coordinate: 0 })
        );
        assert_eq!(groups(&[1e151, 1.0], 1.0), Err(Error::TooLarge { point: 0, coordinate: 0 }));
        assert_eq!(groups(&[1e150, -1e150, 1.0], 1.0).unwrap(), [0, 1, 2]);
    }
}
