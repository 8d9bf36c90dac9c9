//! `truth.json`: what was planted in a sample market.

use bars::Minute;
use serde::Serialize;

use super::MarketSettings;

/// A planted cycle.
#[derive(Debug, Clone, Serialize)]
pub struct PlantedCycle {
    /// In which symbol.
    pub symbol: String,
    /// In `price` or `volume`.
    pub series: &'static str,
    /// Period in minutes.
    pub period_minutes: f64,
    /// From trough to peak, in percent of the trough.
    pub depth_pct: f64,
    /// Its power over that of everything else in the octave around its frequency.
    pub power_over_octave_background: f64,
    /// How often it comes round in the whole market's span.
    pub repetitions: f64,
}

/// Something that befell a symbol, or all of them where none is named; `to` is the first minute
/// past it.
#[derive(Debug, Clone, Serialize)]
pub struct MarketEvent {
    /// What happened: a late listing, a halt, a gap.
    pub what: &'static str,
    /// Whom.
    pub symbol: Option<String>,
    /// From which minute.
    pub from: String,
    /// To which minute.
    pub to: String,
}

/// What is true of a symbol.
#[derive(Debug, Clone)]
pub struct SymbolTruth {
    /// The cycles in its price and volume.
    pub cycles: Vec<PlantedCycle>,
    /// Late listing, halts and gaps, if any.
    pub events: Vec<MarketEvent>,
}

/// What is true of a market.
#[derive(Debug, Clone, Serialize)]
pub struct Truth {
    seed: u64,
    symbols: usize,
    days: u32,
    from: String,
    to: String,
    events: Vec<MarketEvent>,
    cycles: Vec<PlantedCycle>,
}

impl Truth {
    pub(super) fn new(
        settings: &MarketSettings,
        start: Minute,
        outage: MarketEvent,
        symbols: Vec<SymbolTruth>,
    ) -> Truth {
        let mut truth = Truth {
            seed: settings.seed,
            symbols: settings.symbols,
            days: settings.days,
            from: start.to_string(),
            to: settings.end.to_string(),
            events: vec![outage],
            cycles: Vec::new(),
        };
        for symbol in symbols {
            truth.events.extend(symbol.events);
            truth.cycles.extend(symbol.cycles);
        }
        truth
    }
}
