//! The knee of a convex increasing curve.
//!
//! Satopaa, Albrecht, Irwin, Raghavan: Finding a "Kneedle" in a Haystack (ICDCSW 2011), with
//! sensitivity 1, for convex increasing curves over evenly spaced points. The details are those of
//! the Python package kneed 0.9.0.

/// The index at which a curve begins to rise steeply; `None` if it has no knee.
///
/// `sorted` are the values of the curve, ascending, over evenly spaced points. Values must be
/// finite.
///
/// ```
/// let mut curve: Vec<f64> = (0..50).map(|i| 1.0 + 0.01 * f64::from(i)).collect();
/// curve.extend((1..9).map(|i| 1.5 + f64::from(i)));
/// assert_eq!(clustering::knee::find(&curve), Some(49));
/// ```
pub fn find(sorted: &[f64]) -> Option<usize> {
    let (n, low, high) = (sorted.len(), *sorted.first()?, *sorted.last()?);
    if n < 2 || high <= low {
        return None;
    }
    let last = (n - 1) as f64;
    let scaled: Vec<f64> = sorted.iter().map(|y| (y - low) / (high - low)).collect();
    // Turned over and read from the right, a convex increasing curve is concave; its knee is far
    // above the diagonal.
    let across: Vec<f64> = (0..n).rev().map(|i| 1.0 - i as f64 / last).collect();
    let above: Vec<f64> =
        scaled.iter().rev().zip(&across).map(|(y, x)| (scaled[n - 1] - y) - x).collect();
    let steps: Vec<f64> = across.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let step = (pairwise_sum(&steps) / last).abs();
    // The neighbor beyond an end is the end itself.
    let neighbors = |i: usize| [above[i.saturating_sub(1)], above[(i + 1).min(n - 1)]];
    // The last local maximum; a local minimum discards it.
    let mut peak = None;
    for i in 0..n - 1 {
        if neighbors(i).iter().all(|other| above[i] >= *other) {
            peak = Some(i);
        }
        if neighbors(i).iter().all(|other| above[i] <= *other) {
            peak = None;
        }
        if let Some(peak) = peak
            && above[i + 1] < above[peak] - step
        {
            return Some(n - 1 - peak);
        }
    }
    None
}

/// The sum, rounded as numpy's: along a straight part of the curve the rounding decides.
fn pairwise_sum(values: &[f64]) -> f64 {
    match values.len() {
        0..8 => values.iter().sum(),
        8..=128 => {
            let (eights, rest) = values.as_chunks::<8>();
            let mut r = [0.0; 8];
            for eight in eights {
                r.iter_mut().zip(eight).for_each(|(r, x)| *r += x);
            }
            let sum = ((r[0] + r[1]) + (r[2] + r[3])) + ((r[4] + r[5]) + (r[6] + r[7]));
            rest.iter().fold(sum, |sum, x| sum + x)
        }
        n => {
            let half = n / 2 - n / 2 % 8;
            pairwise_sum(&values[..half]) + pairwise_sum(&values[half..])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::find;

    #[test]
    fn straight_and_short_curves_have_no_knee() {
        for flat in [&[][..], &[1.0], &[1.0, 2.0], &[2.0; 9], &[1.0, 2.0, 3.0, 4.0]] {
            assert_eq!(find(flat), None, "{flat:?}");
        }
    }
}
