//! Every series function has the bits of its last-value function on each prefix (running) or window
//! (rolling).

use indicators::{average, bands, moments, momentum, trend, volatility, volume};
use proptest::prelude::*;

/// Equal bits, or both NaN.
fn same(a: f64, b: f64) -> bool {
    a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan())
}

#[track_caller]
fn assert_running(what: &str, series: &[f64], n: usize, last: impl Fn(usize) -> f64) {
    assert_eq!(series.len(), n, "{what}");
    for (t, value) in series.iter().enumerate() {
        assert!(same(*value, last(t + 1)), "{what} at {t}: {value}, expected {}", last(t + 1));
    }
}

#[track_caller]
fn assert_rolling(
    what: &str,
    series: &[f64],
    n: usize,
    period: usize,
    last: impl Fn(std::ops::Range<usize>) -> f64,
) {
    let expected = |end: usize| if end < period { f64::NAN } else { last(end - period..end) };
    assert_running(what, series, n, expected);
}

#[derive(Debug)]
struct Bars {
    open: Vec<f64>,
    high: Vec<f64>,
    low: Vec<f64>,
    close: Vec<f64>,
    volume: Vec<f64>,
}

/// Bars with flat stretches, ties and bins without volume.
fn bars() -> impl Strategy<Value = Bars> {
    let price =
        || prop_oneof![2 => (0_u8..4).prop_map(|x| 10.0 + f64::from(x)), 3 => 9.0_f64..14.0];
    let volume = prop_oneof![1 => Just(0.0), 3 => 0.0_f64..50.0];
    prop::collection::vec((price(), price(), price(), price(), volume), 0..70).prop_map(|rows| {
        let column =
            |of: fn(&(f64, f64, f64, f64, f64)) -> f64| rows.iter().map(of).collect::<Vec<_>>();
        Bars {
            open: column(|row| row.0),
            high: column(|row| row.0.max(row.1).max(row.2).max(row.3)),
            low: column(|row| row.0.min(row.1).min(row.2).min(row.3)),
            close: column(|row| row.3),
            volume: column(|row| row.4),
        }
    })
}

proptest! {
    #[test]
    fn averages_match_every_prefix(bars in bars(), period in 1_usize..20, gap in 0_usize..9) {
        let mut x = bars.close;
        x.iter_mut().skip(gap).step_by(7).for_each(|x| *x = f64::NAN);
        let n = x.len();
        assert_running("ema", &average::ema_series(&x, period), n, |end| average::ema(&x[..end], period));
        let wilder = average::wilder_series(&x, period);
        assert_running("wilder", &wilder, n, |end| average::wilder(&x[..end], period));
        assert_running("sma", &average::sma_series(&x, period), n, |end| average::sma(&x[..end], period));
    }

    #[test]
    fn momentum_matches_every_prefix(bars in bars(), period in 1_usize..20, smoothing in 1_usize..6) {
        let Bars { high, low, close, .. } = &bars;
        let n = close.len();
        let macd = momentum::macd_series(close, 12, 26, 9);
        let at = |end: usize| momentum::macd(&close[..end], 12, 26, 9);
        assert_running("fast", &macd.fast, n, |end| at(end).fast);
        assert_running("slow", &macd.slow, n, |end| at(end).slow);
        assert_running("macd", &macd.macd, n, |end| at(end).macd);
        assert_running("signal", &macd.signal, n, |end| at(end).signal);
        assert_running("rsi", &momentum::rsi_series(close, period), n, |end| momentum::rsi(&close[..end], period));
        let (k, d) = momentum::stochastic_series(high, low, close, period, smoothing);
        let at = |end: usize| momentum::stochastic(&high[..end], &low[..end], &close[..end], period, smoothing);
        assert_running("%K", &k, n, |end| at(end).0);
        assert_running("%D", &d, n, |end| at(end).1);
        for (t, runs) in momentum::runs_series(close).into_iter().enumerate() {
            prop_assert_eq!(runs, momentum::runs(&close[..=t]));
        }
        assert_rolling("roc", &momentum::roc_series(close, period), n, period + 1, |w| momentum::roc(&close[w]));
        let mut typical = Vec::new();
        momentum::typical_price(high, low, close, &mut typical);
        assert_rolling("cci", &momentum::cci_series(&typical, period), n, period, |w| momentum::cci(&typical[w]));
    }

    #[test]
    fn trend_and_bands_match_every_prefix(bars in bars(), period in 1_usize..20) {
        let Bars { high, low, close, .. } = &bars;
        let n = close.len();
        let (atr, adx) = trend::atr_and_adx_series(high, low, close, period);
        let at = |end: usize| trend::atr_and_adx(&high[..end], &low[..end], &close[..end], period);
        assert_running("atr", &atr, n, |end| at(end).0);
        assert_running("adx", &adx, n, |end| at(end).1);
        let series = bands::bollinger_series(close, period, 2.0);
        let at = |end: usize| bands::bollinger(&close[..end], period, 2.0);
        assert_running("upper", &series.upper, n, |end| at(end).upper);
        assert_running("middle", &series.middle, n, |end| at(end).middle);
        assert_running("lower", &series.lower, n, |end| at(end).lower);
        let squeeze = bands::squeeze_index_series(&series, &atr);
        assert_running("squeeze", &squeeze, n, |end| bands::squeeze_index(at(end), atr[end - 1]));
        let position = bands::position_series(&series, close);
        assert_running("position", &position, n, |end| bands::position(at(end), close[end - 1]));
    }

    #[test]
    fn moments_match_every_window(bars in bars(), period in 1_usize..20) {
        let (x, n) = (&bars.close, bars.close.len());
        let scratch = || Vec::new();
        assert_rolling("sum", &moments::sum_series(x, period), n, period, |w| moments::sum(&x[w]));
        assert_rolling("std", &moments::std_series(x, period), n, period, |w| moments::std(&x[w]));
        assert_rolling("low", &moments::range_series(x, period).0, n, period, |w| moments::range(&x[w]).0);
        assert_rolling("high", &moments::range_series(x, period).1, n, period, |w| moments::range(&x[w]).1);
        let (skewness, kurtosis) = moments::skew_and_kurtosis_series(x, period);
        assert_rolling("skewness", &skewness, n, period, |w| moments::skew_and_kurtosis(&x[w]).0);
        assert_rolling("kurtosis", &kurtosis, n, period, |w| moments::skew_and_kurtosis(&x[w]).1);
        let median = |w: std::ops::Range<usize>| moments::median(&x[w], &mut scratch());
        assert_rolling("median", &moments::median_series(x, period), n, period, median);
        let mad = |w: std::ops::Range<usize>| moments::mad(&x[w.clone()], median(w), &mut scratch());
        assert_rolling("mad", &moments::mad_series(x, period), n, period, mad);
    }

    #[test]
    fn volatility_matches_every_window(bars in bars(), period in 1_usize..20) {
        let ratios = |a: &[f64], b: &[f64]| {
            let mut out = Vec::new();
            indicators::log::ln_ratios(a, b, &mut out);
            out
        };
        let (hl, co) = (ratios(&bars.high, &bars.low), ratios(&bars.close, &bars.open));
        let (hc, n) = (ratios(&bars.high, &bars.close), bars.close.len());
        let parkinson = volatility::parkinson_series(&hl, period);
        assert_rolling("parkinson", &parkinson, n, period, |w| volatility::parkinson(&hl[w]));
        let garman_klass = volatility::garman_klass_series(&hl, &co, period);
        let expected = |w: std::ops::Range<usize>| volatility::garman_klass(&hl[w.clone()], &co[w]);
        assert_rolling("garman_klass", &garman_klass, n, period, expected);
        let mut returns = Vec::new();
        indicators::log::returns(&bars.close, &mut returns);
        let m = returns.len();
        let total = volatility::total_series(&returns);
        assert_running("total", &total, m, |end| volatility::total(&returns[..end]));
        let vol_of_vol = volatility::vol_of_vol_series(&returns, period);
        let expected = |w: std::ops::Range<usize>| volatility::vol_of_vol(&returns[w], &mut Vec::new());
        assert_rolling("vol_of_vol", &vol_of_vol, m, period, expected);
        if m > 0 {
            let on = ratios(&bars.open[1..], &bars.close);
            let series = volatility::yang_zhang_series(&on, &hl[1..], &co[1..], &hc[1..], period);
            let expected = |w: std::ops::Range<usize>| {
                volatility::yang_zhang(&on[w.clone()], &hl[1..][w.clone()], &co[1..][w.clone()], &hc[1..][w])
            };
            assert_rolling("yang_zhang", &series, m, period, expected);
        }
    }

    #[test]
    fn volume_matches_every_prefix_or_window(bars in bars(), period in 1_usize..20) {
        let Bars { high, low, close, volume: traded, .. } = &bars;
        let n = close.len();
        let mut typical = Vec::new();
        momentum::typical_price(high, low, close, &mut typical);
        let vwap = volume::vwap_series(&typical, traded);
        assert_running("vwap", &vwap, n, |end| volume::vwap(&typical[..end], &traded[..end]));
        let obv = volume::obv_series(close, traded);
        assert_running("obv", &obv, n, |end| volume::obv(&close[..end], &traded[..end]));
        let quote = volume::quote_volume_series(close, traded);
        assert_running("quote", &quote, n, |end| volume::quote_volume(&close[..end], &traded[..end]));
        let above = volume::share_above_series(close, &vwap, period);
        let expected = |w: std::ops::Range<usize>| volume::share_above(&close[w.clone()], vwap[w.end - 1]);
        assert_rolling("share_above", &above, n, period, expected);
        let (up, down) = volume::up_and_down_share_series(close, traded, period);
        let expected = |w: std::ops::Range<usize>| volume::up_and_down_share(&close[w.clone()], &traded[w]);
        assert_rolling("up", &up, n, period, |w| expected(w).0);
        assert_rolling("down", &down, n, period, |w| expected(w).1);
        let spikes = volume::spike_share_series(traded, period);
        let expected = |w: std::ops::Range<usize>| volume::spike_share(&traded[w], &mut Vec::new());
        assert_rolling("spikes", &spikes, n, period, expected);
    }
}

#[test]
fn shorter_slices_and_period_zero_do_not_panic() {
    let (long, short) = ([3.0, 2.0, 4.0, 1.0, 5.0], [2.0, 1.0]);
    assert_eq!(
        trend::atr_and_adx(&long, &short, &long, 1),
        trend::atr_and_adx(&long[..2], &short, &long[..2], 1)
    );
    assert_eq!(trend::atr_and_adx_series(&long, &short, &long, 0).0.len(), 2);
    assert_eq!(momentum::stochastic_series(&short, &long, &long, 0, 0).0.len(), 2);
    assert_eq!(momentum::stochastic(&short, &long, &long, 0, 0).0, 0.0);
    assert_eq!(volume::obv(&long, &short), -1.0);
    assert_eq!(volume::vwap(&short, &long), (3.0 * 2.0 + 2.0 * 1.0) / 5.0);
    assert!(volatility::yang_zhang(&long, &short[..1], &long, &long).is_nan());
    assert_eq!(moments::std_series(&long, 0).len(), 5);
    assert!(average::sma_series(&long, usize::MAX).iter().all(|x| x.is_nan()));
    assert!(
        momentum::rsi(&long, 0).is_finite() && momentum::roc_series(&long, usize::MAX)[4].is_nan()
    );
}
