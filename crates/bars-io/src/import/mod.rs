//! Imports bars from files and archives into a store or a table.
//!
//! [`ImportPlan::from_paths`] lists the inputs; [`run`] reads them in that order. If a symbol and
//! minute occurs more than once, the last one read wins. A target stores a symbol's bars of one
//! input completely or not at all, so that a killed process leaves each symbol as before or after,
//! and running the import again completes it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;

use crate::error::{Error, Result, minutes_as_text};
use crate::reader::{MAX_SYMBOLS, Sink, read_counted, too_many_symbols};
use crate::spill_buffer::SpillBuffer;
use crate::target::Target;
use bars::clean::{Finding, Findings};
use bars::rows::ReadOptions;
use bars::series::{Series, SeriesBuilder};
use bars::symbol::Symbol;
use bars::time::Minute;

pub use file::ImportFile;
pub use plan::ImportPlan;

pub(crate) use file::EXTENSIONS;

use interval::Interval;

#[cfg(feature = "archive")]
mod archive;
#[cfg(feature = "archive")]
mod archive_file;
mod file;
mod interval;
mod plan;

/// How an import reads its inputs.
#[derive(Clone, Debug, Default)]
pub struct ImportOptions {
    /// How rows are read.
    pub reading: ReadOptions,
    /// Fail if a row is rejected or replaced.
    pub strict: bool,
    /// Import bars that are longer than a minute as if they were one-minute bars.
    pub allow_coarse: bool,
}

/// The imported bars of a symbol.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Bars read and kept.
    pub bars: usize,
    /// Those of minutes that the target did not have.
    pub new: usize,
    /// First and last open time; `None` if all rows were rejected.
    pub ends: Option<(Minute, Minute)>,
    /// Runs of minutes without a bar between first and last.
    pub gaps: usize,
    /// Minutes without a bar between first and last.
    pub missing: usize,
    /// Rows rejected or replaced.
    pub rejected: u64,
}

/// The result of an import.
#[derive(Clone, Debug, Default)]
pub struct ImportSummary {
    /// By symbol.
    pub symbols: BTreeMap<Symbol, Imported>,
    /// Findings in the rows.
    pub findings: Findings,
}

impl ImportSummary {
    fn add(&mut self, symbol: &Symbol, series: &Series, new: usize, rejected: u64) {
        let bars = series.len();
        let all = self.symbols.entry(symbol.clone()).or_default();
        if let Some((first, last)) = series.ends() {
            all.gaps += series.gaps();
            all.missing += usize::try_from(last.index() - first.index()).unwrap_or(0) + 1 - bars;
            let (from, to) = all.ends.unwrap_or((first, last));
            all.ends = Some((from.min(first), to.max(last)));
        }
        all.bars += bars;
        all.new += new;
        all.rejected += rejected;
    }
}

/// Reads every input of `plan` into `target`. `progress` receives the number of bytes read since
/// its last call.
///
/// # Errors
/// The first input that cannot be read, or write that fails; [`Error::CoarseBars`] unless the
/// options allow it; with `strict` also a rejected or replaced row, before its symbol is written.
pub fn run(
    plan: &ImportPlan,
    options: &ImportOptions,
    target: &dyn Target,
    progress: Progress<'_>,
) -> Result<ImportSummary> {
    let summary = Mutex::new(ImportSummary::default());
    let done = |symbol: &Symbol, series: &Series, rejected: u64| {
        let new = target.upsert(symbol, series)?;
        summary.lock().unwrap_or_else(PoisonError::into_inner).add(symbol, series, new, rejected);
        Ok(())
    };
    for wave in plan.waves() {
        let found = match wave {
            plan::Wave::OfSymbols(groups) => {
                let each = |(symbol, inputs): &(Symbol, Vec<&ImportFile>)| {
                    one_symbol(symbol, inputs, options, progress, &done)
                };
                groups.par_iter().map(each).collect::<Result<Vec<_>>>()?
            }
            plan::Wave::Mixed(input) => {
                vec![many_symbols(input, options, progress, &done)?]
            }
        };
        let mut summary = summary.lock().unwrap_or_else(PoisonError::into_inner);
        found.iter().for_each(|findings| summary.findings.merge(findings));
    }
    Ok(summary.into_inner().unwrap_or_else(PoisonError::into_inner))
}

type OnImported<'a> = &'a (dyn Fn(&Symbol, &Series, u64) -> Result<()> + Sync);
type Progress<'a> = &'a (dyn Fn(u64) + Sync);

fn refuse_if_strict(strict: bool, findings: &Findings) -> Result<()> {
    if strict && findings.breaks_strict() {
        Err(Error::Strict(findings.strict_reason()))
    } else {
        Ok(())
    }
}

/// Imports all inputs of one symbol together, so that a kill leaves either none or all of them.
fn one_symbol(
    symbol: &Symbol,
    inputs: &[&ImportFile],
    options: &ImportOptions,
    progress: Progress<'_>,
    done: OnImported<'_>,
) -> Result<Findings> {
    let reading = ReadOptions { symbol: Some(symbol.clone()), ..options.reading.clone() };
    let mut findings = Findings::default();
    // One input needs no merging.
    let (mut only, mut all) = (None, SeriesBuilder::default());
    for input in inputs {
        let mut builder = SeriesBuilder::default();
        let has_only_dates = read(input, &reading, &mut findings, progress, &mut |named, bar| {
            if named != symbol {
                return Err(input.names_another(named, symbol));
            }
            bar.into_iter().for_each(|bar| builder.push(bar));
            Ok(())
        })?;
        // A row replaced by a later input is not a finding: archives overlap.
        let series = findings.series(symbol, builder);
        if !input.is_named_minutes {
            let intervals = [(symbol, Interval::of(series.time()))];
            check_interval(input, has_only_dates, &intervals, options, &mut findings)?;
        }
        match inputs {
            [_] => only = Some(series),
            _ => series.iter().for_each(|bar| all.push(bar)),
        }
    }
    let series = only.unwrap_or_else(|| all.finish().0);
    refuse_if_strict(options.strict, &findings)?;
    done(symbol, &series, findings.rejected() + findings.count(Finding::Duplicate))?;
    Ok(findings)
}

/// Imports an input with many symbols.
fn many_symbols(
    input: &ImportFile,
    options: &ImportOptions,
    progress: Progress<'_>,
    done: OnImported<'_>,
) -> Result<Findings> {
    let mut spool = SpillBuffer::default();
    let mut rejected: BTreeMap<Symbol, u64> = BTreeMap::new();
    let mut findings = Findings::default();
    let reading = &options.reading;
    let has_only_dates =
        read(input, reading, &mut findings, progress, &mut |symbol, bar| match bar {
            _ if spool.len().max(rejected.len()) > MAX_SYMBOLS => {
                Err(too_many_symbols(&input.shown()))
            }
            Some(bar) => spool.push(symbol, bar),
            None => {
                *rejected.entry(symbol.clone()).or_default() += 1;
                Ok(())
            }
        })?;
    refuse_if_strict(options.strict, &findings)?;
    let with_bars: Vec<Symbol> = spool.catalog().into_iter().map(|entry| entry.symbol).collect();
    let mut intervals = Vec::with_capacity(with_bars.len());
    for symbol in &with_bars {
        let interval = match spool.step(symbol) {
            1 if spool.rows(symbol) > 3 => Interval::Minute,
            0 | 1 => Interval::Unknown,
            // Few markets come here, so that no series is put together twice without need.
            _ => Interval::of(spool.series(symbol, &mut Findings::default())?.time()),
        };
        intervals.push((symbol, interval));
    }
    check_interval(input, has_only_dates, &intervals, options, &mut findings)?;
    let symbols: BTreeSet<Symbol> =
        with_bars.iter().cloned().chain(rejected.keys().cloned()).collect();
    let each = |symbol: Symbol| {
        let mut replaced = Findings::default();
        let series = spool.series(&symbol, &mut replaced)?;
        refuse_if_strict(options.strict, &replaced)?;
        let rejected =
            rejected.get(&symbol).copied().unwrap_or(0) + replaced.count(Finding::Duplicate);
        done(&symbol, &series, rejected)?;
        Ok(replaced)
    };
    let replaced: Vec<Findings> = symbols.into_par_iter().map(each).collect::<Result<_>>()?;
    replaced.iter().for_each(|more| findings.merge(more));
    Ok(findings)
}

/// Refuses an input with bars longer than a minute, or adds a notice if the options allow it.
/// See the module `interval` for the rule.
fn check_interval(
    input: &ImportFile,
    has_only_dates: bool,
    intervals: &[(&Symbol, Interval)],
    options: &ImportOptions,
    findings: &mut Findings,
) -> Result<()> {
    const DAY: u32 = bars::time::DAY.unsigned_abs();
    let longer = |(symbol, interval): &(&Symbol, Interval)| match interval {
        Interval::Longer(minutes) => Some(((*symbol).clone(), *minutes)),
        _ => None,
    };
    let coarse: Vec<(Symbol, u32)> = intervals.iter().filter_map(longer).collect();
    let known = intervals.iter().filter(|(_, interval)| *interval != Interval::Unknown).count();
    let first = coarse.first().map(|(_, minutes)| *minutes);
    let whole = if has_only_dates {
        Some(first.unwrap_or(DAY))
    } else {
        first.filter(|_| 2 * coarse.len() >= known)
    };
    let path = input.shown();
    match (whole, coarse.first()) {
        (Some(minutes), _) if !options.allow_coarse => Err(Error::CoarseBars { path, minutes }),
        (Some(minutes), _) => {
            let interval = minutes_as_text(minutes);
            findings.note(format!(
                "{}: bars of {interval} were imported as one-minute bars",
                path.display()
            ));
            Ok(())
        }
        (None, Some((symbol, minutes))) => {
            let interval = minutes_as_text(*minutes);
            findings.note(format!(
                "{}: {} of {} symbols seem to have bars longer than one minute (first: {symbol}, {interval})",
                path.display(),
                coarse.len(),
                intervals.len()
            ));
            Ok(())
        }
        (None, None) => Ok(()),
    }
}

/// Reads the bars of an input into `sink`. Returns whether all timestamps were dates without a time
/// of day.
fn read(
    input: &ImportFile,
    options: &ReadOptions,
    findings: &mut Findings,
    progress: Progress<'_>,
    sink: Sink<'_>,
) -> Result<bool> {
    let Some(entry) = &input.entry else {
        return read_counted(&input.path, options, findings, progress, sink);
    };
    #[cfg(feature = "archive")]
    return archive::read_entry(input, entry, options, findings, progress, sink);
    #[cfg(not(feature = "archive"))]
    match *entry {}
}
