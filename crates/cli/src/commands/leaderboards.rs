//! `data-pipeline leaderboards`

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use bars::spelling::Directory;
use bars::time::{AsOfSpec, DAY};
use bars::{AsOf, Closes, Span, Symbol, Window};
use bars_io::Entry;
use bars_io::atomic::FinishedFile;
use bars_io::{Source, newest_close};
use clap::Args;
use rayon::prelude::*;
use stages::leaderboards::{
    Board, Buckets, Coin, Kind, Leaderboards, Params, Plan, Run, SkewDetail, ValidParams,
};

use crate::args::{self, SourceFlags};
use crate::choose;
use crate::interrupt::temp_files;
use crate::logging::step;
use crate::output::{bar_csv, boards as summary, parquet};
use crate::ui::{self, Progress, Unit, Usage};

/// Flags of `leaderboards`.
#[derive(Debug, Clone, Args)]
pub struct Flags {
    /// Places per bucket, and symbols per board; asked for on a terminal, else 20.
    #[arg(long, value_name = "N")]
    pub top_n: Option<usize>,
    /// The windows, such as 6h,24h,72h,168h.
    #[arg(long, value_name = "LIST", default_value = "1h,4h,12h,24h")]
    pub windows: String,
    /// Add the window 72h.
    #[arg(long)]
    pub enable_72h: bool,
    /// Days before the as-of that are looked at.
    #[arg(long, value_name = "DAYS", default_value_t = 30)]
    pub lookback_days: u32,
    /// As of when: a time, a date (00:00 UTC of it), or latest, the close of the newest bar.
    #[arg(long, value_name = "TIME", default_value = "latest", value_parser = args::asof)]
    pub asof: AsOfSpec,
    /// Use the first and last buckets of the lookback too, though they are cut.
    #[arg(long)]
    pub include_partial: bool,
    /// Rank symbols too that have no bar in the day before the as-of.
    #[arg(long)]
    pub include_stale: bool,
    /// The folder for the outputs.
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub out_dir: PathBuf,
    /// Where the bars are.
    #[command(flatten)]
    pub source: SourceFlags,
}

const DEFAULT_TOP_N: usize = 20;
const PLACES: &str = "leaderboards.parquet";

/// Runs the command.
pub fn run(flags: &Flags) -> anyhow::Result<()> {
    let params = params(flags)?;
    // A folder that cannot be written shall be known before the market is read.
    temp_files().check_writable(&flags.out_dir.join(summary::NAME))?;
    let opened = choose::source(&flags.source)?;
    let source = opened.source();
    let catalogue = step("listing the symbols", || choose::catalogue(source))?;
    let asof = as_of(flags.asof, &catalogue)?;
    if flags.asof == AsOfSpec::Latest {
        warn_if_stale(&catalogue);
    }

    let plan = Plan::new(params, asof)?;
    let (seen, symbols) = step("reading the market", || summarise(source, &catalogue, &plan))?;
    choose::report_findings(source, flags.source.reading.strict)?;
    let boards = step("ranking", || plan.rank(seen, symbols))?;
    warn_of_stale_symbols(&boards.run);
    warn_of_several_names(&boards);

    let written = step("writing", || write_outputs(&flags.out_dir, source, &boards, plan.span()))?;
    print(&boards)?;
    ui::print(&format!(
        "\nWritten: {}",
        written.iter().map(|p| p.display().to_string()).collect::<Vec<_>>().join(", ")
    ))
}

/// The parameters, the number of places asked for where there is a person to ask.
fn params(flags: &Flags) -> anyhow::Result<ValidParams> {
    let mut windows = Window::parse_list(&flags.windows).map_err(|e| Usage(format!("--windows: {e}")))?;
    if flags.enable_72h && !windows.contains(&Window::THREE_DAYS) {
        windows.push(Window::THREE_DAYS);
    }
    let top_n = match flags.top_n {
        Some(top_n) => top_n,
        None if choose::is_interactive() => {
            let answer = choose::prompt("Symbols per board", Some(&DEFAULT_TOP_N.to_string()))?;
            answer
                .parse()
                .map_err(|_| Usage(format!("'{answer}' is no number of symbols; give one with --top-n")))?
        }
        None => DEFAULT_TOP_N,
    };
    let params = Params {
        top_n,
        windows,
        lookback_days: flags.lookback_days,
        include_partial: flags.include_partial,
        include_stale: flags.include_stale,
    };
    Ok(params.check().map_err(|e| Usage(e.to_string()))?)
}

/// The moment that is meant, which must leave some bars before it.
pub fn as_of(spec: AsOfSpec, catalogue: &[Entry]) -> anyhow::Result<AsOf> {
    let Some(newest) = newest_close(catalogue) else {
        anyhow::bail!(
            "the source holds no bar; fill it with 'data-pipeline import', or name another with --source"
        );
    };
    let asof = spec.moment().unwrap_or(newest);
    let oldest = catalogue.iter().map(|entry| entry.first).min().map(AsOf::close_of).unwrap_or(newest);
    if asof < oldest {
        anyhow::bail!(
            "no bar closes by {asof}: the source begins with a close at {oldest} and ends at {newest}; choose an --asof from then on"
        );
    }
    Ok(asof)
}

/// The one place where the wall clock is looked at.
pub fn warn_if_stale(catalogue: &[Entry]) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |age| age.as_secs() as i64);
    if let Some(newest) = newest_close(catalogue)
        && now - newest.epoch_seconds() > i64::from(DAY) * 60
    {
        let days = (now - newest.epoch_seconds()) / 86_400;
        tracing::warn!(
            "the newest bar closed at {newest}, {days} days ago; bring the source up to date for today's boards"
        );
    }
}

fn warn_of_stale_symbols(run: &Run) {
    if !run.stale.is_empty() {
        let how = if run.params.include_stale() {
            "ranked all the same"
        } else {
            "left out; --include-stale takes them in"
        };
        let names: Vec<&str> = run.stale.iter().take(5).map(Symbol::as_str).collect();
        let more = if run.stale.len() > 5 { ", ..." } else { "" };
        let n = run.stale.len();
        tracing::warn!(
            "{n} without a bar in the day before {} ({}{more}): {how}",
            run.asof,
            names.join(", ")
        );
    }
}

fn warn_of_several_names(boards: &Leaderboards) {
    let directory: Directory =
        boards.places.iter().map(|place| &place.symbol).collect::<BTreeSet<_>>().into_iter().collect();
    for names in directory.several_names() {
        let names: Vec<&str> = names.iter().map(Symbol::as_str).collect();
        tracing::warn!("one market takes places under several names: {}", names.join(", "));
    }
}

/// Reads the market once, symbol by symbol, and keeps the buckets of each. Returns the number of symbols seen, too.
fn summarise(
    source: &dyn Source,
    catalogue: &[Entry],
    plan: &Plan,
) -> anyhow::Result<(usize, Vec<(Symbol, Buckets)>)> {
    let seen: Vec<&Entry> = catalogue.iter().filter(|entry| entry.first < plan.span().end).collect();
    let progress = Progress::new("leaderboards", Unit::Symbols, seen.len() as u64);
    let read = |scratch: &mut Closes, entry: &&Entry| {
        source.closes(&entry.symbol, plan.span(), scratch)?;
        progress.add(1);
        tracing::trace!("{}: {} bars", entry.symbol, scratch.time.len());
        Ok((entry.symbol.clone(), plan.summarise(scratch)))
    };
    let symbols: bars_io::Result<Vec<_>> = seen.par_iter().map_init(Closes::default, read).collect();
    Ok((seen.len(), symbols?))
}

/// Writes all outputs beside their places, and then puts all of them there.
fn write_outputs(
    dir: &Path,
    source: &dyn Source,
    boards: &Leaderboards,
    span: Span,
) -> anyhow::Result<Vec<PathBuf>> {
    let cohorts = [
        ("habitual_gainers.csv", &boards.gainers),
        ("habitual_losers.csv", &boards.losers),
        ("habitual_overlaps.csv", &boards.overlaps),
    ];
    let write = |(name, board): &(&str, &Board)| {
        let symbols: Vec<Symbol> = board.coins.iter().map(|coin| coin.symbol.clone()).collect();
        Ok(bar_csv::write(&dir.join(name), source, &symbols, span)?.0)
    };
    let mut files = vec![
        temp_files().write_temp(&dir.join(summary::NAME), &summary(boards)?)?,
        write_places(&dir.join(PLACES), boards)?,
    ];
    files.extend(cohorts.par_iter().map(write).collect::<bars_io::Result<Vec<_>>>()?);
    files.into_iter().try_for_each(FinishedFile::commit)?;
    let names = [summary::NAME, PLACES].into_iter().chain(cohorts.iter().map(|(name, _)| *name));
    Ok(names.map(|name| dir.join(name)).collect())
}

fn summary(boards: &Leaderboards) -> anyhow::Result<Vec<u8>> {
    let run = &boards.run;
    let summary = summary::Summary {
        gainers: summary_of(&boards.gainers),
        losers: summary_of(&boards.losers),
        overlaps: summary_of(&boards.overlaps),
        run: summary::Run {
            asof: run.asof.to_string(),
            windows: run.params.windows().iter().map(ToString::to_string).collect(),
            lookback_days: run.params.lookback_days(),
            top_n: run.params.top_n(),
            symbols_seen: run.symbols_seen,
            symbols_stale: run.stale.len(),
            symbols_ranked: run.symbols_ranked,
            include_partial: run.params.include_partial(),
        },
    };
    let mut bytes = serde_json::to_vec_pretty(&summary)?;
    bytes.push(b'\n');
    Ok(bytes)
}

fn summary_of(board: &Board) -> summary::Board {
    let known = |number: f64| Some(number).filter(|number| !number.is_nan());
    let coin = |coin: &Coin| summary::Coin {
        symbol: coin.symbol.to_string(),
        price_change: known(coin.price_change),
        pct_vol_change: known(coin.pct_vol_change),
        skew: coin.tags.iter().map(ToString::to_string).collect(),
    };
    let detail = |detail: &SkewDetail| summary::Skew {
        symbol: detail.symbol.to_string(),
        bucket: detail.bucket.clone(),
        level: detail.level.to_string(),
        deviation_pct: known(detail.deviation_pct),
    };
    summary::Board {
        coins: board.coins.iter().map(coin).collect(),
        skew_details: board.skew_details.iter().map(detail).collect(),
    }
}

fn write_places(place: &Path, boards: &Leaderboards) -> bars_io::Result<FinishedFile> {
    let places = &boards.places;
    let rank =
        |kind: Kind| parquet::integers(places.iter().map(move |p| p.ranks[kind as usize].map(i64::from)));
    parquet::write(
        place,
        vec![
            ("window", parquet::text(places.iter().map(|p| p.window.to_string()))),
            ("window_start", parquet::times(places.iter().map(|p| p.start))),
            ("symbol", parquet::text(places.iter().map(|p| p.symbol.to_string()))),
            ("price_change", parquet::numbers(places.iter().map(|p| p.price_change))),
            ("pct_vol_change", parquet::numbers(places.iter().map(|p| p.pct_vol_change))),
            ("total_volume", parquet::numbers(places.iter().map(|p| p.total_volume))),
            ("rank_loss", rank(Kind::Loss)),
            ("rank_gain", rank(Kind::Gain)),
            ("rank_drop", rank(Kind::Drop)),
            ("rank_spike", rank(Kind::Spike)),
        ],
    )
}

fn print(boards: &Leaderboards) -> anyhow::Result<()> {
    let run = &boards.run;
    ui::print(&format!(
        "{} of {} symbols ranked over the {} days before {}",
        run.symbols_ranked,
        run.symbols_seen,
        run.params.lookback_days(),
        run.asof
    ))?;
    print_board("Top Gainers", &boards.gainers, run, |gains, _| gains)?;
    print_board("Top Losers", &boards.losers, run, |_, losses| losses)?;
    print_board("Top Overlap", &boards.overlaps, run, |gains, losses| gains + losses)
}

fn print_board(name: &str, board: &Board, run: &Run, appearances: fn(u32, u32) -> u32) -> anyhow::Result<()> {
    ui::print(&format!("\n{}", ui::heading(name)))?;
    if board.coins.is_empty() {
        return ui::print("nobody");
    }
    let change = |value: f64| {
        if value.is_nan() { "-".to_owned() } else { format!("{value:+.2}") }
    };
    let rows = (1..).zip(&board.coins).map(|(rank, coin)| {
        vec![
            rank.to_string(),
            coin.symbol.to_string(),
            change(coin.price_change),
            change(coin.pct_vol_change),
            ui::count(appearances(coin.gains, coin.losses).into()),
            coin.tags.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        ]
    });
    let (price, volume) = (format!("{} price %", run.changes_of), format!("{} volume %", run.changes_of));
    let header = ["rank", "symbol", &price, &volume, "appearances", "tags"];
    ui::print(&ui::table(&header, &[0, 2, 3, 4], rows))?;
    if board.skew_details.is_empty() {
        return Ok(());
    }
    ui::print(&format!("\n{}", ui::heading(&format!("{name}: skew"))))?;
    let rows = board.skew_details.iter().map(|detail| {
        vec![
            detail.symbol.to_string(),
            detail.bucket.clone(),
            detail.level.to_string(),
            format!("{:+.1}", detail.deviation_pct),
        ]
    });
    ui::print(&ui::table(&["symbol", "bucket", "level", "deviation %"], &[3], rows))
}
