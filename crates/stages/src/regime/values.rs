//! Computes the metrics of one window of days.

use std::ops::Range;

use indicators::log::{ln_ratios, returns};
use indicators::{EPS, WILDER_PERIOD, bands, moments, momentum, trend, volatility};

use super::Daily;
use super::history::{CONTEXT, History};

/// Memory that is reused from window to window.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    returns: Vec<f64>,
    sizes: Vec<f64>,
    high_low: Vec<f64>,
    close_open: Vec<f64>,
}

/// Writes the metrics of the days at `window` (not empty) to `out`, each at its index in [`Daily`].
/// A metric that cannot be computed is NaN.
pub(super) fn fill(days: &History, window: Range<usize>, scratch: &mut Scratch, out: &mut [f64]) {
    let bars = days.bars();
    let [open, high, low, close] =
        [bars.open(), bars.high(), bars.low(), bars.close()].map(|column| &column[window.clone()]);
    let (first, last) = (window.start, window.end - 1);
    let mut set = |metric: Daily, value: f64| out[metric as usize] = value;

    returns(close, &mut scratch.returns);
    let (skew, kurtosis) = moments::skew_and_kurtosis(&scratch.returns);
    set(Daily::Roc, momentum::roc(close));
    set(Daily::ChangePct, momentum::open_to_close_pct(open, close));
    set(Daily::RvClose, moments::std(&scratch.returns));
    set(Daily::VolOfVol, volatility::vol_of_vol(&scratch.returns, &mut scratch.sizes));
    set(Daily::RetSkew, skew);
    set(Daily::RetKurtosis, kurtosis);

    let slope = |average: &[f64]| (average[last] - average[first]) / (average[first].abs() + EPS);
    let (ma50, ma200) = (days.ma50[last], days.ma200[last]);
    let crossings = || days.cross[window.clone()].iter().filter(|cross| !cross.is_nan());
    let newest = crossings().rev().find(|cross| **cross != 0.0).or(crossings().next());
    let averaged = || window.clone().filter(|&day| !days.ma50[day].is_nan());
    let above = averaged().filter(|&day| bars.close()[day] > days.ma50[day]).count();
    set(Daily::Ma50Slope, slope(&days.ma50));
    set(Daily::Ma200Slope, slope(&days.ma200));
    set(Daily::Ma50MinusMa200, (ma50 - ma200) / (ma200.abs() + EPS));
    set(Daily::Ma50Cross, newest.copied().unwrap_or(f64::NAN));
    // 0 / 0 = NaN (missing) if no day has an average.
    set(Daily::AboveMa50Share, above as f64 / averaged().count() as f64);

    // Short windows include days before them.
    let from = |fewest: usize| {
        if window.len() >= fewest { first } else { window.end.saturating_sub(CONTEXT) }
    };
    let directional = |from: usize| {
        let over = from..window.end;
        trend::atr_and_adx(
            &bars.high()[over.clone()],
            &bars.low()[over.clone()],
            &bars.close()[over],
            WILDER_PERIOD,
        )
    };
    let atr = directional(from(WILDER_PERIOD)).0;
    let bands = bands::bollinger(close, 20, 2.0);
    let (lowest, highest) = (moments::range(low).0, moments::range(high).1);
    ln_ratios(high, low, &mut scratch.high_low);
    ln_ratios(close, open, &mut scratch.close_open);
    set(Daily::Atr, atr);
    set(Daily::Adx, directional(from(2 * WILDER_PERIOD - 1)).1);
    set(Daily::ParkinsonVol, volatility::parkinson(&scratch.high_low));
    set(Daily::GarmanKlass, volatility::garman_klass(&scratch.high_low, &scratch.close_open));
    set(Daily::SqueezeIndex, bands::squeeze_index(bands, atr));
    set(Daily::RangeIntensity, (highest - lowest) / (bars.close()[last].abs() + EPS));

    let share = |is_one: fn(&(bool, bool)) -> bool| {
        days.breakout[window.clone()].iter().filter(|day| is_one(day)).count() as f64
            / window.len() as f64
    };
    set(Daily::BreakoutHiShare, share(|day| day.0));
    set(Daily::BreakoutLoShare, share(|day| day.1));
}
