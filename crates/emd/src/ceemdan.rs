//! Complete ensemble EMD with adaptive noise.

use crate::course::{Course, check};
use crate::decomposition::{Decomposition, Tally};
use crate::noise::{NoiseEnsemble, NoiseStream};
use crate::plain::Peeling;
use crate::sift::{Sifter, is_finite};
use crate::{Control, Error, Params, Preset};
use rayon::prelude::*;

/// A decomposer, its parameters checked: [`Params::check`] makes it.
///
/// ```
/// use emd::{Control, Params};
///
/// let signal: Vec<f64> = (0..512).map(|i| f64::from(i)).map(|t| (t / 3.0).sin() + (t / 40.0).sin()).collect();
/// let ceemdan = Params::default().trials(20).check()?;
/// let noise = ceemdan.noise(signal.len(), Control::default())?;
/// let found = ceemdan.decompose(&signal, &noise, Control::default())?;
///
/// for (i, x) in signal.iter().enumerate() {
///     let sum = found.modes.iter().map(|mode| mode[i]).sum::<f64>() + found.residue[i];
///     assert!((sum - x).abs() < 1e-14);
/// }
/// # Ok::<(), emd::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Ceemdan {
    params: Params,
}

impl Ceemdan {
    pub(crate) fn of(params: Params) -> Self {
        Self { params }
    }

    /// Plain EMD of `signal`, without noise, by the preset's rules.
    ///
    /// # Errors
    /// A signal that is too short, not finite or too large; sifting that grows without bound; `control`.
    pub fn emd(&self, signal: &[f64], control: Control<'_>) -> Result<Decomposition, Error> {
        check(signal)?;
        let mut sifter = Sifter::new(signal.len(), self.params.kernel);
        let mut peeling = Peeling::new(signal.to_vec(), &self.params);
        let (mut modes, mut stats) = (Vec::new(), Vec::new());
        loop {
            control.check()?;
            let Some(sifted) = peeling.next(&mut sifter) else { break };
            if !is_finite(&sifter.mode) {
                return Err(Error::Diverged(modes.len() + 1));
            }
            modes.push(sifter.mode.clone());
            let mut tally = Tally::default();
            tally.add(sifted);
            stats.push(tally.stats());
        }
        Ok(Decomposition { modes, residue: peeling.left, stats })
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
    pub fn decompose(
        &self,
        signal: &[f64],
        noise: &NoiseEnsemble,
        control: Control<'_>,
    ) -> Result<Decomposition, Error> {
        self.fits(noise, signal.len())?;
        let mut course = Course::new(signal, &self.params)?;
        let mut sifter = Sifter::new(signal.len(), self.params.kernel);
        while course.begin(&mut sifter) {
            let k = course.stage();
            for trial in 0..self.params.trials {
                control.check()?;
                course.trial(noise.mode(trial, k), &mut sifter);
            }
            course.finish()?;
        }
        Ok(course.result())
    }

    /// Noise may have more trials than are asked for; the first ones are used.
    fn fits(&self, noise: &NoiseEnsemble, n: usize) -> Result<(), Error> {
        let (ours, theirs) = (&self.params, &noise.made_with);
        if noise.n != n {
            return Err(Error::Length { noise: noise.n, signal: n });
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
