//! EMD of one signal: sift, subtract, go on with the rest.

use crate::sift::{Sifted, Sifter, is_spent};
use crate::{Params, Preset};

/// Most modes of a signal under the parity preset, whose own rules set no bound.
const MOST_PYEMD: usize = 128;

/// Most modes under the standard preset: one an octave.
pub(crate) fn most_modes(n: usize) -> usize {
    n.checked_ilog2().map_or(0, |log| log as usize)
}

/// Takes a signal apart mode by mode. It is a cursor, so that modes can be used while only one of them is held.
#[derive(Debug)]
pub(crate) struct Peeling {
    /// What is left: the signal without the modes found.
    pub left: Vec<f64>,
    /// The signal and the sum of the modes, where the preset recomputes what is left from them.
    exact: Option<(Vec<f64>, Vec<f64>)>,
    /// Sifts so far, those included that led to no mode.
    pub sifts: u64,
    found: usize,
    most: usize,
    over: bool,
    rule: crate::Sifting,
}

impl Peeling {
    pub fn new(signal: Vec<f64>, params: &Params) -> Self {
        let (exact, most) = match params.preset {
            Preset::Standard => (None, most_modes(signal.len())),
            Preset::Pyemd => (Some((signal.clone(), vec![0.0; signal.len()])), MOST_PYEMD),
        };
        Self { left: signal, exact, sifts: 0, found: 0, most, over: false, rule: params.sifting }
    }

    /// Sifts the next mode into `sifter.mode` and takes it away from what is left; `None` when there is none.
    pub fn next(&mut self, sifter: &mut Sifter) -> Option<Sifted> {
        if self.over || self.found >= self.most {
            return None;
        }
        sifter.mode.copy_from_slice(&self.left);
        let sifted = sifter.sift(self.rule);
        self.sifts += u64::from(sifted.sifts);
        let mode = &sifter.mode;
        match &mut self.exact {
            None => {
                if !sifted.has_mode() {
                    self.over = true;
                    return None;
                }
                self.left.iter_mut().zip(mode).for_each(|(left, m)| *left -= m);
            }
            Some((signal, sum)) => {
                // A state of at most two extrema is no mode here, however it came about, and unless the thresholds end
                // it the decomposition goes on after one that met the rule.
                let is_mode = sifted.extrema > 2;
                if sifted.ran_out {
                    self.over = true;
                    return None;
                }
                let both = self.left.iter_mut().zip(&*signal).zip(sum.iter_mut().zip(mode));
                both.for_each(|((left, s), (sum, m))| *left = s - (*sum + m));
                self.over = is_spent(&self.left, 0.001, 0.005);
                if self.over && !is_mode {
                    self.left
                        .iter_mut()
                        .zip(&*signal)
                        .zip(&*sum)
                        .for_each(|((left, s), sum)| *left = s - sum);
                    return None;
                }
                sum.iter_mut().zip(mode).for_each(|(sum, m)| *sum += m);
            }
        }
        self.found += 1;
        Some(sifted)
    }
}
