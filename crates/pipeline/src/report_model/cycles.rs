//! The cycles of `imf-stage`, and their summary by `imf-postprocess`.

use std::collections::BTreeMap;
use std::path::Path;

use bars::{AsOf, Symbol};
use rayon::prelude::*;
use report::model::{CyclePoint, DominantCycle, LeaderChart, LeaderNote, ModeChart};
use report::{MinMaxSeries, Period, Report};

use super::{Depth, OutputFiles, moment};
use crate::artifacts::frame::Frame;
use crate::artifacts::modes::Modes;
use crate::artifacts::run_config::ReportedRun;
use crate::artifacts::{names, read_json, unexpected};
use crate::cycles::modes_name;
use crate::error::Result;
use stages::cycles::SignalKind;

/// Number of columns of price and mode charts.
const PRICE: usize = 480;
const WAVE: usize = 240;
/// Maximum number of modes shown per symbol.
const MODES: usize = 6;

/// A row of the summary.
struct Row {
    cycle: CyclePoint,
    mode: usize,
}

/// Reads the newest partition with a window that ends by `asof` into `report`.
pub fn read(
    outputs: &OutputFiles<'_>,
    asof: Option<AsOf>,
    depth: Depth,
    report: &mut Report,
) -> Result<()> {
    for partition in outputs.partitions("imf", asof)? {
        let files = (
            outputs.file(partition.join(names::CYCLES_SUMMARY)),
            outputs.file(partition.join(names::CYCLES_CONFIG)),
        );
        let (Some(summary), Some(config_path)) = files else {
            continue;
        };
        let config: ReportedRun = read_json(&config_path)?;
        let time = |text: &str| {
            moment(text).ok_or_else(|| unexpected(&config_path, format!("invalid time \"{text}\"")))
        };
        let span = (time(&config.window_start)?, time(&config.window_end)?);
        if asof.is_some_and(|asof| span.1 > asof) {
            continue;
        }
        let rows = rows(&Frame::read(&summary)?)?;
        let poor = |symbol: &str| config.is_poor(symbol);
        let notes = sentences(outputs, &partition, &poor, report)?;
        if depth == Depth::Whole {
            let leader = |symbol: &String| {
                let name =
                    symbol.parse::<Symbol>().map(|symbol| modes_name(&symbol, SignalKind::Price));
                let modes = outputs
                    .file(partition.join(names::CYCLES_MODES).join(name.unwrap_or_default()));
                leader(modes.as_deref(), symbol, &rows, notes.get(symbol), span, config.detrend)
            };
            report.leaders = config.leaders.par_iter().map(leader).collect::<Result<_>>()?;
        }
        report.cycle_window = Some(span);
        report.cycles = rows.into_iter().map(|row| row.cycle).collect();
        break;
    }
    Ok(())
}

/// Returns the cycles without stubs.
fn rows(frame: &Frame) -> Result<Vec<Row>> {
    let (symbols, series) = (frame.text("symbol")?, frame.text("series")?);
    let (status, clusters) = (frame.text("status")?, frame.text("cluster_id_global")?);
    let (modes, periods) = (frame.numbers("imf_id")?, frame.numbers("period_days")?);
    let (depths, shares) = (frame.numbers("amp_pct")?, frame.numbers("energy_share")?);
    let is_cycle =
        |row: &usize| modes[*row] >= 0.0 && periods[*row] > 0.0 && !status[*row].is_empty();
    let row = |row: usize| Row {
        cycle: CyclePoint {
            symbol: symbols[row].clone(),
            is_volume: series[row] == "volume",
            period_days: periods[row],
            amp_pct: depths[row],
            energy_share: shares[row],
            cluster: clusters[row].clone(),
        },
        mode: modes[row] as usize,
    };
    Ok((0..symbols.len()).filter(is_cycle).map(row).collect())
}

/// The summary of a symbol, and the dominant period of its price.
#[derive(Default)]
struct SymbolNotes {
    sentences: Vec<LeaderNote>,
    dominant: Option<f64>,
}

fn sentences(
    outputs: &OutputFiles<'_>,
    partition: &Path,
    poor: &dyn Fn(&str) -> bool,
    report: &mut Report,
) -> Result<BTreeMap<String, SymbolNotes>> {
    let mut notes: BTreeMap<String, SymbolNotes> = BTreeMap::new();
    let Some(path) = outputs.file(partition.join(format!("{}.parquet", names::POST_SUMMARY)))
    else {
        return Ok(notes);
    };
    let frame = Frame::read(&path)?;
    let (symbols, series, texts) =
        (frame.text("symbol")?, frame.text("series")?, frame.text("text_summary")?);
    let (periods, depths) = (frame.numbers("dom_period_days")?, frame.numbers("dom_amp_pct")?);
    let (reliabilities, scores) = (frame.numbers("dom_reliability")?, frame.numbers("dom_score")?);
    let undersampled = frame.numbers("dom_undersampled_flag")?;
    let singletons = frame.numbers("dom_singleton_global_flag")?;
    let mut order: Vec<usize> = (0..symbols.len()).filter(|&row| series[row] == "price").collect();
    order.sort_by(|&a, &b| {
        scores[b].total_cmp(&scores[a]).then_with(|| symbols[a].cmp(&symbols[b]))
    });
    report.dominant_cycles = order
        .into_iter()
        .filter(|&row| periods[row] > 0.0)
        .map(|row| DominantCycle {
            symbol: symbols[row].clone(),
            period_days: periods[row],
            amp_pct: depths[row],
            // A singleton has no cluster to derive a reliability from: the table has a constant.
            reliability: if singletons[row] > 0.0 { f64::NAN } else { reliabilities[row] },
            is_undersampled: undersampled[row] > 0.0,
            is_gap_affected: poor(&symbols[row]),
        })
        .collect();
    for row in 0..symbols.len() {
        let of = notes.entry(symbols[row].clone()).or_default();
        let text = if periods[row] > 0.0 {
            let reliability = (singletons[row] <= 0.0).then_some(reliabilities[row]);
            sentence(periods[row], depths[row], reliability, undersampled[row] > 0.0)
        } else {
            texts[row].clone()
        };
        of.sentences.push(LeaderNote { label: series[row].clone(), text });
        if series[row] == "price" && poor(&symbols[row]) {
            let doubt = "Many bars are missing: fast cycles may be artifacts of the gaps.";
            of.sentences.insert(0, LeaderNote { label: "note".to_owned(), text: doubt.to_owned() });
        }
        if series[row] == "price" {
            of.dominant = Some(periods[row]);
        }
    }
    Ok(notes)
}

/// Describes the dominant cycle of a series. `reliability` is `None` for a singleton.
fn sentence(
    period_days: f64,
    depth_pct: f64,
    reliability: Option<f64>,
    is_undersampled: bool,
) -> String {
    let reliability = reliability.map_or("n/a".to_owned(), |number| format!("{number:.2}"));
    let caveat = if is_undersampled { "; fewer than 1.5 cycles in the window" } else { "" };
    format!(
        "dominant cycle {}, {depth_pct:.1} % deep, reliability {reliability}{caveat}",
        Period(period_days)
    )
}

fn leader(
    modes: Option<&Path>,
    symbol: &str,
    rows: &[Row],
    notes: Option<&SymbolNotes>,
    span: (AsOf, AsOf),
    is_detrended: bool,
) -> Result<LeaderChart> {
    let mut leader = LeaderChart {
        symbol: symbol.to_owned(),
        notes: notes.map(|notes| notes.sentences.clone()).unwrap_or_default(),
        window: span,
        price: MinMaxSeries::default(),
        slow_price: MinMaxSeries::default(),
        modes: Vec::new(),
    };
    let Some(modes) = modes.map(Modes::read).transpose()? else {
        return Ok(leader);
    };
    if is_detrended {
        let text = "Price without its linear trend.".to_owned();
        leader.notes.push(LeaderNote { label: "note".to_owned(), text });
    }
    let own: Vec<&Row> =
        rows.iter().filter(|row| row.cycle.symbol == symbol && !row.cycle.is_volume).collect();
    let dominant = notes.and_then(|notes| notes.dominant);
    let dominant =
        own.iter().find(|row| Some(row.cycle.period_days) == dominant).map(|row| row.mode);
    let price = |log: Vec<f64>| {
        MinMaxSeries::from_values(&log.iter().map(|log| log.exp()).collect::<Vec<f64>>(), PRICE)
    };
    leader.price = price(modes.sum_from(0));
    leader.slow_price = dominant.map(|mode| price(modes.sum_from(mode))).unwrap_or_default();
    let mut shown: Vec<&Row> = own.into_iter().filter(|row| row.mode < modes.len()).collect();
    shown.sort_by(|a, b| {
        b.cycle.energy_share.total_cmp(&a.cycle.energy_share).then_with(|| a.mode.cmp(&b.mode))
    });
    shown.truncate(MODES);
    shown.sort_by(|a, b| a.cycle.period_days.total_cmp(&b.cycle.period_days));
    leader.modes = shown
        .iter()
        .map(|row| ModeChart {
            period_days: row.cycle.period_days,
            amp_pct: row.cycle.amp_pct,
            energy_share: row.cycle.energy_share,
            is_dominant: Some(row.mode) == dominant,
            // Modes of a logarithm are approximately fractions of the price.
            waveform: MinMaxSeries::from_values(
                &modes.mode(row.mode).iter().map(|x| 100.0 * x.exp_m1()).collect::<Vec<_>>(),
                WAVE,
            ),
        })
        .collect();
    Ok(leader)
}
