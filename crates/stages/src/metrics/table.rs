//! The table of intraday metrics. Columns, transforms, enrichment, imputation, schema and
//! documentation are derived from it.

use crate::features::metric::Family::{Bbands, Momentum, Range, Trend, Volatility, Volume, Vwap};
use crate::features::metric::{Form, Metric, MetricCatalog, MetricKind, Rollup, metrics};

const EMA_FAST_START: &str = "Starts at the window's first close; a chart starts earlier. Difference from TA-Lib over all earlier bars, 99th percentile: below 0.0001 % of the price.";
const EMA_SLOW_START: &str = "Starts at the window's first close; a chart starts earlier. Difference from TA-Lib over all earlier bars, 99th percentile: 0.010 % of the price over 1h, 0.013 % over 24h.";
const MACD_START: &str = "Its averages start at the window's first close; a chart starts earlier. Difference from TA-Lib over all earlier bars, 99th percentile: 0.010 % of the price over 1h, 0.013 % over 24h.";
const MACD_SIGNAL_START: &str = "Its averages start at the window's first close; a chart starts earlier. Difference from TA-Lib over all earlier bars, 99th percentile: 0.014 % of the price over 1h, 0.019 % over 24h.";
const MACD_HISTOGRAM_START: &str = "Its averages start at the window's first close; a chart starts earlier. Difference from TA-Lib over all earlier bars, 99th percentile: 0.005 % of the price over 1h, 0.006 % over 24h.";
const RSI_START: &str = "Wilder's averages start at the window's first change; TA-Lib starts at the mean of the first 14 of all bars. Difference: median 0.7 and 99th percentile 3.5 points over 1h, 0.3 and 1.1 over 24h.";
const ATR_START: &str = "Wilder's average starts at the window's first bin; TA-Lib starts at the mean of the first 14 of all bars. Difference: median 0.4 % and 99th percentile 3.0 % of the ATR over 1h, 0.1 % and 0.9 % over 24h.";
const ADX_START: &str = "Wilder's averages start at the window's first bin; TA-Lib starts at the mean of the first 14 of all bars. Difference: median 1.4 and 99th percentile 5.4 points over 1h, 0.7 and 2.8 over 24h.";

metrics! {
    /// Indices of the metrics in the table.
    Intraday {
        CloseMean: Metric::raw("close_mean", "mean of the bins' closes"),
        CloseStddev: Metric::raw("close_stddev", "standard deviation (ddof 1) of the closes"),
        CloseMin: Metric::raw("close_min", "lowest close"),
        CloseMax: Metric::raw("close_max", "highest close"),
        Sma: Metric::raw("sma", "simple moving average: the mean of the closes").no_baseline(),
        VolumeSum: Metric::raw("volume_sum", "volume in units of the base asset").log(),
        VwapPrice: Metric::raw("vwap", "volume weighted average of the typical prices (h + l + c) / 3").valid(Vwap),
        PriceDeviationVwap: Metric::raw("price_deviation_vwap", "(last close - vwap) / vwap").signed_log().valid(Vwap),
        Roc: Metric::raw("roc", "rate of change, 100 (last close - first close) / first close").signed_log().valid(Momentum),
        ChangePct: Metric::raw("change_pct", "change in percent, 100 (last close - first open) / first open").signed_log(),
        ReturnsLog: Metric::raw("returns_log", "sum of the bins' log returns"),
        EmaFast: Metric::raw("ema_fast", "EMA of the closes, span 12").no_baseline().note(EMA_FAST_START),
        EmaSlow: Metric::raw("ema_slow", "EMA of the closes, span 26").no_baseline().note(EMA_SLOW_START),
        Macd: Metric::raw("macd", "ema_fast - ema_slow").no_baseline().note(MACD_START),
        MacdSignal: Metric::raw("macd_signal", "EMA of macd, span 9").no_baseline().note(MACD_SIGNAL_START),
        MacdHistogram: Metric::raw("macd_histogram", "macd - macd_signal").signed_log().note(MACD_HISTOGRAM_START),
        BollingerUpper: Metric::raw("bollinger_upper", "mean + 2 standard deviations (ddof 1) of the last 20 closes").valid(Bbands),
        BollingerLower: Metric::raw("bollinger_lower", "mean - 2 standard deviations (ddof 1) of the last 20 closes").valid(Bbands),
        BollingerWidth: Metric::raw("bollinger_width", "upper - lower band").log().valid(Bbands),
        Rsi: Metric::raw("rsi", "Wilder's relative strength index, period 14, 0 to 100").neutral(50.0).note(RSI_START),
        Atr: Metric::raw("atr", "Wilder's average true range, period 14, in units of price").log().note(ATR_START),
        StochasticK: Metric::raw("stochastic_k", "stochastic %K over 14 bins, 0 to 100").neutral(50.0),
        StochasticD: Metric::raw("stochastic_d", "mean of the last three %K").neutral(50.0),
        Obv: Metric::raw("obv", "on-balance volume, from 0 at the window's start").signed_log(),
        Cci: Metric::raw("cci", "commodity channel index over the window"),
        Adx: Metric::raw("adx", "Wilder's average directional index, period 14, 0 to 100").valid(Trend).note(ADX_START),
        QuoteVolumeSum: Metric::mag("quote_volume_sum", "volume in units of the quote currency, sum of close x volume").log().valid(Volume),
        UpVolumeShare: Metric::pos("up_volume_share", "share of the volume in bins that closed higher").valid(Volume),
        DownVolumeShare: Metric::pos("down_volume_share", "share of the volume in bins that closed lower").valid(Volume),
        VolSpikeShare: Metric::pos("vol_spike_share", "share of bins with a volume above median + 3 x 1.4826 x MAD"),
        RvClose: Metric::mag("rv_close", "realized volatility: standard deviation (ddof 1) of the log returns").log().valid(Volatility),
        ParkinsonVol: Metric::mag("parkinson_vol", "Parkinson volatility, from highs and lows").log().valid(Volatility),
        GarmanKlass: Metric::mag("garman_klass", "Garman-Klass volatility, from open, high, low and close").log().valid(Volatility),
        YangZhang: Metric::mag("yang_zhang", "Yang-Zhang volatility, including jumps between bins").log().valid(Volatility),
        SqueezeIndex: Metric::mag("squeeze_index", "Bollinger width / (4 atr + 1e-9): below 1 in a squeeze"),
        RangeIntensity: Metric::mag("range_intensity", "(highest high - lowest low) / vwap").log().valid(Range),
        VwapDeviationAbs: Metric::mag("vwap_deviation_abs", "absolute price_deviation_vwap").log(),
        BbPosition: Metric::pos("bb_position", "position of the last close between the Bollinger bands, 0 to 1"),
        DistToWindowHigh: Metric::dir("dist_to_window_high", "(last close - highest close) / atr, in units of atr").signed_log().valid(Range),
        DistToWindowLow: Metric::dir("dist_to_window_low", "(last close - lowest close) / atr, in units of atr").signed_log().valid(Range),
        DistToWindowHighAbs: Metric::mag("dist_to_window_high_abs", "absolute dist_to_window_high").log().neutral(0.0),
        DistToWindowLowAbs: Metric::mag("dist_to_window_low_abs", "absolute dist_to_window_low").log().neutral(0.0),
        RetSharePos: Metric::pos("ret_share_pos", "number of rising closes / number of bins").valid(Momentum),
        RunUpMax: Metric::mag("run_up_max", "longest run of rising closes, in bins").valid(Momentum),
        RunDnMax: Metric::mag("run_dn_max", "longest run of falling closes, in bins").valid(Momentum),
        VwapPosShare: Metric::pos("vwap_pos_share", "share of bins that close above vwap"),
    }
}

const HOUR: i32 = 60;
const HORIZONS: &[i32] = &[HOUR, 4 * HOUR, 12 * HOUR, 24 * HOUR];

const fn agreement(column: &'static str, metric: Intraday, description: &'static str) -> Rollup {
    Rollup {
        column,
        kind: MetricKind::Raw,
        neutral: 0.0,
        form: Form::SignAgreement(metric as usize, HORIZONS),
        description,
    }
}

/// The intraday metrics and their roll-ups.
pub const CATALOG: MetricCatalog = MetricCatalog {
    metrics: Intraday::TABLE,
    rollups: &[
        agreement(
            "macd_histogram_sign_agree_rollup",
            Intraday::MacdHistogram,
            "sum of the signs of macd_histogram over 1h, 4h, 12h and 24h, of the computed windows",
        ),
        agreement(
            "roc_sign_agree_rollup",
            Intraday::Roc,
            "sum of the signs of roc over 1h, 4h, 12h and 24h, of the computed windows",
        ),
        agreement(
            "price_deviation_vwap_sign_agree_rollup",
            Intraday::PriceDeviationVwap,
            "sum of the signs of price_deviation_vwap over 1h, 4h, 12h and 24h, of the computed windows",
        ),
        Rollup {
            column: "rv_close_1h_over_4h_mag",
            kind: MetricKind::Magnitude,
            neutral: 1.0,
            form: Form::Ratio(Intraday::RvClose as usize, [HOUR, 4 * HOUR]),
            description: "realized volatility over 1h / the same over 4h",
        },
        Rollup {
            column: "rv_close_4h_over_24h_mag",
            kind: MetricKind::Magnitude,
            neutral: 1.0,
            form: Form::Ratio(Intraday::RvClose as usize, [4 * HOUR, 24 * HOUR]),
            description: "realized volatility over 4h / the same over 24h",
        },
        Rollup {
            column: "roc_4h_over_24h_dir",
            kind: MetricKind::Direction,
            neutral: 1.0,
            form: Form::Ratio(Intraday::Roc as usize, [4 * HOUR, 24 * HOUR]),
            description: "rate of change over 4h / absolute rate of change over 24h",
        },
        Rollup {
            column: "adx_1h_minus_4h_mag",
            kind: MetricKind::Magnitude,
            neutral: 0.0,
            form: Form::Difference(Intraday::Adx as usize, [HOUR, 4 * HOUR]),
            description: "ADX over 1h - ADX over 4h",
        },
        Rollup {
            column: "adx_4h_minus_24h_mag",
            kind: MetricKind::Magnitude,
            neutral: 0.0,
            form: Form::Difference(Intraday::Adx as usize, [4 * HOUR, 24 * HOUR]),
            description: "ADX over 4h - ADX over 24h",
        },
    ],
};
