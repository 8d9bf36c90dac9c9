//! The boards, their ranks, and the bars behind them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use bars::{AsOf, Minute, ReadOptions, Series, Span, Window};
use bars_io::Source;
use bars_io::file::FileSource;
use report::model::{
    BarQuality, BoardRow, BoardTable, MarketSummary, RankBucket, RankCountRow, RankCounts,
};
use report::{MinMaxSeries, Report};

use super::{OutputFiles, moment};
use crate::artifacts::frame::Frame;
use crate::artifacts::leaderboards_summary::{LeaderboardsSummary, SummaryCoin};
use crate::artifacts::table_file::Format;
use crate::artifacts::{Cohort, names, read_json, unexpected};
use crate::error::Result;
use crate::text;

/// Number of points in a sparkline.
const SPARK: usize = 60;
/// Maximum number of symbols in the table of ranks.
const MAX_SYMBOLS_SHOWN: usize = 60;
/// Gaps, late starts and early ends shorter than this many minutes are not reported.
const HOUR: usize = 60;
const DAY: usize = bars::time::DAY as usize;

/// Kinds of ranks: the column, and its label.
const KINDS: [(&str, &str); 4] = [
    ("rank_gain", "gain"),
    ("rank_loss", "loss"),
    ("rank_spike", "volume spike"),
    ("rank_drop", "volume drop"),
];

/// Reads the boards into `report`, unless their as-of is after `asof`.
pub fn read(outputs: &OutputFiles<'_>, asof: Option<AsOf>, report: &mut Report) -> Result<()> {
    let Some(path) = outputs.named(names::LEADERBOARDS_SUMMARY) else {
        return Ok(());
    };
    let summary: LeaderboardsSummary = read_json(&path)?;
    let made = moment(&summary.run.asof).ok_or_else(|| unexpected(&path, "no as-of"))?;
    if asof.is_some_and(|asof| made > asof) {
        return Ok(());
    }
    report.asof = Some(made);
    report.market = Some(MarketSummary {
        symbols_seen: summary.run.symbols_seen,
        symbols_ranked: summary.run.symbols_ranked,
        symbols_stale: summary.run.symbols_stale,
        lookback_days: summary.run.lookback_days as usize,
        change_window: changes_of(&summary.run.windows),
    });
    let tallies = places(outputs, report)?;
    let span = Span::days_before(made, summary.run.lookback_days);
    let boards = [
        (
            Cohort::Overlaps,
            "Overlaps",
            "Ranked often among both the largest gains and the largest losses.",
            &summary.overlaps,
        ),
        (
            Cohort::Gainers,
            "Gainers",
            "Ranked most often among the largest gains.",
            &summary.gainers,
        ),
        (Cohort::Losers, "Losers", "Ranked most often among the largest losses.", &summary.losers),
    ];
    let mut judged = BTreeSet::new();
    for (cohort, title, about, board) in boards {
        let bars = cohort_bars(outputs, &cohort.bars_file_as(Format::Parquet))?;
        for coin in &board.coins {
            if let Some(series) = bars.get(&coin.symbol)
                && judged.insert(coin.symbol.clone())
            {
                report.bar_quality.push(quality(&coin.symbol, series, span, made));
            }
        }
        let coin = |coin: &SummaryCoin| of_coin(coin, bars.get(&coin.symbol), span, &tallies);
        let rows = board.coins.iter().map(coin).collect();
        report.boards.push(BoardTable {
            title: title.to_owned(),
            description: about.to_owned(),
            rows,
        });
    }
    Ok(())
}

/// Returns the window of the changes in the summary.
fn changes_of(windows: &[String]) -> String {
    let windows: Vec<Window> = windows.iter().filter_map(|window| window.parse().ok()).collect();
    stages::leaderboards::changes_of(&windows).map_or_else(String::new, |window| window.to_string())
}

fn of_coin(
    coin: &SummaryCoin,
    bars: Option<&Series>,
    span: Span,
    tallies: &BTreeMap<String, [usize; 4]>,
) -> BoardRow {
    let tally = tallies.get(&coin.symbol).copied().unwrap_or_default();
    BoardRow {
        symbol: coin.symbol.clone(),
        price: bars.map(|bars| line(bars, span)).unwrap_or_default(),
        price_change_pct: coin.price_change.unwrap_or(f64::NAN),
        volume_change_pct: coin.pct_vol_change.unwrap_or(f64::NAN),
        gain_count: tally[0],
        loss_count: tally[1],
        tags: coin.skew.clone(),
    }
}

/// Returns the closes of bars over `span`, in columns of equal width.
fn line(bars: &Series, span: Span) -> MinMaxSeries {
    let minutes = (span.end.index() - span.start.index()).max(1);
    let mut columns = vec![Vec::new(); SPARK];
    for place in bars.range(span) {
        let share = i64::from(bars.time()[place].index() - span.start.index()) * SPARK as i64
            / i64::from(minutes);
        columns[(share.max(0) as usize).min(SPARK - 1)].push(bars.close()[place]);
    }
    MinMaxSeries::from_bins(&columns)
}

/// Reads the bars of a cohort file by symbol; none if the file does not exist.
/// Reads a cohort's bars in either format; nothing if there is no file.
fn cohort_bars(outputs: &OutputFiles<'_>, name: &Path) -> Result<BTreeMap<String, Series>> {
    let Some(path) = outputs.named(name) else {
        return Ok(BTreeMap::new());
    };
    let file = FileSource::open(&path, &ReadOptions::default())?;
    let read = |symbol: bars::Symbol| Ok((symbol.to_string(), file.bars(&symbol, Span::ALL)?));
    file.symbols().into_iter().map(read).collect()
}

/// Reads the ranks into `report`, and returns their number by symbol and kind.
fn places(outputs: &OutputFiles<'_>, report: &mut Report) -> Result<BTreeMap<String, [usize; 4]>> {
    let mut tallies: BTreeMap<String, [usize; 4]> = BTreeMap::new();
    let Some(path) = outputs.named(names::LEADERBOARDS_PLACES) else {
        return Ok(tallies);
    };
    let frame = Frame::read(&path)?;
    let (windows, symbols) = (frame.text("window")?, frame.text("symbol")?);
    let ranks =
        KINDS.iter().map(|(column, _)| frame.numbers(column)).collect::<Result<Vec<_>>>()?;
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
    let buckets: Vec<(usize, usize)> = (0..lengths.len())
        .flat_map(|place| (0..KINDS.len()).map(move |kind| (place, kind)))
        .collect();
    let row = |(symbol, counts): (&str, BTreeMap<(usize, usize), usize>)| {
        let counts =
            buckets.iter().map(|bucket| counts.get(bucket).copied().unwrap_or(0)).collect();
        RankCountRow { symbol: symbol.to_owned(), counts }
    };
    let mut rows: Vec<RankCountRow> = counts.into_iter().map(row).collect();
    let total = |counts: &[usize]| counts.iter().sum::<usize>();
    rows.sort_by(|a, b| {
        total(&b.counts).cmp(&total(&a.counts)).then_with(|| a.symbol.cmp(&b.symbol))
    });
    let omitted_symbols = rows.len().saturating_sub(MAX_SYMBOLS_SHOWN);
    rows.truncate(MAX_SYMBOLS_SHOWN);
    let bucket = |&(place, kind): &(usize, usize)| RankBucket {
        window: lengths[place].clone(),
        ranking: KINDS[kind].1,
    };
    let buckets = buckets.iter().map(bucket).collect();
    report.rank_counts = RankCounts { buckets, rows, omitted_symbols };
    Ok(tallies)
}

/// Assesses the bars of a symbol within `span`, from its first bar on.
fn quality(symbol: &str, bars: &Series, span: Span, asof: AsOf) -> BarQuality {
    let within = bars.range(span);
    let (times, volumes) = (&bars.time()[within.clone()], &bars.volume()[within]);
    let first = times.first().copied().unwrap_or(span.end);
    let minutes =
        |from: Minute, to: Minute| usize::try_from(to.index() - from.index()).unwrap_or(0);
    let gaps = times.windows(2).map(|two| (minutes(two[0], two[1]) - 1, two[0].plus(1)));
    let (longest_gap, gap_at) = gaps.max_by_key(|(length, _)| *length).unwrap_or((0, first));
    let last = times.last().map_or(first, |last| last.plus(1));
    let behind = (asof.epoch_seconds() - AsOf::start_of(last).epoch_seconds()) / 60;
    let missing = 1.0 - times.len() as f64 / minutes(first, span.end).max(1) as f64;
    let idle = volumes.iter().filter(|volume| **volume == 0.0).count() as f64
        / volumes.len().max(1) as f64;
    // In a market with trades in most minutes an hour of silence is an outage; elsewhere it takes a
    // day.
    let elsewhere = minutes(first, last).saturating_sub(longest_gap).max(1);
    let is_dense = times.len() as f64 / elsewhere as f64 > 0.9;
    let mut notes = Vec::new();
    let mut note = |is_so: bool, what: String| {
        if is_so {
            notes.push(what);
        }
    };
    let late = minutes(span.start, first);
    note(late >= DAY, format!("starts {} into the lookback", text::minutes(late as f64)));
    let is_long = longest_gap >= if is_dense { HOUR } else { DAY };
    note(is_long, format!("a gap of {} from {gap_at}", text::minutes(longest_gap as f64)));
    note(behind >= DAY as i64, format!("ends {} before the as-of", text::minutes(behind as f64)));
    note(missing > 0.5 && !is_long, "bars in less than half of the minutes".to_owned());
    note(idle > 0.5, "no volume in most bars".to_owned());
    BarQuality {
        symbol: symbol.to_owned(),
        bar_count: times.len(),
        missing_share: missing,
        longest_gap_minutes: longest_gap,
        minutes_behind: behind,
        zero_volume_share: idle,
        warnings: notes,
    }
}
