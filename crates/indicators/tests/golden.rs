//! Compares the indicators with independently computed numbers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use indicators::average::{Ewm, ema, wilder_series};
use indicators::{WILDER_PERIOD, bands, log, momentum, trend, volatility, volume};
use libtest_mimic::Arguments;
use serde_json::Value;
use testkit::{Need::Shared, trial};

fn main() {
    let tests = vec![trial("primitives_match", &[Shared], primitives_match)];
    libtest_mimic::run(&Arguments::from_args(), tests).exit();
}

fn slice(case: &Value, name: &str) -> Vec<f64> {
    let number = |value: &Value| value.as_f64().unwrap_or(f64::NAN);
    case["in"][name].as_array().expect("a list").iter().map(number).collect()
}

#[track_caller]
fn assert_close(got: f64, golden: &Value, case: &Value) {
    let golden = golden.as_f64().unwrap_or(f64::NAN);
    let close = (got - golden).abs() <= (1e-9 * golden.abs()).max(1e-11);
    assert!(close || (got.is_nan() && golden.is_nan()), "got {got}, golden {golden}: {case}");
}

#[track_caller]
fn assert_all(got: &[f64], case: &Value) {
    let golden = case["out"].as_array().expect("a list");
    assert_eq!(got.len(), golden.len());
    got.iter().zip(golden).for_each(|(got, golden)| assert_close(*got, golden, case));
}

fn primitives_match() {
    let path = testkit::shared().expect("the shared folder").join("golden/market/primitives.json");
    let file: Value = serde_json::from_slice(&std::fs::read(path).expect("a file")).expect("JSON");
    let mut compared = 0;
    for case in file["cases"].as_array().expect("cases") {
        compared += usize::from(primitive(case));
    }
    assert_eq!(compared, 34, "a primitive was skipped");
}

/// Compares one case; false if its primitive is not in this crate.
fn primitive(case: &Value) -> bool {
    let get = |name: &str| slice(case, name);
    let out = &case["out"];
    let scratch = &mut Vec::new();
    match case["primitive"].as_str().expect("a name") {
        "ewm" => {
            let mut ewm = Ewm::new(case["in"]["a"].as_f64().expect("a factor"));
            assert_all(&get("x").into_iter().map(|x| ewm.push(x)).collect::<Vec<_>>(), case);
        }
        "ema" => {
            let span = case["in"]["span"].as_u64().expect("a span") as usize;
            let golden = out.as_array().and_then(|all| all.last()).unwrap_or(out);
            assert_close(ema(&get("x"), span), golden, case);
        }
        "wilder" => {
            let (x, p) = (get("x"), case["in"]["p"].as_u64().expect("a period") as usize);
            assert_all(&wilder_series(&x, p), case);
        }
        "macd" => {
            let macd = momentum::macd(&get("c"), 12, 26, 9);
            assert_close(macd.macd, &out["macd"], case);
            assert_close(macd.signal, &out["signal"], case);
            assert_close(macd.macd - macd.signal, &out["histogram"], case);
        }
        "rsi" => assert_close(momentum::rsi(&get("c"), WILDER_PERIOD), out, case),
        "true_range" => {
            trend::true_range(&get("h"), &get("l"), &get("c"), scratch);
            assert_all(scratch, case);
        }
        "atr" => assert_close(
            trend::atr_and_adx(&get("h"), &get("l"), &get("c"), WILDER_PERIOD).0,
            out,
            case,
        ),
        "adx" => assert_close(
            trend::atr_and_adx(&get("h"), &get("l"), &get("c"), WILDER_PERIOD).1,
            out,
            case,
        ),
        "stochastic" => {
            let (k, d) = momentum::stochastic(&get("h"), &get("l"), &get("c"), WILDER_PERIOD, 3);
            assert_close(k, &out["k"], case);
            assert_close(d, &out["d"], case);
        }
        "bollinger" => {
            let bands = bands::bollinger(&get("c"), 20, 2.0);
            assert_close(bands.upper, &out["upper"], case);
            assert_close(bands.lower, &out["lower"], case);
            assert_close(bands.width(), &out["width"], case);
        }
        "cci" => {
            momentum::typical_price(&get("h"), &get("l"), &get("c"), scratch);
            assert_close(momentum::cci(scratch), out, case);
        }
        "obv" => assert_close(volume::obv(&get("c"), &get("v")), out, case),
        "parkinson" => {
            log::ln_ratios(&get("h"), &get("l"), scratch);
            assert_close(volatility::parkinson(scratch), out, case);
        }
        "garman_klass" => {
            let mut moves = Vec::new();
            log::ln_ratios(&get("h"), &get("l"), scratch);
            log::ln_ratios(&get("c"), &get("o"), &mut moves);
            assert_close(volatility::garman_klass(scratch, &moves), out, case);
        }
        "yang_zhang" => {
            let (o, h, l, c) = (get("o"), get("h"), get("l"), get("c"));
            let ratios = |a: &[f64], b: &[f64]| {
                let mut out = Vec::new();
                log::ln_ratios(a, b, &mut out);
                out
            };
            let parts = [
                ratios(&o[1..], &c),
                ratios(&h[1..], &l[1..]),
                ratios(&c[1..], &o[1..]),
                ratios(&h[1..], &c[1..]),
            ];
            assert_close(
                volatility::yang_zhang(&parts[0], &parts[1], &parts[2], &parts[3]),
                out,
                case,
            );
        }
        _ => return false,
    }
    true
}
