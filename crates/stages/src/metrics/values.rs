//! Computes the metrics of one window from its bins.

use std::ops::Range;

use bars::Series;
use indicators::log::{ln_ratios, returns};
use indicators::{EPS, WILDER_PERIOD, bands, moments, momentum, trend, volatility, volume};

use super::Intraday;

/// The bins of a window, each [`bin_minutes`](super::bins::bin_minutes) wide. Bins without a bar
/// are omitted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bins<'a> {
    open: &'a [f64],
    high: &'a [f64],
    low: &'a [f64],
    close: &'a [f64],
    volume: &'a [f64],
}

impl<'a> Bins<'a> {
    /// The bins of `series` at `range`, which must not be empty.
    pub(super) fn new(series: &'a Series, range: Range<usize>) -> Bins<'a> {
        Bins {
            open: &series.open()[range.clone()],
            high: &series.high()[range.clone()],
            low: &series.low()[range.clone()],
            close: &series.close()[range.clone()],
            volume: &series.volume()[range],
        }
    }
}

/// Memory that is reused from window to window.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    returns: Vec<f64>,
    typical: Vec<f64>,
    high_low: Vec<f64>,
    close_open: Vec<f64>,
    high_close: Vec<f64>,
    overnight: Vec<f64>,
    keys: Vec<i64>,
}

/// Writes the metrics of `bins` to `out`, each at its index in [`Intraday`]. A metric that cannot
/// be computed is NaN.
pub(super) fn fill(bins: Bins<'_>, scratch: &mut Scratch, out: &mut [f64]) {
    let Bins { open, high, low, close, volume: traded } = bins;
    let (n, last) = (close.len() as f64, close[close.len() - 1]);
    let mut set = |metric: Intraday, value: f64| out[metric as usize] = value;

    let (mean, variance) = moments::mean_and_variance(close);
    let (close_min, close_max) = moments::range(close);
    set(Intraday::CloseMean, mean);
    set(Intraday::CloseStddev, variance.sqrt());
    set(Intraday::CloseMin, close_min);
    set(Intraday::CloseMax, close_max);
    set(Intraday::Sma, mean);

    momentum::typical_price(high, low, close, &mut scratch.typical);
    let vwap = volume::vwap(&scratch.typical, traded);
    let deviation = (last - vwap) / vwap;
    let (up_share, down_share) = volume::up_and_down_share(close, traded);
    set(Intraday::VolumeSum, moments::sum(traded));
    set(Intraday::VwapPrice, vwap);
    set(Intraday::PriceDeviationVwap, deviation);
    set(Intraday::VwapDeviationAbs, deviation.abs());
    set(Intraday::VwapPosShare, volume::share_above(close, vwap));
    set(Intraday::Obv, volume::obv(close, traded));
    set(Intraday::QuoteVolumeSum, volume::quote_volume(close, traded));
    set(Intraday::UpVolumeShare, up_share);
    set(Intraday::DownVolumeShare, down_share);
    set(Intraday::VolSpikeShare, volume::spike_share(traded, &mut scratch.keys));

    let macd = momentum::macd(close, 12, 26, 9);
    let (k, d) = momentum::stochastic(high, low, close, WILDER_PERIOD, 3);
    set(Intraday::Roc, momentum::roc(close));
    set(Intraday::ChangePct, momentum::open_to_close_pct(open, close));
    set(Intraday::EmaFast, macd.fast);
    set(Intraday::EmaSlow, macd.slow);
    set(Intraday::Macd, macd.macd);
    set(Intraday::MacdSignal, macd.signal);
    set(Intraday::MacdHistogram, macd.macd - macd.signal);
    set(Intraday::Rsi, momentum::rsi(close, WILDER_PERIOD));
    set(Intraday::StochasticK, k);
    set(Intraday::StochasticD, d);
    set(Intraday::Cci, momentum::cci(&scratch.typical));
    let runs = momentum::runs(close);
    set(Intraday::RetSharePos, runs.rises as f64 / n);
    set(Intraday::RunUpMax, runs.up as f64);
    set(Intraday::RunDnMax, runs.down as f64);

    let (atr, adx) = trend::atr_and_adx(high, low, close, WILDER_PERIOD);
    let bands = bands::bollinger(close, 20, 2.0);
    let (lowest, highest) = (moments::range(low).0, moments::range(high).1);
    let (to_high, to_low) = ((last - close_max) / (atr + EPS), (last - close_min) / (atr + EPS));
    set(Intraday::Atr, atr);
    set(Intraday::Adx, adx);
    set(Intraday::BollingerUpper, bands.upper);
    set(Intraday::BollingerLower, bands.lower);
    set(Intraday::BollingerWidth, bands.width());
    set(Intraday::BbPosition, bands::position(bands, last));
    set(Intraday::SqueezeIndex, bands::squeeze_index(bands, atr));
    set(Intraday::RangeIntensity, (highest - lowest) / (vwap + EPS));
    set(Intraday::DistToWindowHigh, to_high);
    set(Intraday::DistToWindowLow, to_low);
    set(Intraday::DistToWindowHighAbs, to_high.abs());
    set(Intraday::DistToWindowLowAbs, to_low.abs());

    returns(close, &mut scratch.returns);
    ln_ratios(high, low, &mut scratch.high_low);
    ln_ratios(close, open, &mut scratch.close_open);
    ln_ratios(high, close, &mut scratch.high_close);
    ln_ratios(&open[1..], close, &mut scratch.overnight);
    let yang_zhang = volatility::yang_zhang(
        &scratch.overnight,
        &scratch.high_low[1..],
        &scratch.close_open[1..],
        &scratch.high_close[1..],
    );
    set(Intraday::ReturnsLog, volatility::total(&scratch.returns));
    set(Intraday::RvClose, moments::std(&scratch.returns));
    set(Intraday::ParkinsonVol, volatility::parkinson(&scratch.high_low));
    set(Intraday::GarmanKlass, volatility::garman_klass(&scratch.high_low, &scratch.close_open));
    set(Intraday::YangZhang, yang_zhang);
}
