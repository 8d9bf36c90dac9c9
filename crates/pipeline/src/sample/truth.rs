//! `truth.json`: the cycles and events planted in a sample market.

use bars::Minute;
use serde::Serialize;

use super::MarketSettings;

/// A planted cycle.
#[derive(Debug, Clone, Serialize)]
pub struct PlantedCycle {
    /// The symbol.
    pub symbol: String,
    /// `price` or `volume`.
    pub series: &'static str,
    /// Period in minutes.
    pub period_minutes: f64,
    /// Depth from trough to peak, in percent of the trough.
    pub depth_pct: f64,
    /// Its power relative to that of everything else in the octave around its frequency.
    pub power_over_octave_background: f64,
    /// Number of repetitions in the span of the market.
    pub repetitions: f64,
}

/// An event that affects one symbol, or all if none is named; `to` is the first minute after it.
#[derive(Debug, Clone, Serialize)]
pub struct MarketEvent {
    /// The kind of event, such as a late listing, a halt or a gap.
    pub what: &'static str,
    /// The affected symbol.
    pub symbol: Option<String>,
    /// First minute.
    pub from: String,
    /// First minute after the event.
    pub to: String,
}

/// The truth about a symbol.
#[derive(Debug, Clone)]
pub struct SymbolTruth {
    /// The cycles in its price and volume.
    pub cycles: Vec<PlantedCycle>,
    /// Late listing, halts and gaps, if any.
    pub events: Vec<MarketEvent>,
}

/// The truth about a market.
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
