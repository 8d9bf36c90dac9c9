//! CEEMDAN of many signals together, stage by stage, with the noise of a few trials in memory at a
//! time.

use crate::ceemdan_state::CeemdanState;
use crate::noise::{NoiseEnsemble, NoiseStream};
use crate::sift::{SiftResult, SifterGuard, SifterPool};
use crate::work::Work;
use crate::{Control, Decomposition, Error, Params};
use rayon::prelude::*;
use std::ops::Range;

/// Trials per thread with noise in memory at a time: enough that threads seldom wait for each
/// other.
const TRIALS_PER_THREAD: usize = 8;

/// A source of the modes of the noise.
pub(crate) trait NoiseSource {
    /// Mode `k` of the noise of each of `trials`, `None` if it has none. Called once per stage and
    /// trial, in order.
    fn modes(
        &mut self,
        k: usize,
        trials: Range<usize>,
        sifters: &SifterPool<'_>,
        params: &Params,
        control: Control<'_>,
    ) -> Result<Vec<Option<&[f64]>>, Error>;
}

/// Noise that is held in memory.
pub(crate) struct InMemory<'a>(pub &'a NoiseEnsemble);

impl NoiseSource for InMemory<'_> {
    fn modes(
        &mut self,
        k: usize,
        trials: Range<usize>,
        _: &SifterPool<'_>,
        _: &Params,
        _: Control<'_>,
    ) -> Result<Vec<Option<&[f64]>>, Error> {
        Ok(trials.map(|trial| self.0.mode(trial, k)).collect())
    }
}

/// Noise that is decomposed stage by stage; drawn at the first call.
pub(crate) struct Streaming(pub Option<NoiseStream>);

impl NoiseSource for Streaming {
    fn modes(
        &mut self,
        _: usize,
        trials: Range<usize>,
        sifters: &SifterPool<'_>,
        params: &Params,
        control: Control<'_>,
    ) -> Result<Vec<Option<&[f64]>>, Error> {
        let stream = match &mut self.0 {
            Some(stream) => stream,
            empty => empty.insert(NoiseStream::new(sifters.len(), params, control)?),
        };
        stream.next(trials, sifters, control)
    }
}

/// Decomposes all signals, which have one length.
pub(crate) fn decompose_batch(
    mut states: Vec<Result<CeemdanState<'_>, Error>>,
    params: &Params,
    control: Control<'_>,
    noise: &mut impl NoiseSource,
) -> Vec<Result<Decomposition, Error>> {
    let n = states.iter().flatten().next().map_or(0, CeemdanState::len);
    let sifters = SifterPool::new(n, params);
    let work = Work::new(n);
    let chunk = rayon::current_num_threads() * TRIALS_PER_THREAD;
    let mut finished = vec![false; states.len()];
    let mut contributions = Vec::new();
    for k in 0.. {
        let acquire = || sifters.acquire();
        states.par_iter_mut().zip(&mut finished).for_each_init(
            acquire,
            |sifter, (state, is_finished)| match (state.as_mut(), control.check()) {
                (Ok(active), Ok(())) if !*is_finished => {
                    *is_finished = !active.start_stage(sifter);
                    if *is_finished {
                        work.report_rest(active.stage(), 1.0, control);
                    }
                }
                (Ok(_), Ok(())) => {}
                (Ok(_), Err(stop)) if !*is_finished => (*state, *is_finished) = (Err(stop), true),
                _ => *is_finished = true,
            },
        );
        let unfinished = states.iter_mut().zip(&finished).filter(|(_, is_finished)| !**is_finished);
        let mut active: Vec<&mut CeemdanState<'_>> =
            unfinished.flat_map(|(state, _)| state.as_mut()).collect();
        if active.is_empty() {
            break;
        }
        let mut stage = || {
            for first in (0..params.trials).step_by(chunk) {
                let range = first..params.trials.min(first + chunk);
                let modes = noise.modes(k, range, &sifters, params, control)?;
                let share = work.share(k) / params.trials as f64;
                trials(&mut active, &modes, &sifters, &mut contributions, control, share)?;
            }
            Ok(())
        };
        let stopped: Result<(), Error> = stage();
        for (state, _) in states.iter_mut().zip(&finished).filter(|(_, is_finished)| !**is_finished)
        {
            let stage =
                state.as_mut().map(|state| stopped.clone().and_then(|()| state.finish_stage()));
            if let Ok(Err(error)) = stage {
                *state = Err(error);
            }
        }
    }
    states.into_iter().map(|state| state.map(CeemdanState::into_decomposition)).collect()
}

/// Runs the trials with these modes of the noise for all signals: in parallel over signals if there
/// is one for each thread, else over trials; their contributions are collected in `scratch` and
/// added in order. `share` is that of a trial in the work on its signal.
fn trials(
    states: &mut [&mut CeemdanState<'_>],
    modes: &[Option<&[f64]>],
    sifters: &SifterPool<'_>,
    scratch: &mut Vec<Vec<f64>>,
    control: Control<'_>,
    share: f64,
) -> Result<(), Error> {
    if states.len() >= rayon::current_num_threads() {
        let one = |sifter: &mut SifterGuard<'_>, state: &mut &mut CeemdanState<'_>| {
            modes.iter().try_for_each(|mode| {
                control.check()?;
                state.add_trial(*mode, sifter);
                control.worked(share);
                Ok(())
            })
        };
        return states.par_iter_mut().map_init(|| sifters.acquire(), one).collect();
    }
    scratch.resize_with(scratch.len().max(modes.len()), Vec::new);
    for state in states {
        let one = |sifter: &mut SifterGuard<'_>,
                   (mode, contribution): (&Option<&[f64]>, &mut Vec<f64>)| {
            control.check()?;
            let sifted = state.contribution(*mode, sifter);
            contribution.clone_from(&sifter.mode);
            control.worked(share);
            Ok(sifted)
        };
        let both = modes.par_iter().zip(&mut *scratch);
        let sifted: Result<Vec<SiftResult>, Error> =
            both.map_init(|| sifters.acquire(), one).collect();
        sifted?
            .into_iter()
            .zip(&*scratch)
            .for_each(|(sifted, contribution)| state.add_contribution(contribution, sifted));
    }
    Ok(())
}
