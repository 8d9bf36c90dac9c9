//! The CEEMDAN of one signal, stage by stage.
//!
//! A stage finds a mode: [`CeemdanState::start_stage`] tests whether there is one, then the result
//! of each trial is added in the order of trials ([`CeemdanState::add_trial`], or
//! [`CeemdanState::contribution`] and [`CeemdanState::add_contribution`] if trials run in
//! parallel), and [`CeemdanState::finish_stage`] averages them. The caller provides the noise.

use crate::decomposition::{Decomposition, ModeStats, SiftTally};
use crate::extrema::{SignTest, for_each_extremum};
use crate::mode_extractor::max_modes;
use crate::sift::{SiftResult, Sifter, is_finite, is_near_zero, is_negligible};
use crate::signal::check;
use crate::sum::{deviation, range};
use crate::{Error, NoiseScale, Params, Preset};

/// Limit of stages in the pyemd preset: the first one and a hundred more.
const PYEMD_MAX_STAGES: usize = 101;

#[derive(Debug)]
pub(crate) struct CeemdanState<'a> {
    params: &'a Params,
    /// The signal; in the pyemd preset divided by its deviation.
    signal: Vec<f64>,
    /// The factor of the result: the deviation, or 1.
    scale: f64,
    /// The signal minus the modes found.
    residue: Vec<f64>,
    /// Sum of the modes found; used by the end test of the pyemd preset only.
    found: Vec<f64>,
    modes: Vec<Vec<f64>>,
    stats: Vec<ModeStats>,
    /// Amplitude of the noise in the current stage.
    beta: f64,
    /// Sum of the contributions of the trials in the current stage.
    total: Vec<f64>,
    tally: SiftTally,
}

impl<'a> CeemdanState<'a> {
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
            tally: SiftTally::default(),
        })
    }

    /// Number of samples of the signal.
    pub fn len(&self) -> usize {
        self.signal.len()
    }

    /// Index of the current or next stage: the number of modes found.
    pub fn stage(&self) -> usize {
        self.modes.len()
    }

    /// Prepares the next stage; false if there are no more modes.
    pub fn start_stage(&mut self, sifter: &mut Sifter) -> bool {
        if range(&self.signal) == 0.0 || !self.has_next_mode(sifter) {
            return false;
        }
        let scale = match (self.params.preset, self.params.noise_scale) {
            (Preset::Pyemd, _) if self.stage() == 0 => 1.0,
            (_, NoiseScale::Residue) => deviation(&self.residue),
            (_, NoiseScale::Fastest) => {
                sifter.mode.copy_from_slice(&self.residue);
                sifter.sift(self.params.sifting);
                deviation(&sifter.mode)
            }
        };
        self.beta = self.params.epsilon * scale;
        self.total.fill(0.0);
        self.tally = SiftTally::default();
        true
    }

    fn has_next_mode(&self, sifter: &mut Sifter) -> bool {
        match self.params.preset {
            Preset::Standard => {
                let mut extrema = 0;
                for_each_extremum(&self.residue, SignTest::Compared, |_, _| extrema += 1);
                extrema >= 3 && self.stage() < max_modes(self.signal.len())
            }
            Preset::Pyemd if self.stage() == 0 => true,
            Preset::Pyemd => {
                let rest = &mut sifter.mode;
                rest.iter_mut()
                    .zip(&self.signal)
                    .zip(&self.found)
                    .for_each(|((rest, s), found)| *rest = s - found);
                let is_over = is_negligible(rest, 0.01, 0.05);
                let rest = rest.clone();
                let sifted = sifter.sift(self.params.sifting);
                let is_mode = sifted.extrema > 2;
                let is_single = if is_mode {
                    is_near_zero(rest.iter().zip(&sifter.mode).map(|(rest, mode)| rest - mode))
                } else {
                    !is_near_zero(rest.iter().copied())
                };
                !is_over && !is_single && self.stage() < PYEMD_MAX_STAGES
            }
        }
    }

    /// Sifts the residue plus `beta` times `noise`, a mode of [`crate::NoiseEnsemble`].
    fn sift(&self, noise: Option<&[f64]>, sifter: &mut Sifter) -> SiftResult {
        match noise {
            Some(noise) => {
                let both = sifter.mode.iter_mut().zip(&self.residue).zip(noise);
                both.for_each(|((y, r), w)| *y = r + self.beta * w);
            }
            None => sifter.mode.copy_from_slice(&self.residue),
        }
        sifter.sift(self.params.sifting)
    }

    /// What a sifted trial contributes to the average.
    fn kind_of(&self, sifted: SiftResult, mode: &[f64], noise: Option<&[f64]>) -> Contribution {
        match self.params.preset {
            Preset::Standard if sifted.has_mode() => Contribution::LocalMean,
            Preset::Standard => Contribution::NoisyResidue,
            Preset::Pyemd if sifted.extrema <= 2 => Contribution::NoisyResidue,
            Preset::Pyemd if self.stage() == 0 => Contribution::Mode,
            // The library drops a local mean of zero and then uses the mode in its place.
            Preset::Pyemd
                if is_near_zero(self.noisy(noise).zip(mode).map(|(y, mode)| y - mode)) =>
            {
                Contribution::Mode
            }
            Preset::Pyemd => Contribution::LocalMean,
        }
    }

    /// The residue plus the noise.
    fn noisy<'b>(&'b self, noise: Option<&'b [f64]>) -> impl Iterator<Item = f64> + 'b {
        let beta = self.beta;
        self.residue.iter().enumerate().map(move |(i, r)| match noise {
            Some(noise) => r + beta * noise[i],
            None => *r,
        })
    }

    /// Runs one trial and adds it to the stage.
    pub fn add_trial(&mut self, noise: Option<&[f64]>, sifter: &mut Sifter) {
        let sifted = self.sift(noise, sifter);
        match (self.kind_of(sifted, &sifter.mode, noise), noise) {
            // Nearly all trials: the local mean is added without being stored.
            (Contribution::LocalMean, Some(noise)) if !self.divides_each() => {
                let beta = self.beta;
                let noisy = self.residue.iter().zip(noise).map(|(r, w)| r + beta * w);
                let total = self.total.iter_mut().zip(noisy).zip(&sifter.mode);
                total.for_each(|((total, y), mode)| *total += y - mode);
                self.tally.add(sifted);
            }
            (contribution, _) => {
                self.write_contribution(contribution, noise, sifter);
                self.add_contribution(&sifter.mode, sifted);
            }
        }
    }

    /// Whether the contributions are divided by the number of trials one by one, as EMD-signal does
    /// after the first stage.
    fn divides_each(&self) -> bool {
        self.params.preset == Preset::Pyemd && self.stage() > 0
    }

    /// Runs one trial and writes its contribution to `sifter.mode`.
    pub fn contribution(&self, noise: Option<&[f64]>, sifter: &mut Sifter) -> SiftResult {
        let sifted = self.sift(noise, sifter);
        self.write_contribution(self.kind_of(sifted, &sifter.mode, noise), noise, sifter);
        sifted
    }

    /// Replaces the mode in `sifter.mode` by the contribution.
    fn write_contribution(
        &self,
        contribution: Contribution,
        noise: Option<&[f64]>,
        sifter: &mut Sifter,
    ) {
        match contribution {
            Contribution::Mode => {}
            Contribution::LocalMean => sifter
                .mode
                .iter_mut()
                .zip(self.noisy(noise))
                .for_each(|(mode, y)| *mode = y - *mode),
            Contribution::NoisyResidue => {
                sifter.mode.iter_mut().zip(self.noisy(noise)).for_each(|(mode, y)| *mode = y)
            }
        }
    }

    /// Adds a result of [`CeemdanState::contribution`]; trials are added in their order.
    pub fn add_contribution(&mut self, contribution: &[f64], sifted: SiftResult) {
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

    /// Averages over the trials: the average is the new residue, the difference to the old one the
    /// mode.
    pub fn finish_stage(&mut self) -> Result<(), Error> {
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

    pub fn into_decomposition(mut self) -> Decomposition {
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

/// What a trial contributes to the average of its stage.
enum Contribution {
    /// The first mode of the noisy residue, in the first stage of the pyemd preset.
    Mode,
    /// The noisy residue minus its first mode.
    LocalMean,
    /// The noisy residue, which has no mode.
    NoisyResidue,
}
