//! What is shown: the outputs of the stages, read and put together by whoever calls. A number that is missing is NaN.

use bars::AsOf;

use crate::thin::Thinned;

/// What a market's stages found. Parts that were not there are empty, and named in [`Report::absent`].
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// As of when the boards are.
    pub asof: Option<AsOf>,
    /// How many symbols were ranked, of how many, over how many days.
    pub market: Option<Market>,
    /// The boards, in the order in which they are shown.
    pub boards: Vec<Board>,
    /// Places by symbol and bucket.
    pub places: Places,
    /// As of when the state is.
    pub state_asof: Option<AsOf>,
    /// Where symbols stand within the day, a part per window.
    pub state: Vec<Standing>,
    /// What stands furthest out of its own past, most unusual first.
    pub unusual: Vec<Unusual>,
    /// As of when the regime is.
    pub regime_asof: Option<AsOf>,
    /// The slow context.
    pub regime: Vec<Regime>,
    /// From when to when cycles were looked for.
    pub cycles_of: Option<(AsOf, AsOf)>,
    /// The symbols whose price was taken apart.
    pub leaders: Vec<Leader>,
    /// The cycle that dominates each symbol's price, best first.
    pub dominant: Vec<Dominant>,
    /// Every cycle.
    pub cycles: Vec<Cycle>,
    /// Kinds of rises, symbol by symbol.
    pub rises: Vec<Rise>,
    /// How sound the bars of each symbol are.
    pub quality: Vec<Quality>,
    /// What is missing, and what would make it.
    pub absent: Vec<Absent>,
}

/// The market that was ranked.
#[derive(Clone, Debug)]
pub struct Market {
    /// Symbols in the source.
    pub seen: usize,
    /// Those that took part.
    pub ranked: usize,
    /// Those without a bar in the last day.
    pub stale: usize,
    /// Days looked back.
    pub days: usize,
    /// The window of the changes that the boards show.
    pub changes_of: String,
}

/// A board: gainers, losers or overlaps.
#[derive(Clone, Debug)]
pub struct Board {
    /// What a person calls it.
    pub title: String,
    /// What puts a symbol on it, in a sentence.
    pub about: String,
    /// Its symbols, first first.
    pub coins: Vec<Coin>,
}

/// A symbol of a board.
#[derive(Clone, Debug)]
pub struct Coin {
    /// The symbol.
    pub symbol: String,
    /// Its price over the lookback.
    pub price: Thinned,
    /// Percent change of the price in the newest used bucket.
    pub price_change: f64,
    /// Percent change of the volume against the bucket before.
    pub volume_change: f64,
    /// Places among the biggest gains.
    pub gains: usize,
    /// Places among the biggest losses.
    pub losses: usize,
    /// What kind of mover it is.
    pub tags: Vec<String>,
}

/// Numbers of places by symbol and bucket.
#[derive(Clone, Debug, Default)]
pub struct Places {
    /// The buckets: window and kind.
    pub buckets: Vec<(String, &'static str)>,
    /// A symbol and its places, a number per bucket; those with most first.
    pub rows: Vec<(String, Vec<usize>)>,
    /// Symbols that are left out, having fewer places than the last of these.
    pub more: usize,
}

/// Percentiles by symbol and metric over one window.
#[derive(Clone, Debug)]
pub struct Standing {
    /// The window.
    pub window: String,
    /// The metrics.
    pub metrics: Vec<Metric>,
    /// A symbol and its percentiles, 0 to 100, a number per metric.
    pub rows: Vec<(String, Vec<f64>)>,
}

/// A metric.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metric {
    /// Its name.
    pub name: String,
    /// What it is, in a sentence.
    pub about: String,
}

/// A metric that stands far out of a symbol's own past.
#[derive(Clone, Debug)]
pub struct Unusual {
    /// The symbol.
    pub symbol: String,
    /// The column.
    pub metric: String,
    /// Its percentile, 0 to 100.
    pub percentile: f64,
    /// Its distance from the median in interquartile ranges, with a sign.
    pub deviations: f64,
}

/// A symbol's slow context over one window.
#[derive(Clone, Debug)]
pub struct Regime {
    /// The symbol.
    pub symbol: String,
    /// The window.
    pub window: String,
    /// Its length in days, to sort by.
    pub days: f64,
    /// Figures, in the order of [`REGIME`].
    pub figures: [Figure; REGIME.len()],
}

/// A value and where it stands in its own past.
#[derive(Clone, Copy, Debug)]
pub struct Figure {
    /// The value.
    pub value: f64,
    /// Its percentile, 0 to 100.
    pub percentile: f64,
}

/// A column of the table of regimes.
#[derive(Clone, Copy, Debug)]
pub struct RegimeColumn {
    /// The metric in the snapshot, without window.
    pub metric: &'static str,
    /// Its title.
    pub title: &'static str,
    /// What it is multiplied by.
    pub scale: f64,
    /// Digits after the point.
    pub digits: usize,
}

/// The figures that are shown of a regime.
pub const REGIME: [RegimeColumn; 6] = [
    RegimeColumn { metric: "roc", title: "change %", scale: 1.0, digits: 1 },
    RegimeColumn { metric: "rv_close", title: "volatility %", scale: 100.0, digits: 2 },
    RegimeColumn { metric: "adx", title: "ADX", scale: 1.0, digits: 0 },
    RegimeColumn { metric: "above_ma50_share", title: "above MA50 %", scale: 100.0, digits: 0 },
    RegimeColumn { metric: "breakout_hi_share", title: "breakouts up %", scale: 100.0, digits: 0 },
    RegimeColumn { metric: "breakout_lo_share", title: "breakouts down %", scale: 100.0, digits: 0 },
];

/// A symbol whose price was taken apart.
#[derive(Clone, Debug)]
pub struct Leader {
    /// The symbol.
    pub symbol: String,
    /// What is to be said of its cycles: series and sentence.
    pub sentences: Vec<(String, String)>,
    /// The first minute of the window and the end of its last.
    pub span: (AsOf, AsOf),
    /// The price.
    pub price: Thinned,
    /// The price without what is faster than its dominant cycle; empty where none dominates.
    pub swing: Thinned,
    /// The cycles of its price that hold most energy, fastest first.
    pub modes: Vec<Mode>,
}

/// A mode of a leader.
#[derive(Clone, Debug)]
pub struct Mode {
    /// Period in days.
    pub period_days: f64,
    /// Depth in percent.
    pub amp_pct: f64,
    /// Share of the energy, 0 to 1.
    pub energy_share: f64,
    /// Whether it dominates.
    pub is_dominant: bool,
    /// The mode itself, in percent of the price.
    pub wave: Thinned,
}

/// The cycle that dominates a symbol's price.
#[derive(Clone, Debug)]
pub struct Dominant {
    /// The symbol.
    pub symbol: String,
    /// Period in days.
    pub period_days: f64,
    /// Depth in percent.
    pub amp_pct: f64,
    /// How far it is to be trusted, 0 to 1.
    pub reliability: f64,
    /// Whether the window holds too few of it.
    pub is_undersampled: bool,
    /// Whether bars are missing for so long that it may be made of the gap.
    pub is_of_gaps: bool,
}

impl Dominant {
    /// Why it is not to be trusted, if it is not.
    pub fn doubt(&self) -> Option<&'static str> {
        match self {
            Dominant { is_of_gaps: true, .. } => Some("many bars missing"),
            Dominant { is_undersampled: true, .. } => Some("too long for the window"),
            _ => None,
        }
    }
}

/// A cycle of price or volume.
#[derive(Clone, Debug)]
pub struct Cycle {
    /// The symbol.
    pub symbol: String,
    /// Whether it is of volume, rather than of price.
    pub of_volume: bool,
    /// Period in days.
    pub period_days: f64,
    /// Depth in percent.
    pub amp_pct: f64,
    /// Share of the energy, 0 to 1.
    pub energy_share: f64,
    /// Its cluster over all symbols.
    pub cluster: String,
}

/// A kind of rises.
#[derive(Clone, Debug)]
pub struct Rise {
    /// The symbol.
    pub symbol: String,
    /// The window.
    pub window: String,
    /// Its length, to sort by.
    pub window_minutes: f64,
    /// How many rises are of this kind.
    pub count: usize,
    /// Median height in percent.
    pub amplitude_pct: f64,
    /// Median length in minutes.
    pub minutes: f64,
    /// Median total volume.
    pub volume: f64,
}

/// How sound a symbol's bars are.
#[derive(Clone, Debug)]
pub struct Quality {
    /// The symbol.
    pub symbol: String,
    /// Bars over the lookback.
    pub bars: usize,
    /// Share of the lookback's minutes from its first bar on without one, 0 to 1.
    pub missing: f64,
    /// The longest run of minutes without one.
    pub longest_gap: usize,
    /// Minutes from its last bar's close to the as-of.
    pub behind: i64,
    /// Share of minutes without any volume, 0 to 1.
    pub idle: f64,
    /// What is to be minded.
    pub notes: Vec<String>,
}

/// A part that is missing.
#[derive(Clone, Debug)]
pub struct Absent {
    /// What.
    pub what: &'static str,
    /// The command that makes it.
    pub command: &'static str,
}
