//! One series on its way through CEEMDAN, stage by stage.
//!
//! A stage gives a mode: [`Course::begin`] tests whether there is one, then each trial's result is added in trial order
//! ([`Course::trial`], or [`Course::local_mean`] and [`Course::add`] where trials run at the same time), and
//! [`Course::finish`] takes the average. Where the noise comes from is the caller's.

use crate::decomposition::{Decomposition, ModeStats, Tally};
use crate::extrema::{Signs, each};
use crate::plain::most_modes;
use crate::sift::{Sifted, Sifter, is_finite, is_nothing, is_spent};
use crate::sum::{deviation, range};
use crate::{Error, NoiseScale, Params, Preset};

/// Most stages of the parity preset: the first, and a hundred more.
const MOST_STAGES_PYEMD: usize = 101;

#[derive(Debug)]
pub(crate) struct Course<'a> {
    params: &'a Params,
    /// The signal, in the parity preset divided by its deviation.
    signal: Vec<f64>,
    /// What multiplies the result: the deviation, or 1.
    scale: f64,
    /// What the modes found leave.
    residue: Vec<f64>,
    /// Sum of the modes found (parity, where the end is tested on the signal without it).
    found: Vec<f64>,
    modes: Vec<Vec<f64>>,
    stats: Vec<ModeStats>,
    /// The stage under way.
    beta: f64,
    total: Vec<f64>,
    tally: Tally,
}

impl<'a> Course<'a> {
    pub fn new(signal: &[f64], params: &'a Params) -> Result<Self, Error> {
        check(signal)?;
        let n = signal.len();
        let mut signal = signal.to_vec();
        let mut scale = 1.0;
        if params.preset == Preset::Pyemd && range(&signal) > 0.0 {
            scale = deviation(&signal);
            signal.iter_mut().for_each(|x| *x /= scale);
        }
        let found = if params.preset == Preset::Pyemd { vec![0.0; n] } else { Vec::new() };
        Ok(Self {
            params,
            residue: signal.clone(),
            signal,
            scale,
            found,
            modes: Vec::new(),
            stats: Vec::new(),
            beta: 0.0,
            total: vec![0.0; n],
            tally: Tally::default(),
        })
    }

    /// Samples of the signal.
    pub fn len(&self) -> usize {
        self.signal.len()
    }

    /// Number of the stage under way or next, from 0: as many modes have been found.
    pub fn stage(&self) -> usize {
        self.modes.len()
    }

    /// Whether there is another mode to be found; then the trials may come.
    pub fn begin(&mut self, sifter: &mut Sifter) -> bool {
        if range(&self.signal) == 0.0 || !self.goes_on(sifter) {
            return false;
        }
        let measured = match (self.params.preset, self.params.noise_scale) {
            (Preset::Pyemd, _) if self.stage() == 0 => 1.0,
            (_, NoiseScale::Residue) => deviation(&self.residue),
            (_, NoiseScale::Fastest) => {
                sifter.mode.copy_from_slice(&self.residue);
                sifter.sift(self.params.sifting);
                deviation(&sifter.mode)
            }
        };
        self.beta = self.params.epsilon * measured;
        self.total.fill(0.0);
        self.tally = Tally::default();
        true
    }

    fn goes_on(&self, sifter: &mut Sifter) -> bool {
        match self.params.preset {
            Preset::Standard => {
                let mut extrema = 0;
                each(&self.residue, Signs::Compared, |_, _| extrema += 1);
                extrema >= 3 && self.stage() < most_modes(self.signal.len())
            }
            Preset::Pyemd if self.stage() == 0 => true,
            Preset::Pyemd => {
                let left = &mut sifter.mode;
                left.iter_mut()
                    .zip(&self.signal)
                    .zip(&self.found)
                    .for_each(|((left, s), found)| *left = s - found);
                let is_over = is_spent(left, 0.01, 0.05);
                let left = left.clone();
                let sifted = sifter.sift(self.params.sifting);
                let is_mode = sifted.extrema > 2;
                let is_single = if is_mode {
                    is_nothing(left.iter().zip(&sifter.mode).map(|(left, mode)| left - mode))
                } else {
                    !is_nothing(left.iter().copied())
                };
                !is_over && !is_single && self.stage() < MOST_STAGES_PYEMD
            }
        }
    }

    /// Sifts the residue with this noise, whose deviation is as [`crate::NoiseEnsemble`] leaves it.
    fn sift(&self, noise: Option<&[f64]>, sifter: &mut Sifter) -> Sifted {
        match noise {
            Some(noise) => {
                let both = sifter.mode.iter_mut().zip(&self.residue).zip(noise);
                both.for_each(|((y, r), w)| *y = r + self.beta * w);
            }
            None => sifter.mode.copy_from_slice(&self.residue),
        }
        sifter.sift(self.params.sifting)
    }

    /// What a sifted trial contributes: its sample of the noisy residue and of the first mode give the local mean, or in
    /// the parity preset's first stage the mode.
    fn contribution(&self, sifted: Sifted, mode: &[f64], noise: Option<&[f64]>) -> Contribution {
        match self.params.preset {
            Preset::Standard if sifted.has_mode() => Contribution::Mean,
            Preset::Standard => Contribution::Noisy,
            Preset::Pyemd if sifted.extrema <= 2 => Contribution::Noisy,
            Preset::Pyemd if self.stage() == 0 => Contribution::Mode,
            // A local mean of nothing is left out by the library, and the mode then stands in its place.
            Preset::Pyemd if is_nothing(self.noisy(noise).zip(mode).map(|(y, mode)| y - mode)) => {
                Contribution::Mode
            }
            Preset::Pyemd => Contribution::Mean,
        }
    }

    fn noisy<'b>(&'b self, noise: Option<&'b [f64]>) -> impl Iterator<Item = f64> + 'b {
        let beta = self.beta;
        self.residue.iter().enumerate().map(move |(i, r)| match noise {
            Some(noise) => r + beta * noise[i],
            None => *r,
        })
    }

    /// One trial, added to the stage.
    pub fn trial(&mut self, noise: Option<&[f64]>, sifter: &mut Sifter) {
        let sifted = self.sift(noise, sifter);
        match (self.contribution(sifted, &sifter.mode, noise), noise) {
            // Nearly all: the local mean goes straight to the sum.
            (Contribution::Mean, Some(noise)) if !self.divides_each() => {
                let beta = self.beta;
                let noisy = self.residue.iter().zip(noise).map(|(r, w)| r + beta * w);
                let total = self.total.iter_mut().zip(noisy).zip(&sifter.mode);
                total.for_each(|((total, y), mode)| *total += y - mode);
                self.tally.add(sifted);
            }
            (contribution, _) => {
                self.leave(contribution, noise, sifter);
                self.add(&sifter.mode, sifted);
            }
        }
    }

    /// The parity preset divides each trial's local mean, but in the first stage the sum.
    fn divides_each(&self) -> bool {
        self.params.preset == Preset::Pyemd && self.stage() > 0
    }

    /// One trial, its contribution left in `sifter.mode`.
    pub fn local_mean(&self, noise: Option<&[f64]>, sifter: &mut Sifter) -> Sifted {
        let sifted = self.sift(noise, sifter);
        self.leave(self.contribution(sifted, &sifter.mode, noise), noise, sifter);
        sifted
    }

    /// Leaves a contribution in `sifter.mode`, which holds the mode.
    fn leave(&self, contribution: Contribution, noise: Option<&[f64]>, sifter: &mut Sifter) {
        match contribution {
            Contribution::Mode => {}
            Contribution::Mean => {
                sifter.mode.iter_mut().zip(self.noisy(noise)).for_each(|(mode, y)| *mode = y - *mode)
            }
            Contribution::Noisy => {
                sifter.mode.iter_mut().zip(self.noisy(noise)).for_each(|(mode, y)| *mode = y)
            }
        }
    }

    /// Adds what [`Course::local_mean`] gave; trials come in their order.
    pub fn add(&mut self, contribution: &[f64], sifted: Sifted) {
        let divided = self.divides_each();
        let total = self.total.iter_mut().zip(contribution);
        if divided {
            let trials = self.params.trials as f64;
            total.for_each(|(total, x)| *total += x / trials);
        } else {
            total.for_each(|(total, x)| *total += x);
        }
        self.tally.add(sifted);
    }

    /// Takes the average over the trials; the mode is what it takes away from the residue.
    pub fn finish(&mut self) -> Result<(), Error> {
        let trials = self.params.trials as f64;
        let mut mode = std::mem::take(&mut self.total);
        match self.params.preset {
            Preset::Pyemd if self.stage() == 0 => {
                for (r, mode) in self.residue.iter_mut().zip(&mut mode) {
                    *mode /= trials;
                    *r -= *mode;
                }
            }
            preset => {
                for (r, mode) in self.residue.iter_mut().zip(&mut mode) {
                    let mean = if preset == Preset::Standard { *mode / trials } else { *mode };
                    *mode = *r - mean;
                    *r = mean;
                }
            }
        }
        self.found.iter_mut().zip(&mode).for_each(|(found, mode)| *found += mode);
        if !is_finite(&mode) {
            return Err(Error::Diverged(self.stage() + 1));
        }
        self.total = vec![0.0; mode.len()];
        self.modes.push(mode);
        self.stats.push(self.tally.stats());
        Ok(())
    }

    pub fn result(mut self) -> Decomposition {
        if self.params.preset == Preset::Pyemd {
            self.residue
                .iter_mut()
                .zip(&self.signal)
                .zip(&self.found)
                .for_each(|((r, s), found)| *r = s - found);
            let scale = self.scale;
            let rows = self.modes.iter_mut().chain([&mut self.residue]);
            rows.for_each(|row| row.iter_mut().for_each(|x| *x *= scale));
        }
        Decomposition { modes: self.modes, residue: self.residue, stats: self.stats }
    }
}

enum Contribution {
    /// The first mode.
    Mode,
    /// The noisy residue without its first mode.
    Mean,
    /// The noisy residue, which has no mode.
    Noisy,
}

/// Whether a signal can be decomposed.
pub(crate) fn check(signal: &[f64]) -> Result<(), Error> {
    if let Some(i) = signal.iter().position(|x| !x.is_finite()) {
        return Err(Error::NotFinite(i));
    }
    if let Some(i) = signal.iter().position(|x| x.abs() > 1e150) {
        return Err(Error::TooLarge(i));
    }
    if signal.len() < 4 {
        return Err(Error::TooShort(signal.len()));
    }
    Ok(())
}
