//! `data-pipeline emd`

use std::path::{Path, PathBuf};
use std::time::Instant;

use bars::Symbol;
use bars::spelling::{Directory, Found};
use bars_io::atomic::FinishedFile;
use bars_io::column::{self, Numbered, Numbers};
use clap::{Args, ValueEnum};
use emd::{Analytic, Control, Decomposition};
use pipeline::artifacts::{npz, parquet_file};
use pipeline::jobs::check_outputs;
use pipeline::memory;
use stages::table::{ColumnSpec, DType, Table, Values};

use crate::flags::DecompositionFlags;
use crate::interrupt::temp_files;
use crate::progress::{Progress, Unit};
use crate::ui::{self, Usage};

/// Flags of `emd`.
#[derive(Debug, Clone, Args)]
pub struct Flags {
    /// CSV (with a header; plain, gzip or zstd) or Parquet file.
    #[arg(long, value_name = "FILE")]
    input: PathBuf,
    /// Numeric column to decompose, in row order.
    #[arg(long, value_name = "NAME", default_value = "close")]
    column: String,
    /// Symbol to decompose if the file has several, in any common spelling.
    #[arg(long, value_name = "NAME")]
    symbol: Option<Symbol>,
    /// Decompose the natural logarithm (usual for prices).
    #[arg(long)]
    log: bool,
    /// ceemdan: average over noisy copies. emd: sift the series itself.
    #[arg(long, value_enum, default_value_t = Method::Ceemdan)]
    method: Method,
    /// Output file: .npz (arrays imfs, residue, imf_variances) or .parquet (one column per mode).
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Parameters of the decomposition.
    #[command(flatten)]
    decomposition: DecompositionFlags,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Method {
    Ceemdan,
    Emd,
}

/// Runs the command.
pub fn run(flags: &Flags) -> anyhow::Result<()> {
    let decomposer = flags.decomposition.decomposer()?;
    if flags.method == Method::Emd
        && let Some(flag) = flags.decomposition.noise_flags().first()
    {
        return Err(
            Usage(format!("{flag} only applies to --method ceemdan: EMD adds no noise")).into()
        );
    }
    let form = flags.out.as_deref().map(Form::from_path).transpose()?;
    if let Some(out) = &flags.out {
        check_outputs(&flags.input, None, &[out])?;
        if out.is_dir() {
            return Err(
                Usage(format!("--out {} is a folder; give a file name", out.display())).into()
            );
        }
    }
    let (symbol, numbers) = choose(flags)?;
    let signal = prepare(flags, &numbers)?;
    let begun = Instant::now();
    let found = decompose(flags, &decomposer, &signal)?;
    // Write the file first: printing fails if the reader of a pipe is gone.
    if let (Some(out), Some(form)) = (&flags.out, form) {
        form.write(out, &found)?.commit()?;
    }
    let of = symbol.map_or(String::new(), |symbol| format!(" of {symbol}"));
    let what = if flags.log { format!("log {}", flags.column) } else { flags.column.clone() };
    let (n, modes) = (ui::count(signal.len() as u64), ui::pluralize(found.modes.len(), "mode"));
    ui::print(&format!(
        "{n} samples of {what}{of}: {modes} in {:.1} s",
        begun.elapsed().as_secs_f64()
    ))?;
    print_modes(flags.method, &found)?;
    flags.out.as_ref().map_or(Ok(()), |out| ui::print(&format!("wrote {}", out.display())))
}

/// Returns the chosen series and, if the file has symbols, its symbol.
fn choose(flags: &Flags) -> anyhow::Result<(Option<Symbol>, Numbers)> {
    let path = flags.input.display();
    let groups = match (column::read(&flags.input, &flags.column)?, &flags.symbol) {
        (Numbered::One(numbers), None) => return Ok((None, numbers)),
        (Numbered::One(_), Some(symbol)) => {
            return Err(
                Usage(format!("{path} has no symbol column: drop --symbol {symbol}")).into()
            );
        }
        (Numbered::BySymbol(groups), _) => groups,
    };
    let wanted = match (&flags.symbol, groups.len()) {
        (_, 0) => anyhow::bail!("{path} has no rows"),
        (None, 1) => groups[0].0.clone(),
        (None, _) => {
            let (n, names) = (groups.len(), some_of(&groups));
            return Err(Usage(format!(
                "{path} has {n} symbols ({names}); choose one with --symbol"
            ))
            .into());
        }
        (Some(symbol), _) => {
            match groups.iter().map(|(symbol, _)| symbol).collect::<Directory>().find(symbol) {
                Found::Exact(symbol) | Found::Spelled(symbol) => symbol,
                Found::Ambiguous(all) => {
                    let all: Vec<&str> = all.iter().map(Symbol::as_str).collect();
                    return Err(Usage(format!(
                        "--symbol {symbol} is ambiguous: {}; give one of them",
                        all.join(" or ")
                    ))
                    .into());
                }
                Found::Nothing => {
                    let (n, names) = (ui::pluralize(groups.len(), "symbol"), some_of(&groups));
                    return Err(Usage(format!(
                        "no symbol \"{symbol}\" in {path} ({n}: {names}); check --symbol"
                    ))
                    .into());
                }
            }
        }
    };
    let found = groups.into_iter().find(|(symbol, _)| *symbol == wanted);
    found
        .map(|(symbol, numbers)| (Some(symbol), numbers))
        .ok_or_else(|| anyhow::anyhow!("no series for {wanted}"))
}

/// Returns the first symbols, for a message.
fn some_of(groups: &[(Symbol, Numbers)]) -> String {
    let names: Vec<&str> = groups.iter().take(8).map(|(symbol, _)| symbol.as_str()).collect();
    names.join(", ") + if groups.len() > names.len() { ", ..." } else { "" }
}

/// Returns the series to decompose.
///
/// # Errors
/// A value is missing, infinite or, with `--log`, not positive; the message names its row.
fn prepare(flags: &Flags, numbers: &Numbers) -> anyhow::Result<Vec<f64>> {
    let (path, name) = (flags.input.display(), &flags.column);
    if numbers.values.is_empty() {
        anyhow::bail!("{path} has no rows");
    }
    let row = |i: usize| numbers.rows.get(i).copied().unwrap_or(0);
    if let Some(i) = numbers.values.iter().position(|x| !x.is_finite()) {
        let what = if numbers.values[i].is_nan() { "missing" } else { "infinite" };
        anyhow::bail!(
            "{path}, row {}: column \"{name}\" is {what}; fill the gap or cut the file there",
            row(i)
        );
    }
    if !flags.log {
        return Ok(numbers.values.clone());
    }
    if let Some(i) = numbers.values.iter().position(|x| *x <= 0.0) {
        let value = numbers.values[i];
        anyhow::bail!(
            "{path}, row {}: column \"{name}\" is {value}: no logarithm; drop --log",
            row(i)
        );
    }
    Ok(numbers.values.iter().map(|x| libm::log(*x)).collect())
}

fn decompose(
    flags: &Flags,
    decomposer: &emd::Decomposer,
    signal: &[f64],
) -> anyhow::Result<Decomposition> {
    let progress = Progress::new("decompose", Unit::Work, 1);
    let worked = |share| progress.add_share(share);
    let control = Control::default().on_work(&worked);
    if flags.method == Method::Ceemdan {
        memory::check(decomposer.streamed_bytes(signal.len()))?;
    }
    let found = match flags.method {
        Method::Emd => decomposer.emd(signal, control),
        // A single series uses each mode of the noise once, so keeping them gains nothing.
        Method::Ceemdan => decomposer.ceemdan_streamed(signal, control),
    };
    found.map_err(|error| anyhow::anyhow!("{}: {error}", flags.input.display()))
}

fn print_modes(method: Method, found: &Decomposition) -> anyhow::Result<()> {
    if found.modes.is_empty() {
        return ui::print(
            "no modes: the series has fewer than three extrema, all of it is residue",
        );
    }
    let variances = found.variances();
    let total: f64 = variances.iter().sum();
    let analytic = Analytic::from_signals(found.modes.iter().map(Vec::as_slice));
    let rows = found.stats.iter().enumerate().map(|(k, stats)| {
        let n = found.modes[k].len();
        let period = analytic[k].period(0..n).map_or("-".to_owned(), significant);
        let share = if total > 0.0 { 100.0 * variances[k] / total } else { 0.0 };
        let (sifts, hits) = match method {
            Method::Emd => (
                stats.sifts_max.to_string(),
                if stats.cap_hits > 0 { "yes" } else { "no" }.to_owned(),
            ),
            Method::Ceemdan => (
                format!("{:.1} ({})", stats.sifts_mean, stats.sifts_max),
                stats.cap_hits.to_string(),
            ),
        };
        // Fast modes of a price have little energy but matter: show more digits.
        let energy = if share < 1.0 { format!("{share:.3}") } else { format!("{share:.1}") };
        vec![(k + 1).to_string(), period, bar(share), energy, sifts, hits]
    });
    let sifts = if method == Method::Emd { "sifts" } else { "sifts, mean (max)" };
    let header = ["mode", "period", "", "energy %", sifts, "cap hits"];
    ui::print(&ui::table(&header, &[0, 1, 3, 4, 5], rows))?;
    ui::print(
        "Periods in samples; energy as a share of the sum of the modes' variances (without residue).",
    )
}

/// Formats a period with three significant digits, or as a whole number from 100 on.
fn significant(x: f64) -> String {
    if x < 10.0 {
        format!("{x:.2}")
    } else if x < 100.0 {
        format!("{x:.1}")
    } else {
        ui::count(x.round() as u64)
    }
}

/// Draws a percentage as a bar of at most 20 characters.
fn bar(share: f64) -> String {
    "#".repeat((share / 5.0).round() as usize)
}

#[derive(Debug, Clone, Copy)]
enum Form {
    Npz,
    Parquet,
}

impl Form {
    fn from_path(path: &Path) -> Result<Form, Usage> {
        let end = path.extension().map(|end| end.to_string_lossy().to_lowercase());
        match end.as_deref() {
            Some("npz") => Ok(Form::Npz),
            Some("parquet") => Ok(Form::Parquet),
            _ => {
                let path = path.display();
                Err(Usage(format!(
                    "{path}: unsupported output format; use a .npz or .parquet extension"
                )))
            }
        }
    }

    fn write(self, path: &Path, found: &Decomposition) -> bars_io::Result<FinishedFile> {
        match self {
            Form::Npz => npz::write_modes(path, found, npz::Packing::Stored, temp_files()),
            Form::Parquet => {
                let variances = serde_json::Value::from(found.variances()).to_string();
                parquet_file::write(
                    path,
                    &modes_table(found),
                    &[("imf_variances", variances)],
                    temp_files(),
                )
            }
        }
    }
}

/// Returns a table with one column per mode and the residue.
fn modes_table(found: &Decomposition) -> Table {
    let samples = (0..found.residue.len() as i64).map(Some).collect();
    let mut columns = vec![ColumnSpec::new("sample", DType::Int64, "index of the sample, from 0")];
    let mut values = vec![Values::Whole(samples)];
    for (k, mode) in found.modes.iter().enumerate() {
        let name = format!("imf_{:02}", k + 1);
        columns.push(ColumnSpec::new(
            name,
            DType::Float64,
            "intrinsic mode function, from fast to slow",
        ));
        values.push(Values::Number(mode.clone()));
    }
    columns.push(ColumnSpec::new("residue", DType::Float64, "signal minus the sum of the modes"));
    values.push(Values::Number(found.residue.clone()));
    Table { columns, values }
}
