//! Progress: shares of the expected work on a signal.

use crate::Control;
use crate::mode_extractor::max_modes;

/// Expected work on a signal, by mode. A mode with many extrema takes several times the work of a
/// slow one: the measured cost of a sift falls from 4 to 0.6 ns per sample.
#[derive(Debug, Clone)]
pub(crate) struct Work {
    /// Share of each mode; the sum is 1.
    shares: Vec<f64>,
}

impl Work {
    /// The work on a signal of `n` samples.
    pub fn new(n: usize) -> Work {
        let costs: Vec<f64> =
            (0..max_modes(n).max(1)).map(|k| 1.0 + 6.0 * 0.5_f64.powi(k as i32)).collect();
        let sum: f64 = costs.iter().sum();
        Work { shares: costs.into_iter().map(|cost| cost / sum).collect() }
    }

    /// The share of mode `k` (from 0). Modes beyond the expected number have none.
    pub fn share(&self, k: usize) -> f64 {
        self.shares.get(k).copied().unwrap_or(0.0)
    }

    /// Reports the share of the modes from `k` on, which the signal does not have, of one of
    /// `trials` trials.
    pub fn report_rest(&self, k: usize, trials: f64, control: Control<'_>) {
        control.worked(self.shares.iter().skip(k).sum::<f64>() / trials);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Params;
    use std::sync::Mutex;

    #[test]
    fn every_way_reports_the_whole_work() {
        let signals: Vec<Vec<f64>> = [3.0, 7.0, 11.0]
            .map(|p| (0..300).map(|t| (f64::from(t * t % 97) / p).sin()).collect())
            .into();
        let signals: Vec<&[f64]> = signals.iter().map(Vec::as_slice).collect();
        let decomposer = Params::default().trials(8).check().unwrap();
        let noise = decomposer.noise(300, Control::default()).unwrap();
        let sum = |run: &dyn Fn(Control<'_>)| {
            let sum = Mutex::new(0.0);
            run(Control::default().on_work(&|share| {
                assert!((0.0..=1.0).contains(&share), "{share}");
                *sum.lock().unwrap() += share;
            }));
            sum.into_inner().unwrap()
        };
        let close = |sum: f64, expected: f64| assert!((sum - expected).abs() < 1e-9, "{sum}");
        close(sum(&|control| drop(decomposer.noise(300, control))), 1.0);
        close(sum(&|control| drop(decomposer.emd(signals[0], control))), 1.0);
        close(sum(&|control| drop(decomposer.ceemdan(signals[0], &noise, control))), 1.0);
        close(sum(&|control| drop(decomposer.ceemdan_all(&signals, &noise, control))), 3.0);
        close(sum(&|control| drop(decomposer.ceemdan_all_streamed(&signals, control))), 3.0);
        close(sum(&|control| drop(decomposer.ceemdan_streamed(signals[0], control))), 1.0);
    }
}
