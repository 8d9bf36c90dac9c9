//! `data-pipeline import`

use std::path::PathBuf;

use bars::Symbol;
use bars::import::{self, Plan, Summary};
use clap::Args;

use crate::args::{DatabaseFlags, ReadingFlags};
use crate::choose;
use crate::ui::{self, Progress, Unit};

/// Flags of `import`.
#[derive(Debug, Clone, Args)]
pub struct Flags {
    /// Files, folders and ZIP archives: Kraken's PAIR_1.csv, Binance's klines, CSV with a header, Parquet.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Where the bars go: the folder of a store, or mysql://user@host/database?table=ohlcvt [default: data/bars].
    #[arg(long, value_name = "WHERE")]
    pub into: Option<String>,
    /// The symbol of all rows, where the files do not tell it.
    #[arg(long)]
    pub symbol: Option<Symbol>,
    /// How the files are read.
    #[command(flatten)]
    pub reading: ReadingFlags,
    /// The database to import into.
    #[command(flatten)]
    pub database: DatabaseFlags,
}

/// Runs the command.
pub fn run(flags: &Flags) -> anyhow::Result<()> {
    let plan = Plan::of(&flags.files, flags.symbol.as_ref())?;
    if !plan.skipped().is_empty() {
        tracing::info!("{} files skipped, the first {}", plan.skipped().len(), plan.skipped()[0]);
        plan.skipped().iter().for_each(|skipped| tracing::debug!("skipped {skipped}"));
    }
    let target = choose::target(flags.into.as_deref(), &flags.database)?;
    let progress = Progress::new("import", Unit::Bytes, plan.bytes());
    let options = flags.reading.options();
    let summary = import::run(&plan, &options, flags.reading.strict, &*target, &|bytes| progress.add(bytes))?;
    drop(progress);
    if !summary.findings.is_empty() {
        tracing::warn!("{}", summary.findings);
    }
    print(&summary)
}

fn print(summary: &Summary) -> anyhow::Result<()> {
    let rows = summary.symbols.iter().map(|(symbol, imported)| {
        vec![
            symbol.to_string(),
            ui::count(imported.bars as u64),
            ui::count(imported.new as u64),
            imported.first.to_string(),
            imported.last.to_string(),
            ui::count(imported.gaps as u64),
            ui::count(imported.set_aside),
        ]
    });
    let header = ["symbol", "bars", "new", "first", "last", "gaps", "set aside"];
    ui::print(&ui::table(&header, &[1, 2, 5, 6], rows).to_string())?;
    let sum = |of: fn(&import::Imported) -> usize| {
        ui::count(summary.symbols.values().map(of).sum::<usize>() as u64)
    };
    let (symbols, bars, new) = (summary.symbols.len(), sum(|i| i.bars), sum(|i| i.new));
    ui::print(&format!("{symbols} symbols, {bars} bars, {new} of them new"))
}
