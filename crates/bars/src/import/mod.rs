//! Bars from files and archives into a store or a table.
//!
//! [`Plan::of`] looks at what was named and lists the inputs; [`run`] reads them in that order, and of bars of one
//! symbol and minute the one read last wins. A target takes a symbol's bars of one input all or not at all, so a
//! process that is killed leaves each symbol as before or after, and doing it again completes the rest.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;

use crate::clean::{Finding, Findings};
use crate::error::Result;
use crate::series::{Series, SeriesBuilder};
use crate::source::mysql::MySqlWriter;
use crate::source::rows::ReadOptions;
use crate::source::spool::Spool;
use crate::source::store::Writer;
use crate::symbol::Symbol;
use crate::time::Minute;

pub use plan::{Input, Plan};

mod plan;

/// A place that takes bars.
pub trait Target: Send + Sync {
    /// Brings the bars of `series` in, all or none, and returns how many of its minutes were new.
    ///
    /// # Errors
    /// Where the place cannot be written; the symbol then is as it was.
    fn upsert(&self, symbol: &Symbol, series: &Series) -> Result<usize>;
}

impl Target for Writer {
    fn upsert(&self, symbol: &Symbol, series: &Series) -> Result<usize> {
        Ok(Writer::upsert(self, symbol, series)?.added)
    }
}

impl Target for MySqlWriter {
    fn upsert(&self, symbol: &Symbol, series: &Series) -> Result<usize> {
        MySqlWriter::upsert(self, symbol, series)
    }
}

/// What came in for a symbol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Imported {
    /// Bars read and kept.
    pub bars: usize,
    /// Those of them whose minute the target did not have.
    pub new: usize,
    /// First open time.
    pub first: Minute,
    /// Last open time.
    pub last: Minute,
    /// Minutes without a bar between first and last, within each input.
    pub gaps: usize,
    /// Rows set aside or replaced.
    pub set_aside: u64,
}

/// What came in.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// By symbol.
    pub symbols: BTreeMap<Symbol, Imported>,
    /// What was found in the rows.
    pub findings: Findings,
}

impl Summary {
    fn add(&mut self, symbol: &Symbol, series: &Series, new: usize, set_aside: u64) {
        let Some((first, last)) = series.ends() else {
            return;
        };
        let span = usize::try_from(last.index() - first.index()).unwrap_or(0) + 1;
        let gaps = span - series.len();
        let entry = self.symbols.entry(symbol.clone());
        let all = entry.or_insert(Imported { bars: 0, new: 0, first, last, gaps: 0, set_aside: 0 });
        all.bars += series.len();
        all.new += new;
        all.gaps += gaps;
        all.set_aside += set_aside;
        all.first = all.first.min(first);
        all.last = all.last.max(last);
    }
}

/// Reads every input of `plan` into `target`. `progress` is told of bytes as they are read.
///
/// # Errors
/// The first input that cannot be read, or write that fails; with `strict` also a row that was set aside or
/// replaced, before its symbol is written.
pub fn run(
    plan: &Plan,
    options: &ReadOptions,
    strict: bool,
    target: &dyn Target,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Summary> {
    let summary = Mutex::new(Summary::default());
    let done = |symbol: &Symbol, series: &Series, findings: &Findings| {
        if strict && findings.breaks_strict() {
            return Err(crate::Error::Strict(findings.to_string()));
        }
        let new = target.upsert(symbol, series)?;
        let set_aside = findings.set_aside() + findings.count(Finding::Duplicate);
        summary.lock().unwrap_or_else(PoisonError::into_inner).add(symbol, series, new, set_aside);
        Ok(())
    };
    for wave in plan.waves() {
        let found = match wave {
            plan::Wave::OfSymbols(groups) => {
                let each = |(symbol, inputs): &(Symbol, Vec<&Input>)| {
                    one_symbol(symbol, inputs, options, progress, &done)
                };
                groups.par_iter().map(each).collect::<Result<Vec<_>>>()?
            }
            plan::Wave::Mixed(input) => {
                vec![many_symbols(input, options, progress, strict, &done)?]
            }
        };
        let mut summary = summary.lock().unwrap_or_else(PoisonError::into_inner);
        found.iter().for_each(|findings| summary.findings.merge(findings));
    }
    Ok(summary.into_inner().unwrap_or_else(PoisonError::into_inner))
}

type Done<'a> = &'a (dyn Fn(&Symbol, &Series, &Findings) -> Result<()> + Sync);

fn one_symbol(
    symbol: &Symbol,
    inputs: &[&Input],
    options: &ReadOptions,
    progress: &(dyn Fn(u64) + Sync),
    done: Done<'_>,
) -> Result<Findings> {
    let options = ReadOptions { symbol: Some(symbol.clone()), ..options.clone() };
    let mut all = Findings::default();
    for input in inputs {
        let mut findings = Findings::default();
        let mut builder = SeriesBuilder::default();
        input.read(&options, &mut findings, progress, &mut |_, bar| {
            builder.push(bar);
            Ok(())
        })?;
        let series = findings.series(symbol, builder);
        done(symbol, &series, &findings)?;
        all.merge(&findings);
    }
    Ok(all)
}

fn many_symbols(
    input: &Input,
    options: &ReadOptions,
    progress: &(dyn Fn(u64) + Sync),
    strict: bool,
    done: Done<'_>,
) -> Result<Findings> {
    let mut spool = Spool::default();
    let mut findings = Findings::default();
    input.read(options, &mut findings, progress, &mut |symbol, bar| spool.push(symbol, bar))?;
    if strict && findings.breaks_strict() {
        return Err(crate::Error::Strict(findings.to_string()));
    }
    let each = |entry: crate::Entry| {
        let mut replaced = Findings::default();
        let series = spool.series(&entry.symbol, &mut replaced)?;
        done(&entry.symbol, &series, &replaced)?;
        Ok(replaced)
    };
    let replaced: Vec<Findings> = spool.catalogue().into_par_iter().map(each).collect::<Result<_>>()?;
    replaced.iter().for_each(|more| findings.merge(more));
    Ok(findings)
}
