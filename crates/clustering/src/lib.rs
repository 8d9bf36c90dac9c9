//! Clustering of points in few dimensions.
//!
//! [`Points`] is a view of a flat slice of finite coordinates, point after point. Clusters are
//! numbered from 0 in the order of their first points, `None` is noise. All results are
//! deterministic: random draws come from a seed, and ties go to the earlier point. Invalid input is
//! an [`Error`]; no input panics.
//!
//! | module | algorithm | checked against |
//! | --- | --- | --- |
//! | [`scale`] | robust scaling | scikit-learn's `RobustScaler` |
//! | [`hdbscan`] | HDBSCAN, leaf selection | `hdbscan` and scikit-learn, except for ties: those break equal distances by the order of rows, here they are one merge |
//! | [`kmeans`] | k-means, k selected by silhouette | scikit-learn's `KMeans` |
//! | [`mixture`] | Gaussian mixtures, number of components selected by BIC | scikit-learn's `GaussianMixture` |
//! | [`dbscan`] | DBSCAN and a grid search over its parameters | scikit-learn's `DBSCAN` |
//! | [`ward`] | Ward linkage of one-dimensional values, cut at a distance | scipy's `linkage` |
//! | [`silhouette`] | mean silhouette coefficient | scikit-learn's `silhouette_score` |
//! | [`knee`] | knee of a convex increasing curve | `kneed` |
//!
//! ```
//! use clustering::{Points, hdbscan};
//!
//! let rows: Vec<[f64; 2]> = (0..40).map(|i| [f64::from(i % 20), if i < 20 { 0.0 } else { 90.0 }]).collect();
//! let labels = hdbscan::leaf_clusters(Points::new(rows.as_flattened(), 2)?, 8);
//! assert_eq!((labels[0], labels[39]), (Some(0), Some(1)));
//! # Ok::<(), clustering::Error>(())
//! ```

pub mod dbscan;
mod error;
pub mod hdbscan;
pub mod kmeans;
pub mod knee;
mod labels;
pub mod mixture;
mod mutual_reachability;
mod points;
pub mod scale;
mod seeding;
pub mod silhouette;
pub mod ward;

pub use error::Error;
pub use labels::Labels;
pub use points::Points;
