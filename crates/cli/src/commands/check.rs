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
    /// The source of the bars.
    #[command(flatten)]
    source: SourceFlags,
}

/// Days of history that each command uses by default.
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
            "time zone of the server: {} (this program's sessions use UTC)",
            database.server_time_zone()?
        ))?;
        let index = database.missing_index().map_or("present".to_owned(), |statement| {
            format!("MISSING, reads are slow; create it with: {statement}")
        });
        ui::print(&format!("index on (symbol, timestamp): {index}"))?;
    }
    if let Some(notes) = &result.notes {
        tracing::warn!("{}", explain::with_flags(notes));
    }
    if result.problems.is_empty() {
        return ui::print("no problems found");
    }
    anyhow::bail!("problems that affect results: {}", result.problems.join("; "))
}

fn print_symbols(result: &Check) -> anyhow::Result<()> {
    let rows = result.symbols.iter().map(|symbol| {
        let share = 100.0 * symbol.missing as f64 / (symbol.bars + symbol.missing).max(1) as f64;
        vec![
            symbol.entry.symbol.to_string(),
            symbol.entry.first.to_string(),
            symbol.entry.last.to_string(),
            ui::count(symbol.bars as u64),
            ui::count(symbol.gaps as u64),
            ui::count(symbol.missing as u64),
            format!("{share:.1}"),
            if result.is_stale(symbol) { "stale".to_owned() } else { String::new() },
        ]
    });
    let header = ["symbol", "first", "last", "bars", "gaps", "missing minutes", "missing %", ""];
    ui::print(&ui::table(&header, &[3, 4, 5, 6], rows))
}

fn print_span(result: &Check) -> anyhow::Result<()> {
    let bars: usize = result.symbols.iter().map(|symbol| symbol.bars).sum();
    let (first, newest, days) = (result.first(), result.newest, result.days());
    let (symbols, bars) =
        (ui::pluralize(result.symbols.len(), "symbol"), ui::pluralize(bars, "bar"));
    ui::print(&format!("\n{symbols}, {bars}, {days:.1} days from {first} to {newest}"))?;
    let stale = result.symbols.iter().filter(|symbol| result.is_stale(symbol)).count();
    if stale > 0 {
        ui::print(&format!(
            "{} stale (no bar in the last 24 hours): excluded from leaderboards",
            ui::pluralize(stale, "symbol")
        ))?;
    }
    for (command, needed) in NEEDS {
        let verdict = if days >= f64::from(needed) {
            "enough".to_owned()
        } else {
            format!("less than the default of {needed} days; it uses what there is")
        };
        ui::print(&format!("history for {command}: {verdict}"))?;
    }
    Ok(())
}
