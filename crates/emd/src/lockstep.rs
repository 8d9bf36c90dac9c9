//! Many series through CEEMDAN together, stage by stage, with the noise of some trials at hand at a time.

use crate::course::Course;
use crate::noise::{NoiseEnsemble, NoiseStream};
use crate::sift::{Lent, Sifted, Sifters};
use crate::{Control, Decomposition, Error, Params};
use rayon::prelude::*;
use std::ops::Range;

/// Trials whose noise is at hand at the same time, per thread: enough that threads seldom wait for each other.
const TRIALS_PER_THREAD: usize = 8;

/// Where the modes of the noise come from.
pub(crate) trait Noise {
    /// Mode `k` of the noise of `trials`, `None` where there is none. It is asked once per stage and trial, in order.
    fn modes(
        &mut self,
        k: usize,
        trials: Range<usize>,
        sifters: &Sifters<'_>,
        params: &Params,
        control: Control<'_>,
    ) -> Result<Vec<Option<&[f64]>>, Error>;
}

/// Noise in memory.
pub(crate) struct Held<'a>(pub &'a NoiseEnsemble);

impl Noise for Held<'_> {
    fn modes(
        &mut self,
        k: usize,
        trials: Range<usize>,
        _: &Sifters<'_>,
        _: &Params,
        _: Control<'_>,
    ) -> Result<Vec<Option<&[f64]>>, Error> {
        Ok(trials.map(|trial| self.0.mode(trial, k)).collect())
    }
}

/// Noise that is decomposed as it is needed; made when it is first asked for.
pub(crate) struct Streamed(pub Option<NoiseStream>);

impl Noise for Streamed {
    fn modes(
        &mut self,
        _: usize,
        trials: Range<usize>,
        sifters: &Sifters<'_>,
        params: &Params,
        control: Control<'_>,
    ) -> Result<Vec<Option<&[f64]>>, Error> {
        let stream = match &mut self.0 {
            Some(stream) => stream,
            none => none.insert(NoiseStream::new(sifters.len(), params, control)?),
        };
        stream.next(trials, sifters, control)
    }
}

/// Takes all courses, which are of one length, through their stages.
pub(crate) fn lockstep(
    mut courses: Vec<Result<Course<'_>, Error>>,
    params: &Params,
    control: Control<'_>,
    noise: &mut impl Noise,
) -> Vec<Result<Decomposition, Error>> {
    let n = courses.iter().flatten().next().map_or(0, Course::len);
    let sifters = Sifters::new(n, params);
    let chunk = rayon::current_num_threads() * TRIALS_PER_THREAD;
    let mut over = vec![false; courses.len()];
    let mut contributions = Vec::new();
    for k in 0.. {
        let lend = || sifters.lend();
        courses.par_iter_mut().zip(&mut over).for_each_init(lend, |sifter, (course, over)| {
            match (course.as_mut(), control.check()) {
                (Ok(going), Ok(())) => *over = *over || !going.begin(sifter),
                (Ok(_), Err(stop)) if !*over => (*course, *over) = (Err(stop), true),
                _ => *over = true,
            }
        });
        let going = courses.iter_mut().zip(&over).filter(|(_, over)| !**over);
        let mut active: Vec<&mut Course<'_>> = going.flat_map(|(course, _)| course.as_mut()).collect();
        if active.is_empty() {
            break;
        }
        let mut stage = || {
            for first in (0..params.trials).step_by(chunk) {
                let range = first..params.trials.min(first + chunk);
                let modes = noise.modes(k, range, &sifters, params, control)?;
                trials(&mut active, &modes, &sifters, &mut contributions, control)?;
            }
            Ok(())
        };
        let stopped: Result<(), Error> = stage();
        for (course, _) in courses.iter_mut().zip(&over).filter(|(_, over)| !**over) {
            let finished = course.as_mut().map(|course| stopped.clone().and_then(|()| course.finish()));
            match finished {
                Ok(Err(error)) => *course = Err(error),
                _ => control.found_mode(),
            }
        }
    }
    courses.into_iter().map(|course| course.map(Course::result)).collect()
}

/// Adds the trials with these modes of noise to all courses: course by course while there is one for each thread, else
/// trial by trial, their contributions kept in `room` until they are added in order.
fn trials(
    courses: &mut [&mut Course<'_>],
    modes: &[Option<&[f64]>],
    sifters: &Sifters<'_>,
    room: &mut Vec<Vec<f64>>,
    control: Control<'_>,
) -> Result<(), Error> {
    if courses.len() >= rayon::current_num_threads() {
        let one = |sifter: &mut Lent<'_>, course: &mut &mut Course<'_>| {
            modes.iter().try_for_each(|mode| {
                control.check()?;
                course.trial(*mode, sifter);
                Ok(())
            })
        };
        return courses.par_iter_mut().map_init(|| sifters.lend(), one).collect();
    }
    room.resize_with(room.len().max(modes.len()), Vec::new);
    for course in courses {
        let one = |sifter: &mut Lent<'_>, (mode, contribution): (&Option<&[f64]>, &mut Vec<f64>)| {
            control.check()?;
            let sifted = course.local_mean(*mode, sifter);
            contribution.clone_from(&sifter.mode);
            Ok(sifted)
        };
        let both = modes.par_iter().zip(&mut *room);
        let sifted: Result<Vec<Sifted>, Error> = both.map_init(|| sifters.lend(), one).collect();
        sifted?.into_iter().zip(&*room).for_each(|(sifted, contribution)| course.add(contribution, sifted));
    }
    Ok(())
}
