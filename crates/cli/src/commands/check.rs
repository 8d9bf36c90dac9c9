//! `data-pipeline check`

use bars::spelling::Directory;
use bars::time::DAY;
use bars::{AsOf, Minute, Series, Span, Symbol};
use bars_io::Source;
use clap::Args;
use rayon::prelude::*;

use crate::args::SourceFlags;
use crate::choose::{self, Opened};
use crate::ui::{self, Progress, Unit};

/// Flags of `check`.
#[derive(Debug, Clone, Args)]
pub struct Flags {
    /// Where the bars are.
    #[command(flatten)]
    source: SourceFlags,
}

/// With fewer bars their steps do not tell whether they are of one minute.
const ENOUGH_BARS: usize = 30;

/// Days of history that each command wants by default.
const NEEDS: [(&str, i32); 4] = [
    ("leaderboards", 30),
    ("metrics and state with baselines", 92),
    ("imf-stage", 92),
    ("regime with baselines", 366),
];

/// Runs the command.
pub fn run(flags: &Flags) -> anyhow::Result<()> {
    let opened = choose::source(&flags.source)?;
    let source = opened.source();
    let symbols = look(source)?;
    let catalogue: Vec<_> = symbols.iter().map(|(entry, _)| entry.clone()).collect();
    let newest = choose::newest(&catalogue)?;
    print_symbols(&symbols, newest)?;
    print_span(&symbols, newest)?;
    if let Opened::MySql(database) = &opened {
        ui::print(&format!(
            "Time zone of the server: {} (sessions here run in UTC)",
            database.server_time_zone()?
        ))?;
        let index = database
            .missing_index()
            .map_or("there".to_owned(), |make| format!("MISSING, reads are slow; make it with: {make}"));
        ui::print(&format!("Index on (symbol, timestamp): {index}"))?;
    }
    let problems = problems(source, &symbols);
    if problems.is_empty() {
        return ui::print("Sound: nothing found that would make results wrong.");
    }
    anyhow::bail!("results would be wrong or lack rows: {}", problems.join("; "))
}

/// What a symbol holds.
struct Held {
    bars: usize,
    missing: usize,
    /// The greatest common divisor of the steps between bars, in minutes; 1 for minute bars.
    step: i32,
}

impl Held {
    fn of(series: &Series) -> Held {
        let time = series.time();
        let span = series.ends().map_or(0, |(first, last)| last.index() - first.index() + 1);
        let step = time.windows(2).map(|pair| pair[1].index() - pair[0].index()).fold(0, gcd);
        Held { bars: series.len(), missing: usize::try_from(span).unwrap_or(0) - series.len(), step }
    }
}

fn gcd(a: i32, b: i32) -> i32 {
    if b == 0 { a } else { gcd(b, a % b) }
}

fn look(source: &dyn Source) -> anyhow::Result<Vec<(bars_io::Entry, Held)>> {
    let catalogue = choose::catalogue(source)?;
    let progress = Progress::new("check", Unit::Symbols, catalogue.len() as u64);
    let look = |entry: &bars_io::Entry| {
        let held = Held::of(&source.bars(&entry.symbol, Span::ALL)?);
        progress.add(1);
        Ok((entry.clone(), held))
    };
    Ok(catalogue.par_iter().map(look).collect::<bars_io::Result<Vec<_>>>()?)
}

fn is_stale(last: Minute, newest: AsOf) -> bool {
    last < newest.end().plus(-DAY)
}

fn print_symbols(symbols: &[(bars_io::Entry, Held)], newest: AsOf) -> anyhow::Result<()> {
    let rows = symbols.iter().map(|(entry, held)| {
        let share = 100.0 * held.missing as f64 / (held.bars + held.missing).max(1) as f64;
        vec![
            entry.symbol.to_string(),
            entry.first.to_string(),
            entry.last.to_string(),
            ui::count(held.bars as u64),
            ui::count(held.missing as u64),
            format!("{share:.1}"),
            if is_stale(entry.last, newest) { "stale".to_owned() } else { String::new() },
        ]
    });
    let header = ["symbol", "first", "last", "bars", "missing", "missing %", ""];
    ui::print(&ui::table(&header, &[3, 4, 5], rows))
}

fn print_span(symbols: &[(bars_io::Entry, Held)], newest: AsOf) -> anyhow::Result<()> {
    let bars: usize = symbols.iter().map(|(_, held)| held.bars).sum();
    let first = symbols.iter().map(|(entry, _)| entry.first).min().unwrap_or(newest.end());
    let days = f64::from(newest.end().index() - first.index()) / f64::from(DAY);
    let (n, bars) = (symbols.len(), ui::count(bars as u64));
    ui::print(&format!("\n{n} symbols, {bars} bars, {days:.1} days from {first} to {newest}"))?;
    let stale = symbols.iter().filter(|(entry, _)| is_stale(entry.last, newest)).count();
    if stale > 0 {
        ui::print(&format!("{stale} stale (no bar in the last day): left out of leaderboards"))?;
    }
    for (command, needed) in NEEDS {
        let verdict = if days >= f64::from(needed) {
            "enough".to_owned()
        } else {
            format!("short of {needed} days, works on what is there")
        };
        ui::print(&format!("Days for {command}: {verdict}"))?;
    }
    Ok(())
}

/// What would make results wrong, a sentence each.
fn problems(source: &dyn Source, symbols: &[(bars_io::Entry, Held)]) -> Vec<String> {
    let mut problems = Vec::new();
    let findings = source.findings();
    if findings.breaks_strict() {
        problems.push(findings.to_string());
    } else if !findings.is_empty() {
        tracing::warn!("{findings}");
    }
    let coarse: Vec<String> = symbols
        .iter()
        .filter(|(_, held)| held.step > 1 && held.bars >= ENOUGH_BARS)
        .map(|(entry, held)| format!("{} ({} minutes)", entry.symbol, held.step))
        .collect();
    if let Some(first) = coarse.first() {
        problems.push(format!(
            "{} symbols hold bars longer than a minute, the first {first}; import one-minute bars",
            coarse.len()
        ));
    }
    let directory: Directory = symbols.iter().map(|(entry, _)| &entry.symbol).collect();
    for names in directory.several_names() {
        let names: Vec<&str> = names.iter().map(Symbol::as_str).collect();
        problems
            .push(format!("one market stands under several names and counts twice: {}", names.join(", ")));
    }
    problems
}
