//! Plain EMD and CEEMDAN.

use crate::batch::{InMemory, Streaming, decompose_batch};
use crate::ceemdan_state::CeemdanState;
use crate::decomposition::{Decomposition, SiftTally};
use crate::mode_extractor::ModeExtractor;
use crate::noise::NoiseEnsemble;
use crate::sift::{Sifter, is_finite};
use crate::signal::{MIN_SAMPLES, check};
use crate::work::Work;
use crate::{Control, Error, Kernel, Params, Preset, Settings};
use rayon::prelude::*;

/// Reusable scratch for signals of one length, from [`Decomposer::workspace`]. Sifting in it
/// allocates nothing.
///
/// ```
/// use emd::{Control, Params};
///
/// let decomposer = Params::default().check()?;
/// let mut workspace = decomposer.workspace(100);
/// for period in [3.0, 9.0] {
///     let signal: Vec<f64> = (0..100).map(|t| (f64::from(t) / period).sin()).collect();
///     let found = decomposer.emd_with(&mut workspace, &signal, Control::default())?;
///     assert!(!found.modes.is_empty());
/// }
/// # Ok::<(), emd::Error>(())
/// ```
#[derive(Debug)]
pub struct Workspace {
    sifter: Sifter,
    made_for: (usize, Kernel, Preset),
}

/// Decomposes signals, with parameters that [`Params::check`] has checked.
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

impl Params {
    /// Checks the parameters.
    ///
    /// # Errors
    /// [`Error::OutOfRange`]; [`Error::InvalidParameter`] if the pyemd preset is combined with noise
    /// scaled by the fastest mode (which EMD-signal does not have), or this processor cannot run the
    /// kernel.
    pub fn check(self) -> Result<Decomposer, Error> {
        self.validate()?;
        Ok(Decomposer { params: self })
    }
}

impl Decomposer {
    /// The parameters.
    pub fn settings(&self) -> Settings {
        let Params { preset, sifting, noise_scale, epsilon, trials, seed, kernel: _ } = self.params;
        Settings { preset, sifting, noise_scale, epsilon, trials, seed }
    }

    /// The same decomposer with another number of trials. It accepts noise of more trials, of which
    /// it uses the first ones.
    ///
    /// # Errors
    /// As [`Params::check`].
    pub fn with_trials(&self, trials: usize) -> Result<Self, Error> {
        self.params.clone().trials(trials).check()
    }

    /// Makes scratch for signals of `n` samples.
    pub fn workspace(&self, n: usize) -> Workspace {
        Workspace {
            sifter: Sifter::new(n, &self.params),
            made_for: (n, self.params.kernel, self.params.preset),
        }
    }

    /// The scratch of `workspace`, replaced if it was made for another length, kernel or preset.
    fn sifter<'w>(&self, workspace: &'w mut Workspace, n: usize) -> &'w mut Sifter {
        if workspace.made_for != (n, self.params.kernel, self.params.preset) {
            *workspace = self.workspace(n);
        }
        &mut workspace.sifter
    }

    /// Plain EMD of `signal` (Huang et al. 1998), without noise, by the rules of the preset.
    ///
    /// A signal with fewer than three extrema has no modes; it is the residue.
    ///
    /// # Errors
    /// - [`Error::TooShort`], [`Error::NotFinite`] or [`Error::TooLarge`] if the signal is invalid.
    /// - [`Error::Diverged`] if a mode overflows.
    /// - [`Error::Cancelled`] or [`Error::DeadlinePassed`] if `control` stops it.
    ///
    /// ```
    /// use emd::{Control, Params};
    ///
    /// let signal: Vec<f64> = (0..300).map(f64::from).map(|t| (t / 2.0).sin() + (t / 20.0).sin()).collect();
    /// let found = Params::default().check()?.emd(&signal, Control::default())?;
    /// let middle = 50..250;
    /// let error = middle.map(|t| (found.modes[0][t] - (t as f64 / 2.0).sin()).abs()).fold(0.0, f64::max);
    /// assert!(error < 0.05);
    /// # Ok::<(), emd::Error>(())
    /// ```
    pub fn emd(&self, signal: &[f64], control: Control<'_>) -> Result<Decomposition, Error> {
        self.emd_with(&mut self.workspace(signal.len()), signal, control)
    }

    /// [`Decomposer::emd`] with reusable scratch.
    ///
    /// # Errors
    /// Those of [`Decomposer::emd`].
    pub fn emd_with(
        &self,
        workspace: &mut Workspace,
        signal: &[f64],
        control: Control<'_>,
    ) -> Result<Decomposition, Error> {
        check(signal)?;
        let sifter = self.sifter(workspace, signal.len());
        let mut extractor = ModeExtractor::new(signal.to_vec(), &self.params);
        let (mut modes, mut stats) = (Vec::new(), Vec::new());
        let work = Work::new(signal.len());
        loop {
            control.check()?;
            let Some(sifted) = extractor.next(sifter) else { break };
            if !is_finite(&sifter.mode) {
                return Err(Error::Diverged(modes.len() + 1));
            }
            modes.push(sifter.mode.clone());
            let mut tally = SiftTally::default();
            tally.add(sifted);
            stats.push(tally.stats());
            control.worked(work.share(stats.len() - 1));
        }
        work.report_rest(stats.len(), 1.0, control);
        Ok(Decomposition { modes, residue: extractor.rest, stats })
    }

    /// The fastest mode of `signal`, by plain sifting. `None` if the signal has fewer than three
    /// extrema or, by the rules of the pyemd preset, its first mode does.
    ///
    /// # Errors
    /// Those of [`Decomposer::emd`].
    ///
    /// ```
    /// let decomposer = emd::Params::default().check()?;
    /// assert_eq!(decomposer.first_mode(&[1.0, 2.0, 3.0, 4.0])?, None);
    /// # Ok::<(), emd::Error>(())
    /// ```
    pub fn first_mode(&self, signal: &[f64]) -> Result<Option<Vec<f64>>, Error> {
        check(signal)?;
        let mut sifter = Sifter::new(signal.len(), &self.params);
        let mut extractor = ModeExtractor::new(signal.to_vec(), &self.params);
        if extractor.next(&mut sifter).is_none() {
            return Ok(None);
        }
        if is_finite(&sifter.mode) { Ok(Some(sifter.mode)) } else { Err(Error::Diverged(1)) }
    }

    /// Draws and decomposes the noise for signals of `n` samples, in parallel on rayon's pool.
    ///
    /// # Errors
    /// [`Error::TooShort`]; [`Error::Cancelled`] or [`Error::DeadlinePassed`] if `control` stops
    /// it.
    ///
    /// ```
    /// use emd::{Control, Params};
    ///
    /// let noise = Params::default().trials(5).check()?.noise(256, Control::default())?;
    /// assert_eq!((noise.trials(), noise.samples()), (5, 256));
    /// # Ok::<(), emd::Error>(())
    /// ```
    pub fn noise(&self, n: usize, control: Control<'_>) -> Result<NoiseEnsemble, Error> {
        if n < MIN_SAMPLES {
            return Err(Error::TooShort(n));
        }
        NoiseEnsemble::new(n, &self.params, control)
    }

    /// CEEMDAN of one signal, on the calling thread.
    ///
    /// # Errors
    /// Those of [`Decomposer::emd`]; [`Error::LengthMismatch`] or [`Error::NoiseMismatch`] if the
    /// noise was made for another length or with other parameters.
    pub fn ceemdan(
        &self,
        signal: &[f64],
        noise: &NoiseEnsemble,
        control: Control<'_>,
    ) -> Result<Decomposition, Error> {
        self.ceemdan_with(&mut self.workspace(signal.len()), signal, noise, control)
    }

    /// [`Decomposer::ceemdan`] with reusable scratch.
    ///
    /// # Errors
    /// Those of [`Decomposer::ceemdan`].
    pub fn ceemdan_with(
        &self,
        workspace: &mut Workspace,
        signal: &[f64],
        noise: &NoiseEnsemble,
        control: Control<'_>,
    ) -> Result<Decomposition, Error> {
        self.check_noise(noise, signal.len())?;
        let mut state = CeemdanState::new(signal, &self.params)?;
        let sifter = self.sifter(workspace, signal.len());
        let (work, trials) = (Work::new(signal.len()), self.params.trials);
        while state.start_stage(sifter) {
            let k = state.stage();
            for trial in 0..trials {
                control.check()?;
                state.add_trial(noise.mode(trial, k), sifter);
                control.worked(work.share(k) / trials as f64);
            }
            state.finish_stage()?;
        }
        work.report_rest(state.stage(), 1.0, control);
        Ok(state.into_decomposition())
    }

    /// CEEMDAN of many signals of one length, in parallel: signal by signal while there is one for
    /// each thread of rayon's pool, trial by trial for the rest. The bits do not depend on the
    /// number of threads.
    ///
    /// # Errors
    /// Per signal, those of [`Decomposer::ceemdan`].
    ///
    /// ```
    /// use emd::{Control, Params};
    ///
    /// let signals = [3.0, 7.0].map(|period| (0..128).map(|t| (f64::from(t) / period).sin()).collect::<Vec<_>>());
    /// let decomposer = Params::default().trials(5).check()?;
    /// let noise = decomposer.noise(128, Control::default())?;
    /// let found = decomposer.ceemdan_all(&[&signals[0], &signals[1]], &noise, Control::default());
    /// assert!(found.iter().all(Result::is_ok));
    /// # Ok::<(), emd::Error>(())
    /// ```
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
        let states = few.iter().map(|signal| {
            self.check_noise(noise, signal.len())?;
            CeemdanState::new(signal, &self.params)
        });
        found.extend(decompose_batch(
            states.collect(),
            &self.params,
            control,
            &mut InMemory(noise),
        ));
        found
    }

    /// CEEMDAN of one signal, its trials in parallel, without a noise ensemble in memory. The
    /// fastest way for a single signal, as the noise is decomposed no further than the signal. The
    /// bits are those of [`Decomposer::ceemdan`].
    ///
    /// # Errors
    /// Those of [`Decomposer::emd`].
    ///
    /// ```
    /// use emd::{Control, Params};
    ///
    /// let signal: Vec<f64> = (0..128).map(|t| (f64::from(t) / 3.0).sin()).collect();
    /// let decomposer = Params::default().trials(5).check()?;
    /// let noise = decomposer.noise(128, Control::default())?;
    /// let streamed = decomposer.ceemdan_streamed(&signal, Control::default())?;
    /// assert_eq!(streamed, decomposer.ceemdan(&signal, &noise, Control::default())?);
    /// # Ok::<(), emd::Error>(())
    /// ```
    pub fn ceemdan_streamed(
        &self,
        signal: &[f64],
        control: Control<'_>,
    ) -> Result<Decomposition, Error> {
        self.ceemdan_all_streamed(&[signal], control)
            .pop()
            .unwrap_or(Err(Error::TooShort(signal.len())))
    }

    /// Estimated memory of the noise in [`Decomposer::ceemdan_all_streamed`], in bytes, for signals
    /// of `n` samples.
    pub fn streamed_bytes(&self, n: usize) -> u64 {
        let rows = if self.params.preset == Preset::Pyemd { 3 } else { 1 };
        8 * rows * n as u64 * self.params.trials as u64
    }

    /// CEEMDAN of many signals of one length without a noise ensemble in memory, with the bits of
    /// [`Decomposer::ceemdan_all`].
    ///
    /// All signals go through a stage together while the noise is decomposed along; of the noise of
    /// each trial only the residue is kept (one signal length per trial, three in the pyemd
    /// preset).
    ///
    /// # Errors
    /// Per signal, those of [`Decomposer::emd`]; [`Error::LengthMismatch`] if a signal is not as
    /// long as the first.
    pub fn ceemdan_all_streamed(
        &self,
        signals: &[&[f64]],
        control: Control<'_>,
    ) -> Vec<Result<Decomposition, Error>> {
        let Some(n) = signals.first().map(|signal| signal.len()) else { return Vec::new() };
        let state = |signal: &&[f64]| {
            if signal.len() == n {
                CeemdanState::new(signal, &self.params)
            } else {
                Err(Error::LengthMismatch { expected: n, signal: signal.len() })
            }
        };
        let states = signals.iter().map(state).collect();
        decompose_batch(states, &self.params, control, &mut Streaming(None))
    }

    /// Checks that the noise was made for signals of `n` samples with these parameters; it may have
    /// more trials.
    fn check_noise(&self, noise: &NoiseEnsemble, n: usize) -> Result<(), Error> {
        let (ours, theirs) = (&self.params, &noise.made_with);
        if noise.n != n {
            return Err(Error::LengthMismatch { expected: noise.n, signal: n });
        }
        if ours.preset != theirs.preset || ours.sifting != theirs.sifting {
            return Err(Error::NoiseMismatch("preset or stop rule differ"));
        }
        if ours.seed != theirs.seed {
            return Err(Error::NoiseMismatch("seeds differ"));
        }
        if ours.trials > theirs.trials {
            return Err(Error::NoiseMismatch("it has fewer trials"));
        }
        Ok(())
    }
}
