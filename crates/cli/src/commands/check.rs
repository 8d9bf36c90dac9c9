//! `data-pipeline check`

use clap::Args;
use pipeline::check::{Check, check};

use crate::console::Console;
use crate::explain;
use crate::flags::SourceFlags;
use crate::source_select::{self, OpenSource};
use crate::ui;

/// Flags of `check`.
#[derive(Debug, Clone, Args)]
pub struct Flags {
    /// Where the bars are.
    #[command(flatten)]
    source: SourceFlags,
}

/// Days of history that each command wants by default.
const NEEDS: [(&str, i32); 4] = [
    ("leaderboards", 30),
    ("metrics and state with baselines", 92),
    ("imf-stage", 92),
    ("regime with baselines", 366),
];

/// Runs the command.
pub fn run(flags: &Flags) -> anyhow::Result<()> {
    let opened = source_select::source(&flags.source)?;
    let result = check(opened.source(), &Console::default())?;
    print_symbols(&result)?;
    print_span(&result)?;
    if let OpenSource::MySql(database) = &opened {
        ui::print(&format!(
            "Time zone of the server: {} (sessions here run in UTC)",
            database.server_time_zone()?
        ))?;
        let index = database.missing_index().map_or("there".to_owned(), |make| {
            format!("MISSING, reads are slow; make it with: {make}")
        });
        ui::print(&format!("Index on (symbol, timestamp): {index}"))?;
    }
    if let Some(notes) = &result.notes {
        tracing::warn!("{}", explain::with_flags(notes));
    }
    if result.problems.is_empty() {
        return ui::print("Sound: nothing found that would make results wrong.");
    }
    anyhow::bail!("results would be wrong or lack rows: {}", result.problems.join("; "))
}

fn print_symbols(result: &Check) -> anyhow::Result<()> {
    let rows = result.symbols.iter().map(|symbol| {
        let share = 100.0 * symbol.missing as f64 / (symbol.bars + symbol.missing).max(1) as f64;
        vec![
            symbol.entry.symbol.to_string(),
            symbol.entry.first.to_string(),
            symbol.entry.last.to_string(),
            ui::count(symbol.bars as u64),
            ui::count(symbol.missing as u64),
            format!("{share:.1}"),
            if result.is_stale(symbol) { "stale".to_owned() } else { String::new() },
        ]
    });
    let header = ["symbol", "first", "last", "bars", "missing", "missing %", ""];
    ui::print(&ui::table(&header, &[3, 4, 5], rows))
}

fn print_span(result: &Check) -> anyhow::Result<()> {
    let bars: usize = result.symbols.iter().map(|symbol| symbol.bars).sum();
    let (first, newest, days) = (result.first(), result.newest, result.days());
    let (n, bars) = (result.symbols.len(), ui::count(bars as u64));
    ui::print(&format!("\n{n} symbols, {bars} bars, {days:.1} days from {first} to {newest}"))?;
    let stale = result.symbols.iter().filter(|symbol| result.is_stale(symbol)).count();
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
