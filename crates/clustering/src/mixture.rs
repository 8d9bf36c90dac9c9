//! Mixtures of Gaussians with full covariances, and how many components there are by the Bayesian information criterion.
//!
//! Dempster, Laird, Rubin: Maximum likelihood from incomplete data via the EM algorithm (1977); Schwarz: Estimating the
//! dimension of a model (1978). Steps and stop rule are those of scikit-learn's `GaussianMixture`.

use std::f64::consts::TAU;

use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;

use crate::kmeans::lloyd;
use crate::seeding::plus_plus;

/// What is added to each variance, so that a component of few points has one.
const RIDGE: f64 = 1e-6;

/// The rounds end when the mean log-likelihood changes by less,
const TOLERANCE: f64 = 1e-3;

/// or after so many.
const ROUNDS: usize = 100;

/// A component.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Component<const D: usize> {
    /// Its share of the points.
    pub weight: f64,
    /// Its mean.
    pub mean: [f64; D],
    /// Its covariance.
    pub covariance: [[f64; D]; D],
}

/// A mixture that was fitted.
#[derive(Clone, Debug, PartialEq)]
pub struct Mixture<const D: usize> {
    /// Its components.
    pub components: Vec<Component<D>>,
    /// The component to which each point belongs most.
    pub labels: Vec<usize>,
    /// Log-likelihood of the points.
    pub log_likelihood: f64,
    /// Rounds of EM.
    pub rounds: usize,
    /// Whether it came to rest.
    pub converged: bool,
}

impl<const D: usize> Mixture<D> {
    /// The Bayesian information criterion, in which less is better.
    pub fn bic(&self) -> f64 {
        let k = self.components.len() as f64;
        let (d, n) = (D as f64, self.labels.len() as f64);
        let parameters = k - 1.0 + k * d + k * d * (d + 1.0) / 2.0;
        parameters * libm::log(n) - 2.0 * self.log_likelihood
    }

    /// EM from `labels`, which say to which component (below `k`) each point belongs to begin with. `None` where a covariance is
    /// no longer one, as with points too far apart for numbers.
    pub fn from_labels(points: &[[f64; D]], labels: &[usize], k: usize) -> Option<Self> {
        let n = points.len();
        if n == 0 || labels.len() != n {
            return None;
        }
        let mut shares: Vec<Vec<f64>> = vec![vec![0.0; n]; k];
        for (i, label) in labels.iter().enumerate() {
            *shares.get_mut(*label)?.get_mut(i)? = 1.0;
        }
        let mut components = maximise(points, &shares);
        let (mut rounds, mut converged, mut last) = (0, false, f64::NEG_INFINITY);
        while rounds < ROUNDS && !converged {
            let mean = expect(points, &components, &mut shares)? / n as f64;
            components = maximise(points, &shares);
            converged = (mean - last).abs() < TOLERANCE;
            last = mean;
            rounds += 1;
        }
        let log_likelihood = expect(points, &components, &mut shares)?;
        let most =
            |i: usize| (0..k).rev().max_by(|a, b| shares[*a][i].total_cmp(&shares[*b][i])).unwrap_or(0);
        let labels = (0..n).map(most).collect();
        Some(Self { components, labels, log_likelihood, rounds, converged })
    }
}

/// The components that make `points`, shared out by `shares`, most likely.
fn maximise<const D: usize>(points: &[[f64; D]], shares: &[Vec<f64>]) -> Vec<Component<D>> {
    let component = |own: &Vec<f64>| {
        // So that one without points divides by something.
        let count = own.iter().sum::<f64>() + 10.0 * f64::EPSILON;
        let mut mean = [0.0; D];
        for (share, point) in own.iter().zip(points) {
            for d in 0..D {
                mean[d] += share * point[d];
            }
        }
        mean.iter_mut().for_each(|x| *x /= count);
        let mut covariance = [[0.0; D]; D];
        for (share, point) in own.iter().zip(points) {
            let mut off = *point;
            off.iter_mut().zip(&mean).for_each(|(x, mean)| *x -= mean);
            for (row, x) in covariance.iter_mut().zip(off) {
                row.iter_mut().zip(off).for_each(|(sum, y)| *sum += share * x * y);
            }
        }
        for (a, row) in covariance.iter_mut().enumerate() {
            row.iter_mut().for_each(|sum| *sum /= count);
            row[a] += RIDGE;
        }
        Component { weight: count, mean, covariance }
    };
    let mut components: Vec<Component<D>> = shares.iter().map(component).collect();
    let total: f64 = components.iter().map(|component| component.weight).sum();
    components.iter_mut().for_each(|component| component.weight /= total);
    components
}

/// Shares each point out among the components; the log-likelihood of all points.
fn expect<const D: usize>(
    points: &[[f64; D]],
    components: &[Component<D>],
    shares: &mut [Vec<f64>],
) -> Option<f64> {
    for (component, own) in components.iter().zip(shares.iter_mut()) {
        let density = Density::of(component)?;
        for (share, point) in own.iter_mut().zip(points) {
            *share = density.log_at(point);
        }
    }
    let mut total = 0.0;
    let mut row = vec![0.0; components.len()];
    for i in 0..points.len() {
        let greatest = shares.iter().map(|own| own[i]).fold(f64::NEG_INFINITY, f64::max);
        let mut sum = 0.0;
        for (share, own) in row.iter_mut().zip(shares.iter()) {
            *share = exp(own[i] - greatest);
            sum += *share;
        }
        for (share, own) in row.iter().zip(shares.iter_mut()) {
            own[i] = share / sum;
        }
        total += greatest + libm::log(sum);
    }
    total.is_finite().then_some(total)
}

/// What is below e^-60 of the greatest adds nothing that a sum could show.
fn exp(x: f64) -> f64 {
    if x < -60.0 { 0.0 } else { libm::exp(x) }
}

/// A component made ready to tell densities.
struct Density<const D: usize> {
    mean: [f64; D],
    /// The inverse of the covariance's lower Cholesky factor.
    whitening: [[f64; D]; D],
    /// What does not depend on the point.
    constant: f64,
}

impl<const D: usize> Density<D> {
    /// `None` where the covariance is not positive definite.
    fn of(component: &Component<D>) -> Option<Self> {
        let factor = cholesky(&component.covariance)?;
        let log_determinant: f64 = (0..D).map(|a| libm::log(factor[a][a])).sum();
        let mut whitening = [[0.0; D]; D];
        for b in 0..D {
            let mut column = [0.0; D];
            for a in b..D {
                let known: f64 = factor[a][b..a].iter().zip(&column[b..a]).map(|(f, x)| f * x).sum();
                column[a] = (if a == b { 1.0 } else { 0.0 } - known) / factor[a][a];
                whitening[a][b] = column[a];
            }
        }
        let constant = libm::log(component.weight) - log_determinant - 0.5 * D as f64 * libm::log(TAU);
        Some(Self { mean: component.mean, whitening, constant })
    }

    /// Logarithm of weight times density.
    fn log_at(&self, point: &[f64; D]) -> f64 {
        let mut square = 0.0;
        for row in &self.whitening {
            let mut white = 0.0;
            for ((weight, x), mean) in row.iter().zip(point).zip(&self.mean) {
                white += weight * (x - mean);
            }
            square += white * white;
        }
        self.constant - 0.5 * square
    }
}

/// The lower triangle whose product with its transpose is `matrix`.
fn cholesky<const D: usize>(matrix: &[[f64; D]; D]) -> Option<[[f64; D]; D]> {
    let mut factor = [[0.0; D]; D];
    for a in 0..D {
        for b in 0..=a {
            let sum: f64 = (0..b).map(|c| factor[a][c] * factor[b][c]).sum();
            let rest = matrix[a][b] - sum;
            if a == b {
                // A variance that is no number fails too.
                factor[a][a] = (rest > 0.0 && rest.is_finite()).then(|| rest.sqrt())?;
            } else {
                factor[a][b] = rest / factor[b][b];
            }
        }
    }
    Some(factor)
}

/// The most likely of mixtures of `k` components, each from seeded k-means++ centres, of which k-means makes the first
/// labels. `None` where no start holds, or there are fewer distinct points than components.
pub fn fit<const D: usize>(points: &[[f64; D]], k: usize, starts: usize, seed: u64) -> Option<Mixture<D>> {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut best: Option<Mixture<D>> = None;
    for _ in 0..starts.max(1) {
        let centers = plus_plus(points, k, &mut rng);
        if centers.len() < k {
            return None;
        }
        let labels = lloyd(points, centers).labels;
        let found = Mixture::from_labels(points, &labels, k);
        if let Some(found) = found
            && best.as_ref().is_none_or(|best| found.log_likelihood > best.log_likelihood)
        {
            best = Some(found);
        }
    }
    best
}

/// The mixture of 2 to `most` components with the least BIC, of equals the one with fewer; `None` where there is none.
pub fn by_bic<const D: usize>(
    points: &[[f64; D]],
    most: usize,
    starts: usize,
    seed: u64,
) -> Option<Mixture<D>> {
    let mut best: Option<Mixture<D>> = None;
    for found in (2..=most).filter_map(|k| fit(points, k, starts, seed)) {
        if best.as_ref().is_none_or(|best| found.bic() < best.bic()) {
            best = Some(found);
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_heaps_are_two_components() {
        use rand::RngExt;
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(3);
        // A sum of twelve even draws is nearly normal.
        let mut normal = || (0..12).map(|_| rng.random::<f64>()).sum::<f64>();
        let points: Vec<[f64; 2]> = (0..200)
            .map(|i| {
                let (x, y) = (normal(), normal());
                if i % 2 == 0 { [x, y] } else { [x + 50.0, 0.5 * y + x] }
            })
            .collect();
        let found = by_bic(&points, 3, 5, 1).unwrap();
        assert_eq!(found.components.len(), 2);
        assert!((0..200).all(|i| found.labels[i] == found.labels[i % 2]));
        assert!(found.converged && found.components.iter().all(|one| (one.weight - 0.5).abs() < 1e-12));
        assert_eq!(by_bic(&points, 3, 5, 1).unwrap(), found);
    }

    #[test]
    fn odd_points() {
        assert!(fit::<1>(&[], 2, 5, 1).is_none());
        assert!(fit(&[[1.0]; 9], 2, 5, 1).is_none());
        // A component of one point has the ridge for a covariance.
        assert!(fit(&[[0.0], [1e150]], 2, 5, 1).is_some());
        assert!(fit(&[[0.0], [1e200], [-1e200]], 2, 5, 1).is_none());
        assert!(Mixture::from_labels(&[[1.0]], &[3], 2).is_none());
    }

    #[test]
    fn a_factor_times_itself() {
        let matrix = [[4.0, 2.0, 1.0], [2.0, 5.0, 3.0], [1.0, 3.0, 6.0]];
        let factor = cholesky(&matrix).unwrap();
        for a in 0..3 {
            for b in 0..3 {
                let product: f64 = (0..3).map(|c| factor[a][c] * factor[b][c]).sum();
                assert!((product - matrix[a][b]).abs() < 1e-14);
            }
        }
        assert!(cholesky(&[[1.0, 2.0], [2.0, 1.0]]).is_none());
    }
}
