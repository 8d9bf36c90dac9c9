//! A symbol from its bars to its rows.

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
    /// Minutes that had a bar.
    pub bars_before: usize,
    /// Minutes of the lookback.
    pub bars_after: usize,
    /// The share of minutes without one.
    pub missing_share: f64,
    /// The most minutes in a row without one.
    pub longest_gap: usize,
}

impl Coverage {
    /// Whether what is missing may make modes of its own: over a stretch without a turning point
    /// the envelopes of a fast mode swing out, and the noise, which is measured by that mode, grows
    /// with them.
    pub fn is_poor(&self) -> bool {
        self.bars_before > 0 && (self.missing_share > POOR_SHARE || self.longest_gap > POOR_GAP)
    }
}

/// Minutes are poor where more than this share is missing,
const POOR_SHARE: f64 = 0.05;

/// or more than a day in a row.
const POOR_GAP: usize = bars::time::DAY as usize;

/// What a row stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// A cycle.
    Ok,
    /// A cycle, of fewer trials than were asked for, as time ran out.
    TimeBudgetReduced,
    /// A series without a cycle.
    NoKeptImfs,
    /// A symbol without a bar in the lookback.
    NoData,
    /// A series whose values are all equal.
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

    /// The status of that name.
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

/// A row of the summary: a cycle, or a stub for a series without one.
#[derive(Debug, Clone, PartialEq)]
pub struct CycleRow {
    /// Whose.
    pub symbol: Symbol,
    /// Of which series.
    pub series: SignalKind,
    /// What it stands for.
    pub status: Status,
    /// The cycle's place among the modes, and what describes it; a stub has none.
    pub cycle: Option<(usize, Features)>,
    /// The cycle of volume that goes with one of price.
    pub fusion: Option<Fusion>,
}

impl CycleRow {
    /// The stub of a series.
    pub fn stub(symbol: &Symbol, series: SignalKind, status: Status) -> CycleRow {
        CycleRow { symbol: symbol.clone(), series, status, cycle: None, fusion: None }
    }
}

/// A symbol's series, ready to be taken apart.
#[derive(Debug, Clone, PartialEq)]
pub struct Prepared {
    /// Whose.
    pub symbol: Symbol,
    /// How much of the lookback has bars.
    pub coverage: Coverage,
    /// The series; `None` where no bar lies in the lookback.
    pub inputs: Option<[Inputs; 2]>,
}

/// One series, ready to be taken apart.
#[derive(Debug, Clone, PartialEq)]
pub struct Inputs {
    /// Price or volume, minute by minute.
    pub original: Vec<f64>,
    /// What is taken apart; `None` where all of its values are equal.
    pub signal: Option<Vec<f64>>,
}

impl ValidParams {
    /// Lays a symbol's bars on the minutes of `lookback`.
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

    /// The rows of a symbol, of price, then of volume: cycles in the order of the modes, or a stub.
    /// `found` are the two decompositions, absent where the series was not taken apart, and whether
    /// time ran out on it.
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
