//! The table of daily metrics. Columns, transforms, enrichment, imputation, schema and
//! documentation are derived from it.

use crate::features::metric::Family::{Breakout, Range, Trend, Volatility};
use crate::features::metric::{Metric, MetricCatalog, metrics};

const ATR_START: &str = "Wilder's average starts at the window's first day, in windows of fewer than 14 days at most 250 days earlier; TA-Lib starts at the mean of the first 14 of all days. Difference: none below 14d, median 2 % and 99th percentile 11 % of the ATR over 30d, at most 0.3 % over 90d.";
const ADX_START: &str = "Wilder's averages start at the window's first day, in windows of fewer than 27 days at most 250 days earlier; TA-Lib starts at the mean of the first 14 of all days. Difference: none below 27d, median 6 and 99th percentile 26 points over 30d, at most 0.7 over 90d.";

metrics! {
    /// Indices of the metrics in the table.
    Daily {
        Roc: Metric::raw("roc", "rate of change, 100 (last close - first close) / first close").signed_log(),
        ChangePct: Metric::raw("change_pct", "change in percent, 100 (last close - first open) / first open").signed_log(),
        RvClose: Metric::mag("rv_close", "realized volatility: standard deviation (ddof 1) of the daily log returns").log().valid(Volatility),
        VolOfVol: Metric::mag("vol_of_vol", "standard deviation (ddof 1) of the absolute daily log returns").valid(Volatility),
        RetSkew: Metric::dir("ret_skew", "skewness (population moments) of the daily log returns"),
        RetKurtosis: Metric::mag("ret_kurtosis", "excess kurtosis (population moments) of the daily log returns"),
        Ma50Slope: Metric::dir("ma50_slope", "relative change of the 50-day average from the window's first day to its last").valid(Trend),
        Ma200Slope: Metric::dir("ma200_slope", "relative change of the 200-day average from the window's first day to its last").valid(Trend),
        Ma50MinusMa200: Metric::dir("ma50_minus_ma200", "(50-day average - 200-day average) / 200-day average on the last day").valid(Trend),
        Ma50Cross: Metric::dir("ma50_cross", "last crossing of the 50-day over the 200-day average within the window: +1 above, -1 below, 0 none"),
        AboveMa50Share: Metric::pos("above_ma50_share", "share of the days that close above their 50-day average, of those that have one"),
        Atr: Metric::mag("atr", "Wilder's average true range, period 14 days, in units of price").log().note(ATR_START),
        Adx: Metric::mag("adx", "Wilder's average directional index, period 14 days, 0 to 100").valid(Trend).note(ADX_START),
        ParkinsonVol: Metric::mag("parkinson_vol", "Parkinson volatility, from daily highs and lows").log(),
        GarmanKlass: Metric::mag("garman_klass", "Garman-Klass volatility, from daily open, high, low and close").log(),
        SqueezeIndex: Metric::mag("squeeze_index", "Bollinger width over at most 20 days / (4 atr + 1e-9)"),
        RangeIntensity: Metric::mag("range_intensity", "(highest high - lowest low) / last close").log().valid(Range),
        BreakoutHiShare: Metric::pos("breakout_hi_share", "share of the window's days with a close that is the highest of the breakout lookback").valid(Breakout),
        BreakoutLoShare: Metric::pos("breakout_lo_share", "share of the window's days with a close that is the lowest of the breakout lookback").valid(Breakout),
    }
}

/// The daily metrics; there are no roll-ups.
pub const CATALOG: MetricCatalog = MetricCatalog { metrics: Daily::TABLE, rollups: &[] };
