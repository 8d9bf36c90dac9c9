//! Matches a cycle of price with a cycle of volume.

use super::imf::Imf;

/// The best matching cycle of volume for a cycle of price.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fusion {
    /// Its index among the modes of volume.
    pub imf_id: usize,
    /// Correlation of the two envelopes; `None` if undefined.
    pub amp_corr: Option<f64>,
    /// Period of the price cycle over that of the volume cycle.
    pub period_ratio: f64,
    /// Energy share of the volume cycle.
    pub energy_share: f64,
}

/// Number of candidates, nearest in period.
const CANDIDATES: usize = 3;

/// Minimum number of samples for a correlation.
const MIN_SAMPLES: usize = 10;

/// Considers the three cycles of `volumes` with periods nearest to that of `price`. Returns the one
/// with the largest (signed) correlation of envelopes within the larger guard, or the nearest if no
/// correlation is defined. `None` if `price` is not a cycle or there are no cycles of volume.
///
/// ```
/// use emd::{Control, Params};
/// use stages::cycles::{fusion::fuse, imf::inspect};
///
/// // Volume swings with the price, every 50 minutes.
/// let wave = |t: i32| (std::f64::consts::TAU * f64::from(t) / 50.0).sin();
/// let decomposer = Params::default().check()?;
/// let modes = |level: f64, depth: f64| {
///     let logs: Vec<f64> = (0..1000).map(|t| depth * wave(t)).collect();
///     let original: Vec<f64> = logs.iter().map(|log| level * log.exp()).collect();
///     let found = decomposer.emd(&logs, Control::default())?;
///     Ok::<_, emd::Error>(inspect(&found, &original, 2.0))
/// };
/// let (price, volume) = (modes(100.0, 0.05)?, modes(8.0, 0.5)?);
/// let fused = fuse(&price[0], &volume).unwrap();
/// assert_eq!(fused.imf_id, 0);
/// assert!((fused.period_ratio - 1.0).abs() < 0.01);
/// # Ok::<(), emd::Error>(())
/// ```
pub fn fuse(price: &Imf, volumes: &[Imf]) -> Option<Fusion> {
    let own = price.features()?;
    let mut near: Vec<_> = volumes.iter().filter_map(|imf| Some((imf, imf.features()?))).collect();
    let gap = |period: f64| (own.period_days - period).abs();
    // The sort is stable: equal distances stay in mode order.
    near.sort_by(|a, b| gap(a.1.period_days).total_cmp(&gap(b.1.period_days)));
    let mut best: Option<Fusion> = None;
    for (imf, features) in near.into_iter().take(CANDIDATES) {
        let amp_corr = correlation(price, imf);
        let is_better = best.is_none_or(|best| match (amp_corr, best.amp_corr) {
            (Some(new), Some(old)) => new > old,
            (new, old) => new.is_some() && old.is_none(),
        });
        if is_better {
            best = Some(Fusion {
                imf_id: imf.id,
                amp_corr,
                period_ratio: own.period_days / features.period_days,
                energy_share: features.energy_share,
            });
        }
    }
    best
}

/// Returns Pearson's correlation of two envelopes within the larger guard.
fn correlation(a: &Imf, b: &Imf) -> Option<f64> {
    let guard = a.guard.max(b.guard);
    let n = a.envelope.len().min(b.envelope.len());
    let inside = guard..n.checked_sub(guard)?;
    if inside.len() < MIN_SAMPLES {
        return None;
    }
    let (a, b) = (&a.envelope[inside.clone()], &b.envelope[inside]);
    let mean = |x: &[f64]| x.iter().sum::<f64>() / x.len() as f64;
    let (a_mean, b_mean) = (mean(a), mean(b));
    let (mut aa, mut bb, mut ab) = (0.0, 0.0, 0.0);
    for (a, b) in a.iter().zip(b) {
        let (a, b) = (a - a_mean, b - b_mean);
        aa += a * a;
        bb += b * b;
        ab += a * b;
    }
    let size = aa.sqrt() * bb.sqrt();
    // Rounding can exceed the range.
    (size > 0.0 && size.is_finite()).then(|| (ab / size).clamp(-1.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::super::imf::{Features, Reason};
    use super::*;

    fn imf(id: usize, period_days: f64, envelope: impl Fn(usize) -> f64) -> Imf {
        let features = Features {
            period_days,
            amp_pct: 5.0,
            energy_share: id as f64,
            cycles_count: 9,
            pct_cycles_ge_gate: 100.0,
            phase_var: 0.0,
        };
        let envelope = (0..100).map(envelope).collect();
        Imf { id, period: Some(1440.0 * period_days), verdict: Ok(features), guard: 10, envelope }
    }

    #[test]
    fn best_of_the_three_nearest_wins() {
        let rising = |i: usize| i as f64;
        let price = imf(0, 1.0, rising);
        let volumes = [
            imf(0, 1.1, |i| -rising(i)),
            imf(1, 2.0, |_| 1.0),
            imf(2, 0.5, rising),
            imf(3, 9.0, rising),
        ];
        let fused = fuse(&price, &volumes).unwrap();
        assert_eq!((fused.imf_id, fused.period_ratio, fused.energy_share), (2, 2.0, 2.0));
        assert!((fused.amp_corr.unwrap() - 1.0).abs() < 1e-12);
        // Signed: an undefined correlation ranks below a negative one.
        assert_eq!(fuse(&price, &volumes[..2]).unwrap().imf_id, 0);
        let still = fuse(&price, &volumes[1..2]).unwrap();
        assert_eq!((still.imf_id, still.amp_corr), (1, None));
    }

    #[test]
    fn no_match_without_a_cycle() {
        let price = imf(0, 1.0, |_| 1.0);
        let dropped = Imf { verdict: Err(Reason::Depth), ..imf(0, 1.0, |_| 1.0) };
        assert_eq!(fuse(&price, &[]), None);
        assert_eq!(fuse(&price, std::slice::from_ref(&dropped)), None);
        assert_eq!(fuse(&dropped, &[imf(0, 1.0, |_| 1.0)]), None);
        // No samples within the guards: the nearest cycle, without a correlation.
        let wide = Imf { guard: 48, ..imf(0, 1.0, |i| i as f64) };
        assert_eq!(fuse(&wide, &[imf(4, 1.0, |i| i as f64)]).unwrap().amp_corr, None);
    }
}
