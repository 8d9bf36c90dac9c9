//! The boards, their places, and the bars behind them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use bars::source::ReadOptions;
use bars::source::file::FileSource;
use bars::{AsOf, Series, Source, Span};
use report::model::{Board, Coin, Market, Places, Quality};
use report::{Report, Thinned};
use serde::Deserialize;

use super::frame::Frame;

/// Columns of a small line.
const SPARK: usize = 60;
/// The most symbols whose places are shown.
const MOST: usize = 60;
/// From so many minutes on a gap, a late beginning or an early end is told.
const LONG: usize = bars::time::DAY as usize;

#[derive(Deserialize)]
struct Summary {
    #[serde(rename = "Top Gainers")]
    gainers: SummaryBoard,
    #[serde(rename = "Top Losers")]
    losers: SummaryBoard,
    #[serde(rename = "Top Overlap")]
    overlaps: SummaryBoard,
    run: Run,
}

#[derive(Deserialize)]
struct SummaryBoard {
    coins: Vec<SummaryCoin>,
}

#[derive(Deserialize)]
struct SummaryCoin {
    symbol: String,
    price_change: Option<f64>,
    pct_vol_change: Option<f64>,
    skew: Vec<String>,
}

#[derive(Deserialize)]
struct Run {
    asof: String,
    lookback_days: u32,
    symbols_seen: usize,
    symbols_stale: usize,
    symbols_ranked: usize,
}

/// Kinds of places: the column with the rank, and what a person calls it.
const KINDS: [(&str, &str); 4] = [
    ("rank_gain", "gain"),
    ("rank_loss", "loss"),
    ("rank_spike", "volume spike"),
    ("rank_drop", "volume drop"),
];

/// Reads the boards into `report`.
pub fn read(dir: &Path, report: &mut Report) -> anyhow::Result<()> {
    let Some(summary) = super::json::<Summary>(&dir.join("leaderboards_summary.json"))? else {
        return Ok(());
    };
    let asof: Option<AsOf> =
        summary.run.asof.parse::<bars::time::AsOfSpec>().ok().and_then(|spec| spec.moment());
    report.asof = asof;
    report.market = Some(Market {
        seen: summary.run.symbols_seen,
        ranked: summary.run.symbols_ranked,
        stale: summary.run.symbols_stale,
        days: summary.run.lookback_days as usize,
    });
    let tallies = places(&dir.join("leaderboards.parquet"), report)?;
    let span = asof.map(|asof| Span::days_before(asof, summary.run.lookback_days));
    let boards = [
        (
            "Overlaps",
            "Both among the biggest gains and among the biggest losses: two-way movers.",
            &summary.overlaps,
            "overlaps",
        ),
        ("Gainers", "Most often among the biggest gains.", &summary.gainers, "gainers"),
        ("Losers", "Most often among the biggest losses.", &summary.losers, "losers"),
    ];
    let mut judged = BTreeSet::new();
    for (title, about, board, name) in boards {
        let bars = cohort(&dir.join(format!("habitual_{name}.csv")))?;
        for coin in &board.coins {
            if let (Some(series), Some(span), Some(asof)) = (bars.get(&coin.symbol), span, asof)
                && judged.insert(coin.symbol.clone())
            {
                report.quality.push(quality(&coin.symbol, series, span, asof));
            }
        }
        let coins = board.coins.iter().map(|coin| of_coin(coin, bars.get(&coin.symbol), &tallies)).collect();
        report.boards.push(Board { title: title.to_owned(), about: about.to_owned(), coins });
    }
    Ok(())
}

fn of_coin(coin: &SummaryCoin, bars: Option<&Series>, tallies: &BTreeMap<String, [usize; 4]>) -> Coin {
    let tally = tallies.get(&coin.symbol).copied().unwrap_or_default();
    Coin {
        symbol: coin.symbol.clone(),
        price: bars.map(|bars| Thinned::of(bars.close(), SPARK)).unwrap_or_default(),
        price_change: coin.price_change.unwrap_or(f64::NAN),
        volume_change: coin.pct_vol_change.unwrap_or(f64::NAN),
        gains: tally[0],
        losses: tally[1],
        tags: coin.skew.clone(),
    }
}

/// The bars of a cohort file by symbol; none where there is no file.
fn cohort(path: &Path) -> anyhow::Result<BTreeMap<String, Series>> {
    if !path.is_file() {
        return Ok(BTreeMap::new());
    }
    let file = FileSource::open(path, &ReadOptions::default())?;
    let read = |symbol: bars::Symbol| Ok((symbol.to_string(), file.bars(&symbol, Span::ALL)?));
    file.symbols().into_iter().map(read).collect()
}

/// Reads the places into `report`, and returns by symbol how many there are of each kind.
fn places(path: &Path, report: &mut Report) -> anyhow::Result<BTreeMap<String, [usize; 4]>> {
    let mut tallies: BTreeMap<String, [usize; 4]> = BTreeMap::new();
    let Some(frame) = Frame::read(path)? else {
        return Ok(tallies);
    };
    let (windows, symbols) = (frame.text("window")?, frame.text("symbol")?);
    let ranks = KINDS.iter().map(|(column, _)| frame.numbers(column)).collect::<anyhow::Result<Vec<_>>>()?;
    let mut lengths: Vec<String> = Vec::new();
    let mut counts: BTreeMap<&str, BTreeMap<(usize, usize), usize>> = BTreeMap::new();
    for (row, (window, symbol)) in windows.iter().zip(&symbols).enumerate() {
        let place = lengths.iter().position(|length| length == window).unwrap_or_else(|| {
            lengths.push(window.clone());
            lengths.len() - 1
        });
        for kind in (0..KINDS.len()).filter(|&kind| !ranks[kind][row].is_nan()) {
            *counts.entry(symbol).or_default().entry((place, kind)).or_default() += 1;
            tallies.entry(symbol.clone()).or_default()[kind] += 1;
        }
    }
    let buckets: Vec<(usize, usize)> =
        (0..lengths.len()).flat_map(|place| (0..KINDS.len()).map(move |kind| (place, kind))).collect();
    let row = |(symbol, counts): (&str, BTreeMap<(usize, usize), usize>)| {
        let counts = buckets.iter().map(|bucket| counts.get(bucket).copied().unwrap_or(0)).collect();
        (symbol.to_owned(), counts)
    };
    let mut rows: Vec<(String, Vec<usize>)> = counts.into_iter().map(row).collect();
    let total = |counts: &[usize]| counts.iter().sum::<usize>();
    rows.sort_by(|a, b| total(&b.1).cmp(&total(&a.1)).then_with(|| a.0.cmp(&b.0)));
    let more = rows.len().saturating_sub(MOST);
    rows.truncate(MOST);
    let named = buckets.iter().map(|&(place, kind)| (lengths[place].clone(), KINDS[kind].1)).collect();
    report.places = Places { buckets: named, rows, more };
    Ok(tallies)
}

/// How sound the bars of a symbol within `span` are.
fn quality(symbol: &str, bars: &Series, span: Span, asof: AsOf) -> Quality {
    let minutes = (span.end.index() - span.start.index()).max(1) as usize;
    let within = bars.range(span);
    let (times, volumes) = (&bars.time()[within.clone()], &bars.volume()[within]);
    let gap = |(a, b): (bars::Minute, bars::Minute)| usize::try_from(b.index() - a.index() - 1).unwrap_or(0);
    let inner = times.windows(2).map(|two| gap((two[0], two[1]))).max().unwrap_or(0);
    let late = times.first().map_or(minutes, |first| gap((span.start.plus(-1), *first)));
    let behind = times
        .last()
        .map_or(minutes as i64, |last| (asof.epoch_seconds() - AsOf::close_of(*last).epoch_seconds()) / 60);
    let idle = volumes.iter().filter(|volume| **volume == 0.0).count() as f64 / volumes.len().max(1) as f64;
    let missing = 1.0 - times.len() as f64 / minutes as f64;
    let mut notes = Vec::new();
    let mut note = |is_so: bool, what: String| {
        if is_so {
            notes.push(what);
        }
    };
    note(late >= LONG, format!("begins {} after the lookback", crate::ui::minutes(late as f64)));
    note(inner >= LONG, format!("a gap of {}", crate::ui::minutes(inner as f64)));
    note(behind >= LONG as i64, format!("ends {} before the as-of", crate::ui::minutes(behind as f64)));
    note(missing > 0.5, "traded in less than half of the minutes".to_owned());
    note(idle > 0.5, "no volume in most of its bars".to_owned());
    Quality { symbol: symbol.to_owned(), bars: times.len(), missing, longest_gap: inner, behind, idle, notes }
}
