//! The noise that CEEMDAN adds: white noise, decomposed beforehand.
//!
//! It depends on the seed, the length, the number of trials and the rules of sifting, but not on the signal, so all series
//! of a run share it.

use crate::decomposition::{ModeStats, Tally};
use crate::gaussian::Gaussian;
use crate::plain::Peeling;
use crate::sift::{Lent, Sifter, Sifters};
use crate::sum::deviation;
use crate::{Control, Error, Params, Preset};
use rayon::prelude::*;

/// White noise of all trials, decomposed and held in memory: `trials x (about log2 n) x n` numbers of 8 bytes.
#[derive(Clone, Debug)]
pub struct NoiseEnsemble {
    pub(crate) made_with: Params,
    pub(crate) n: usize,
    /// `rows[trial][k]`: mode k, divided as the preset asks.
    rows: Vec<Vec<Vec<f64>>>,
    stats: Vec<ModeStats>,
    sifts: u64,
}

impl NoiseEnsemble {
    /// As [`crate::Decomposer::noise`].
    pub(crate) fn new(n: usize, params: &Params, control: Control<'_>) -> Result<Self, Error> {
        let white = white(n, params, control)?;
        let sifters = Sifters::new(n, params);
        let decomposed: Result<Vec<_>, Error> = white
            .into_par_iter()
            .map_init(
                || sifters.lend(),
                |sifter, row| {
                    let mut modes = NoiseModes::new(row, params);
                    let (mut rows, mut sifted) = (Vec::new(), Vec::new());
                    loop {
                        control.check()?;
                        let mut mode = Vec::new();
                        let Some(one) = modes.next(sifter, &mut mode) else { break };
                        rows.push(mode);
                        sifted.extend(one);
                    }
                    Ok((rows, sifted, modes.peeling.sifts))
                },
            )
            .collect();
        let mut tallies: Vec<Tally> = Vec::new();
        let (mut rows, mut sifts) = (Vec::new(), 0);
        for (modes, sifted, all) in decomposed? {
            sifts += all;
            tallies.resize(tallies.len().max(sifted.len()), Tally::default());
            sifted.into_iter().zip(&mut tallies).for_each(|(one, tally)| tally.add(one));
            rows.push(modes);
        }
        let stats = tallies.into_iter().map(Tally::stats).collect();
        Ok(Self { made_with: params.clone(), n, rows, stats, sifts })
    }

    /// Bytes that an ensemble for signals of `n` samples takes in memory, about.
    pub fn bytes(n: usize, trials: usize) -> u64 {
        // A mode an octave, and in the parity preset a residue, less the octave or so at the slow end.
        8 * n as u64 * trials as u64 * u64::from(n.max(2).ilog2())
    }

    /// Length of its rows.
    pub fn samples(&self) -> usize {
        self.n
    }

    /// Mode `k` (from 0) of the noise of `trial`, if there is one.
    pub fn mode(&self, trial: usize, k: usize) -> Option<&[f64]> {
        self.rows.get(trial)?.get(k).map(Vec::as_slice)
    }

    /// How many modes the noise of a trial has. In the parity preset the residue counts as the last.
    pub fn modes(&self, trial: usize) -> usize {
        self.rows.get(trial).map_or(0, Vec::len)
    }

    /// How many trials there are.
    pub fn trials(&self) -> usize {
        self.rows.len()
    }

    /// How the noise was sifted, mode by mode, over the trials that have the mode.
    pub fn stats(&self) -> &[ModeStats] {
        &self.stats
    }

    /// All sifts of all trials, those included that led to no mode.
    pub fn sifts(&self) -> u64 {
        self.sifts
    }
}

/// Rows of white noise, as numpy's `RandomState(seed).normal(0, 1, (trials, n))`: bit for bit where the platform's
/// logarithm is that of glibc.
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

/// The same, row by row while `control` lets it.
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

/// The modes of one trial's noise, one after the other.
#[derive(Debug)]
struct NoiseModes {
    peeling: Peeling,
    preset: Preset,
    /// Deviation of the first mode, once it is known.
    first: Option<f64>,
    over: bool,
}

impl NoiseModes {
    fn new(white: Vec<f64>, params: &Params) -> Self {
        Self { peeling: Peeling::new(white, params), preset: params.preset, first: None, over: false }
    }

    /// The next mode into `out`; `None` when there is none. The inner `None` is a residue, which was not sifted.
    fn next(&mut self, sifter: &mut Sifter, out: &mut Vec<f64>) -> Option<Option<crate::sift::Sifted>> {
        if self.over {
            return None;
        }
        let sifted = self.peeling.next(sifter);
        out.clear();
        if sifted.is_some() {
            out.extend_from_slice(&sifter.mode);
        } else {
            self.over = true;
            if self.preset != Preset::Pyemd || crate::sift::is_nothing(self.peeling.left.iter().copied()) {
                return None;
            }
            out.extend_from_slice(&self.peeling.left);
        }
        let is_first = self.first.is_none();
        let first = *self.first.get_or_insert_with(|| deviation(out));
        if is_first || self.preset == Preset::Pyemd {
            out.iter_mut().for_each(|x| *x /= first);
        }
        Some(sifted)
    }
}

/// The same noise, for runs whose ensemble does not fit into memory: stage by stage, some trials at a time.
#[derive(Debug)]
pub(crate) struct NoiseStream {
    trials: Vec<NoiseModes>,
    /// Room for the modes of the trials that are asked for.
    modes: Vec<Vec<f64>>,
}

impl NoiseStream {
    pub fn new(n: usize, params: &Params, control: Control<'_>) -> Result<Self, Error> {
        let white = white(n, params, control)?;
        let trials = white.into_iter().map(|row| NoiseModes::new(row, params)).collect();
        Ok(Self { trials, modes: Vec::new() })
    }

    /// The next modes of the trials `range`, in parallel; `None` where there is none. Each trial is asked once a stage.
    pub fn next(
        &mut self,
        range: std::ops::Range<usize>,
        sifters: &Sifters<'_>,
        control: Control<'_>,
    ) -> Result<Vec<Option<&[f64]>>, Error> {
        self.modes.resize_with(self.modes.len().max(range.len()), Vec::new);
        let one = |sifter: &mut Lent<'_>, (trial, mode): (&mut NoiseModes, &mut Vec<f64>)| {
            control.check()?;
            Ok(trial.next(sifter, mode).is_some())
        };
        let both = self.trials[range].par_iter_mut().zip(&mut self.modes);
        let found: Result<Vec<bool>, Error> = both.map_init(|| sifters.lend(), one).collect();
        Ok(self.modes.iter().zip(found?).map(|(mode, found)| found.then_some(mode.as_slice())).collect())
    }
}
