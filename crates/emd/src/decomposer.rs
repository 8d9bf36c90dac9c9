//! Complete ensemble EMD with adaptive noise.

use crate::course::{Course, check};
use crate::decomposition::{Decomposition, Tally};
use crate::lockstep::{Held, Streamed, lockstep};
use crate::noise::NoiseEnsemble;
use crate::plain::Peeling;
use crate::sift::{Sifter, is_finite};
use crate::{Control, Error, Kernel, Params, Preset, Settings};
use rayon::prelude::*;

/// Scratch for signals of one length: made once, it serves any number of decompositions, and the sifting allocates nothing.
/// [`Decomposer::workspace`] makes it.
#[derive(Debug)]
pub struct Workspace {
    sifter: Sifter,
    made_for: (usize, Kernel, Preset),
}

/// A decomposer, its parameters checked: [`Params::check`] makes it.
///
/// ```
/// use emd::{Control, Params};
///
/// let signal: Vec<f64> = (0..512).map(|i| f64::from(i)).map(|t| (t / 3.0).sin() + (t / 40.0).sin()).collect();
/// let ceemdan = Params::default().trials(20).check()?;
/// let noise = ceemdan.noise(signal.len(), Control::default())?;
/// let found = ceemdan.ceemdan(&signal, &noise, Control::default())?;
///
/// for (i, x) in signal.iter().enumerate() {
///     let sum = found.modes.iter().map(|mode| mode[i]).sum::<f64>() + found.residue[i];
///     assert!((sum - x).abs() < 1e-14);
/// }
/// # Ok::<(), emd::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Decomposer {
    params: Params,
}

impl Decomposer {
    pub(crate) fn of(params: Params) -> Self {
        Self { params }
    }

    /// What it was made with.
    pub fn settings(&self) -> Settings {
        let Params { preset, sifting, noise_scale, epsilon, trials, seed, kernel: _ } = self.params;
        Settings { preset, sifting, noise_scale, epsilon, trials, seed }
    }

    /// The same with another number of trials, which noise of more serves too.
    ///
    /// # Errors
    /// As [`Params::check`].
    pub fn with_trials(&self, trials: usize) -> Result<Self, Error> {
        self.params.clone().trials(trials).check()
    }

    /// Scratch for signals of `n` samples.
    pub fn workspace(&self, n: usize) -> Workspace {
        Workspace {
            sifter: Sifter::new(n, &self.params),
            made_for: (n, self.params.kernel, self.params.preset),
        }
    }

    /// The scratch of `workspace`, made anew where it was made for another length or kernel.
    fn sifter<'w>(&self, workspace: &'w mut Workspace, n: usize) -> &'w mut Sifter {
        if workspace.made_for != (n, self.params.kernel, self.params.preset) {
            *workspace = self.workspace(n);
        }
        &mut workspace.sifter
    }

    /// Plain EMD of `signal`, without noise, by the preset's rules.
    ///
    /// # Errors
    /// A signal that is too short, not finite or too large; sifting that grows without bound; `control`.
    pub fn emd(&self, signal: &[f64], control: Control<'_>) -> Result<Decomposition, Error> {
        self.emd_with(&mut self.workspace(signal.len()), signal, control)
    }

    /// The same in scratch that is at hand.
    ///
    /// # Errors
    /// As [`Decomposer::emd`].
    pub fn emd_with(
        &self,
        workspace: &mut Workspace,
        signal: &[f64],
        control: Control<'_>,
    ) -> Result<Decomposition, Error> {
        check(signal)?;
        let sifter = self.sifter(workspace, signal.len());
        let mut peeling = Peeling::new(signal.to_vec(), &self.params);
        let (mut modes, mut stats) = (Vec::new(), Vec::new());
        loop {
            control.check()?;
            let Some(sifted) = peeling.next(sifter) else { break };
            if !is_finite(&sifter.mode) {
                return Err(Error::Diverged(modes.len() + 1));
            }
            modes.push(sifter.mode.clone());
            let mut tally = Tally::default();
            tally.add(sifted);
            stats.push(tally.stats());
            control.found_mode();
        }
        Ok(Decomposition { modes, residue: peeling.left, stats })
    }

    /// The fastest mode of `signal` alone, by plain sifting; `None` where it has fewer than three extrema, or by the
    /// parity preset's rules keeps too few.
    ///
    /// # Errors
    /// A signal that is too short, not finite or too large; sifting that grows without bound.
    pub fn first_mode(&self, signal: &[f64]) -> Result<Option<Vec<f64>>, Error> {
        check(signal)?;
        let mut sifter = Sifter::new(signal.len(), &self.params);
        let mut peeling = Peeling::new(signal.to_vec(), &self.params);
        if peeling.next(&mut sifter).is_none() {
            return Ok(None);
        }
        if is_finite(&sifter.mode) { Ok(Some(sifter.mode)) } else { Err(Error::Diverged(1)) }
    }

    /// Makes and decomposes the noise for signals of `n` samples, in parallel.
    ///
    /// # Errors
    /// [`Error::TooShort`], and what `control` says.
    pub fn noise(&self, n: usize, control: Control<'_>) -> Result<NoiseEnsemble, Error> {
        if n < 4 {
            return Err(Error::TooShort(n));
        }
        NoiseEnsemble::new(n, &self.params, control)
    }

    /// CEEMDAN of one signal, on this thread.
    ///
    /// # Errors
    /// A signal that is too short, not finite or too large; noise that was made for another length or by other rules;
    /// sifting that grows without bound; `control`.
    pub fn ceemdan(
        &self,
        signal: &[f64],
        noise: &NoiseEnsemble,
        control: Control<'_>,
    ) -> Result<Decomposition, Error> {
        self.ceemdan_with(&mut self.workspace(signal.len()), signal, noise, control)
    }

    /// The same in scratch that is at hand.
    ///
    /// # Errors
    /// As [`Decomposer::ceemdan`].
    pub fn ceemdan_with(
        &self,
        workspace: &mut Workspace,
        signal: &[f64],
        noise: &NoiseEnsemble,
        control: Control<'_>,
    ) -> Result<Decomposition, Error> {
        self.fits(noise, signal.len())?;
        let mut course = Course::new(signal, &self.params)?;
        let sifter = self.sifter(workspace, signal.len());
        while course.begin(sifter) {
            let k = course.stage();
            for trial in 0..self.params.trials {
                control.check()?;
                course.trial(noise.mode(trial, k), sifter);
            }
            course.finish()?;
            control.found_mode();
        }
        Ok(course.result())
    }

    /// CEEMDAN of many signals of one length, in parallel: signal by signal while there is one for each thread of rayon's
    /// pool, trial by trial for the last few. The bits do not depend on the number of threads.
    ///
    /// # Errors
    /// Per signal, as [`Decomposer::ceemdan`].
    pub fn ceemdan_all(
        &self,
        signals: &[&[f64]],
        noise: &NoiseEnsemble,
        control: Control<'_>,
    ) -> Vec<Result<Decomposition, Error>> {
        let threads = rayon::current_num_threads();
        let (many, few) = signals.split_at(signals.len() - signals.len() % threads);
        let mut found: Vec<_> = many
            .par_iter()
            .map_init(
                || self.workspace(noise.n),
                |workspace, signal| self.ceemdan_with(workspace, signal, noise, control),
            )
            .collect();
        let courses = few.iter().map(|signal| {
            self.fits(noise, signal.len())?;
            Course::new(signal, &self.params)
        });
        found.extend(lockstep(courses.collect(), &self.params, control, &mut Held(noise)));
        found
    }

    /// CEEMDAN of one signal without a noise ensemble in memory, its trials in parallel: the best way for a single signal,
    /// as no noise is decomposed further than it is.
    ///
    /// # Errors
    /// As [`Decomposer::ceemdan`].
    pub fn ceemdan_streamed(&self, signal: &[f64], control: Control<'_>) -> Result<Decomposition, Error> {
        self.ceemdan_all_streamed(&[signal], control).pop().unwrap_or(Err(Error::TooShort(signal.len())))
    }

    /// About the bytes that [`Decomposer::ceemdan_all_streamed`] keeps of the noise for signals of `n` samples.
    pub fn streamed_bytes(&self, n: usize) -> u64 {
        let rows = if self.params.preset == Preset::Pyemd { 3 } else { 1 };
        8 * rows * n as u64 * self.params.trials as u64
    }

    /// The same for many signals, to the same bits: all signals go stage by stage together, and of the
    /// noise only what is left of each trial is kept (one signal's length each, three in the parity preset).
    ///
    /// # Errors
    /// Per signal, as [`Decomposer::ceemdan`]; all signals must be as long as the first.
    pub fn ceemdan_all_streamed(
        &self,
        signals: &[&[f64]],
        control: Control<'_>,
    ) -> Vec<Result<Decomposition, Error>> {
        let Some(n) = signals.first().map(|signal| signal.len()) else { return Vec::new() };
        let course = |signal: &&[f64]| {
            if signal.len() == n {
                Course::new(signal, &self.params)
            } else {
                Err(Error::Length { expected: n, signal: signal.len() })
            }
        };
        let courses = signals.iter().map(course).collect();
        lockstep(courses, &self.params, control, &mut Streamed(None))
    }

    /// Noise may have more trials than are asked for; the first ones are used.
    fn fits(&self, noise: &NoiseEnsemble, n: usize) -> Result<(), Error> {
        let (ours, theirs) = (&self.params, &noise.made_with);
        if noise.n != n {
            return Err(Error::Length { expected: noise.n, signal: n });
        }
        if ours.preset != theirs.preset || ours.sifting != theirs.sifting {
            return Err(Error::OtherNoise("another preset or stop rule"));
        }
        if ours.seed != theirs.seed {
            return Err(Error::OtherNoise("another seed"));
        }
        if ours.trials > theirs.trials {
            return Err(Error::OtherNoise("fewer trials"));
        }
        Ok(())
    }
}
