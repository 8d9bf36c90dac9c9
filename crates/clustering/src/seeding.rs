//! k-means++ seeding: initial centers that are far from each other.
//!
//! Arthur and Vassilvitskii: k-means++, the advantages of careful seeding (SODA 2007). Of a few
//! candidates per center the one that lowers the sum of squares most is taken, as the authors
//! suggest and scikit-learn does.

use rand::RngExt;
use rand_xoshiro::Xoshiro256PlusPlus;

use crate::points::{Rows, squared_distance};

/// `k` of the points as initial centers, flat; fewer if there are fewer distinct points.
pub(crate) fn plus_plus<const D: usize>(
    points: Rows<'_, D>,
    k: usize,
    rng: &mut Xoshiro256PlusPlus,
) -> Vec<f64> {
    if points.is_empty() || k == 0 {
        return Vec::new();
    }
    let candidates = 2 + (libm::log(k as f64) as usize);
    let first = points.row(rng.random_range(0..points.len()));
    let mut centers = first.to_vec();
    let mut nearest: Vec<f64> = points.iter().map(|point| squared_distance(point, first)).collect();
    let (mut best, mut other) = (nearest.clone(), nearest.clone());
    while centers.len() / points.dim() < k {
        let total: f64 = nearest.iter().sum();
        if total <= 0.0 {
            break;
        }
        let mut smallest = f64::INFINITY;
        let mut chosen = first;
        for _ in 0..candidates {
            let candidate = points.row(draw_weighted(&nearest, rng.random::<f64>() * total));
            let mut sum = 0.0;
            for ((new, old), point) in other.iter_mut().zip(&nearest).zip(points.iter()) {
                *new = squared_distance(point, candidate).min(*old);
                sum += *new;
            }
            if sum < smallest {
                (smallest, chosen) = (sum, candidate);
                std::mem::swap(&mut best, &mut other);
            }
        }
        centers.extend_from_slice(chosen);
        std::mem::swap(&mut nearest, &mut best);
    }
    centers
}

/// The index at which the running sum of `weights` passes `mark`.
fn draw_weighted(weights: &[f64], mark: f64) -> usize {
    let mut sum = 0.0;
    let passes = |weight: &f64| {
        sum += weight;
        sum > mark
    };
    let index = weights.iter().position(passes);
    // Rounding may leave the mark past the end: then the last point with a weight.
    index.or_else(|| weights.iter().rposition(|weight| *weight > 0.0)).unwrap_or(0)
}

/// The center nearest to a point, the first of equals, and its squared distance.
#[inline(always)]
pub(crate) fn nearest_center<const D: usize>(point: &[f64], centers: Rows<'_, D>) -> (usize, f64) {
    let mut nearest = (0, f64::INFINITY);
    for (index, center) in centers.iter().enumerate() {
        let d = squared_distance(point, center);
        if d < nearest.1 {
            nearest = (index, d);
        }
    }
    nearest
}
