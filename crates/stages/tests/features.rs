//! metrics, state and regime: point in time, panels against single runs, baselines against their
//! definition.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use bars::{AsOf, Bar, Minute, Series, Span, Symbol, Window};
use proptest::prelude::*;
use stages::features::baseline::{QUANTILE_LEVELS, Quantiles};
use stages::features::layout::{FeatureCell, FeatureLayout};
use stages::features::metric::Transform;
use stages::features::output::{OutputOptions, OutputShape};
use stages::features::table::{FeatureRow, fill, to_table};
use stages::table::{Table, Values};
use stages::{metrics, regime};

/// 2024-02-27T00:00Z, so that as-ofs cross the end of a leap year's February.
const START: i64 = 28_483_200;

/// Bars at irregular distances (in minutes), with repeated prices and volumes.
fn series(most_apart: i64, bars: usize) -> impl Strategy<Value = Series> {
    let bar = (1..=most_apart, -3_i32..4, 0_i32..3, 0_i32..4);
    prop::collection::vec(bar, bars / 2..bars).prop_map(|steps| {
        let (mut time, mut close) = (START, 100.0_f64);
        let bar = |&(gap, move_, reach, volume): &(i64, i32, i32, i32)| {
            time += gap;
            let open = close;
            close = (close + f64::from(move_) * 0.25).max(0.25);
            let reach = f64::from(reach) * 0.125;
            Bar {
                time: Minute::new(time).unwrap(),
                open,
                high: open.max(close) + reach,
                low: (open.min(close) - reach).max(0.125),
                close,
                volume: f64::from(volume) * 0.5,
                trades: None,
            }
        };
        steps.iter().map(bar).collect()
    })
}

fn symbol() -> Symbol {
    "A/B".parse().unwrap()
}

fn first(series: &Series) -> Minute {
    series.ends().unwrap().0
}

/// The bars that close by `asof`.
fn past(series: &Series, asof: AsOf) -> Series {
    series.clone().within(Span { start: Minute::MIN, end: asof.end() })
}

fn params(names: &[&str], coverage_threshold: f64, months: Option<u32>) -> metrics::ValidParams {
    let windows = names.iter().map(|name| name.parse().unwrap()).collect();
    metrics::Params { windows, coverage_threshold, months, min_baseline_n: 1 }.check().unwrap()
}

fn windows() -> impl Strategy<Value = Vec<&'static str>> {
    prop::sample::subsequence(vec!["45m", "1h", "4h", "12h", "24h", "72h"], 1..4)
}

fn metric_rows(plan: &metrics::MetricsPlan, series: &Series) -> Vec<FeatureRow> {
    let panels = plan.panels(series);
    plan.rows(&symbol(), first(series), &panels, Some(&panels))
}

/// Rows as text, in which missing values are equal.
fn shown(plan: &metrics::MetricsPlan, rows: &[FeatureRow]) -> String {
    format!("{:?}", fill(plan.layout(), rows))
}

fn regime_rows(plan: &regime::RegimePlan, series: &Series) -> Vec<FeatureRow> {
    let days = plan.history(series, first(series));
    plan.rows(&symbol(), first(series), &days, &plan.panels(&days))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn metrics_do_not_see_the_future(
        series in series(9, 1500), names in windows(), threshold in 0.0_f64..1.0, back in 0_i64..3000, seconds in 0_i64..60,
        imputed in any::<bool>(), separate in any::<bool>(),
    ) {
        let newest = series.ends().unwrap().1;
        let asof = AsOf::start_of(newest).plus(-back).plus_seconds(seconds);
        let plan = metrics::MetricsPlan::new(params(&names, threshold, Some(1)), vec![asof], imputed);
        let past = past(&series, asof);
        prop_assume!(!past.is_empty());
        let rows = |series: &Series| {
            let history = plan.panels(&series.clone().within(plan.span()));
            let current = plan.current_panels(&series.clone().within(plan.current_span()));
            let current = if separate { &current } else { &history };
            plan.rows(&symbol(), first(series), current, Some(&history))
        };
        let (all, cut) = (rows(&series), rows(&past));
        prop_assert_eq!(all.len(), 1);
        prop_assert_eq!(shown(&plan, &all), shown(&plan, &cut));
    }

    #[test]
    fn a_panel_of_snapshots_is_its_single_runs(
        series in series(90, 1200), names in windows(), threshold in 0.0_f64..0.1, every in 7_i64..2000, count in 1_i64..40,
    ) {
        let from = AsOf::start_of(series.ends().unwrap().1).plus(-every * (count - 3));
        let asofs: Vec<AsOf> = (0..count).map(|i| from.plus(i * every)).collect();
        let params = params(&names, threshold, Some(1));
        let panel = metrics::MetricsPlan::new(params.clone(), asofs.clone(), true);
        let rows = metric_rows(&panel, &series.clone().within(panel.span()));
        let mut singles = Vec::new();
        for asof in asofs {
            let plan = metrics::MetricsPlan::new(params.clone(), vec![asof], true);
            let panels = plan.panels(&series.clone().within(plan.span()));
            singles.extend(plan.rows(&symbol(), first(&series), &panels, Some(&panels)));
        }
        prop_assert_eq!(shown(&panel, &rows), shown(&panel, &singles));
    }

    /// Each value of a baseline equals that of a run without baselines at the bucket's end.
    #[test]
    fn baselines_by_their_definition(series in series(40, 1500), name in prop::sample::select(vec!["1h", "4h", "24h"]), back in 0_i64..4000) {
        let window: Window = name.parse().unwrap();
        let asof = AsOf::start_of(series.ends().unwrap().1).plus(-back);
        prop_assume!(AsOf::close_of(first(&series)) <= asof);
        let plan = metrics::MetricsPlan::new(params(&[name], 0.02, Some(1)), vec![asof], false);
        let rows = metric_rows(&plan, &series);

        let from = asof.months_before(1).epoch_seconds();
        let width = i64::from(window.minutes());
        let mut start = first(&series).floor(window);
        let mut buckets = Vec::new();
        while (start.epoch_seconds() + width * 60) <= asof.epoch_seconds() {
            if start.epoch_seconds() >= from {
                let end = AsOf::start_of(start).plus(width);
                let single = metrics::MetricsPlan::new(params(&[name], 0.02, None), vec![end], false);
                let panels = single.current_panels(&series);
                if let Some(values) = panels[0].at(start).and_then(|bucket| panels[0].values(bucket)) {
                    buckets.push(values.to_vec());
                }
            }
            start = start.plus(window.minutes());
        }
        for (m, metric) in metrics::Intraday::TABLE.iter().enumerate() {
            let mut values: Vec<f64> = buckets.iter().map(|row| row[m]).filter(|value| !value.is_nan()).collect();
            values.sort_by(f64::total_cmp);
            let got = rows[0].window(0).enriched(m);
            if !metric.has_baseline {
                prop_assert_eq!(got.n, 0);
                continue;
            }
            prop_assert_eq!(got.n, values.len(), "{}", metric.stem);
            let value = rows[0].window(0).value(m);
            let Some(knots) = Quantiles::of_sorted(&values) else {
                continue;
            };
            for (got, expected) in knots.at.iter().zip(naive_knots(&values)) {
                let scale = values[0].abs().max(values[values.len() - 1].abs());
                prop_assert!((got - expected).abs() <= 1e-12 * scale);
            }
            prop_assert_eq!(got.quartiles, [knots.at[4], knots.at[6], knots.at[8]]);
            prop_assert_eq!(got.pctile.is_nan(), value.is_nan());
            if !value.is_nan() {
                let expected = naive_pctile(value, &knots.at, metric.transform);
                prop_assert!((got.pctile - expected).abs() < 1e-6, "{} {got:?} {expected}", metric.stem);
            }
        }
    }

    #[test]
    fn regimes_do_not_see_the_future(series in series(700, 1200), back in 0_i64..60, lookback in 1_u32..30) {
        let asof = AsOf::start_of(series.ends().unwrap().1).plus(-back * 1440);
        let params = regime::Params { breakout_days: lookback, ..regime::Params::default() };
        let plan = regime::RegimePlan::new(params.check().unwrap(), vec![asof]);
        let past = past(&series, plan.asofs().as_slice()[0]);
        prop_assume!(!past.is_empty());
        let text = |series: &Series| format!("{:?}", fill(plan.layout(), &regime_rows(&plan, series)));
        prop_assert_eq!(text(&series), text(&past));
    }

    /// A panel equals its single runs, and the span that is read is sufficient unless the plan
    /// needs more.
    #[test]
    fn a_panel_of_regimes_is_its_single_runs(
        series in series(2500, 900), names in prop::sample::subsequence(vec!["3d", "7d", "30d", "90d"], 1..3), months in 1_u32..5,
        count in 1_i64..12,
    ) {
        let last = AsOf::start_of(series.ends().unwrap().1);
        let asofs: Vec<AsOf> = (0..count).map(|i| last.plus(-1440 * 3 * i)).collect();
        let windows: Vec<Window> = names.iter().map(|name| name.parse().unwrap()).collect();
        let params = regime::Params { windows, breakout_days: 20, months: Some(months), min_baseline_n: 1 }.check().unwrap();
        let whole = regime::RegimePlan::new(params.clone(), asofs.clone());
        let rows = regime_rows(&whole, &series);
        let mut singles = Vec::new();
        for &asof in whole.asofs().as_slice() {
            let plan = regime::RegimePlan::new(params.clone(), vec![asof]);
            let mut days = plan.history(&series.clone().within(plan.span()), first(&series));
            if plan.needs_more(&days, first(&series)) {
                days = plan.history(&series.clone().within(plan.whole_span()), first(&series));
            }
            singles.extend(plan.rows(&symbol(), first(&series), &days, &plan.panels(&days)));
        }
        let text = |rows: &[FeatureRow]| format!("{:?}", fill(whole.layout(), rows));
        prop_assert_eq!(text(&rows), text(&singles));
    }
}

fn naive_knots(sorted: &[f64]) -> [f64; 13] {
    QUANTILE_LEVELS.map(|percent| {
        let position = (sorted.len() - 1) as f64 * f64::from(percent) / 100.0;
        let (below, above) = (position.floor() as usize, position.ceil() as usize);
        sorted[below] + (sorted[above] - sorted[below]) * (position - below as f64)
    })
}

/// Merges equal quantiles at the mean of their levels, then interpolates linearly.
fn naive_pctile(value: f64, knots: &[f64; 13], transform: Transform) -> f64 {
    let mut merged: Vec<(f64, Vec<f64>)> = Vec::new();
    for (&knot, &percent) in knots.iter().zip(&QUANTILE_LEVELS) {
        match merged.last_mut() {
            Some((last, percents)) if *last == knot => percents.push(f64::from(percent)),
            _ => merged.push((knot, vec![f64::from(percent)])),
        }
    }
    let points: Vec<(f64, f64)> = merged
        .iter()
        .map(|(knot, p)| (transform.apply(*knot), p.iter().sum::<f64>() / p.len() as f64))
        .collect();
    let x = transform.apply(value);
    if points.len() == 1 {
        return 50.0;
    } else if value < merged[0].0 {
        return 1.0;
    } else if value > merged[merged.len() - 1].0 {
        return 99.0;
    }
    let at = points.windows(2).position(|pair| x <= pair[1].0).unwrap();
    let ((x0, y0), (x1, y1)) = (points[at], points[at + 1]);
    y0 + (y1 - y0) * (x - x0) / (x1 - x0)
}

/// The columns and their order depend only on parameters.
#[test]
fn columns_do_not_depend_on_the_data() {
    let asof = AsOf::start_of(Minute::new(START + 3000).unwrap());
    let bar = |i: i64, close: f64| Bar {
        time: Minute::new(START + i).unwrap(),
        open: close,
        high: close,
        low: close,
        close,
        volume: 0.0,
        trades: None,
    };
    let flat: Series = (0..2900).map(|i| bar(i, 0.1)).collect();
    let one: Series = [bar(0, 5.0)].into_iter().collect();
    for (months, imputed) in [(None, false), (None, true), (Some(3), false), (Some(3), true)] {
        let plan = metrics::MetricsPlan::new(
            params(&["1h", "4h", "24h"], 0.8, months),
            vec![asof],
            imputed,
        );
        for series in [&flat, &one] {
            let rows = metric_rows(&plan, series);
            let columns = fill(plan.layout(), &rows);
            assert_eq!((rows.len(), columns.len()), (1, plan.layout().columns().len()));
            let text = format!("{columns:?}");
            assert!(
                !imputed || !(text.contains("NaN") || text.contains("None")),
                "missing value in an imputed row"
            );
            assert!(!text.contains("inf"));
        }
    }
    let plan = regime::RegimePlan::new(regime::Params::default().check().unwrap(), vec![asof]);
    for series in [&flat, &one] {
        let text = format!("{:?}", fill(plan.layout(), &regime_rows(&plan, series)));
        assert!(!(text.contains("NaN") || text.contains("None") || text.contains("inf")), "{text}");
    }
}

/// Without any values, every column has the neutral value that its name promises; ratios take
/// precedence over directions.
#[test]
fn missing_values_become_neutral_values() {
    let asof = AsOf::start_of(Minute::new(START + 3000).unwrap());
    let bar = |i: i64| Bar {
        time: Minute::new(START + i).unwrap(),
        open: 5.0,
        high: 5.0,
        low: 5.0,
        close: 5.0,
        volume: 1.0,
        trades: None,
    };
    let one: Series = [bar(0)].into_iter().collect();
    let plan =
        metrics::MetricsPlan::new(params(&["1h", "4h", "24h"], 0.8, Some(3)), vec![asof], true);
    let regimes = regime::RegimePlan::new(regime::Params::default().check().unwrap(), vec![asof]);
    let (rows, daily) = (metric_rows(&plan, &one), regime_rows(&regimes, &one));
    for (layout, rows) in [(plan.layout(), rows), (regimes.layout(), daily)] {
        for (column, values) in layout.columns().iter().zip(fill(layout, &rows)) {
            let name = &column.spec.name[..];
            let got = match values {
                Values::Number(values) => values[0],
                Values::Whole(values) => values[0].unwrap() as f64,
                Values::Text(values) if column.spec.family == "flag" => {
                    assert_eq!(values[0].as_deref(), Some("none"));
                    continue;
                }
                Values::Flag(values) => {
                    assert!(!values[0], "{name}");
                    continue;
                }
                _ => continue,
            };
            let expected = match name {
                _ if name.starts_with("window_coverage") => continue,
                _ if name.ends_with("_imputed") => 1.0,
                _ if name.ends_with("_pctile") => 50.0,
                _ if name.ends_with("_quintile") => 3.0,
                _ if ["knot", "rz", "abs_rz"].contains(&column.spec.family) => 0.0,
                _ if name.contains("_over_") => 1.0,
                _ if name.contains("_minus_") => 0.0,
                _ if name.ends_with("_pos") => 0.5,
                _ if name.starts_with("rsi_") || name.starts_with("stochastic_") => 50.0,
                _ => 0.0,
            };
            assert_eq!(got, expected, "{name}");
        }
    }
}

/// Sums and differences of huge numbers overflow: results that are not finite are missing and
/// masked.
#[test]
fn results_are_finite_or_missing() {
    let asof = AsOf::start_of(Minute::new(START + 3000).unwrap());
    let bar = |i: i64| {
        let huge = i >= 2940;
        let (price, volume) = if i % 2 == 0 { (1e-300, 1e307) } else { (1e300, 1e307) };
        let (price, volume) = if huge { (price, volume) } else { (5.0, 1e5) };
        let time = Minute::new(START + i).unwrap();
        Bar { time, open: price, high: price, low: price, close: price, volume, trades: None }
    };
    let series: Series = (0..3000).map(bar).collect();
    for imputed in [false, true] {
        let plan = metrics::MetricsPlan::new(
            params(&["1h", "4h", "24h"], 0.0, Some(3)),
            vec![asof],
            imputed,
        );
        let rows = metric_rows(&plan, &series);
        let columns = fill(plan.layout(), &rows);
        let text = format!("{columns:?}");
        assert!(!text.contains("inf"), "{text}");
        assert!(!imputed || !text.contains("NaN"));
    }
}

#[test]
fn window_without_bars_is_never_ok() {
    let time = Minute::new(START).unwrap();
    let bar = Bar { time, open: 5.0, high: 5.0, low: 5.0, close: 5.0, volume: 1.0, trades: None };
    let series: Series = [bar].into_iter().collect();
    let plan = metrics::MetricsPlan::new(
        params(&["1h", "24h"], 0.0, None),
        vec![AsOf::start_of(time.plus(1440))],
        true,
    );
    let rows = metric_rows(&plan, &series);
    assert_eq!([0, 1].map(|place| rows[0].window(place).is_ok()), [false, true]);
}

/// One metric by hand, over bins of 1 minute (1h) and 3 minutes (4h).
#[test]
fn vwap_equals_the_value_computed_by_hand() {
    let bar = |i: i64| {
        let (high, low) = if i == 101 { (12.0, 10.0) } else { (10.5, 10.0) };
        let time = Minute::new(START + i).unwrap();
        Bar { time, open: 10.0, high, low, close: 10.0, volume: 1.0, trades: None }
    };
    let series: Series = (0..240).map(bar).collect();
    let asof = AsOf::start_of(Minute::new(START + 240).unwrap());
    let plan = metrics::MetricsPlan::new(params(&["1h", "4h"], 0.8, None), vec![asof], false);
    let rows = metric_rows(&plan, &series);
    let value =
        |place: usize| rows[0].window(place).value(metrics::Intraday::RangeIntensity as usize);
    let mean = |prices: &[f64]| prices.iter().sum::<f64>() / prices.len() as f64;
    // The volume-weighted average of typical prices, here with equal volumes; minute 101 is in the
    // last 4 hours only.
    let (usual, wide) = ((10.5 + 10.0 + 10.0) / 3.0, (12.0 + 10.0 + 10.0) / 3.0);
    let four_hours: Vec<f64> =
        (0..80).map(|bin| if bin == 101 / 3 { wide } else { usual }).collect();
    assert!((value(0) - 0.5 / usual).abs() < 1e-9, "{}", value(0));
    assert!((value(1) - 2.0 / mean(&four_hours)).abs() < 1e-9, "{}", value(1));
}

/// A layout with masks and roll-ups, and its rows.
fn some_rows() -> (FeatureLayout, Vec<FeatureRow>) {
    let bar = |i: i64| {
        let close = 100.0 + (i as f64 / 77.0).sin();
        let time = Minute::new(START + i).unwrap();
        Bar { time, open: close, high: close, low: close, close, volume: 1.0, trades: None }
    };
    let series: Series = (0..5 * 240).map(bar).collect();
    let asofs = [900, 1200].map(|i| AsOf::start_of(Minute::new(START + i).unwrap()));
    let plan = metrics::MetricsPlan::new(params(&["1h", "4h"], 0.8, Some(1)), asofs.into(), true);
    (plan.layout().clone(), metric_rows(&plan, &series))
}

fn shape(layout: &FeatureLayout, options: OutputOptions) -> Table {
    let (_, rows) = some_rows();
    OutputShape::new(layout, &options).unwrap().to_table(layout, &rows)
}

fn list(patterns: &[&str]) -> Vec<String> {
    patterns.iter().map(|&pattern| pattern.to_owned()).collect()
}

#[test]
fn chosen_columns_are_those_of_the_whole_table() {
    let (layout, rows) = some_rows();
    let whole = to_table(&layout, &rows);
    assert_eq!(shape(&layout, OutputOptions::default()), whole);
    let options = OutputOptions {
        select: list(&["rsi_*", "rv_close_{w}_mag", "roc_sign_agree_rollup*"]),
        drop: list(&["*_p?5"]),
        no_masks: true,
        is_long: false,
    };
    let chosen = shape(&layout, options);
    let names: Vec<&str> = chosen.columns.iter().map(|column| column.name.as_str()).collect();
    let rsi = ["", "_pctile", "_quintile", "_p50", "_n", "_direction", "_rz", "_abs_rz"];
    let of_window = |window: &str| {
        let names = rsi.map(|suffix| format!("rsi_{window}{suffix}"));
        [names.to_vec(), vec![format!("rv_close_{window}_mag")]].concat()
    };
    let keys = ["symbol", "timestamp_asof_utc"].map(str::to_owned);
    let rollup = "roc_sign_agree_rollup".to_owned();
    let expected = [keys.to_vec(), of_window("1h"), of_window("4h"), vec![rollup]].concat();
    assert_eq!(names, expected);
    for name in names {
        assert_eq!(chosen.column(name), whole.column(name), "{name}");
    }
}

#[test]
fn the_long_form_has_every_metric_of_the_wide_one() {
    let (layout, rows) = some_rows();
    let wide = to_table(&layout, &rows);
    let long = shape(&layout, OutputOptions { is_long: true, ..Default::default() });
    let text = |name: &str| match long.column(name) {
        Some(Values::Text(values)) => values.clone(),
        _ => panic!("{name}"),
    };
    let (windows, metrics) = (text("window"), text("metric"));
    let Some(Values::Time(asofs)) = long.column("timestamp_asof_utc") else { panic!() };
    let mut compared = 0;
    for line in 0..long.len() {
        let row = rows.iter().position(|row| row.asof == asofs[line]).unwrap();
        let metric = metrics[line].as_deref().unwrap();
        let base = match &windows[line] {
            Some(window) => {
                let of = metrics::Intraday::TABLE.iter().find(|of| of.stem == metric).unwrap();
                of.column(window)
            }
            None => metric.to_owned(),
        };
        for column in &long.columns[4..] {
            let name = match column.name.as_str() {
                "value" => base.clone(),
                suffix => format!("{base}_{suffix}"),
            };
            let expected = wide.column(&name).map(|values| values.gather(&[row]));
            let found = long.column(&column.name).unwrap().gather(&[line]);
            let (expected, found) = match (expected, found) {
                (Some(Values::Whole(expected)), Values::Number(found)) => {
                    let expected = expected[0].map_or(f64::NAN, |value| value as f64);
                    (format!("{:?}", [expected]), format!("{found:?}"))
                }
                (Some(expected), found) => {
                    compared += 1;
                    (format!("{expected:?}"), format!("{found:?}"))
                }
                // Without a baseline the metric has no such column.
                (None, Values::Number(found)) => ("NaN".to_owned(), found[0].to_string()),
                (None, Values::Whole(found)) => ("None".to_owned(), format!("{:?}", found[0])),
                (None, Values::Text(found)) => ("None".to_owned(), format!("{:?}", found[0])),
                (None, found) => panic!("{name}: {found:?}"),
            };
            assert_eq!(found, expected, "{name}");
        }
    }
    let values = layout
        .columns()
        .iter()
        .filter(|column| matches!(column.cell, FeatureCell::Value(..) | FeatureCell::Enriched(..)));
    assert!(compared >= rows.len() * values.count(), "{compared}");
    let patterns =
        OutputOptions { select: list(&["rsi_1h_pctile"]), is_long: true, ..Default::default() };
    let one = shape(&layout, patterns);
    let names: Vec<&str> = one.columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(names, ["symbol", "timestamp_asof_utc", "window", "metric", "pctile"]);
    assert_eq!(one.len(), rows.len());
}

#[test]
fn choices_of_no_column_are_errors() {
    let (layout, _) = some_rows();
    let fails = |options: OutputOptions, name: &str, said: &str| {
        let error = OutputShape::new(&layout, &options).unwrap_err();
        assert_eq!(error.parameter(), Some(name));
        assert!(error.to_string().contains(said), "{error}");
    };
    let select = |patterns: &[&str]| OutputOptions { select: list(patterns), ..Default::default() };
    fails(select(&["rsi_*", "rsi"]), "select", "'rsi' matches no column");
    fails(select(&["symbol"]), "select", "leaves no column but the keys");
    let drop = OutputOptions { drop: list(&["*"]), ..Default::default() };
    fails(drop, "drop", "leaves no column but the keys");
    let masks = OutputOptions { no_masks: true, ..select(&["*_imputed"]) };
    fails(masks, "select", "leaves no column but the keys");
}

/// The price falls within the first minute (first day) and recovers half of it afterwards.
#[test]
fn change_starts_at_the_first_open_and_roc_at_the_first_close() {
    let day = i64::from(bars::time::DAY);
    let bar = |i: i64| {
        let (open, close) = if i == 0 { (100.0, 80.0) } else { (80.0, 90.0) };
        let time = Minute::new(START + i).unwrap();
        Bar { time, open, high: 100.0, low: 80.0, close, volume: 1.0, trades: None }
    };
    let hour: Series = (0..60).map(bar).collect();
    let asof = AsOf::start_of(Minute::new(START + 60).unwrap());
    let plan = metrics::MetricsPlan::new(params(&["1h"], 0.8, None), vec![asof], false);
    let rows = metric_rows(&plan, &hour);
    let value = |metric: metrics::Intraday| rows[0].window(0).value(metric as usize);
    assert_eq!(value(metrics::Intraday::ChangePct), -10.0);
    assert_eq!(value(metrics::Intraday::Roc), 12.5);

    // One bar at the start of each of three days, so that day bars are the bars above.
    let bar = |i: i64| Bar { time: Minute::new(START + i * day).unwrap(), ..bar(i) };
    let days: Series = (0..3).map(bar).collect();
    let params = regime::Params { windows: vec!["3d".parse().unwrap()], ..Default::default() };
    let asof = AsOf::start_of(Minute::new(START + 3 * day).unwrap());
    let plan = regime::RegimePlan::new(params.check().unwrap(), vec![asof]);
    let rows = regime_rows(&plan, &days);
    let value = |metric: regime::Daily| rows[0].window(0).value(metric as usize);
    assert_eq!(value(regime::Daily::ChangePct), -10.0);
    assert_eq!(value(regime::Daily::Roc), 12.5);
}
