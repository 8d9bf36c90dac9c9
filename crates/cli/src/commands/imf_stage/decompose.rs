//! The series of all symbols taken apart, as many at once as there are jobs.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use bars::BarTime;
use bars::Symbol;
use bars::series::Closes;
use bars_io::Source;
use bars_io::atomic::FinishedFile;
use emd::{Control, Decomposer, Decomposition, NoiseEnsemble};
use rayon::prelude::*;
use stages::cycles::{Coverage, Lookback, Prepared, Row, Series, ValidParams};

use super::outputs::Partition;
use crate::cohort::Member;
use crate::logging::step;
use crate::memory;
use crate::output::npz::{self, Packing};
use crate::ui::{self, Progress, Unit, Usage};

/// Trials of a series on which time ran out.
const REDUCED: usize = 20;

/// The modes a decomposition has about: the most, a residue and what is worked on.
const MODES: u64 = 20;

/// Time for each series.
#[derive(Debug, Clone, Copy)]
pub(super) struct Budget(Duration);

impl Budget {
    /// Of so many seconds.
    pub(super) fn seconds(seconds: f64) -> Result<Budget, Usage> {
        let is_time = seconds > 0.0 && seconds <= 1e9;
        is_time.then(|| Budget(Duration::from_secs_f64(seconds))).ok_or_else(|| {
            Usage(format!("--max-seconds-per-asset {seconds} is no time; give a positive number of seconds"))
        })
    }

    /// How many seconds.
    pub(super) fn get(self) -> f64 {
        self.0.as_secs_f64()
    }
}

/// What is to be done, and with what.
pub(super) struct Work<'a> {
    pub(super) source: &'a dyn Source,
    /// What the source's times were said to name.
    pub(super) bar_time: BarTime,
    pub(super) lookback: Lookback,
    pub(super) params: ValidParams,
    pub(super) decomposer: Decomposer,
    pub(super) budget: Option<Budget>,
    /// Where the modes are written to, if they are.
    pub(super) persist: Option<&'a Partition>,
    /// The most symbols at once, where that was asked for.
    pub(super) jobs: Option<usize>,
}

/// What came of it.
#[derive(Default)]
pub(super) struct Done {
    /// The rows, by series, symbol and mode.
    pub(super) rows: Vec<Row>,
    /// How much of the window has bars, by symbol.
    pub(super) coverage: BTreeMap<Symbol, Coverage>,
    /// How long each symbol took, in seconds.
    pub(super) seconds: BTreeMap<Symbol, f64>,
    /// How long the noise took.
    pub(super) noise_seconds: f64,
    /// The modes, not yet in their places.
    pub(super) modes: Vec<FinishedFile>,
}

/// What came of one symbol.
struct Studied {
    rows: [Vec<Row>; 2],
    prepared: (Symbol, Coverage),
    seconds: f64,
    modes: Vec<FinishedFile>,
}

/// Whose noise is used.
enum Noise {
    /// All of it, in memory.
    Held(Box<NoiseEnsemble>),
    /// Taken apart along with each group of symbols.
    Streamed,
}

/// A decomposition, and whether time ran out on it; `None` where there is nothing to take apart.
type Found = Option<(Decomposition, bool)>;

impl Work<'_> {
    /// Does it for `members`.
    pub(super) fn run(&self, members: &[Member]) -> anyhow::Result<Done> {
        let begun = Instant::now();
        let noise = step("the noise", || self.noise(members))?;
        let noise_seconds = begun.elapsed().as_secs_f64();
        let progress = Progress::new("imf-stage", Unit::SymbolsAndModes, members.len() as u64);
        let mut done = Done { noise_seconds, ..Done::default() };
        for symbol in self.symbols(members, &noise, &progress)? {
            let (name, coverage) = symbol.prepared;
            done.rows.extend(symbol.rows.into_iter().flatten());
            done.modes.extend(symbol.modes);
            done.seconds.insert(name.clone(), symbol.seconds);
            done.coverage.insert(name, coverage);
        }
        let place = |row: &Row| (row.series, row.symbol.clone(), row.cycle.map(|(id, _)| id));
        done.rows.sort_by_key(place);
        Ok(done)
    }

    /// The noise of the run, where it fits.
    fn noise(&self, members: &[Member]) -> anyhow::Result<Noise> {
        let span = self.lookback.span;
        let entries = || members.iter().filter_map(|member| member.entry.as_ref());
        if !entries().any(|entry| span.touches(entry.first, entry.last)) {
            // Nothing is there to take apart, and so no noise with it.
            return Ok(Noise::Streamed);
        }
        let (n, trials) = (self.lookback.minutes(), self.decomposer.settings().trials);
        let bytes = NoiseEnsemble::bytes(n, trials);
        if bytes <= memory::to_hold() {
            let (n, trials) = (ui::count(n as u64), ui::things(trials, "trial"));
            tracing::info!("taking the noise of {trials} over {n} minutes apart");
            return Ok(Noise::Held(Box::new(
                self.decomposer.noise(self.lookback.minutes(), Control::default())?,
            )));
        }
        memory::check(self.decomposer.streamed_bytes(n))?;
        tracing::info!("the noise takes {} MB and is not held in memory", bytes >> 20);
        if self.budget.is_some() {
            tracing::warn!(
                "noise that is not held is taken apart for each series anew, and counts against --max-seconds-per-asset"
            );
        }
        Ok(Noise::Streamed)
    }

    fn symbols(
        &self,
        members: &[Member],
        noise: &Noise,
        progress: &Progress,
    ) -> anyhow::Result<Vec<Studied>> {
        let control = || progress.add_mode();
        let control = Control::default().telling(&control);
        let finished = |symbols: anyhow::Result<Studied>| {
            progress.add(1);
            symbols
        };
        if self.budget.is_some() {
            // One series at a time, so that its time is its own.
            return members.iter().map(|member| finished(self.alone(member, noise, control))).collect();
        }
        match noise {
            Noise::Held(held) => {
                // A symbol to each thread; the last few, or all where fewer are wanted at once, share the threads.
                let threads = rayon::current_num_threads();
                let whole = if self.jobs.is_some_and(|jobs| jobs < threads) {
                    0
                } else {
                    members.len() - members.len() % threads
                };
                let (many, few) = members.split_at(whole);
                let one = |member: &Member| self.on_this_thread(member, held, control);
                let mut all: Vec<Studied> =
                    many.par_iter().map(|member| finished(one(member))).collect::<anyhow::Result<_>>()?;
                for member in few {
                    all.push(finished(self.alone(member, noise, control))?);
                }
                Ok(all)
            }
            Noise::Streamed => {
                let per_symbol = 2 * 8 * MODES * self.lookback.minutes() as u64;
                let at_once = usize::try_from(memory::to_hold() / per_symbol.max(1)).unwrap_or(1);
                let mut all = Vec::new();
                // The noise is taken apart for each group anew: the larger the better.
                for group in members.chunks(self.jobs.unwrap_or(at_once.max(1))) {
                    all.extend(self.together(group, control)?);
                    progress.add(group.len() as u64);
                }
                Ok(all)
            }
        }
    }

    /// A symbol, its series one after the other on the thread that calls.
    fn on_this_thread(
        &self,
        member: &Member,
        noise: &NoiseEnsemble,
        control: Control<'_>,
    ) -> anyhow::Result<Studied> {
        let begun = Instant::now();
        let prepared = self.prepare(member)?;
        let mut workspace = self.decomposer.workspace(noise.samples());
        let mut found: [Found; 2] = [None, None];
        for (found, signal) in found.iter_mut().zip(signals(&prepared)) {
            if let Some(signal) = signal {
                let modes = self.decomposer.ceemdan_with(&mut workspace, signal, noise, control);
                *found = Some((modes.map_err(|e| of(member, e))?, false));
            }
        }
        self.finish(prepared, &found, begun)
    }

    /// A symbol, its series one after the other on all threads, each within the budget if there is one.
    fn alone(&self, member: &Member, noise: &Noise, control: Control<'_>) -> anyhow::Result<Studied> {
        let begun = Instant::now();
        let prepared = self.prepare(member)?;
        let mut found: [Found; 2] = [None, None];
        for (found, signal) in found.iter_mut().zip(signals(&prepared)) {
            if let Some(signal) = signal {
                *found = Some(self.within_budget(signal, noise, control).map_err(|e| of(member, e))?);
            }
        }
        self.finish(prepared, &found, begun)
    }

    /// Several symbols, all series stage by stage together.
    fn together(&self, members: &[Member], control: Control<'_>) -> anyhow::Result<Vec<Studied>> {
        let begun = Instant::now();
        let prepared: Vec<Prepared> =
            members.par_iter().map(|member| self.prepare(member)).collect::<anyhow::Result<_>>()?;
        let inputs: Vec<&[f64]> = prepared.iter().flat_map(signals).flatten().collect();
        let mut modes = self.decomposer.ceemdan_all_streamed(&inputs, control).into_iter();
        let mut pairs = Vec::with_capacity(members.len());
        for (member, prepared) in members.iter().zip(prepared) {
            let mut found: [Found; 2] = [None, None];
            for (found, signal) in found.iter_mut().zip(signals(&prepared)) {
                if signal.is_some()
                    && let Some(modes) = modes.next()
                {
                    *found = Some((modes.map_err(|e| of(member, e))?, false));
                }
            }
            pairs.push((prepared, found));
        }
        let finish = |(prepared, found): (Prepared, [Found; 2])| self.finish(prepared, &found, begun);
        let mut all: Vec<Studied> = pairs.into_par_iter().map(finish).collect::<anyhow::Result<_>>()?;
        // Their time was one.
        let each = begun.elapsed().as_secs_f64() / all.len().max(1) as f64;
        all.iter_mut().for_each(|symbol| symbol.seconds = each);
        Ok(all)
    }

    /// A series on all threads; where time runs out, anew with fewer trials.
    fn within_budget(
        &self,
        signal: &[f64],
        noise: &Noise,
        control: Control<'_>,
    ) -> Result<(Decomposition, bool), emd::Error> {
        let decompose = |decomposer: &Decomposer, control: Control<'_>| match noise {
            Noise::Held(noise) => {
                let mut found = decomposer.ceemdan_all(&[signal], noise, control);
                found.pop().unwrap_or(Err(emd::Error::TooShort(signal.len())))
            }
            Noise::Streamed => decomposer.ceemdan_streamed(signal, control),
        };
        let budget = self.budget.filter(|_| self.decomposer.settings().trials > REDUCED);
        let Some(Budget(time)) = budget else {
            return Ok((decompose(&self.decomposer, control)?, false));
        };
        match decompose(&self.decomposer, control.until(Instant::now() + time)) {
            Err(emd::Error::DeadlinePassed) => {
                Ok((decompose(&self.decomposer.with_trials(REDUCED)?, control)?, true))
            }
            found => Ok((found?, false)),
        }
    }

    /// A symbol's bars as what is taken apart.
    fn prepare(&self, member: &Member) -> anyhow::Result<Prepared> {
        let mut closes = Closes::default();
        if let Some(entry) = &member.entry {
            self.source.closes(&entry.symbol, self.lookback.span, &mut closes)?;
        }
        Ok(self.params.prepare(&member.symbol, &closes, &self.lookback))
    }

    /// The rows of a symbol that was taken apart, and its modes beside their places.
    fn finish(&self, prepared: Prepared, found: &[Found; 2], begun: Instant) -> anyhow::Result<Studied> {
        let rows = self.params.study(&prepared, found);
        let mut modes = Vec::new();
        for (series, found) in Series::BOTH.into_iter().zip(found) {
            if let (Some(partition), Some((found, _))) = (self.persist, found) {
                let place = partition.modes(&prepared.symbol, series);
                modes.push(npz::write_modes(&place, found, Packing::Deflated)?);
            }
        }
        let prepared = (prepared.symbol, prepared.coverage);
        Ok(Studied { rows, prepared, seconds: begun.elapsed().as_secs_f64(), modes })
    }
}

/// What there is to take apart, of price and volume.
fn signals(prepared: &Prepared) -> [Option<&[f64]>; 2] {
    let of = |place: usize| prepared.inputs.as_ref()?[place].signal.as_deref();
    [of(0), of(1)]
}

fn of(member: &Member, error: emd::Error) -> anyhow::Error {
    anyhow::anyhow!("{}: {error}", member.symbol)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bars::{Bar, Findings, Minute, Span};
    use bars_io::Entry;
    use emd::Params;

    /// Two symbols that move, and one that does not.
    struct Three;

    const START: i32 = 29_000_000;
    const MINUTES: i32 = 700;

    fn minute(i: i32) -> Minute {
        Minute::new(i64::from(START + i)).unwrap()
    }

    impl Source for Three {
        fn describe(&self) -> String {
            "three".to_owned()
        }

        fn catalogue(&self) -> bars_io::Result<Vec<Entry>> {
            let entry = |name: &str| Entry {
                symbol: name.parse().unwrap(),
                first: minute(0),
                last: minute(MINUTES - 1),
            };
            Ok(["A", "B", "FLAT"].map(entry).to_vec())
        }

        fn bars(&self, symbol: &Symbol, _: Span) -> bars_io::Result<bars::Series> {
            let pace = if symbol.as_str() == "A" { 7.0 } else { 11.0 };
            let price = |i: i32| {
                let (t, stir) = (f64::from(i), f64::from(i * i % 17) * 0.1);
                if symbol.as_str() == "FLAT" {
                    5.0
                } else {
                    100.0 + 9.0 * (t / pace).sin() + 5.0 * (t / 60.0).sin() + stir
                }
            };
            let bar = |i: i32| {
                let close = price(i);
                let volume = if symbol.as_str() == "FLAT" { 1.0 } else { 5.0 + f64::from(i * i % 23) };
                Bar { time: minute(i), open: close, high: close, low: close, close, volume, trades: None }
            };
            Ok((0..MINUTES).map(bar).collect())
        }

        fn findings(&self) -> Findings {
            Findings::default()
        }
    }

    #[test]
    fn whichever_way_the_noise_comes_the_rows_are_the_same() {
        let work = Work {
            source: &Three,
            bar_time: BarTime::Open,
            lookback: Lookback {
                asof: bars::AsOf::start_of(minute(MINUTES)),
                span: Span { start: minute(0), end: minute(MINUTES) },
            },
            params: stages::cycles::Params::default().check().unwrap(),
            decomposer: Params::default().trials(30).check().unwrap(),
            budget: None,
            persist: None,
            jobs: None,
        };
        let member = |entry: Entry| Member { symbol: entry.symbol.clone(), entry: Some(entry) };
        let members: Vec<Member> = Three.catalogue().unwrap().into_iter().map(member).collect();
        let control = Control::default();
        let held = work.decomposer.noise(MINUTES as usize, control).unwrap();
        let rows = |symbols: Vec<Studied>| symbols.into_iter().map(|symbol| symbol.rows).collect::<Vec<_>>();
        let one = |member: &Member| work.on_this_thread(member, &held, control).unwrap();
        let on_this_thread = rows(members.iter().map(one).collect());
        assert!(on_this_thread[0][0].len() > 2 && on_this_thread[2][0][0].cycle.is_none());
        assert_eq!(rows(work.together(&members, control).unwrap()), on_this_thread);
        let held = Noise::Held(Box::new(held));
        for noise in [&held, &Noise::Streamed] {
            let alone = |member: &Member| work.alone(member, noise, control).unwrap();
            assert_eq!(rows(members.iter().map(alone).collect()), on_this_thread);
        }
    }
}
