//! The choice of symbols and of columns.

use clap::Args;
use pipeline::universe::Universe;
use stages::features::output::OutputOptions;

use crate::ui::Usage;

/// The choice of symbols of `leaderboards` and `run`.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Symbols")]
pub struct UniverseFlags {
    /// Symbols to rank, under any spelling; * and ? are wildcards [default: all of the source].
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub symbols: Vec<String>,
    /// Symbols not to rank, in the same form.
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub exclude: Vec<String>,
    /// Quote currencies to include, such as USDT,USD [default: all].
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub quote: Vec<String>,
    /// Minimum mean volume per day over the lookback of leaderboards, in units of the quote
    /// currency.
    #[arg(long, value_name = "VOLUME", default_value_t = 0.0, allow_negative_numbers = true)]
    pub min_volume: f64,
    /// Omit symbols with a stablecoin as base.
    #[arg(long)]
    pub no_stables: bool,
}

impl UniverseFlags {
    /// Returns the choice of symbols.
    pub fn universe(&self) -> Universe {
        Universe {
            symbols: trimmed(&self.symbols),
            exclude: trimmed(&self.exclude),
            quote: trimmed(&self.quote),
            min_volume: self.min_volume,
            no_stables: self.no_stables,
        }
    }
}

fn trimmed(list: &[String]) -> Vec<String> {
    list.iter().map(|text| text.trim().to_owned()).collect()
}

/// The columns of `metrics`, `state` and `regime`.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Columns")]
pub struct ColumnFlags {
    /// Columns to keep besides the keys: names, * and ? as wildcards, {w} for any window
    /// ('data-pipeline columns' lists all).
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub select: Vec<String>,
    /// Columns to omit, in the same form.
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub drop: Vec<String>,
    /// Omit the columns that only mark missing values: *_imputed, *_valid, metrics_valid_*
    /// and window_ok_*.
    #[arg(long)]
    pub no_masks: bool,
    /// Write one row per symbol, as-of, window and metric.
    #[arg(long)]
    pub long: bool,
    /// Put an apostrophe before texts in CSV that spreadsheets would evaluate: those that begin with
    /// = + - @, a tab or a line end.
    #[arg(long)]
    pub csv_safe: bool,
}

impl ColumnFlags {
    /// Checks that all columns are chosen, as a shard needs them.
    ///
    /// # Errors
    /// A flag of this group was given.
    pub fn check_whole(&self) -> Result<(), Usage> {
        if self.options().is_default() && !self.csv_safe {
            return Ok(());
        }
        Err(Usage(
            "--select, --drop, --no-masks, --long and --csv-safe cannot be used with --shard; give \
             them to 'data-pipeline merge'"
                .to_owned(),
        ))
    }

    /// Returns the options of the output.
    pub fn options(&self) -> OutputOptions {
        OutputOptions {
            select: trimmed(&self.select),
            drop: trimmed(&self.drop),
            no_masks: self.no_masks,
            is_long: self.long,
        }
    }
}
