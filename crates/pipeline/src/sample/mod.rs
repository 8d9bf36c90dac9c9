//! A synthetic market with known cycles; the same seed gives the same market on every machine.
//!
//! Each symbol's log price is a common factor times its beta, plus a random walk with calm and
//! volatile periods and jumps that slowly returns to its mean, plus planted sine cycles: a slow one
//! that exceeds the walk, and a fast one that may be too weak to be found. Its volume has a daily
//! season, reacts to price changes, and has a cycle too. Every fifth symbol is a control without
//! planted cycles. Some symbols are thinly traded, one is listed late, one goes stale, one is
//! halted, and an outage hits all.
//!
//! Mathematical functions come from `libm` and prices are rounded to ticks, so that results do not
//! depend on the platform.

mod octave;
mod store;
mod truth;

use bars::time::DAY;
use bars::{Bar, Minute, Series, Symbol};
use bars_io::Target;
use rand::{Rng, RngExt, SeedableRng};
use rand_distr::{Distribution, StandardNormal};
use rand_xoshiro::Xoshiro256PlusPlus;
use rayon::prelude::*;

use crate::error::Result;
use crate::observer::{Observer, Progress, Unit};

pub use truth::{MarketEvent, PlantedCycle, SymbolTruth, Truth};

/// The parameters of a market.
#[derive(Debug, Clone, Copy)]
pub struct MarketSettings {
    /// Number of symbols.
    pub symbols: usize,
    /// Days of bars.
    pub days: u32,
    /// Seed.
    pub seed: u64,
    /// The first open time after the last bar.
    pub end: Minute,
}

impl Default for MarketSettings {
    /// 40 symbols, 100 days to the end of 2025.
    fn default() -> MarketSettings {
        let end = Minute::from_epoch_seconds(1_767_225_600).unwrap_or(Minute::MAX);
        MarketSettings { symbols: 40, days: 100, seed: 1, end }
    }
}

/// Standard deviation of the common factor, per day.
const COMMON_DAILY: f64 = 0.02;

/// Minutes in which a symbol's walk returns to its mean, down to 1 / e. Without it the swings of a
/// walk over weeks would be larger than any plausible cycle.
const REVERSION: f64 = 1440.0;

/// Periods of planted price cycles in minutes, from an hour to 42 hours. Those of hours are not
/// near a day divided by a small number, which could be taken for a season.
const PERIODS: [f64; 9] = [60.0, 95.0, 150.0, 260.0, 390.0, 620.0, 1000.0, 1600.0, 2520.0];

/// A symbol's slow cycle has one of this many longest periods that fit into the market.
const SLOW_PERIODS: usize = 3;

/// Powers of slow cycles relative to the expected power of the walk in their octave: enough to be
/// the dominant cycle of a month.
const SLOW_POWER_RATIOS: [f64; 4] = [16.0, 20.0, 24.0, 28.0];

/// The same for fast cycles; those below 4 are meant to be missed. The power that the walk actually
/// has is measured and recorded in the truth file.
const FAST_POWER_RATIOS: [f64; 6] = [0.5, 1.0, 2.0, 4.0, 6.0, 8.0];

/// Periods of planted volume cycles: at least an octave and a half away from the daily season,
/// which would merge with a closer one.
const VOLUME_PERIODS: [f64; 7] = [60.0, 95.0, 150.0, 260.0, 390.0, 4320.0, 8640.0];

/// Log amplitudes of planted volume cycles: too weak to be found, or obvious.
const VOLUME_AMPLITUDES: [f64; 4] = [0.03, 0.06, 0.5, 0.8];

/// Every symbol of this number is a control without planted cycles.
const CONTROL_EVERY: usize = 5;

const NAMES: [&str; 40] = [
    "AMBER", "BASALT", "CEDAR", "DELTA", "EMBER", "FJORD", "GARNET", "HAZEL", "INDIGO", "JASPER",
    "KELP", "LOTUS", "MAPLE", "NICKEL", "ONYX", "PEARL", "QUARTZ", "RAVEN", "SAGE", "TOPAZ",
    "UMBER", "VIOLET", "WILLOW", "XENON", "YARROW", "ZINC", "ASPEN", "BRONZE", "COBALT", "DUNE",
    "ELM", "FLINT", "GINKGO", "HERON", "IRIS", "JADE", "KOI", "LARCH", "MICA", "NOVA",
];

/// Special behavior of a symbol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Usual,
    /// Most minutes have no trade.
    Thin,
    ListedLate,
    Stale,
    Halted,
}

impl Fate {
    /// Returns whether a cycle stays visible throughout the span despite the special behavior.
    fn leaves(self, cycle: &Planted) -> bool {
        match self {
            Fate::ListedLate => false,
            // Volume is missing in many minutes.
            Fate::Thin => cycle.kind == SeriesKind::Price,
            Fate::Usual | Fate::Stale | Fate::Halted => true,
        }
    }
}

/// A market with symbols that can be generated one by one.
#[derive(Debug)]
pub struct Market {
    settings: MarketSettings,
    start: Minute,
    /// Log return of the common factor in each minute.
    common: Vec<f64>,
    outage: std::ops::Range<usize>,
}

impl Market {
    /// Creates the market's common factor.
    pub fn new(settings: MarketSettings) -> Market {
        let minutes = settings.days as usize * DAY as usize;
        let mut rng = rng(settings.seed, 0);
        let common = walk(&mut rng, minutes, COMMON_DAILY);
        let from = minutes * 3 / 5 + 7;
        let start = settings.end.plus(-(settings.days as i32) * DAY);
        Market { settings, start, common, outage: from..(from + 150).min(minutes) }
    }

    /// Writes the market to `target`, symbols in parallel. Returns what was planted.
    ///
    /// # Errors
    /// If the target cannot be written or the observer cancels.
    pub fn write(&self, target: &dyn Target, observer: &dyn Observer) -> Result<Truth> {
        let progress = Progress::new(observer, "sample", Unit::Symbols, self.len() as u64);
        let each = |i| {
            let (symbol, series, truth) = self.symbol(i);
            target.upsert(&symbol, &series)?;
            progress.advance(1)?;
            Ok(truth)
        };
        let truths = (0..self.len()).into_par_iter().map(each).collect::<Result<Vec<_>>>()?;
        Ok(self.truth(truths))
    }

    /// The bars of all symbols, for a source in memory.
    pub fn series(&self) -> Vec<(Symbol, Series)> {
        let series = |i| {
            let (symbol, series, _) = self.symbol(i);
            (symbol, series)
        };
        (0..self.len()).into_par_iter().map(series).collect()
    }

    /// Returns whether the market has no symbols.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number of symbols.
    pub fn len(&self) -> usize {
        self.settings.symbols
    }

    /// First minute, and the first after the last.
    pub fn span(&self) -> (Minute, Minute) {
        (self.start, self.settings.end)
    }

    /// Returns whether `symbol` belongs to the market.
    pub fn has(&self, symbol: &Symbol) -> bool {
        (0..self.len()).any(|i| Self::name(i) == symbol.as_str())
    }

    /// Returns whether `truth`, read from a `truth.json`, belongs to a market with the same
    /// settings.
    pub fn is_that_of(&self, truth: &serde_json::Value) -> bool {
        let MarketSettings { symbols, days, seed, end } = self.settings;
        truth["seed"] == seed
            && truth["symbols"] == symbols
            && truth["days"] == days
            && truth["to"] == end.to_string()
    }

    fn name(i: usize) -> String {
        let (name, round) = (NAMES[i % NAMES.len()], i / NAMES.len());
        if round == 0 { format!("{name}/USD") } else { format!("{name}{}/USD", round + 1) }
    }

    /// With enough symbols, the last few have special behavior.
    fn fate(&self, i: usize) -> Fate {
        match self.len() - 1 - i {
            _ if self.len() < 8 => Fate::Usual,
            0 => Fate::ListedLate,
            1 => Fate::Stale,
            2 => Fate::Halted,
            3 => Fate::Thin,
            _ => Fate::Usual,
        }
    }

    /// Generates symbol `i`: its name, its bars, and what was planted in it.
    pub fn symbol(&self, i: usize) -> (Symbol, Series, SymbolTruth) {
        let mut rng = rng(self.settings.seed, i as u64 + 1);
        let (minutes, fate) = (self.common.len(), self.fate(i));
        let beta = rng.random_range(0.3..1.3);
        let daily = rng.random_range(0.02..0.07);
        let is_control = i % CONTROL_EVERY == CONTROL_EVERY - 1;
        let mut level = 0.0;
        let returns: Vec<f64> = walk(&mut rng, minutes, daily)
            .iter()
            .zip(&self.common)
            .map(|(own, common)| {
                let own = own - level / REVERSION;
                level += own;
                own + beta * common
            })
            .collect();
        let variance = returns.iter().map(|r| r * r).sum::<f64>() / minutes as f64;
        let mut cycles = plant(&mut rng, minutes, variance);
        cycles.retain(|cycle| !is_control && fate.leaves(cycle));
        let (bars, log_volume) = self.bars(&mut rng, &returns, &cycles, fate);
        let name = Self::name(i);
        let background = |planted: &Planted| match planted.kind {
            SeriesKind::Price => octave::of_walk(&returns, planted.period),
            SeriesKind::Volume => octave::of_series(&log_volume, planted.period),
        };
        let truth = SymbolTruth {
            cycles: cycles
                .iter()
                .map(|planted| planted.truth(&name, minutes, background(planted)))
                .collect(),
            events: self.events(fate, &name),
        };
        // All generated names are valid symbols.
        let symbol = name.parse().unwrap_or_else(|_| unreachable!("{name} is a symbol"));
        (symbol, bars, truth)
    }

    /// Returns the truth file of the market for the given truth of its symbols.
    pub fn truth(&self, symbols: Vec<SymbolTruth>) -> Truth {
        let outage = self.event("outage", None, &self.outage);
        Truth::new(&self.settings, self.start, outage, symbols)
    }

    /// Returns the minutes affected by a symbol's special behavior.
    fn fated(&self, fate: Fate) -> std::ops::Range<usize> {
        let minutes = self.common.len();
        match fate {
            Fate::Usual | Fate::Thin => 0..0,
            Fate::ListedLate => 0..minutes * 7 / 10,
            Fate::Stale => minutes - (3 * DAY as usize).min(minutes / 2)..minutes,
            Fate::Halted => minutes * 4 / 5..minutes * 4 / 5 + (12 * 60).min(minutes / 10),
        }
    }

    fn event(
        &self,
        what: &'static str,
        symbol: Option<&str>,
        minutes: &std::ops::Range<usize>,
    ) -> MarketEvent {
        let at = |i: usize| self.start.plus(i as i32).to_string();
        MarketEvent {
            what,
            symbol: symbol.map(ToOwned::to_owned),
            from: at(minutes.start),
            to: at(minutes.end),
        }
    }

    fn events(&self, fate: Fate, name: &str) -> Vec<MarketEvent> {
        let what = match fate {
            Fate::Usual => return Vec::new(),
            Fate::Thin => return vec![self.event("thin", Some(name), &(0..self.common.len()))],
            Fate::ListedLate => "not yet listed",
            Fate::Stale => "stale",
            Fate::Halted => "halted",
        };
        vec![self.event(what, Some(name), &self.fated(fate))]
    }

    /// Returns the bars of a symbol, and its log volume without cycles, for each minute.
    fn bars(
        &self,
        rng: &mut Xoshiro256PlusPlus,
        returns: &[f64],
        cycles: &[Planted],
        fate: Fate,
    ) -> (Series, Vec<f64>) {
        let base_price = libm::exp(rng.random_range(-3.0..9.0));
        // Five significant digits before the smallest tick.
        let decimals = 4 - libm::floor(libm::log10(base_price)) as i32;
        let scale = libm::pow(10.0, f64::from(decimals));
        let base_volume = libm::exp(rng.random_range(2.0..9.0));
        let season_phase = rng.random_range(0.0..std::f64::consts::TAU);
        let absent = if fate == Fate::Thin { 0.6 } else { 0.0005 };
        let typical = libm::sqrt(returns.iter().map(|r| r * r).sum::<f64>() / returns.len() as f64);
        let (fated, halted) = (self.fated(fate), fate == Fate::Halted);
        let round = |price: f64| libm::round(price * scale).max(1.0) / scale;

        let mut level = 0.0;
        let mut last = round(base_price * libm::exp(cycle_sum(cycles, SeriesKind::Price, 0)));
        let mut bars = Vec::with_capacity(returns.len());
        let mut background = Vec::with_capacity(returns.len());
        for (i, r) in returns.iter().enumerate() {
            // Every minute draws the same number of random numbers, whatever happens in it.
            let [up, down, noise]: [f64; 3] = std::array::from_fn(|_| StandardNormal.sample(rng));
            let missing = rng.random::<f64>() < absent;
            let day = std::f64::consts::TAU * i as f64 / f64::from(DAY);
            let season = 0.5 * libm::sin(day + season_phase);
            let stir = 0.3 * (r.abs() / typical).min(10.0);
            background.push(season + stir + 0.7 * noise);
            if fated.contains(&i) && halted {
                bars.push(self.flat(i, last));
                continue;
            }
            level += r;
            let close =
                round(base_price * libm::exp(level + cycle_sum(cycles, SeriesKind::Price, i)));
            let open = last;
            let reach = 0.4 * typical;
            let high = round(open.max(close) * (1.0 + reach * up.abs()));
            let low = round(open.min(close) * (1.0 - (reach * down.abs()).min(0.5)));
            last = close;
            if missing || self.outage.contains(&i) || fated.contains(&i) {
                continue;
            }
            let log_volume = background[i] + cycle_sum(cycles, SeriesKind::Volume, i);
            let volume = libm::round(base_volume * libm::exp(log_volume) * 1e4) / 1e4;
            let trades = Some((libm::sqrt(volume) as u32).saturating_add(1));
            bars.push(Bar {
                time: self.start.plus(i as i32),
                open,
                high: high.max(open).max(close),
                low: low.min(open).min(close),
                close,
                volume,
                trades,
            });
        }
        (bars.into_iter().collect(), background)
    }

    fn flat(&self, i: usize, price: f64) -> Bar {
        let time = self.start.plus(i as i32);
        Bar {
            time,
            open: price,
            high: price,
            low: price,
            close: price,
            volume: 0.0,
            trades: Some(0),
        }
    }
}

/// Returns a generator for one symbol; streams of different symbols are independent.
fn rng(seed: u64, stream: u64) -> Xoshiro256PlusPlus {
    let mut mixer = Xoshiro256PlusPlus::seed_from_u64(seed);
    let salt = mixer.next_u64();
    Xoshiro256PlusPlus::seed_from_u64(salt ^ stream.wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

/// Returns log returns with a standard deviation of about `daily` per day: calm and volatile
/// periods of a day and a half, and a jump every other day.
fn walk(rng: &mut Xoshiro256PlusPlus, minutes: usize, daily: f64) -> Vec<f64> {
    let per_minute = daily / libm::sqrt(f64::from(DAY));
    let mut wild = false;
    (0..minutes)
        .map(|_| {
            let normal: f64 = StandardNormal.sample(rng);
            let [spell, jump]: [f64; 2] = [rng.random(), rng.random()];
            wild ^= spell < 1.0 / 2160.0;
            let jump = if jump < 1.0 / 2880.0 { 12.0 } else { 1.0 };
            normal * per_minute * jump * if wild { 1.6 } else { 0.7 }
        })
        .collect()
}

/// The series of a planted cycle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SeriesKind {
    Price,
    Volume,
}

/// A sine in the logarithm of price or volume.
#[derive(Debug, Clone, Copy)]
struct Planted {
    kind: SeriesKind,
    period: f64,
    amplitude: f64,
    phase: f64,
}

impl Planted {
    /// Returns the record of the cycle; `background` is the power of everything else in its octave.
    fn truth(&self, symbol: &str, minutes: usize, background: f64) -> PlantedCycle {
        let ratio = self.amplitude * self.amplitude / 2.0 / background;
        PlantedCycle {
            symbol: symbol.to_owned(),
            series: if self.kind == SeriesKind::Price { "price" } else { "volume" },
            period_minutes: self.period,
            depth_pct: 100.0 * (libm::exp(2.0 * self.amplitude) - 1.0),
            power_over_octave_background: libm::round(ratio * 100.0) / 100.0,
            repetitions: minutes as f64 / self.period,
        }
    }
}

fn cycle_sum(cycles: &[Planted], kind: SeriesKind, minute: usize) -> f64 {
    let each = |c: &Planted| {
        c.amplitude * libm::sin(std::f64::consts::TAU * minute as f64 / c.period + c.phase)
    };
    cycles.iter().filter(|c| c.kind == kind).map(each).sum()
}

/// Power of a random walk with `variance` a minute in the octave around `period`: its spectrum is
/// `variance / (2 pi^2 f^2)`, integrated from `f / sqrt 2` to `f sqrt 2`.
fn walk_octave(variance: f64, period: f64) -> f64 {
    variance * period * std::f64::consts::FRAC_1_SQRT_2 / (2.0 * std::f64::consts::PI.powi(2))
}

/// Chooses a slow cycle for price, a fast one more than two octaves away, and one for volume.
fn plant(rng: &mut Xoshiro256PlusPlus, minutes: usize, variance: f64) -> Vec<Planted> {
    // A cycle needs at least three repetitions.
    let usable = |periods: &[f64]| {
        periods.iter().filter(|&&period| period * 3.0 <= minutes as f64).count().max(1)
    };
    let (usable, usable_of_volume) = (usable(&PERIODS), usable(&VOLUME_PERIODS));
    let mut pick = |count: usize| rng.random_range(0..count);
    let slow = usable - 1 - pick(SLOW_PERIODS.min(usable));
    let slow_ratio = SLOW_POWER_RATIOS[pick(SLOW_POWER_RATIOS.len())];
    // Four steps in the list of periods are more than two octaves.
    let fast = pick(slow.saturating_sub(3).max(1));
    let fast_ratio = FAST_POWER_RATIOS[pick(FAST_POWER_RATIOS.len())];
    let volume =
        (VOLUME_PERIODS[pick(usable_of_volume)], VOLUME_AMPLITUDES[pick(VOLUME_AMPLITUDES.len())]);
    let mut phase = || rng.random_range(0.0..std::f64::consts::TAU);
    let mut price = |place: usize, power_ratio: f64| {
        let period = PERIODS[place];
        let amplitude = libm::sqrt(2.0 * power_ratio * walk_octave(variance, period));
        Planted { kind: SeriesKind::Price, period, amplitude, phase: phase() }
    };
    let mut cycles = vec![price(slow, slow_ratio)];
    if fast + 4 <= slow {
        cycles.push(price(fast, fast_ratio));
    }
    let (period, amplitude) = volume;
    cycles.push(Planted { kind: SeriesKind::Volume, period, amplitude, phase: phase() });
    cycles
}

#[cfg(test)]
mod tests {
    use super::*;
    use bars::Finding;

    fn market() -> Market {
        Market::new(MarketSettings { symbols: 10, days: 8, ..MarketSettings::default() })
    }

    #[test]
    fn same_seed_gives_same_bars() {
        let (a, b) = (market(), market());
        for i in 0..a.len() {
            assert_eq!(a.symbol(i).1, b.symbol(i).1);
        }
        let other = Market::new(MarketSettings { seed: 2, ..a.settings });
        assert_ne!(other.symbol(0).1, a.symbol(0).1);
    }

    #[test]
    fn bars_are_valid_and_special_behavior_is_visible() {
        let market = market();
        let minutes = market.common.len();
        let lengths: Vec<usize> = (0..market.len()).map(|i| market.symbol(i).1.len()).collect();
        for i in 0..market.len() {
            let (_, series, _) = market.symbol(i);
            assert!(
                series.iter().all(
                    |bar| Finding::from_bar(&bar).is_none() && !Finding::is_outside_range(&bar)
                )
            );
            assert!(series.ends().unwrap().1 < market.settings.end);
        }
        assert!(
            lengths[0] > minutes - 200 && lengths[0] < minutes - 149,
            "an outage of 150 minutes, few others missing"
        );
        assert!(lengths[6] < minutes / 2, "thin");
        assert!(market.symbol(7).1.volume().iter().filter(|v| **v == 0.0).count() >= 700, "halted");
        assert!(market.symbol(8).1.ends().unwrap().1 < market.settings.end.plus(-2 * DAY), "stale");
        assert!(lengths[9] < minutes * 3 / 10 + 1, "listed late");
    }

    #[test]
    fn a_cycle_of_power_ratio_one_has_the_octaves_power() {
        // A sine of amplitude a has the power a^2 / 2.
        let amplitude = libm::sqrt(2.0 * walk_octave(1e-6, 720.0));
        assert!((amplitude * amplitude / 2.0 - 1e-6 * 720.0 * 0.035_82).abs() < 1e-8);
    }
}
