//! Clusters of points in few dimensions.
//!
//! Points are arrays `[f64; D]`, clusters are numbers from 0 in the order of the points (`None` is noise), and everything is
//! deterministic: what is drawn at random comes from a seed, and ties go to the earlier point. No input panics, as long as
//! its numbers are finite.
//!
//! | module | what | measured against |
//! | --- | --- | --- |
//! | [`scale`] | robust scaling | scikit-learn's `RobustScaler` |
//! | [`hdbscan`] | HDBSCAN, leaf selection | `hdbscan` and scikit-learn where equal distances do not decide; these break ties by the order of rows, here they are one merge |
//! | [`kmeans`] | k-means, k by silhouette | scikit-learn's `KMeans` |
//! | [`mixture`] | Gaussian mixtures, their number by BIC | scikit-learn's `GaussianMixture` |
//! | [`dbscan`] | DBSCAN over a grid of parameters | scikit-learn's `DBSCAN` |
//! | [`ward`] | Ward linkage of numbers, cut at a distance | scipy's `linkage` |
//! | [`silhouette`] | the mean silhouette | scikit-learn's `silhouette_score` |
//! | [`knee`] | the knee of a curve | `kneed` |
//!
//! ```
//! let points: Vec<[f64; 2]> = (0..40).map(|i| [f64::from(i % 20), if i < 20 { 0.0 } else { 90.0 }]).collect();
//! let labels = clustering::hdbscan::leaves(&points, 8);
//! assert_eq!((labels[0], labels[39]), (Some(0), Some(1)));
//! ```

pub mod dbscan;
pub mod hdbscan;
pub mod kmeans;
pub mod knee;
pub mod mixture;
mod reach;
pub mod scale;
mod seeding;
pub mod silhouette;
pub mod ward;

/// The cluster of each point, `None` for noise.
pub type Labels = Vec<Option<usize>>;

/// Euclidean distance, summed in the order of the coordinates: every algorithm here sees the same number for a pair.
pub fn distance<const D: usize>(a: &[f64; D], b: &[f64; D]) -> f64 {
    squared(a, b).sqrt()
}

pub(crate) fn squared<const D: usize>(a: &[f64; D], b: &[f64; D]) -> f64 {
    let mut sum = 0.0;
    for i in 0..D {
        sum += (a[i] - b[i]) * (a[i] - b[i]);
    }
    sum
}

/// Renumbers clusters from 0 in the order of their first points.
pub(crate) fn in_order_of_first_points(labels: impl Iterator<Item = Option<usize>>) -> Labels {
    let mut numbers = std::collections::BTreeMap::new();
    labels
        .map(|label| {
            label.map(|label| {
                let next = numbers.len();
                *numbers.entry(label).or_insert(next)
            })
        })
        .collect()
}
