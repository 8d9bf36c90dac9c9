//! Gaussian mixtures with full covariances, and the selection of their number of components by the
//! Bayesian information criterion.
//!
//! Dempster, Laird, Rubin: Maximum likelihood from incomplete data via the EM algorithm (1977);
//! Schwarz: Estimating the dimension of a model (1978). The steps and the stop rule are those of
//! scikit-learn's `GaussianMixture`.

use std::f64::consts::TAU;

use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;

use crate::kmeans::lloyd;
use crate::points::{Rows, with_rows};
use crate::seeding::plus_plus;
use crate::{Error, Points};

/// Added to each variance, so that the covariance of a component of few points is positive
/// definite.
const VARIANCE_FLOOR: f64 = 1e-6;

/// EM stops when the mean log-likelihood changes by less.
const LOG_LIKELIHOOD_TOLERANCE: f64 = 1e-3;

/// Limit of EM iterations.
const MAX_ITERATIONS: usize = 100;

/// A component of a mixture.
#[derive(Clone, Debug, PartialEq)]
pub struct Component {
    /// Share of the points, from 0 to 1.
    pub weight: f64,
    /// Mean, one value per coordinate.
    pub mean: Vec<f64>,
    /// Covariance matrix, flat (row-major, dimension x dimension).
    pub covariance: Vec<f64>,
}

/// A fitted mixture.
///
/// ```
/// use clustering::{Points, mixture};
///
/// let values: Vec<f64> = (0..40).map(|i| f64::from(i % 2) * 50.0 + f64::from(i) * 0.1).collect();
/// let mixture = mixture::fit(Points::new(&values, 1)?, 2, 5, 1).expect("two components");
/// assert!((mixture.components[0].weight - 0.5).abs() < 1e-12);
/// assert_ne!(mixture.labels[0], mixture.labels[1]);
/// # Ok::<(), clustering::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Mixture {
    /// The components.
    pub components: Vec<Component>,
    /// The component with the largest share of each point.
    pub labels: Vec<usize>,
    /// Log-likelihood of all points.
    pub log_likelihood: f64,
    /// Number of EM iterations.
    pub iterations: usize,
    /// Whether the stop rule ended EM, not the limit of iterations.
    pub converged: bool,
}

impl Mixture {
    /// The Bayesian information criterion (Schwarz 1978); lower is better.
    ///
    /// ```
    /// use clustering::{Points, mixture};
    ///
    /// let values: Vec<f64> = (0..40).map(|i| f64::from(i % 2) * 50.0 + f64::from(i) * 0.1).collect();
    /// let bic = |k| mixture::fit(Points::new(&values, 1).unwrap(), k, 5, 1).unwrap().bic();
    /// assert!(bic(2) < bic(1));
    /// ```
    pub fn bic(&self) -> f64 {
        let k = self.components.len() as f64;
        let dim = self.components.first().map_or(0, |component| component.mean.len());
        let (d, n) = (dim as f64, self.labels.len() as f64);
        let parameters = k - 1.0 + k * d + k * d * (d + 1.0) / 2.0;
        parameters * libm::log(n) - 2.0 * self.log_likelihood
    }

    /// Runs EM from `labels`, the initial component (below `k`) of each point.
    ///
    /// `None` if there are no points, or a covariance stops being positive definite, as with points
    /// too far apart for the range of `f64`.
    ///
    /// # Errors
    /// - [`Error::LabelCount`] if there is not exactly one label per point.
    /// - [`Error::LabelRange`] if a label is not below `k`.
    ///
    /// ```
    /// use clustering::{Points, mixture::Mixture};
    ///
    /// let points = Points::new(&[0.0, 1.0, 10.0, 11.0], 1)?;
    /// let mixture = Mixture::from_labels(points, &[0, 0, 1, 1], 2)?.expect("a mixture");
    /// assert_eq!(mixture.labels, [0, 0, 1, 1]);
    /// # Ok::<(), clustering::Error>(())
    /// ```
    pub fn from_labels(
        points: Points<'_>,
        labels: &[usize],
        k: usize,
    ) -> Result<Option<Self>, Error> {
        if labels.len() != points.len() {
            return Err(Error::LabelCount { points: points.len(), labels: labels.len() });
        }
        if let Some((point, label)) = labels.iter().enumerate().find(|(_, label)| **label >= k) {
            return Err(Error::LabelRange { point, label: *label, components: k });
        }
        Ok(with_rows!(points, |rows| Self::from_row_labels(rows, labels, k)))
    }

    /// [`Mixture::from_labels`] with one label below `k` per point.
    fn from_row_labels<const D: usize>(
        points: Rows<'_, D>,
        labels: &[usize],
        k: usize,
    ) -> Option<Self> {
        let n = points.len();
        if n == 0 {
            return None;
        }
        let mut shares: Vec<Vec<f64>> = vec![vec![0.0; n]; k];
        for (i, label) in labels.iter().enumerate() {
            shares[*label][i] = 1.0;
        }
        let mut components = maximize(points, &shares);
        let (mut iterations, mut converged, mut last) = (0, false, f64::NEG_INFINITY);
        while iterations < MAX_ITERATIONS && !converged {
            let mean = expect(points, &components, &mut shares)? / n as f64;
            components = maximize(points, &shares);
            converged = (mean - last).abs() < LOG_LIKELIHOOD_TOLERANCE;
            last = mean;
            iterations += 1;
        }
        let log_likelihood = expect(points, &components, &mut shares)?;
        let largest = |i: usize| {
            (0..k).rev().max_by(|a, b| shares[*a][i].total_cmp(&shares[*b][i])).unwrap_or(0)
        };
        let labels = (0..n).map(largest).collect();
        Some(Self { components, labels, log_likelihood, iterations, converged })
    }
}

/// The M step: the components that make `points`, weighted by `shares`, most likely.
fn maximize<const D: usize>(points: Rows<'_, D>, shares: &[Vec<f64>]) -> Vec<Component> {
    let dim = points.dim();
    let component = |own: &Vec<f64>| {
        // The term of rounding size avoids a division by 0 for a component without points.
        let count = own.iter().sum::<f64>() + 10.0 * f64::EPSILON;
        let mut mean = weighted_sum(points, own);
        mean.iter_mut().for_each(|x| *x /= count);
        let mut covariance = weighted_products(points, own, &mean);
        for (a, row) in covariance.chunks_exact_mut(dim).enumerate() {
            row.iter_mut().for_each(|sum| *sum /= count);
            row[a] += VARIANCE_FLOOR;
        }
        Component { weight: count, mean, covariance }
    };
    let mut components: Vec<Component> = shares.iter().map(component).collect();
    let total: f64 = components.iter().map(|component| component.weight).sum();
    components.iter_mut().for_each(|component| component.weight /= total);
    components
}

/// The sum of the points, each times its share.
fn weighted_sum<const D: usize>(points: Rows<'_, D>, shares: &[f64]) -> Vec<f64> {
    let mut sums = vec![0.0; points.dim()];
    let weighted = shares.iter().zip(points.iter());
    if D == 0 {
        weighted.for_each(|(share, point)| {
            sums.iter_mut().zip(point).for_each(|(sum, x)| *sum += share * x)
        });
    } else {
        // An array of constant length stays in registers.
        let mut array = [0.0; D];
        weighted.for_each(|(share, point)| {
            array.iter_mut().zip(point).for_each(|(sum, x)| *sum += share * x)
        });
        sums.copy_from_slice(&array);
    }
    sums
}

/// The sum of the outer products of the deviations from `mean`, each times the share of its point,
/// flat.
fn weighted_products<const D: usize>(
    points: Rows<'_, D>,
    shares: &[f64],
    mean: &[f64],
) -> Vec<f64> {
    let dim = points.dim();
    let mut sums = vec![0.0; dim * dim];
    if D == 0 {
        let mut deviation = vec![0.0; dim];
        for (share, point) in shares.iter().zip(points.iter()) {
            deviation.iter_mut().zip(point).zip(mean).for_each(|((off, x), mean)| *off = x - mean);
            for (row, x) in sums.chunks_exact_mut(dim).zip(&deviation) {
                row.iter_mut().zip(&deviation).for_each(|(sum, y)| *sum += share * x * y);
            }
        }
    } else {
        let (mut array, mut center) = ([[0.0; D]; D], [0.0; D]);
        center.copy_from_slice(mean);
        for (share, point) in shares.iter().zip(points.iter()) {
            let mut deviation = [0.0; D];
            deviation
                .iter_mut()
                .zip(point)
                .zip(&center)
                .for_each(|((off, x), mean)| *off = x - mean);
            for (row, x) in array.iter_mut().zip(deviation) {
                row.iter_mut().zip(deviation).for_each(|(sum, y)| *sum += share * x * y);
            }
        }
        sums.copy_from_slice(array.as_flattened());
    }
    sums
}

/// The E step: the share of each component in each point. Returns the log-likelihood of all points,
/// or `None` if it is not finite.
fn expect<const D: usize>(
    points: Rows<'_, D>,
    components: &[Component],
    shares: &mut [Vec<f64>],
) -> Option<f64> {
    for (component, own) in components.iter().zip(shares.iter_mut()) {
        let density = Density::new(component)?;
        density.fill_logs(points, own);
    }
    let mut total = 0.0;
    let mut row = vec![0.0; components.len()];
    for i in 0..points.len() {
        let greatest = shares.iter().map(|own| own[i]).fold(f64::NEG_INFINITY, f64::max);
        let mut sum = 0.0;
        for (share, own) in row.iter_mut().zip(shares.iter()) {
            *share = exp_or_zero(own[i] - greatest);
            sum += *share;
        }
        for (share, own) in row.iter().zip(shares.iter_mut()) {
            own[i] = share / sum;
        }
        total += greatest + libm::log(sum);
    }
    total.is_finite().then_some(total)
}

/// `e^x`, 0 below `e^-60`: next to the greatest term, which is 1, such a term vanishes in a sum.
fn exp_or_zero(x: f64) -> f64 {
    if x < -60.0 { 0.0 } else { libm::exp(x) }
}

/// The density of a component, prepared for evaluation.
struct Density<'a> {
    mean: &'a [f64],
    /// The inverse of the lower Cholesky factor of the covariance, flat.
    whitening: Vec<f64>,
    /// The terms that do not depend on the point.
    constant: f64,
}

impl<'a> Density<'a> {
    /// `None` if the covariance is not positive definite.
    fn new(component: &'a Component) -> Option<Self> {
        let dim = component.mean.len();
        let factor = cholesky(&component.covariance, dim)?;
        let log_determinant: f64 = (0..dim).map(|a| libm::log(factor[a * dim + a])).sum();
        let mut whitening = vec![0.0; dim * dim];
        let mut column = vec![0.0; dim];
        for b in 0..dim {
            column.fill(0.0);
            for a in b..dim {
                let row = &factor[a * dim..][..dim];
                let known: f64 = row[b..a].iter().zip(&column[b..a]).map(|(f, x)| f * x).sum();
                column[a] = (if a == b { 1.0 } else { 0.0 } - known) / row[a];
                whitening[a * dim + b] = column[a];
            }
        }
        let constant =
            libm::log(component.weight) - log_determinant - 0.5 * dim as f64 * libm::log(TAU);
        Some(Self { mean: &component.mean, whitening, constant })
    }

    /// Sets `logs` to the logarithms of weight times density at `points`.
    fn fill_logs<const D: usize>(&self, points: Rows<'_, D>, logs: &mut [f64]) {
        if D == 0 {
            for (log, point) in logs.iter_mut().zip(points.iter()) {
                let rows = self.whitening.chunks_exact(points.dim());
                *log = self.constant - 0.5 * whitened_square(rows, point, self.mean);
            }
        } else {
            let (mut whitening, mut mean) = ([[0.0; D]; D], [0.0; D]);
            whitening.as_flattened_mut().copy_from_slice(&self.whitening);
            mean.copy_from_slice(self.mean);
            for (log, point) in logs.iter_mut().zip(points.iter()) {
                let rows = whitening.iter().map(<[f64; D]>::as_slice);
                *log = self.constant - 0.5 * whitened_square(rows, point, &mean);
            }
        }
    }
}

/// The squared length of the whitened deviation of `point` from `mean`.
#[inline(always)]
fn whitened_square<'w>(
    whitening: impl Iterator<Item = &'w [f64]>,
    point: &[f64],
    mean: &[f64],
) -> f64 {
    let mut square = 0.0;
    for row in whitening {
        let mut white = 0.0;
        for ((weight, x), mean) in row.iter().zip(point).zip(mean) {
            white += weight * (x - mean);
        }
        square += white * white;
    }
    square
}

/// The lower triangular factor L (flat) with L L' = `matrix`; `None` unless
/// that is positive definite.
fn cholesky(matrix: &[f64], dim: usize) -> Option<Vec<f64>> {
    let mut factor = vec![0.0; dim * dim];
    for a in 0..dim {
        for b in 0..=a {
            let (row, other) = (&factor[a * dim..][..b], &factor[b * dim..][..b]);
            let sum: f64 = row.iter().zip(other).map(|(x, y)| x * y).sum();
            let rest = matrix[a * dim + b] - sum;
            factor[a * dim + b] = if a == b {
                (rest > 0.0 && rest.is_finite()).then(|| rest.sqrt())?
            } else {
                rest / factor[b * dim + b]
            };
        }
    }
    Some(factor)
}

/// Fits a mixture of `k` components: the most likely of `starts` runs of EM, the first of equals.
///
/// Each run starts from the labels of k-means with k-means++ centers drawn with `seed`. `starts`
/// counts as at least 1. `None` if `k` is 0, there are fewer distinct points than components, or no
/// run keeps its covariances positive definite.
///
/// ```
/// use clustering::{Points, mixture};
///
/// let points = Points::new(&[0.0, 1.0, 2.0, 50.0, 51.0, 52.0], 1)?;
/// let mixture = mixture::fit(points, 2, 5, 1).expect("two components");
/// assert!(mixture.converged);
/// assert!(mixture::fit(Points::new(&[1.0; 6], 1)?, 2, 5, 1).is_none());
/// # Ok::<(), clustering::Error>(())
/// ```
pub fn fit(points: Points<'_>, k: usize, starts: usize, seed: u64) -> Option<Mixture> {
    with_rows!(points, |rows| fit_rows(rows, k, starts, seed))
}

fn fit_rows<const D: usize>(
    points: Rows<'_, D>,
    k: usize,
    starts: usize,
    seed: u64,
) -> Option<Mixture> {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut best: Option<Mixture> = None;
    for _ in 0..starts.max(1) {
        let centers = plus_plus(points, k, &mut rng);
        if centers.is_empty() || centers.len() / points.dim() < k {
            return None;
        }
        let labels = lloyd(points, centers).labels;
        let found = Mixture::from_row_labels(points, &labels, k);
        if let Some(found) = found
            && best.as_ref().is_none_or(|best| found.log_likelihood > best.log_likelihood)
        {
            best = Some(found);
        }
    }
    best
}

/// Selects the mixture of 2 to `max_components` components with the lowest BIC, the one with fewer
/// components of equals.
///
/// `starts` and `seed` are those of [`fit`]. `None` if no such mixture can be fitted.
///
/// ```
/// use clustering::{Points, mixture};
///
/// let values: Vec<f64> = (0..60).map(|i| f64::from(i % 3) * 50.0 + f64::from(i) * 0.1).collect();
/// let mixture = mixture::select_by_bic(Points::new(&values, 1)?, 5, 5, 1).expect("a mixture");
/// assert_eq!(mixture.components.len(), 3);
/// # Ok::<(), clustering::Error>(())
/// ```
pub fn select_by_bic(
    points: Points<'_>,
    max_components: usize,
    starts: usize,
    seed: u64,
) -> Option<Mixture> {
    let mut best: Option<Mixture> = None;
    for found in (2..=max_components).filter_map(|k| fit(points, k, starts, seed)) {
        if best.as_ref().is_none_or(|best| found.bic() < best.bic()) {
            best = Some(found);
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(values: &[f64]) -> Points<'_> {
        Points::new(values, 1).unwrap()
    }

    #[test]
    fn two_groups_are_two_components() {
        use rand::RngExt;
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(3);
        // A sum of twelve uniform draws is nearly normal.
        let mut normal = || (0..12).map(|_| rng.random::<f64>()).sum::<f64>();
        let rows: Vec<[f64; 2]> = (0..200)
            .map(|i| {
                let (x, y) = (normal(), normal());
                if i % 2 == 0 { [x, y] } else { [x + 50.0, 0.5 * y + x] }
            })
            .collect();
        let points = Points::new(rows.as_flattened(), 2).unwrap();
        let found = select_by_bic(points, 3, 5, 1).unwrap();
        assert_eq!(found.components.len(), 2);
        assert!((0..200).all(|i| found.labels[i] == found.labels[i % 2]));
        assert!(
            found.converged && found.components.iter().all(|one| (one.weight - 0.5).abs() < 1e-12)
        );
        assert_eq!(select_by_bic(points, 3, 5, 1).unwrap(), found);
    }

    #[test]
    fn degenerate_points_have_no_mixture() {
        assert!(fit(line(&[]), 2, 5, 1).is_none());
        assert!(fit(line(&[1.0, 2.0]), 0, 5, 1).is_none());
        assert!(fit(line(&[1.0; 9]), 2, 5, 1).is_none());
        // The variance of a component of one point is the floor.
        assert!(fit(line(&[0.0, 1e150]), 2, 5, 1).is_some());
        assert!(fit(line(&[0.0, 1e200, -1e200]), 2, 5, 1).is_none());
    }

    /// A constant dimension and one known at run time give the same bits.
    #[test]
    fn dimension_dispatch_does_not_change_the_mixture() {
        let rows: Vec<[f64; 3]> = (0..90)
            .map(|i| {
                [i % 3, i % 7, i % 11].map(|x| f64::from(x) * 4.0 + (f64::from(i) * 0.7).sin())
            })
            .collect();
        let points = Points::new(rows.as_flattened(), 3).unwrap();
        for k in 1..5 {
            let dynamic = fit_rows(Rows::<0>::new(points.values(), 3), k, 3, 1);
            assert_eq!(fit(points, k, 3, 1), dynamic);
        }
    }

    #[test]
    fn invalid_labels_are_errors() {
        let found = Mixture::from_labels(line(&[1.0]), &[3], 2);
        assert_eq!(found, Err(Error::LabelRange { point: 0, label: 3, components: 2 }));
        let found = Mixture::from_labels(line(&[1.0]), &[], 2);
        assert_eq!(found, Err(Error::LabelCount { points: 1, labels: 0 }));
    }

    #[test]
    fn cholesky_factor_times_its_transpose_is_the_matrix() {
        let matrix = [4.0, 2.0, 1.0, 2.0, 5.0, 3.0, 1.0, 3.0, 6.0];
        let factor = cholesky(&matrix, 3).unwrap();
        for a in 0..3 {
            for b in 0..3 {
                let product: f64 = (0..3).map(|c| factor[3 * a + c] * factor[3 * b + c]).sum();
                assert!((product - matrix[3 * a + b]).abs() < 1e-14);
            }
        }
        assert!(cholesky(&[1.0, 2.0, 2.0, 1.0], 2).is_none());
    }
}
