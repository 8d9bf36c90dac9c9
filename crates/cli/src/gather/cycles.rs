//! The cycles of `imf-stage`, and what `imf-postprocess` says of them.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context;
use bars::{AsOf, Symbol};
use rayon::prelude::*;
use report::model::{Cycle, Dominant, Leader, Mode};
use report::{Report, Thinned};
use serde::Deserialize;

use super::frame::Frame;
use super::modes::Modes;
use super::{Depth, Outputs, json, moment};

/// Columns of a price and of a mode: a screen's width, or as much of it as they take.
const PRICE: usize = 480;
const WAVE: usize = 240;
/// The most modes that are shown of a symbol.
const MODES: usize = 6;

#[derive(Deserialize)]
struct Config {
    window_start: String,
    window_end: String,
    leaders: Vec<String>,
    detrend: bool,
    bars_per_symbol: BTreeMap<String, Coverage>,
}

/// How many of a symbol's minutes have bars.
#[derive(Deserialize)]
struct Coverage {
    bars_before: usize,
    bars_after: usize,
    missing_share: f64,
    longest_gap: usize,
}

impl Coverage {
    /// As `imf-stage` judges it.
    fn is_poor(&self) -> bool {
        {
            let Coverage { bars_before, bars_after, missing_share, longest_gap } = *self;
            stages::cycles::Coverage { bars_before, bars_after, missing_share, longest_gap }.is_poor()
        }
    }
}

/// A row of the summary.
struct Row {
    cycle: Cycle,
    mode: usize,
}

/// Reads the newest partition whose window ends by `asof` into `report`.
pub fn read(
    outputs: &Outputs<'_>,
    asof: Option<AsOf>,
    depth: Depth,
    report: &mut Report,
) -> anyhow::Result<()> {
    for partition in outputs.partitions("imf", asof)? {
        let files = (
            outputs.file(partition.join("imf_summary.parquet")),
            outputs.file(partition.join("run_config.json")),
        );
        let (Some(summary), Some(config_path)) = files else {
            continue;
        };
        let config: Config = json(&config_path)?;
        let time = |text: &str| {
            moment(text).with_context(|| format!("'{text}' in {} is no time", config_path.display()))
        };
        let span = (time(&config.window_start)?, time(&config.window_end)?);
        if asof.is_some_and(|asof| span.1 > asof) {
            continue;
        }
        let rows = rows(&Frame::read(&summary)?)?;
        let poor = |symbol: &str| config.bars_per_symbol.get(symbol).is_some_and(Coverage::is_poor);
        let said = sentences(outputs, &partition, &poor, report)?;
        if depth == Depth::Whole {
            let leader = |symbol: &String| {
                let name = symbol.parse::<Symbol>().map(|symbol| format!("{}_price.npz", symbol.file_name()));
                let modes = outputs.file(partition.join("imfs").join(name.unwrap_or_default()));
                leader(modes.as_deref(), symbol, &rows, said.get(symbol), span, config.detrend)
            };
            report.leaders = config.leaders.par_iter().map(leader).collect::<anyhow::Result<_>>()?;
        }
        report.cycles_of = Some(span);
        report.cycles = rows.into_iter().map(|row| row.cycle).collect();
        break;
    }
    Ok(())
}

/// The cycles, without stubs.
fn rows(frame: &Frame) -> anyhow::Result<Vec<Row>> {
    let (symbols, series) = (frame.text("symbol")?, frame.text("series")?);
    let (status, clusters) = (frame.text("status")?, frame.text("cluster_id_global")?);
    let (modes, periods) = (frame.numbers("imf_id")?, frame.numbers("period_days")?);
    let (depths, shares) = (frame.numbers("amp_pct")?, frame.numbers("energy_share")?);
    let is_cycle = |row: &usize| modes[*row] >= 0.0 && periods[*row] > 0.0 && !status[*row].is_empty();
    let row = |row: usize| Row {
        cycle: Cycle {
            symbol: symbols[row].clone(),
            of_volume: series[row] == "volume",
            period_days: periods[row],
            amp_pct: depths[row],
            energy_share: shares[row],
            cluster: clusters[row].clone(),
        },
        mode: modes[row] as usize,
    };
    Ok((0..symbols.len()).filter(is_cycle).map(row).collect())
}

/// What is said of a symbol, and the period that dominates its price.
#[derive(Default)]
struct Said {
    sentences: Vec<(String, String)>,
    dominant: Option<f64>,
}

fn sentences(
    outputs: &Outputs<'_>,
    partition: &Path,
    poor: &dyn Fn(&str) -> bool,
    report: &mut Report,
) -> anyhow::Result<BTreeMap<String, Said>> {
    let mut said: BTreeMap<String, Said> = BTreeMap::new();
    let Some(path) = outputs.file(partition.join("imf_post_summary.parquet")) else {
        return Ok(said);
    };
    let frame = Frame::read(&path)?;
    let (symbols, series, texts) =
        (frame.text("symbol")?, frame.text("series")?, frame.text("text_summary")?);
    let (periods, depths) = (frame.numbers("dom_period_days")?, frame.numbers("dom_amp_pct")?);
    let (reliabilities, scores) = (frame.numbers("dom_reliability")?, frame.numbers("dom_score")?);
    let undersampled = frame.numbers("dom_undersampled_flag")?;
    let mut order: Vec<usize> = (0..symbols.len()).filter(|&row| series[row] == "price").collect();
    order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]).then_with(|| symbols[a].cmp(&symbols[b])));
    report.dominant = order
        .into_iter()
        .filter(|&row| periods[row] > 0.0)
        .map(|row| Dominant {
            symbol: symbols[row].clone(),
            period_days: periods[row],
            amp_pct: depths[row],
            reliability: reliabilities[row],
            is_undersampled: undersampled[row] > 0.0,
            is_of_gaps: poor(&symbols[row]),
        })
        .collect();
    for row in 0..symbols.len() {
        let of = said.entry(symbols[row].clone()).or_default();
        of.sentences.push((series[row].clone(), texts[row].clone()));
        if series[row] == "price" && poor(&symbols[row]) {
            let doubt = "Many bars are missing here: cycles of minutes may be made of the gaps.";
            of.sentences.insert(0, ("note".to_owned(), doubt.to_owned()));
        }
        if series[row] == "price" {
            of.dominant = Some(periods[row]);
        }
    }
    Ok(said)
}

fn leader(
    modes: Option<&Path>,
    symbol: &str,
    rows: &[Row],
    said: Option<&Said>,
    span: (AsOf, AsOf),
    is_detrended: bool,
) -> anyhow::Result<Leader> {
    let mut leader = Leader {
        symbol: symbol.to_owned(),
        sentences: said.map(|said| said.sentences.clone()).unwrap_or_default(),
        span,
        price: Thinned::default(),
        swing: Thinned::default(),
        modes: Vec::new(),
    };
    let Some(modes) = modes.map(Modes::read).transpose()? else {
        return Ok(leader);
    };
    if is_detrended {
        leader.sentences.push(("note".to_owned(), "The price is shown without its trend.".to_owned()));
    }
    let own: Vec<&Row> =
        rows.iter().filter(|row| row.cycle.symbol == symbol && !row.cycle.of_volume).collect();
    let dominant = said.and_then(|said| said.dominant);
    let dominant = own.iter().find(|row| Some(row.cycle.period_days) == dominant).map(|row| row.mode);
    let price = |log: Vec<f64>| Thinned::of(&log.iter().map(|log| log.exp()).collect::<Vec<f64>>(), PRICE);
    leader.price = price(modes.sum_from(0));
    leader.swing = dominant.map(|mode| price(modes.sum_from(mode))).unwrap_or_default();
    let mut shown: Vec<&Row> = own.into_iter().filter(|row| row.mode < modes.len()).collect();
    shown.sort_by(|a, b| {
        b.cycle.energy_share.total_cmp(&a.cycle.energy_share).then_with(|| a.mode.cmp(&b.mode))
    });
    shown.truncate(MODES);
    shown.sort_by(|a, b| a.cycle.period_days.total_cmp(&b.cycle.period_days));
    leader.modes = shown
        .iter()
        .map(|row| Mode {
            period_days: row.cycle.period_days,
            amp_pct: row.cycle.amp_pct,
            energy_share: row.cycle.energy_share,
            is_dominant: Some(row.mode) == dominant,
            // A logarithm's modes are near to shares of the price.
            wave: Thinned::of(
                &modes.mode(row.mode).iter().map(|x| 100.0 * x.exp_m1()).collect::<Vec<_>>(),
                WAVE,
            ),
        })
        .collect();
    Ok(leader)
}
