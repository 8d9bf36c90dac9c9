//! EMD of one signal: sift a mode, subtract it, continue with the rest.

use crate::sift::{SiftResult, Sifter, is_negligible};
use crate::{Params, Preset};

/// Limit of modes in the pyemd preset, because its rules set none.
const PYEMD_MAX_MODES: usize = 128;

/// Limit of modes in the standard preset: one per octave.
pub(crate) fn max_modes(n: usize) -> usize {
    n.checked_ilog2().map_or(0, |log| log as usize)
}

/// Extracts the modes of a signal one by one, so that they can be used without holding them all.
#[derive(Debug)]
pub(crate) struct ModeExtractor {
    /// The signal minus the modes found.
    pub rest: Vec<f64>,
    /// The signal and the sum of the modes found, if the preset recomputes the rest from them.
    exact: Option<(Vec<f64>, Vec<f64>)>,
    /// Number of sifts so far, including those that led to no mode.
    pub sifts: u64,
    found: usize,
    max_modes: usize,
    is_finished: bool,
    rule: crate::Sifting,
}

impl ModeExtractor {
    pub fn new(signal: Vec<f64>, params: &Params) -> Self {
        let (exact, max_modes) = match params.preset {
            Preset::Standard => (None, max_modes(signal.len())),
            Preset::Pyemd => (Some((signal.clone(), vec![0.0; signal.len()])), PYEMD_MAX_MODES),
        };
        Self {
            rest: signal,
            exact,
            sifts: 0,
            found: 0,
            max_modes,
            is_finished: false,
            rule: params.sifting,
        }
    }

    /// Sifts the next mode into `sifter.mode` and subtracts it from the rest; `None` if there are
    /// no more modes.
    pub fn next(&mut self, sifter: &mut Sifter) -> Option<SiftResult> {
        if self.is_finished || self.found >= self.max_modes {
            return None;
        }
        sifter.mode.copy_from_slice(&self.rest);
        let sifted = sifter.sift(self.rule);
        self.sifts += u64::from(sifted.sifts);
        let mode = &sifter.mode;
        match &mut self.exact {
            None => {
                if !sifted.has_mode() {
                    self.is_finished = true;
                    return None;
                }
                self.rest.iter_mut().zip(mode).for_each(|(rest, m)| *rest -= m);
            }
            Some((signal, sum)) => {
                // The library does not count a result of at most two extrema as a mode; but unless
                // its thresholds end the decomposition, it continues after such a result that met
                // the stop rule.
                let is_mode = sifted.extrema > 2;
                if sifted.ran_out {
                    self.is_finished = true;
                    return None;
                }
                let both = self.rest.iter_mut().zip(&*signal).zip(sum.iter_mut().zip(mode));
                both.for_each(|((rest, s), (sum, m))| *rest = s - (*sum + m));
                self.is_finished = is_negligible(&self.rest, 0.001, 0.005);
                if self.is_finished && !is_mode {
                    self.rest
                        .iter_mut()
                        .zip(&*signal)
                        .zip(&*sum)
                        .for_each(|((rest, s), sum)| *rest = s - sum);
                    return None;
                }
                sum.iter_mut().zip(mode).for_each(|(sum, m)| *sum += m);
            }
        }
        self.found += 1;
        Some(sifted)
    }
}
