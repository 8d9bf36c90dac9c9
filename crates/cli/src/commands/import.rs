//! `data-pipeline import`

use std::path::PathBuf;

use anyhow::Context;
use bars::time::StampFormat;
use bars::{ColumnNames, DecimalMark, Minute, ReadOptions, Symbol};
use bars_io::import::{self, ImportOptions, ImportPlan, ImportSummary};
use bars_io::target::CountingTarget;
use clap::Args;
use pipeline::summaries;

use crate::clock;
use crate::explain;
use crate::flags::{DatabaseFlags, ReadingFlags};
use crate::progress::{Progress, Unit};
use crate::source_select;
use crate::ui;

/// Flags of `import`.
#[derive(Debug, Clone, Args)]
pub struct Flags {
    /// Files, folders or ZIP archives: Kraken OHLCVT (PAIR_1.csv), Binance klines, CSV with a header,
    /// Parquet.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Target of the bars: a store folder or mysql://user@host/database?table=ohlcvt [default:
    /// data/bars].
    #[arg(long, value_name = "TARGET")]
    pub into: Option<String>,
    /// Symbol of all rows, for files without a symbol column; replaces the symbol in the file name.
    #[arg(long)]
    pub symbol: Option<Symbol>,
    /// Format of the timestamps, such as "%d/%m/%Y %H:%M"; UTC unless it has an offset (%z).
    #[arg(long, value_name = "FORMAT")]
    pub timestamp_format: Option<StampFormat>,
    /// Names of columns in the files, such as open=Open,timestamp=Date (the name in the file comes
    /// second).
    #[arg(long, value_name = "NAME=FILE_COLUMN,...")]
    pub columns: Option<ColumnNames>,
    /// Delimiter of CSV fields: "," ";" "|" or the word tab [default: detected].
    #[arg(long, value_name = "CHARACTER", value_parser = delimiter)]
    pub delimiter: Option<u8>,
    /// Decimal mark of CSV numbers: "." or "," [default: detected].
    #[arg(long, value_name = "CHARACTER", value_parser = decimal)]
    pub decimal: Option<DecimalMark>,
    /// Import hourly, daily or other longer bars as if they were one-minute bars. Most features are
    /// then missing.
    #[arg(long)]
    pub allow_coarse: bool,
    /// Interpretation of the rows.
    #[command(flatten)]
    pub reading: ReadingFlags,
    /// Connection to the target database.
    #[command(flatten)]
    pub database: DatabaseFlags,
}

/// Parses `--delimiter`.
fn delimiter(text: &str) -> Result<u8, String> {
    match text {
        "," | ";" | "|" | "\t" => Ok(text.as_bytes()[0]),
        "tab" | "\\t" => Ok(b'\t'),
        _ => Err("expected , ; | or tab".to_owned()),
    }
}

/// Parses `--decimal`.
fn decimal(text: &str) -> Result<DecimalMark, String> {
    match text {
        "." => Ok(DecimalMark::Point),
        "," => Ok(DecimalMark::Comma),
        _ => Err("expected . or ,".to_owned()),
    }
}

impl Flags {
    fn options(&self) -> ImportOptions {
        let reading = ReadOptions {
            stamp_format: self.timestamp_format.clone(),
            columns: self.columns.clone().unwrap_or_default(),
            delimiter: self.delimiter,
            decimal: self.decimal,
            // To warn of times in the future; no result depends on it.
            now: Minute::new(clock::epoch_seconds() / 60),
            ..self.reading.options()
        };
        ImportOptions { reading, strict: self.reading.strict, allow_coarse: self.allow_coarse }
    }
}

/// Runs the command.
pub fn run(flags: &Flags) -> anyhow::Result<()> {
    let plan = ImportPlan::from_paths(&flags.files, flags.symbol.as_ref())?;
    if !plan.skipped().is_empty() {
        tracing::info!(
            "skipped {} (first: {})",
            ui::pluralize(plan.skipped().len(), "file"),
            plan.skipped()[0]
        );
        plan.skipped().iter().for_each(|skipped| tracing::debug!("skipped {skipped}"));
    }
    let target =
        CountingTarget::new(source_select::target(flags.into.as_deref(), &flags.database)?);
    let progress = Progress::new("import", Unit::Bytes, plan.bytes());
    let summary = import::run(&plan, &flags.options(), &target, &|bytes| progress.add(bytes));
    let summary = match summary {
        Err(e @ bars_io::Error::Unfinished { .. }) => return Err(e.into()),
        summary => summary.with_context(|| so_far(target.stored()))?,
    };
    drop(progress);
    let has_bars = summary.symbols.values().any(|imported| imported.bars > 0);
    match (has_bars, summary.findings.is_empty()) {
        (true, true) => {}
        (true, false) => tracing::warn!("{}", explain::with_flags(&summary.findings.to_string())),
        (false, true) => anyhow::bail!("no bars to import in {}", shown(&flags.files)),
        (false, false) => {
            anyhow::bail!("no bars to import in {}: {}", shown(&flags.files), summary.findings)
        }
    }
    print(&summary)
}

fn shown(files: &[PathBuf]) -> String {
    files.iter().map(|file| file.display().to_string()).collect::<Vec<_>>().join(", ")
}

/// Returns what an import that failed had stored before.
fn so_far(stored: usize) -> String {
    match stored {
        0 => "nothing was imported".to_owned(),
        n => format!(
            "stopped after {} (stored, run the command again for the rest)",
            ui::pluralize(n, "symbol")
        ),
    }
}

fn print(summary: &ImportSummary) -> anyhow::Result<()> {
    ui::print_table(summaries::imported(summary))?;
    let sum = |of: fn(&import::Imported) -> usize| summary.symbols.values().map(of).sum::<usize>();
    let (symbols, bars) = (summary.symbols.len(), sum(|imported| imported.bars));
    let (symbols, bars) = (ui::pluralize(symbols, "symbol"), ui::pluralize(bars, "bar"));
    let new = ui::count(sum(|imported| imported.new) as u64);
    ui::print(&format!("{symbols}, {bars}, {new} new"))
}
