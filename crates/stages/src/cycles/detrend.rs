//! Robust linear trend of evenly spaced values.
//!
//! First the Theil-Sen line (Theil 1950, Sen 1968): the median of the slopes of all pairs of
//! points. Then three passes of weighted least squares with Tukey's biweight (Beaton and Tukey
//! 1974), which gives outliers no weight.
//!
//! 130,000 points have 8 billion pairs. The number of slopes that are at most `t` equals the number
//! of inversions when the points are sorted by `y - t x`, which a merge sort counts in
//! `O(n log n)`. So the median is found by bisection until few slopes are left between the bounds;
//! these are listed. (After Matousek: Randomized optimal algorithm for slope selection, 1991. Here
//! only the first guesses are random, and the result is exact to rounding.)

use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

/// The line `intercept + slope x`, with x counting samples from 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Line {
    /// Change per sample.
    pub slope: f64,
    /// Value at the first sample.
    pub intercept: f64,
}

impl Line {
    /// Returns the value at sample `x`.
    pub fn at(self, x: usize) -> f64 {
        self.slope * x as f64 + self.intercept
    }
}

/// Number of least-squares passes.
const PASSES: usize = 3;

/// Residuals beyond this many median absolute deviations have no weight.
const REACH: f64 = 4.685;

/// Returns `y` minus its robust line.
///
/// ```
/// let rising: Vec<f64> = (0..100).map(|x| 5.0 + 0.25 * f64::from(x)).collect();
/// assert!(stages::cycles::detrend::detrend(&rising).iter().all(|y| y.abs() < 1e-12));
/// ```
pub fn detrend(y: &[f64]) -> Vec<f64> {
    let line = *lines(y).last().unwrap_or(&Line { slope: 0.0, intercept: 0.0 });
    y.iter().enumerate().map(|(x, y)| y - line.at(x)).collect()
}

/// Returns the Theil-Sen line and the line after each least-squares pass. A deviation or a sum of
/// weights of 0 ends the passes early.
///
/// ```
/// // One wild value does not tilt the line.
/// let mut y: Vec<f64> = (0..100).map(|x| 5.0 + 0.25 * f64::from(x)).collect();
/// y[99] = 1e6;
/// let line = stages::cycles::detrend::lines(&y).pop().unwrap();
/// assert!((line.slope - 0.25).abs() < 1e-12 && (line.intercept - 5.0).abs() < 1e-12);
/// ```
pub fn lines(y: &[f64]) -> Vec<Line> {
    let slope = median_slope(y);
    let intercept =
        median(&mut y.iter().enumerate().map(|(x, y)| y - slope * x as f64).collect::<Vec<_>>());
    let mut lines = vec![Line { slope, intercept }];
    for _ in 0..PASSES {
        let Some(next) = biweight(y, lines[lines.len() - 1]) else { break };
        lines.push(next);
    }
    lines
}

/// Runs one pass of weighted least squares; weights depend on the distances from `line`.
fn biweight(y: &[f64], line: Line) -> Option<Line> {
    let residues: Vec<f64> = y.iter().enumerate().map(|(x, y)| y - line.at(x)).collect();
    let middle = median(&mut residues.clone());
    let deviation = median(&mut residues.iter().map(|r| (r - middle).abs()).collect::<Vec<_>>());
    if deviation <= 0.0 {
        return None;
    }
    let weight = |r: &f64| {
        let u = (r - middle) / (REACH * deviation);
        if u.abs() < 1.0 { (1.0 - u * u) * (1.0 - u * u) } else { 0.0 }
    };
    let weights: Vec<f64> = residues.iter().map(weight).collect();
    let total: f64 = weights.iter().sum();
    if total <= 0.0 {
        return None;
    }
    let points = || weights.iter().zip(y).enumerate().map(|(x, (w, y))| (x as f64, *w, *y));
    let x_mean = points().map(|(x, w, _)| w * x).sum::<f64>() / total;
    let y_mean = points().map(|(_, w, y)| w * y).sum::<f64>() / total;
    let xx: f64 = points().map(|(x, w, _)| w * (x - x_mean) * (x - x_mean)).sum();
    let xy: f64 = points().map(|(x, w, y)| w * (x - x_mean) * (y - y_mean)).sum();
    let slope = (xx > 0.0).then(|| xy / xx)?;
    Some(Line { slope, intercept: y_mean - slope * x_mean })
}

/// Returns the median (the mean of the two middle values for even counts), or 0 for no values.
/// Reorders `values`.
fn median(values: &mut [f64]) -> f64 {
    let (n, middle) = (values.len(), values.len() / 2);
    if n == 0 {
        return 0.0;
    }
    let (below, upper, _) = values.select_nth_unstable_by(middle, f64::total_cmp);
    let upper = *upper;
    if n % 2 == 1 {
        return upper;
    }
    let lower = below.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    0.5 * (lower + upper)
}

/// All slopes are listed if there are at most this many pairs.
const FEW: u64 = 1 << 16;

/// Number of random slopes for the first guesses.
const DRAWN: usize = 1 << 12;

/// Returns the median of the slopes of all pairs; 0 for fewer than two points.
fn median_slope(y: &[f64]) -> f64 {
    let n = y.len() as u64;
    let pairs = n * n.saturating_sub(1) / 2;
    if pairs == 0 {
        return 0.0;
    }
    if pairs <= FEW {
        let mut all: Vec<f64> = (0..y.len())
            .flat_map(|j| (0..j).map(move |i| (i, j)))
            .map(|(i, j)| slope(y, i, j))
            .collect();
        return median(&mut all);
    }
    let search = Search::new(y);
    let (lower, next) = search.ranked((pairs - 1) / 2);
    if pairs % 2 == 1 {
        return lower;
    }
    let upper = next.unwrap_or_else(|| search.ranked(pairs / 2).0);
    0.5 * (lower + upper)
}

fn slope(y: &[f64], i: usize, j: usize) -> f64 {
    (y[j] - y[i]) / (j as f64 - i as f64)
}

struct Search<'y> {
    y: &'y [f64],
    /// Slopes of random pairs, ascending.
    drawn: Vec<f64>,
}

impl<'y> Search<'y> {
    fn new(y: &'y [f64]) -> Self {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(0);
        let mut draw = || {
            let (i, j) = (rng.random_range(0..y.len()), rng.random_range(0..y.len() - 1));
            // Any point other than i.
            slope(y, i, if j < i { j } else { j + 1 })
        };
        let mut drawn: Vec<f64> = (0..DRAWN).map(|_| draw()).collect();
        drawn.sort_by(f64::total_cmp);
        Self { y, drawn }
    }

    /// Returns the slope of `rank` (from 0) among all pairs, and the next one if it is known
    /// without another search.
    fn ranked(&self, rank: u64) -> (f64, Option<f64>) {
        let n = self.y.len() as u64;
        // Invariant: the slope is above `low` and at most `high`; the counts are the numbers of
        // slopes at most those. No slope exceeds those of neighbors.
        let steps = || self.y.windows(2).map(|pair| pair[1] - pair[0]);
        let mut low = steps().fold(f64::INFINITY, f64::min).next_down();
        let mut high = steps().fold(f64::NEG_INFINITY, f64::max);
        let (mut at_low, mut at_high) = (0, n * (n - 1) / 2);
        let mut rounds = 0;
        while at_high - at_low > 4 * n {
            let middle = self.between(low, high, rounds);
            if middle <= low || middle >= high {
                // `low` and `high` are adjacent doubles: only one slope is left.
                return (high, (at_high > rank + 1).then_some(high));
            }
            let count = self.count(middle);
            if count > rank {
                (high, at_high) = (middle, count);
            } else {
                (low, at_low) = (middle, count);
            }
            rounds += 1;
        }
        let mut left = self.listed(low, high);
        left.sort_by(f64::total_cmp);
        let place = (rank - at_low) as usize;
        // Rounding may have moved a slope across a bound, to which it is equal within rounding.
        (left.get(place).copied().unwrap_or(high), left.get(place + 1).copied())
    }

    /// Returns a number between the bounds that divides the slopes between them about evenly.
    fn between(&self, low: f64, high: f64, rounds: usize) -> f64 {
        let from = self.drawn.partition_point(|slope| *slope <= low);
        let to = self.drawn.partition_point(|slope| *slope < high);
        if from < to {
            return self.drawn[from + (to - from) / 2];
        }
        // For many equal slopes (of a constant price), halving the number of doubles between the
        // bounds converges in fewer steps than halving the distance.
        if rounds < 40 {
            0.5 * low + 0.5 * high
        } else {
            unordered((ordered(low) >> 1) + (ordered(high) >> 1))
        }
    }

    fn keys(&self, t: f64) -> Vec<f64> {
        self.y.iter().enumerate().map(|(x, y)| y - t * x as f64).collect()
    }

    /// Returns the number of slopes that are at most `t`: the inversions in the order of `y - t x`.
    fn count(&self, t: f64) -> u64 {
        let mut keys = self.keys(t);
        let mut merged = keys.clone();
        let (n, mut width, mut count) = (keys.len(), 1, 0);
        while width < n {
            for start in (0..n).step_by(2 * width) {
                let (middle, end) = ((start + width).min(n), (start + 2 * width).min(n));
                count += merge(&keys[start..middle], &keys[middle..end], &mut merged[start..end]);
            }
            std::mem::swap(&mut keys, &mut merged);
            width *= 2;
        }
        count
    }

    /// Lists the slopes above `low` and at most `high`: the pairs that swap between the two orders.
    fn listed(&self, low: f64, high: f64) -> Vec<f64> {
        let order = |t: f64| {
            let keys = self.keys(t);
            let mut order: Vec<usize> = (0..keys.len()).collect();
            // Ties in reverse order: a slope of exactly t counts as swapped.
            order.sort_by(|a, b| keys[*a].total_cmp(&keys[*b]).then(b.cmp(a)));
            order
        };
        let mut rank = vec![0; self.y.len()];
        order(high).into_iter().enumerate().for_each(|(place, point)| rank[point] = place);
        let mut points = order(low);
        let mut slopes = Vec::new();
        // An insertion sort visits each such pair once.
        for i in 1..points.len() {
            let mut place = i;
            while place > 0 && rank[points[place - 1]] > rank[points[place]] {
                slopes.push(slope(self.y, points[place - 1], points[place]));
                points.swap(place - 1, place);
                place -= 1;
            }
        }
        slopes
    }
}

/// Merges two ascending runs and returns the number of pairs in which the right one is not above
/// the left one.
fn merge(left: &[f64], right: &[f64], into: &mut [f64]) -> u64 {
    let (mut i, mut j, mut count) = (0, 0, 0);
    for place in into {
        let is_left = j == right.len() || (i < left.len() && left[i] < right[j]);
        *place = if is_left { left[i] } else { right[j] };
        count += if is_left { 0 } else { (left.len() - i) as u64 };
        i += usize::from(is_left);
        j += usize::from(!is_left);
    }
    count
}

/// Maps doubles to integers in the same order.
fn ordered(x: f64) -> i64 {
    let bits = x.to_bits() as i64;
    if bits < 0 { i64::MIN.wrapping_sub(bits) } else { bits }
}

fn unordered(x: i64) -> f64 {
    f64::from_bits(if x < 0 { i64::MIN.wrapping_sub(x) } else { x } as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The median of all slopes, listed.
    fn by_definition(y: &[f64]) -> f64 {
        let mut all: Vec<f64> = (0..y.len())
            .flat_map(|j| (0..j).map(move |i| (i, j)))
            .map(|(i, j)| slope(y, i, j))
            .collect();
        median(&mut all)
    }

    fn agrees(y: &[f64]) -> bool {
        let (got, expected) = (median_slope(y), by_definition(y));
        let spread = y.iter().fold(0.0, |most: f64, y| most.max(y.abs()));
        (got - expected).abs() <= 1e-12 * expected.abs() + 1e-15 * spread
    }

    proptest! {
        #[test]
        fn slopes_as_by_definition(seed in any::<u64>(), n in 400_usize..700, step in 0_usize..4, size in -9_i32..9) {
            let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
            // A random walk. With rounding to steps it has many equal slopes; if it mostly stays
            // constant, most slopes are 0.
            let mut level = 0.0;
            let y: Vec<f64> = (0..n).map(|_| {
                let move_by = rng.random::<f64>() - 0.45;
                level += match step {
                    0 => move_by,
                    1 => (4.0 * move_by).round(),
                    2 => if move_by > 0.54 { 1.0 } else { 0.0 },
                    _ => 0.25,
                };
                level * 10_f64.powi(size)
            }).collect();
            prop_assert!(agrees(&y), "{} {}", median_slope(&y), by_definition(&y));
        }

        #[test]
        fn integers_in_order(a in any::<f64>(), b in any::<f64>()) {
            if a < b {
                prop_assert!(ordered(a) < ordered(b));
            }
            if !a.is_nan() {
                prop_assert_eq!(unordered(ordered(a)), a);
            }
        }
    }

    #[test]
    fn a_line_is_its_own_trend() {
        let y: Vec<f64> = (0..900).map(|x| 3.0 - 0.25 * f64::from(x)).collect();
        assert_eq!(lines(&y), [Line { slope: -0.25, intercept: 3.0 }]);
        assert!(detrend(&y).iter().all(|r| *r == 0.0));
        assert!(detrend(&[]).is_empty());
        assert_eq!(detrend(&[5.0]), [0.0]);
        assert_eq!(lines(&[1.0, 2.0]), [Line { slope: 1.0, intercept: 1.0 }]);
    }

    #[test]
    fn outliers_do_not_tilt_the_line() {
        let wiggle = |x: u32| f64::from(x * x % 7) * 0.01;
        let mut y: Vec<f64> = (0..2000).map(|x| 0.5 * f64::from(x) + wiggle(x)).collect();
        y.iter_mut().step_by(9).for_each(|y| *y += 1e6);
        let line = lines(&y)[3];
        assert!((line.slope - 0.5).abs() < 1e-5, "{line:?}");
    }
}
