//! The noise that CEEMDAN adds: white noise, decomposed beforehand.
//!
//! It depends on the seed, the length, the number of trials and the stop rule, but not on the
//! signal, so all signals of a length share it.

use crate::decomposition::{ModeStats, SiftTally};
use crate::gaussian::Gaussian;
use crate::mode_extractor::ModeExtractor;
use crate::sift::{Sifter, SifterGuard, SifterPool};
use crate::sum::deviation;
use crate::work::Work;
use crate::{Control, Error, Params, Preset};
use rayon::prelude::*;

/// The decomposed white noise of all trials, in memory: about `trials x log2(n) x n` numbers of 8
/// bytes.
///
/// ```
/// use emd::{Control, Params};
///
/// let noise = Params::default().trials(3).check()?.noise(512, Control::default())?;
/// assert_eq!(noise.mode(0, 0).map(<[f64]>::len), Some(512));
/// assert!(noise.mode_count(0) >= 5);
/// # Ok::<(), emd::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct NoiseEnsemble {
    pub(crate) made_with: Params,
    pub(crate) n: usize,
    /// `rows[trial][k]` is mode k, scaled by the rule of the preset.
    rows: Vec<Vec<Vec<f64>>>,
    stats: Vec<ModeStats>,
    sifts: u64,
}

impl NoiseEnsemble {
    /// See [`crate::Decomposer::noise`].
    pub(crate) fn new(n: usize, params: &Params, control: Control<'_>) -> Result<Self, Error> {
        let white = white(n, params, control)?;
        let sifters = SifterPool::new(n, params);
        let work = Work::new(n);
        let trials = params.trials as f64;
        let decomposed: Result<Vec<_>, Error> = white
            .into_par_iter()
            .map_init(
                || sifters.acquire(),
                |sifter, row| {
                    let mut modes = NoiseModes::new(row, params);
                    let (mut rows, mut sifted) = (Vec::new(), Vec::new());
                    loop {
                        control.check()?;
                        let mut mode = Vec::new();
                        let Some(one) = modes.next(sifter, &mut mode) else { break };
                        control.worked(work.share(rows.len()) / trials);
                        rows.push(mode);
                        sifted.extend(one);
                    }
                    work.report_rest(rows.len(), trials, control);
                    Ok((rows, sifted, modes.extractor.sifts))
                },
            )
            .collect();
        let mut tallies: Vec<SiftTally> = Vec::new();
        let (mut rows, mut sifts) = (Vec::new(), 0);
        for (modes, sifted, all) in decomposed? {
            sifts += all;
            tallies.resize(tallies.len().max(sifted.len()), SiftTally::default());
            sifted.into_iter().zip(&mut tallies).for_each(|(one, tally)| tally.add(one));
            rows.push(modes);
        }
        let stats = tallies.into_iter().map(SiftTally::stats).collect();
        Ok(Self { made_with: params.clone(), n, rows, stats, sifts })
    }

    /// Estimated memory of an ensemble for signals of `n` samples, in bytes.
    pub fn bytes(n: usize, trials: usize) -> u64 {
        // One mode per octave, minus about one octave at the slow end; in the pyemd preset plus the
        // residue.
        8 * n as u64 * trials as u64 * u64::from(n.max(2).ilog2())
    }

    /// Number of samples of each mode.
    pub fn samples(&self) -> usize {
        self.n
    }

    /// Mode `k` (from 0) of the noise of `trial`; `None` if there is none.
    pub fn mode(&self, trial: usize, k: usize) -> Option<&[f64]> {
        self.rows.get(trial)?.get(k).map(Vec::as_slice)
    }

    /// Number of modes of the noise of a trial; in the pyemd preset including the residue.
    pub fn mode_count(&self, trial: usize) -> usize {
        self.rows.get(trial).map_or(0, Vec::len)
    }

    /// Number of trials.
    pub fn trials(&self) -> usize {
        self.rows.len()
    }

    /// How the noise was sifted, per mode, over the trials that have the mode.
    pub fn stats(&self) -> &[ModeStats] {
        &self.stats
    }

    /// Number of sifts of all trials, including those that led to no mode.
    pub fn sifts(&self) -> u64 {
        self.sifts
    }
}

/// Standard normal white noise: `trials` rows of `n` samples, as numpy's
/// `RandomState(seed).normal(0, 1, (trials, n))`; bit for bit if the logarithm of the platform is
/// that of glibc.
///
/// ```
/// let noise = emd::white_noise(1337, 1000, 2);
/// assert_eq!((noise.len(), noise[0].len()), (2, 1000));
/// let mean = noise[0].iter().sum::<f64>() / 1000.0;
/// assert!(mean.abs() < 0.2);
/// ```
pub fn white_noise(seed: u32, n: usize, trials: usize) -> Vec<Vec<f64>> {
    rows(seed, n).take(trials).collect()
}

fn rows(seed: u32, n: usize) -> impl Iterator<Item = Vec<f64>> {
    let mut gaussian = Gaussian::new(seed);
    std::iter::repeat_with(move || {
        let mut row = vec![0.0; n];
        gaussian.fill(&mut row);
        row
    })
}

/// [`white_noise`], checking `control` before each row.
fn white(n: usize, params: &Params, control: Control<'_>) -> Result<Vec<Vec<f64>>, Error> {
    let rows = rows(params.seed, n).take(params.trials);
    let mut white = Vec::new();
    control.check()?;
    for row in rows {
        control.check()?;
        white.push(row);
    }
    Ok(white)
}

/// Extracts the modes of the noise of one trial.
#[derive(Debug)]
struct NoiseModes {
    extractor: ModeExtractor,
    preset: Preset,
    /// Deviation of the first mode, once that is extracted.
    first: Option<f64>,
    is_finished: bool,
}

impl NoiseModes {
    fn new(white: Vec<f64>, params: &Params) -> Self {
        Self {
            extractor: ModeExtractor::new(white, params),
            preset: params.preset,
            first: None,
            is_finished: false,
        }
    }

    /// Writes the next mode to `out`; `None` if there are no more. The inner `None` stands for the
    /// residue, which is not sifted.
    fn next(
        &mut self,
        sifter: &mut Sifter,
        out: &mut Vec<f64>,
    ) -> Option<Option<crate::sift::SiftResult>> {
        if self.is_finished {
            return None;
        }
        let sifted = self.extractor.next(sifter);
        out.clear();
        if sifted.is_some() {
            out.extend_from_slice(&sifter.mode);
        } else {
            self.is_finished = true;
            if self.preset != Preset::Pyemd
                || crate::sift::is_near_zero(self.extractor.rest.iter().copied())
            {
                return None;
            }
            out.extend_from_slice(&self.extractor.rest);
        }
        let is_first = self.first.is_none();
        let first = *self.first.get_or_insert_with(|| deviation(out));
        if is_first || self.preset == Preset::Pyemd {
            out.iter_mut().for_each(|x| *x /= first);
        }
        Some(sifted)
    }
}

/// The noise of an ensemble that does not fit into memory: extracted stage by stage, a few trials
/// at a time.
#[derive(Debug)]
pub(crate) struct NoiseStream {
    trials: Vec<NoiseModes>,
    /// The modes of the last trials that were requested.
    modes: Vec<Vec<f64>>,
}

impl NoiseStream {
    pub fn new(n: usize, params: &Params, control: Control<'_>) -> Result<Self, Error> {
        let white = white(n, params, control)?;
        let trials = white.into_iter().map(|row| NoiseModes::new(row, params)).collect();
        Ok(Self { trials, modes: Vec::new() })
    }

    /// The next mode of each trial in `range`, in parallel; `None` if there is none. Called once
    /// per stage and trial.
    pub fn next(
        &mut self,
        range: std::ops::Range<usize>,
        sifters: &SifterPool<'_>,
        control: Control<'_>,
    ) -> Result<Vec<Option<&[f64]>>, Error> {
        self.modes.resize_with(self.modes.len().max(range.len()), Vec::new);
        let one = |sifter: &mut SifterGuard<'_>,
                   (trial, mode): (&mut NoiseModes, &mut Vec<f64>)| {
            control.check()?;
            Ok(trial.next(sifter, mode).is_some())
        };
        let both = self.trials[range].par_iter_mut().zip(&mut self.modes);
        let found: Result<Vec<bool>, Error> = both.map_init(|| sifters.acquire(), one).collect();
        Ok(self
            .modes
            .iter()
            .zip(found?)
            .map(|(mode, found)| found.then_some(mode.as_slice()))
            .collect())
    }
}
