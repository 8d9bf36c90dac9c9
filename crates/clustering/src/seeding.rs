//! Where k centres begin: far from each other, by chance.
//!
//! Arthur and Vassilvitskii: k-means++, the advantages of careful seeding (SODA 2007); of a few draws the one that lowers the
//! sum of squares most is taken, as the authors suggest and scikit-learn does.

use rand::RngExt;
use rand_xoshiro::Xoshiro256PlusPlus;

use crate::squared;

/// `k` points to begin with (fewer where there are fewer distinct ones).
pub(crate) fn plus_plus<const D: usize>(
    points: &[[f64; D]],
    k: usize,
    rng: &mut Xoshiro256PlusPlus,
) -> Vec<[f64; D]> {
    if points.is_empty() || k == 0 {
        return Vec::new();
    }
    let draws = 2 + (libm::log(k as f64) as usize);
    let first = points[rng.random_range(0..points.len())];
    let mut centers = vec![first];
    let mut nearest: Vec<f64> = points.iter().map(|point| squared(point, &first)).collect();
    let (mut best, mut other) = (nearest.clone(), nearest.clone());
    while centers.len() < k {
        let total: f64 = nearest.iter().sum();
        if total <= 0.0 {
            break;
        }
        let mut least = f64::INFINITY;
        let mut chosen = first;
        for _ in 0..draws {
            let candidate = points[drawn(&nearest, rng.random::<f64>() * total)];
            let mut sum = 0.0;
            for ((new, old), point) in other.iter_mut().zip(&nearest).zip(points) {
                *new = squared(point, &candidate).min(*old);
                sum += *new;
            }
            if sum < least {
                (least, chosen) = (sum, candidate);
                std::mem::swap(&mut best, &mut other);
            }
        }
        centers.push(chosen);
        std::mem::swap(&mut nearest, &mut best);
    }
    centers
}

/// The place at which the running sum of `weights` passes `mark`.
fn drawn(weights: &[f64], mark: f64) -> usize {
    let mut sum = 0.0;
    let passes = |weight: &f64| {
        sum += weight;
        sum > mark
    };
    let place = weights.iter().position(passes);
    // Rounding may leave the mark past the end: the last point that weighs anything.
    place.or_else(|| weights.iter().rposition(|weight| *weight > 0.0)).unwrap_or(0)
}

/// The nearest centre to a point, the first of equals, and how far it is, squared.
pub(crate) fn nearest<const D: usize>(point: &[f64; D], centers: &[[f64; D]]) -> (usize, f64) {
    let mut least = (0, f64::INFINITY);
    for (place, center) in centers.iter().enumerate() {
        let d = squared(point, center);
        if d < least.1 {
            least = (place, d);
        }
    }
    least
}
