//! Turns a symbol's bars into series to decompose, and their modes into rows.

use bars::Symbol;
use bars::series::Closes;
use emd::Decomposition;

use super::fusion::{Fusion, fuse};
use super::imf::{Features, Imf, inspect};
use super::{Lookback, SignalKind, ValidParams, transform};
use crate::grid::MinuteGrid;

/// How much of the lookback has bars.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Coverage {
    /// Number of minutes with a bar.
    pub bars_before: usize,
    /// Number of minutes in the lookback.
    pub bars_after: usize,
    /// Share of minutes without a bar, 0 to 1.
    pub missing_share: f64,
    /// Length of the longest run of minutes without a bar.
    pub longest_gap: usize,
}

impl Coverage {
    /// Returns whether missing bars may cause spurious modes. Over a stretch without turning points
    /// the envelopes of a fast mode overshoot, and the noise, which is scaled by that mode, grows
    /// with them.
    pub fn is_poor(&self) -> bool {
        self.bars_before > 0 && (self.missing_share > POOR_SHARE || self.longest_gap > POOR_GAP)
    }
}

/// More missing minutes than this share are poor coverage.
const POOR_SHARE: f64 = 0.05;

/// A longer run of missing minutes than this is poor coverage.
const POOR_GAP: usize = bars::time::DAY as usize;

/// Status of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// A cycle.
    Ok,
    /// A cycle from fewer trials than requested, because of the time limit.
    TimeBudgetReduced,
    /// A series without cycles.
    NoKeptImfs,
    /// A symbol without bars in the lookback.
    NoData,
    /// A constant series.
    Flat,
}

impl Status {
    /// Its name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Status::Ok => "ok",
            Status::TimeBudgetReduced => "time_budget_reduced",
            Status::NoKeptImfs => "no_kept_imfs",
            Status::NoData => "no_data",
            Status::Flat => "flat",
        }
    }

    /// Returns the status with this name.
    pub fn named(name: &str) -> Option<Status> {
        let all = [
            Status::Ok,
            Status::TimeBudgetReduced,
            Status::NoKeptImfs,
            Status::NoData,
            Status::Flat,
        ];
        all.into_iter().find(|status| status.name() == name)
    }
}

/// A row of the summary: a cycle, or a stub for a series without cycles.
#[derive(Debug, Clone, PartialEq)]
pub struct CycleRow {
    /// The symbol.
    pub symbol: Symbol,
    /// The series.
    pub series: SignalKind,
    /// The status.
    pub status: Status,
    /// Index among the modes, and features; `None` in a stub.
    pub cycle: Option<(usize, Features)>,
    /// The matched cycle of volume; only for cycles of price.
    pub fusion: Option<Fusion>,
}

impl CycleRow {
    /// Creates the stub of a series.
    pub fn stub(symbol: &Symbol, series: SignalKind, status: Status) -> CycleRow {
        CycleRow { symbol: symbol.clone(), series, status, cycle: None, fusion: None }
    }
}

/// A symbol's series, ready to be decomposed.
#[derive(Debug, Clone, PartialEq)]
pub struct Prepared {
    /// The symbol.
    pub symbol: Symbol,
    /// How much of the lookback has bars.
    pub coverage: Coverage,
    /// Price and volume; `None` if no bar is in the lookback.
    pub inputs: Option<[Inputs; 2]>,
}

/// One series, ready to be decomposed.
#[derive(Debug, Clone, PartialEq)]
pub struct Inputs {
    /// Price or volume, minute by minute.
    pub original: Vec<f64>,
    /// The signal to decompose; `None` if it is constant.
    pub signal: Option<Vec<f64>>,
}

impl ValidParams {
    /// Fills the minutes of `lookback` from a symbol's bars.
    pub fn prepare(&self, symbol: &Symbol, closes: &Closes, lookback: &Lookback) -> Prepared {
        let minutes = lookback.minutes();
        let grid = MinuteGrid::over(closes, lookback.span);
        let bars = grid.as_ref().map_or(0, |grid| grid.bars);
        let coverage = Coverage {
            bars_before: bars,
            bars_after: minutes,
            missing_share: 1.0 - bars as f64 / minutes.max(1) as f64,
            longest_gap: grid.as_ref().map_or(minutes, |grid| grid.longest_gap),
        };
        let inputs = grid.map(|grid| {
            let price = transform::price(&grid.close, self.0.detrend);
            let volume = transform::volume(&grid.volume, self.0.winsorize);
            [(grid.close, price), (grid.volume, volume)].map(|(original, signal)| Inputs {
                original,
                signal: (!transform::is_flat(&signal)).then_some(signal),
            })
        });
        Prepared { symbol: symbol.clone(), coverage, inputs }
    }

    /// Returns the rows of a symbol, of price, then of volume: cycles in mode order, or a stub.
    /// `found` has the two decompositions (`None` if the series was not decomposed), and whether
    /// the time limit reduced them.
    pub fn study(
        &self,
        prepared: &Prepared,
        found: &[Option<(Decomposition, bool)>; 2],
    ) -> [Vec<CycleRow>; 2] {
        let least = self.0.min_cycle_depth_pct;
        let inspected = |place: usize| -> Option<Vec<Imf>> {
            let (decomposition, _) = found[place].as_ref()?;
            Some(inspect(decomposition, &prepared.inputs.as_ref()?[place].original, least))
        };
        let imfs = [inspected(0), inspected(1)];
        let volumes = imfs[1].as_deref().unwrap_or_default();
        SignalKind::BOTH.map(|series| {
            let place = series as usize;
            let symbol = &prepared.symbol;
            let Some(own) = &imfs[place] else {
                let status = if prepared.inputs.is_none() { Status::NoData } else { Status::Flat };
                return vec![CycleRow::stub(symbol, series, status)];
            };
            let reduced = found[place].as_ref().is_some_and(|(_, reduced)| *reduced);
            let status = if reduced { Status::TimeBudgetReduced } else { Status::Ok };
            let row = |imf: &Imf| {
                let fusion = if series == SignalKind::Price { fuse(imf, volumes) } else { None };
                let cycle = Some((imf.id, *imf.features()?));
                Some(CycleRow { symbol: symbol.clone(), series, status, cycle, fusion })
            };
            let rows: Vec<CycleRow> = own.iter().filter_map(row).collect();
            if rows.is_empty() {
                vec![CycleRow::stub(symbol, series, Status::NoKeptImfs)]
            } else {
                rows
            }
        })
    }
}
