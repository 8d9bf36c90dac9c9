//! Decomposes the series of all symbols in parallel.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bars::Symbol;
use bars::series::Closes;
use bars_io::Source;
use emd::{Control, Decomposer, Decomposition, NoiseEnsemble};
use rayon::prelude::*;
use stages::cycles::{Coverage, CycleRow, Lookback, Prepared, SignalKind};

use super::{CyclesParams, ModeSink, REDUCED_TRIALS};
use crate::cohort::Member;
use crate::error::{Error, Result};
use crate::memory;
use crate::observer::{Observer, Progress, Unit};
use crate::text;

/// Number of arrays per decomposition in the estimate of memory: modes, residue and work space.
const MODES: u64 = 20;

/// Work on the noise, in units of the work on a series: 0.9 s against 0.7 to 0.85 s at 43,200
/// minutes.
const NOISE_WORK: f64 = 1.2;

/// Interval at which the observer is asked whether to cancel.
const POLL: Duration = Duration::from_millis(100);

/// The input of a decomposition.
pub(crate) struct DecomposeJob<'a> {
    pub(crate) source: &'a dyn Source,
    pub(crate) lookback: Lookback,
    pub(crate) params: &'a CyclesParams,
    pub(crate) modes: Option<&'a dyn ModeSink>,
    pub(crate) observer: &'a dyn Observer,
}

/// The result of the decomposition stage.
#[derive(Default)]
pub(crate) struct StageOutput {
    /// The rows, by symbol, series and mode.
    pub(crate) rows: Vec<CycleRow>,
    /// How much of the lookback has bars, by symbol.
    pub(crate) coverage: BTreeMap<Symbol, Coverage>,
    /// Seconds per symbol.
    pub(crate) seconds: BTreeMap<Symbol, f64>,
    /// Seconds for the noise.
    pub(crate) noise_seconds: f64,
}

/// The result of one symbol.
struct SymbolOutput {
    rows: [Vec<CycleRow>; 2],
    prepared: (Symbol, Coverage),
    seconds: f64,
}

/// The noise of a job, kept for further jobs with the same parameters and number of minutes.
#[derive(Default)]
pub(crate) struct SharedNoise(Option<(usize, Noise)>);

/// The noise of a job.
enum Noise {
    /// Decomposed once and held in memory.
    InMemory(Box<NoiseEnsemble>),
    /// Decomposed again for each group of symbols.
    Streaming,
}

/// A decomposition, and whether its time budget ran out; `None` for a series that is missing or
/// flat.
type Found = Option<(Decomposition, bool)>;

impl DecomposeJob<'_> {
    /// Decomposes the series of `members`.
    pub(crate) fn run(&self, members: &[Member], noise: &mut SharedNoise) -> Result<StageOutput> {
        /// Ends the watcher even if the work panics: the scope waits for it.
        struct Done<'a>(&'a AtomicBool, std::thread::Thread);
        impl Drop for Done<'_> {
            fn drop(&mut self) {
                self.0.store(true, Ordering::Relaxed);
                self.1.unpark();
            }
        }
        let (cancelled, done) = (AtomicBool::new(false), AtomicBool::new(false));
        std::thread::scope(|scope| {
            let watch = || {
                while !done.load(Ordering::Relaxed) {
                    if self.observer.is_cancelled() {
                        cancelled.store(true, Ordering::Relaxed);
                        return;
                    }
                    std::thread::park_timeout(POLL);
                }
            };
            let watcher = std::thread::Builder::new().spawn_scoped(scope, watch);
            let watcher = watcher.map_err(bars_io::Error::thread)?;
            let _done = Done(&done, watcher.thread().clone());
            self.run_unless(&cancelled, members, noise)
        })
    }

    fn run_unless(
        &self,
        cancelled: &AtomicBool,
        members: &[Member],
        noise: &mut SharedNoise,
    ) -> Result<StageOutput> {
        let begun = Instant::now();
        let progress =
            Progress::new(self.observer, "imf-stage", Unit::SymbolsAndWork, members.len() as u64);
        // Noise that is kept from another job takes no work.
        let is_new = noise.0.as_ref().is_none_or(|(n, _)| *n != self.lookback.minutes());
        let noise_work = if is_new { NOISE_WORK } else { 0.0 };
        let work = noise_work + 2.0 * members.len() as f64;
        let worked = |share: f64| progress.worked(share / work);
        let noise_worked = |share: f64| progress.worked(noise_work * share / work);
        let control = Control::default().cancel_flag(cancelled);
        let noise = self
            .observer
            .step("the noise", || self.noise(members, noise, control.on_work(&noise_worked)))?;
        if matches!(noise, Noise::Streaming) {
            // Its work is part of that on the series.
            noise_worked(1.0);
        }
        let noise_seconds = begun.elapsed().as_secs_f64();
        let control = control.on_work(&worked);
        let mut output = StageOutput { noise_seconds, ..StageOutput::default() };
        for symbol in self.symbols(members, noise, control, &progress)? {
            let (name, coverage) = symbol.prepared;
            output.rows.extend(symbol.rows.into_iter().flatten());
            output.seconds.insert(name.clone(), symbol.seconds);
            output.coverage.insert(name, coverage);
        }
        Ok(output)
    }

    /// The noise, in memory if it fits.
    fn noise<'n>(
        &self,
        members: &[Member],
        shared: &'n mut SharedNoise,
        control: Control<'_>,
    ) -> Result<&'n Noise> {
        let span = self.lookback.span;
        let entries = || members.iter().filter_map(|member| member.entry.as_ref());
        if !entries().any(|entry| span.touches(entry.first, entry.last)) {
            // Nothing to decompose, so no noise is needed.
            return Ok(&Noise::Streaming);
        }
        let n = self.lookback.minutes();
        if shared.0.as_ref().is_none_or(|(minutes, _)| *minutes != n) {
            // Frees the memory of the old noise before the new one takes some.
            shared.0 = None;
            shared.0 = Some((n, self.new_noise(control)?));
        }
        Ok(shared.0.as_ref().map_or(&Noise::Streaming, |(_, noise)| noise))
    }

    /// Decomposes the noise if it fits in memory.
    fn new_noise(&self, control: Control<'_>) -> Result<Noise> {
        let decomposer = &self.params.decomposer;
        let (n, trials) = (self.lookback.minutes(), decomposer.settings().trials);
        let bytes = NoiseEnsemble::bytes(n, trials);
        if bytes <= memory::to_hold() {
            let (minutes, trials) = (text::count(n as u64), text::pluralize(trials, "trial"));
            self.observer.info(format!("decomposing noise: {trials} x {minutes} minutes"));
            return Ok(Noise::InMemory(Box::new(decomposer.noise(n, control).map_err(stopped)?)));
        }
        memory::check(decomposer.streamed_bytes(n))?;
        self.observer.info(format!(
            "noise takes {} MB and is streamed instead of held in memory",
            bytes >> 20
        ));
        if self.params.budget.is_some() {
            self.observer.warn(
                "noise does not fit in memory and is recomputed for every series; this counts towards max_seconds_per_asset",
            );
        }
        Ok(Noise::Streaming)
    }

    fn symbols(
        &self,
        members: &[Member],
        noise: &Noise,
        control: Control<'_>,
        progress: &Progress<'_>,
    ) -> Result<Vec<SymbolOutput>> {
        let finished = |symbol: Result<SymbolOutput>| {
            progress.advance(1)?;
            symbol
        };
        if self.params.budget.is_some() {
            // One series at a time, so that the time limit applies to it alone.
            return members
                .iter()
                .map(|member| finished(self.alone(member, noise, control)))
                .collect();
        }
        match noise {
            Noise::InMemory(held) => {
                // One symbol per thread; the last few symbols, or all if fewer jobs are allowed,
                // share the threads.
                let threads = rayon::current_num_threads();
                let whole = if self.params.jobs.is_some_and(|jobs| jobs < threads) {
                    0
                } else {
                    members.len() - members.len() % threads
                };
                let (many, few) = members.split_at(whole);
                let one = |member: &Member| self.on_this_thread(member, held, control);
                let mut all: Vec<SymbolOutput> =
                    many.par_iter().map(|member| finished(one(member))).collect::<Result<_>>()?;
                for member in few {
                    all.push(finished(self.alone(member, noise, control))?);
                }
                Ok(all)
            }
            Noise::Streaming => {
                let per_symbol = 2 * 8 * MODES * self.lookback.minutes() as u64;
                let at_once = usize::try_from(memory::to_hold() / per_symbol.max(1)).unwrap_or(1);
                let mut all = Vec::new();
                // The noise is decomposed again for each group, so large groups are better.
                for group in members.chunks(self.params.jobs.unwrap_or(at_once).max(1)) {
                    all.extend(self.together(group, control)?);
                    progress.advance(group.len() as u64)?;
                }
                Ok(all)
            }
        }
    }

    /// Decomposes a symbol, one series after the other, on the calling thread.
    fn on_this_thread(
        &self,
        member: &Member,
        noise: &NoiseEnsemble,
        control: Control<'_>,
    ) -> Result<SymbolOutput> {
        let begun = Instant::now();
        let prepared = self.prepare(member)?;
        let mut workspace = self.params.decomposer.workspace(noise.samples());
        let mut found: [Found; 2] = [None, None];
        for (found, signal) in found.iter_mut().zip(signals(&prepared)) {
            if let Some(signal) = signal {
                let modes =
                    self.params.decomposer.ceemdan_with(&mut workspace, signal, noise, control);
                *found = Some((modes.map_err(|e| failed(member, e))?, false));
            }
        }
        self.finish(prepared, &found, begun, control)
    }

    /// Decomposes a symbol, one series after the other, on all threads, each within the time limit,
    /// if any.
    fn alone(&self, member: &Member, noise: &Noise, control: Control<'_>) -> Result<SymbolOutput> {
        let begun = Instant::now();
        let prepared = self.prepare(member)?;
        let mut found: [Found; 2] = [None, None];
        for (found, signal) in found.iter_mut().zip(signals(&prepared)) {
            if let Some(signal) = signal {
                *found = Some(
                    self.within_budget(signal, noise, control).map_err(|e| failed(member, e))?,
                );
            }
        }
        self.finish(prepared, &found, begun, control)
    }

    /// Decomposes several symbols together, mode by mode.
    fn together(&self, members: &[Member], control: Control<'_>) -> Result<Vec<SymbolOutput>> {
        let begun = Instant::now();
        let prepared: Vec<Prepared> =
            members.par_iter().map(|member| self.prepare(member)).collect::<Result<_>>()?;
        let inputs: Vec<&[f64]> = prepared.iter().flat_map(signals).flatten().collect();
        let mut modes = self.params.decomposer.ceemdan_all_streamed(&inputs, control).into_iter();
        let mut pairs = Vec::with_capacity(members.len());
        for (member, prepared) in members.iter().zip(prepared) {
            let mut found: [Found; 2] = [None, None];
            for (found, signal) in found.iter_mut().zip(signals(&prepared)) {
                if signal.is_some()
                    && let Some(modes) = modes.next()
                {
                    *found = Some((modes.map_err(|e| failed(member, e))?, false));
                }
            }
            pairs.push((prepared, found));
        }
        let finish = |(prepared, found): (Prepared, [Found; 2])| {
            self.finish(prepared, &found, begun, control)
        };
        let mut all: Vec<SymbolOutput> =
            pairs.into_par_iter().map(finish).collect::<Result<_>>()?;
        // Only their total time is known.
        let each = begun.elapsed().as_secs_f64() / all.len().max(1) as f64;
        all.iter_mut().for_each(|symbol| symbol.seconds = each);
        Ok(all)
    }

    /// Decomposes a series on all threads; if the time limit is reached, again with fewer trials.
    fn within_budget(
        &self,
        signal: &[f64],
        noise: &Noise,
        control: Control<'_>,
    ) -> Result<(Decomposition, bool), emd::Error> {
        let decompose = |decomposer: &Decomposer, control: Control<'_>| match noise {
            Noise::InMemory(noise) => {
                let mut found = decomposer.ceemdan_all(&[signal], noise, control);
                found.pop().unwrap_or(Err(emd::Error::TooShort(signal.len())))
            }
            Noise::Streaming => decomposer.ceemdan_streamed(signal, control),
        };
        let budget = self
            .params
            .budget
            .filter(|_| self.params.decomposer.settings().trials > REDUCED_TRIALS);
        // A deadline beyond the range of the clock is none.
        let Some(deadline) = budget.and_then(|time| Instant::now().checked_add(time)) else {
            return Ok((decompose(&self.params.decomposer, control)?, false));
        };
        match decompose(&self.params.decomposer, control.deadline(deadline)) {
            Err(emd::Error::DeadlinePassed) => Ok((
                decompose(&self.params.decomposer.with_trials(REDUCED_TRIALS)?, control)?,
                true,
            )),
            found => Ok((found?, false)),
        }
    }

    /// A symbol's bars as series to decompose.
    fn prepare(&self, member: &Member) -> Result<Prepared> {
        let mut closes = Closes::default();
        if let Some(entry) = &member.entry {
            self.source.closes(&entry.symbol, self.lookback.span, &mut closes)?;
        }
        Ok(self.params.stage.prepare(&member.symbol, &closes, &self.lookback))
    }

    /// The rows of a decomposed symbol; its modes go to the sink.
    fn finish(
        &self,
        prepared: Prepared,
        found: &[Found; 2],
        begun: Instant,
        control: Control<'_>,
    ) -> Result<SymbolOutput> {
        let rows = self.params.stage.study(&prepared, found);
        // A series that is missing or flat needs no work.
        control.worked(found.iter().filter(|found| found.is_none()).count() as f64);
        for (series, found) in SignalKind::BOTH.into_iter().zip(found) {
            if let (Some(modes), Some((found, _))) = (self.modes, found) {
                modes.take(&prepared.symbol, series, found)?;
            }
        }
        let prepared = (prepared.symbol, prepared.coverage);
        Ok(SymbolOutput { rows, prepared, seconds: begun.elapsed().as_secs_f64() })
    }
}

/// The signals of price and volume; `None` if missing or flat.
fn signals(prepared: &Prepared) -> [Option<&[f64]>; 2] {
    let of = |place: usize| prepared.inputs.as_ref()?[place].signal.as_deref();
    [of(0), of(1)]
}

/// The error of a symbol's decomposition.
fn failed(member: &Member, error: emd::Error) -> Error {
    match stopped(error) {
        Error::Noise(source) => Error::Decomposition { symbol: member.symbol.clone(), source },
        other => other,
    }
}

/// The error of a decomposition, unless it was cancelled.
fn stopped(error: emd::Error) -> Error {
    match error {
        emd::Error::Cancelled => Error::Cancelled,
        other => Error::Noise(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bars::{Bar, Findings, Minute, Span};
    use bars_io::Entry;
    use emd::Params;

    /// Two symbols with changing prices, and one with a constant price.
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

        fn catalog(&self) -> bars_io::Result<Vec<Entry>> {
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
                let volume =
                    if symbol.as_str() == "FLAT" { 1.0 } else { 5.0 + f64::from(i * i % 23) };
                Bar {
                    time: minute(i),
                    open: close,
                    high: close,
                    low: close,
                    close,
                    volume,
                    trades: None,
                }
            };
            Ok((0..MINUTES).map(bar).collect())
        }

        fn findings(&self) -> Findings {
            Findings::default()
        }
    }

    #[test]
    fn rows_do_not_depend_on_the_noise_mode() {
        let params = CyclesParams {
            stage: stages::cycles::Params::default().check().unwrap(),
            decomposer: Params::default().trials(30).check().unwrap(),
            budget: None,
            jobs: None,
            bar_time: bars::BarTime::Open,
        };
        let job = DecomposeJob {
            source: &Three,
            lookback: Lookback {
                asof: bars::AsOf::start_of(minute(MINUTES)),
                span: Span { start: minute(0), end: minute(MINUTES) },
            },
            params: &params,
            modes: None,
            observer: &crate::observer::Silent,
        };
        let member = |entry: Entry| Member { symbol: entry.symbol.clone(), entry: Some(entry) };
        let members: Vec<Member> = Three.catalog().unwrap().into_iter().map(member).collect();
        let control = Control::default();
        let held = job.params.decomposer.noise(MINUTES as usize, control).unwrap();
        let rows = |symbols: Vec<SymbolOutput>| {
            symbols.into_iter().map(|symbol| symbol.rows).collect::<Vec<_>>()
        };
        let one = |member: &Member| job.on_this_thread(member, &held, control).unwrap();
        let on_this_thread = rows(members.iter().map(one).collect());
        assert!(on_this_thread[0][0].len() > 2 && on_this_thread[2][0][0].cycle.is_none());
        assert_eq!(rows(job.together(&members, control).unwrap()), on_this_thread);
        let held = Noise::InMemory(Box::new(held));
        for noise in [&held, &Noise::Streaming] {
            let alone = |member: &Member| job.alone(member, noise, control).unwrap();
            assert_eq!(rows(members.iter().map(alone).collect()), on_this_thread);
        }
    }
}
