//! The planted price cycles of the sample market differ from noise; controls have none that do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use bars::time::DAY;
use emd::{Control, Decomposer, NoiseEnsemble};
use pipeline::sample::{Market, MarketSettings, SymbolTruth};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_xoshiro::Xoshiro256PlusPlus;
use rayon::prelude::*;
use stages::cycles::imf::inspect;

/// Minutes between prices; the slow cycles are 33 times as long or longer.
const STEP: i32 = 30;

/// Number of prices, over a month as in the demo.
const PRICES: usize = (31 * DAY / STEP) as usize;

/// Random walks per symbol. A mode stronger than all of theirs has a chance of 1 in 20 if the
/// price is a random walk.
const WALKS: usize = 19;

/// Minimum number of brackets (half cycles) of a mode.
const MIN_BRACKETS: usize = 9;

/// Tolerance of periods, as a share.
const TOLERANCE: f64 = 0.25;

/// A mode that is a cycle.
struct Mode {
    /// Its period in minutes.
    period: f64,
    /// Its variance over its period, which is about the same for all modes of a random walk.
    strength: f64,
}

/// Decomposes prices `STEP` minutes apart.
fn modes(decomposer: &Decomposer, noise: &NoiseEnsemble, prices: &[f64]) -> Vec<Mode> {
    let logs: Vec<f64> = prices.iter().map(|price| price.ln()).collect();
    let mut found = decomposer.ceemdan_all(&[&logs], noise, Control::default());
    let found = found.remove(0).unwrap();
    let variances = found.variances();
    let mode = |id: usize, steps: f64| Mode {
        period: steps * f64::from(STEP),
        strength: variances[id] / steps,
    };
    // The stage takes a sample for a minute.
    let is_cycle = inspect(&found, prices, 2.0).into_iter().filter_map(|imf| {
        let features = imf.features()?;
        (features.cycles_count >= MIN_BRACKETS)
            .then(|| mode(imf.id, features.period_days * f64::from(DAY)))
    });
    is_cycle.collect()
}

/// The periods of the modes that are stronger than every mode of random walks that make the same
/// returns in another order.
fn periods_above_noise(decomposer: &Decomposer, noise: &NoiseEnsemble, prices: &[f64]) -> Vec<f64> {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(7);
    let mut returns: Vec<f64> = prices.windows(2).map(|pair| pair[1] / pair[0]).collect();
    let mut strongest = 0.0_f64;
    for _ in 0..WALKS {
        returns.shuffle(&mut rng);
        let mut walk = vec![prices[0]];
        walk.extend(returns.iter().scan(prices[0], |price, step| {
            *price *= step;
            Some(*price)
        }));
        let strengths = modes(decomposer, noise, &walk).into_iter().map(|mode| mode.strength);
        strongest = strengths.fold(strongest, f64::max);
    }
    modes(decomposer, noise, prices)
        .into_iter()
        .filter(|mode| mode.strength > strongest)
        .map(|mode| mode.period)
        .collect()
}

/// The last closes of symbol `i`, `STEP` minutes apart, and its truth.
fn prices(market: &Market, i: usize) -> (Vec<f64>, SymbolTruth) {
    let (_, series, truth) = market.symbol(i);
    let (times, closes) = (series.time(), series.close());
    let close = |back: usize| {
        let at = market.span().1.plus(-(back as i32) * STEP);
        closes[times.partition_point(|time| *time < at) - 1]
    };
    ((0..PRICES).rev().map(close).collect(), truth)
}

#[test]
fn planted_cycles_differ_from_noise_and_controls_do_not() {
    let decomposer = emd::Params::default().trials(5).check().unwrap();
    let noise = decomposer.noise(PRICES, Control::default()).unwrap();
    // Symbols with special behavior are left out.
    let markets = [1, 2].map(|seed| {
        Market::new(MarketSettings { symbols: 24, days: 40, seed, ..MarketSettings::default() })
    });
    let symbols: Vec<_> =
        markets.iter().flat_map(|market| (0..20).map(move |i| (market, i))).collect();
    let found: Vec<(Vec<f64>, Vec<f64>)> = symbols
        .into_par_iter()
        .map(|(market, i)| {
            let (prices, truth) = prices(market, i);
            let price = truth.cycles.iter().filter(|cycle| cycle.series == "price");
            let planted = price.map(|cycle| cycle.period_minutes).collect();
            (planted, periods_above_noise(&decomposer, &noise, &prices))
        })
        .collect();
    let near = |a: f64, b: f64| (a / b - 1.0).abs() <= TOLERANCE;

    let (controls, planted): (Vec<_>, Vec<_>) =
        found.iter().partition(|(planted, _)| planted.is_empty());
    assert_eq!((controls.len(), planted.len()), (8, 32));
    // The slow cycle is the first of the truth.
    let is_found =
        |(planted, found): &&(Vec<f64>, Vec<f64>)| found.iter().any(|f| near(*f, planted[0]));
    let hits = planted.iter().copied().filter(is_found).count();
    assert!(hits >= 29, "{hits} of 32 slow cycles differ from noise: {planted:?}");
    let is_other = |(planted, found): &&(Vec<f64>, Vec<f64>)| {
        found.iter().any(|f| !planted.iter().any(|p| near(*f, *p)))
    };
    let others = planted.iter().copied().filter(is_other).count();
    assert!(others <= 3, "{others} of 32 have another cycle that differs: {planted:?}");
    let false_alarms = controls.iter().filter(|(_, found)| !found.is_empty()).count();
    assert!(false_alarms <= 1, "{false_alarms} of 8 controls have a cycle: {controls:?}");
}
