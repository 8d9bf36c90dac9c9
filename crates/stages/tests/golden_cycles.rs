//! Cycles against independent numbers: kept modes, reasons, features, fusion, clusters, cards,
//! summaries.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::path::PathBuf;

use bars::{AsOf, Minute};
use emd::Decomposition;
use libtest_mimic::Arguments;
use serde_json::Value;
use stages::cycles::cluster::{Cluster, Clustered, FEATURES, cluster};
use stages::cycles::fusion::fuse;
use stages::cycles::imf::{Features, Imf, Reason, inspect};
use stages::cycles::postprocess::{self, RecordedCycle, Summary, summarize};
use stages::cycles::{CycleRow, Lookback, SignalKind, Status, cards, detrend};
use testkit::Need::Shared;
use testkit::{npz, trial};

fn main() {
    let tests = vec![
        trial("kept_and_dropped_modes", &[Shared], kept_and_dropped_modes),
        trial("robust_lines", &[Shared], robust_lines),
        trial("clusters_and_cards", &[Shared], clusters_and_cards),
        trial("sums", &[Shared], sums),
        trial("windows", &[Shared], windows),
    ];
    libtest_mimic::run(&Arguments::from_args(), tests).exit();
}

fn golden(name: &str) -> PathBuf {
    testkit::shared().expect("the shared folder is required").join("golden").join(name)
}

fn json(name: &str) -> Value {
    let path = golden(name);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_str(&text).expect("JSON")
}

/// Compares with a number, or null for missing.
#[track_caller]
fn close(got: f64, expected: &Value, tolerance: f64, what: &str) {
    let expected = expected.as_f64().unwrap_or(f64::NAN);
    let within = (got - expected).abs() <= tolerance * expected.abs() || got == expected;
    assert!(within || (got.is_nan() && expected.is_nan()), "{what}: {got}, expected {expected}");
}

fn kept_and_dropped_modes() {
    let features = json("imf/features.json");
    let mut checked = BTreeMap::<String, usize>::new();
    for (symbol, gates) in features["symbols"].as_object().unwrap() {
        let series = |letter: &str, original: &str| {
            let file = golden(&format!("emd/parity_{letter}4320_{symbol}.npz"));
            let rows = npz::load(&file, "rows");
            let mut modes: Vec<Vec<f64>> = rows.rows().into_iter().map(<[f64]>::to_vec).collect();
            let residue = modes.pop().unwrap();
            (Decomposition { modes, residue, stats: Vec::new() }, npz::load(&file, original).values)
        };
        let (price, volume) = (series("p", "close"), series("v", "volume"));
        for (gate, expected) in gates.as_object().unwrap() {
            let depth: f64 = gate.strip_prefix("gate_").unwrap().parse().unwrap();
            let of =
                |(found, original): &(Decomposition, Vec<f64>)| inspect(found, original, depth);
            let (price, volume) = (of(&price), of(&volume));
            for (imfs, expected) in [(&price, &expected["price"]), (&volume, &expected["volume"])] {
                let expected = expected.as_array().unwrap();
                assert_eq!(imfs.len(), expected.len());
                for (imf, expected) in imfs.iter().zip(expected) {
                    same_imf(imf, expected, &format!("{symbol} {gate} {}", imf.id));
                    *checked.entry(expected["reason"].as_str().unwrap().to_owned()).or_default() +=
                        1;
                }
            }
            let fused: Vec<_> =
                price.iter().filter_map(|imf| Some((imf.id, fuse(imf, &volume)?))).collect();
            let expected = expected["fusion"].as_array().unwrap();
            assert_eq!(fused.len(), expected.len(), "{symbol} {gate}");
            for ((id, fusion), expected) in fused.iter().zip(expected) {
                assert_eq!(*id as u64, expected["imf_id"].as_u64().unwrap());
                assert_eq!(
                    fusion.imf_id as u64,
                    expected["vol_imf_id"].as_u64().unwrap(),
                    "{symbol} {gate} {id}"
                );
                // A correlation near 0 is a difference of larger numbers.
                let corr = expected["vol_amp_corr"].as_f64().unwrap();
                assert!((fusion.amp_corr.unwrap() - corr).abs() < 1e-9);
                close(fusion.period_ratio, &expected["vol_period_ratio"], 1e-9, "vol_period_ratio");
                close(fusion.energy_share, &expected["vol_energy_share"], 1e-9, "vol_energy_share");
            }
        }
    }
    assert!(checked["kept"] > 50 && checked["depth"] > 10 && checked.len() > 2, "{checked:?}");
}

fn same_imf(imf: &Imf, expected: &Value, what: &str) {
    close(imf.period.unwrap_or(f64::NAN), &expected["period_bars_whole"], 1e-9, what);
    let reason = imf.verdict.as_ref().err().map_or("kept", |reason: &Reason| reason.name());
    assert_eq!(reason, expected["reason"].as_str().unwrap(), "{what}");
    if let Some(guard) = expected["guard"].as_u64() {
        assert_eq!(imf.guard as u64, guard, "{what}");
    }
    let Some(features) = imf.features() else { return };
    for (name, got) in FEATURES.into_iter().zip(numbers(features)) {
        // The variance of steady phases is a difference of numbers near 1.
        let tolerance = if name == "phase_var" { 1e-9 + 1e-15 / got } else { 1e-9 };
        close(got, &expected[name], tolerance, &format!("{what} {name}"));
    }
}

fn numbers(features: &Features) -> [f64; 6] {
    [
        features.period_days,
        features.amp_pct,
        features.energy_share,
        features.cycles_count as f64,
        features.pct_cycles_ge_gate,
        features.phase_var,
    ]
}

fn robust_lines() {
    for (name, case) in json("imf/detrend.json")["cases"].as_object().unwrap() {
        let (letter, symbol) = name.split_once('_').unwrap();
        let y = npz::load(&golden(&format!("emd/parity_{letter}_{symbol}.npz")), "y").values;
        let std = case["std"].as_f64().unwrap();
        let lines = detrend::lines(&y);
        let expected = case["slope_intercept_per_pass"].as_array().unwrap();
        assert_eq!(lines.len(), expected.len());
        for (line, expected) in lines.iter().zip(expected) {
            let (slope, intercept) = (expected[0].as_f64().unwrap(), expected[1].as_f64().unwrap());
            assert!(
                (line.slope - slope).abs() * y.len() as f64 <= 1e-9 * std,
                "{name}: {line:?} {slope}"
            );
            assert!((line.intercept - intercept).abs() <= 1e-9 * std, "{name}");
        }
        let expected =
            npz::load(&golden("imf/detrend.npz"), &format!("{name}__y_detrended")).values;
        for (got, expected) in detrend::detrend(&y).iter().zip(expected) {
            assert!((got - expected).abs() <= 1e-9 * std, "{name}");
        }
    }
}

/// Lookbacks for as-ofs and numbers of months.
fn windows() {
    for case in json("imf/window_readings.json").as_array().unwrap() {
        let asof = case["asof"].as_str().unwrap().parse().unwrap();
        let months = case["months"].as_u64().unwrap() as u32;
        let lookback = Lookback::new(asof, AsOf::start_of(Minute::MIN), months);
        let same = |got: String, expected: &Value| {
            // Format 2021-05-13T23:59:59+00:00.
            let expected = expected.as_str().unwrap();
            assert_eq!(got.strip_suffix('Z').unwrap(), &expected[..19], "{}", case["asof"]);
        };
        same(lookback.span.start.to_string(), &case["proposed"]["window_start"]);
        assert_eq!(lookback.minutes() as u64, case["proposed"]["n"].as_u64().unwrap());
        same(lookback.span.end.plus(-1).to_string(), &case["last_minute"]);
        if case["echo"].is_string() {
            same(lookback.asof.to_string(), &case["echo"]);
        }
    }
}

type Record = BTreeMap<String, String>;

/// Reads the rows of a table by column.
fn records(name: &str) -> Vec<Record> {
    let mut reader = csv::Reader::from_path(golden(name)).expect("a table");
    reader.deserialize().map(|record| record.expect("a row")).collect()
}

fn number(record: &Record, column: &str) -> f64 {
    let text = &record[column];
    if text.is_empty() { f64::NAN } else { text.parse().expect("a number") }
}

fn row(record: &Record) -> CycleRow {
    let features = || Features {
        period_days: number(record, "period_days"),
        amp_pct: number(record, "amp_pct"),
        energy_share: number(record, "energy_share"),
        cycles_count: number(record, "cycles_count") as usize,
        pct_cycles_ge_gate: number(record, "pct_cycles_ge_2pct"),
        phase_var: number(record, "phase_var"),
    };
    CycleRow {
        symbol: record["symbol"].parse().unwrap(),
        series: SignalKind::named(&record["series"]).unwrap(),
        status: Status::named(&record["status"]).unwrap(),
        cycle: record["imf_id"].parse::<usize>().ok().map(|id| (id, features())),
        fusion: None,
    }
}

/// Returns the cluster of a row.
fn cluster_of(clusters: &[Cluster], place: usize) -> Option<&Cluster> {
    clusters.iter().find(|cluster| cluster.rows.contains(&place))
}

fn clusters_and_cards() {
    for (name, mixed) in [("A", false), ("A_mixed", true), ("B", false), ("C", false), ("R", false)]
    {
        let expected = records(&format!("imf/table{name}_clustered.csv"));
        let mut order: Vec<usize> = (0..expected.len()).collect();
        let rows: Vec<CycleRow> = expected.iter().map(row).collect();
        let key = |place: &usize| {
            (rows[*place].series, rows[*place].symbol.clone(), rows[*place].cycle.map(|c| c.0))
        };
        order.sort_by_key(key);
        assert!(order.is_sorted(), "{name}: series, symbol, mode");
        let pools = cluster(&rows, mixed);
        let info = json(&format!("imf/table{name}_info.json"));
        for pool in &pools {
            assert_eq!(
                pool.method.name(),
                info[pool.pool.name()]["method"].as_str().unwrap(),
                "{name}"
            );
        }
        // The k-means result of one pool depends on the seed.
        let is_free = |pool: &Clustered| name == "R" && pool.pool.name() == "price";
        for (place, record) in expected.iter().enumerate() {
            let (global, asset) = pools.iter().fold((None, None), |(global, asset), pool| {
                let own = pool.asset.iter().find(|(symbol, _)| *symbol == record["symbol"]);
                (
                    global.or_else(|| cluster_of(&pool.global, place).filter(|_| !is_free(pool))),
                    asset.or_else(|| own.and_then(|(_, clusters)| cluster_of(clusters, place))),
                )
            });
            if !(name == "R" && record["series"] == "price") {
                same_cluster(global, record, "global");
            }
            same_cluster(asset, record, "asset");
        }
        let expected = json(&format!("imf/table{name}_cards.json"));
        for pool in pools.iter().filter(|pool| !is_free(pool)) {
            let got = serde_json::to_value(cards::global(pool, &rows)).unwrap();
            same_json(&got, &expected["global_"][pool.pool.name()], name);
        }
        let mut asset = expected["asset"].clone();
        for card in asset
            .as_object_mut()
            .unwrap()
            .values_mut()
            .flat_map(|cards| cards.as_array_mut().unwrap())
        {
            let card = card.as_object_mut().unwrap();
            let pool = card.remove("pool").unwrap();
            card.insert("series".to_owned(), pool);
        }
        same_json(&serde_json::to_value(cards::asset(&pools)).unwrap(), &asset, name);
    }
}

#[track_caller]
fn same_cluster(got: Option<&Cluster>, record: &Record, kind: &str) {
    assert_eq!(got.map_or("", |cluster| &cluster.id), record[&format!("cluster_id_{kind}")]);
    let value = |of: fn(&Cluster) -> f64| got.map_or(f64::NAN, of);
    for (column, got) in [
        ("size", value(|c| c.size as f64)),
        ("median_period", value(|c| c.median_period)),
        ("mad_pct_period", value(|c| c.mad_pct_period)),
        ("median_amp", value(|c| c.median_amp)),
        ("mad_pct_amp", value(|c| c.mad_pct_amp)),
        ("reliability_period", value(|c| c.reliability_period)),
        ("reliability_amp", value(|c| c.reliability_amp)),
    ] {
        let column = format!("cluster_{column}_{kind}");
        close(got, &Value::from(number(record, &column)), 1e-12, &column);
    }
}

/// Compares numbers to 1e-12 and everything else exactly.
#[track_caller]
fn same_json(got: &Value, expected: &Value, what: &str) {
    match (got, expected) {
        (Value::Object(got), Value::Object(expected)) => {
            assert_eq!(
                got.keys().collect::<std::collections::BTreeSet<_>>(),
                expected.keys().collect(),
                "{what}"
            );
            got.iter().for_each(|(key, value)| {
                same_json(value, &expected[key], &format!("{what} {key}"))
            });
        }
        (Value::Array(got), Value::Array(expected)) => {
            assert_eq!(got.len(), expected.len(), "{what}");
            got.iter().zip(expected).for_each(|(got, expected)| same_json(got, expected, what));
        }
        (Value::Number(got), Value::Number(_)) => {
            close(got.as_f64().unwrap(), expected, 1e-12, what)
        }
        (got, expected) => assert_eq!(got, expected, "{what}"),
    }
}

fn sums() {
    for (table, name) in [
        ("A", "A_post_both"),
        ("A", "A_post_price_short_window"),
        ("A", "A_post_volume_minenergy"),
        ("A_mixed", "A_mixed_post_both"),
        ("B", "B_post_both"),
        ("C", "C_post_both"),
        ("R", "R_post_both"),
    ] {
        let expected = json(&format!("imf/table{name}.json"));
        let asked = &expected["parameters"];
        let series = asked["series"].as_str().unwrap();
        let bands = asked["bands"].as_array();
        let params = postprocess::Params {
            window_days: asked["window_days"].as_f64().unwrap(),
            min_energy_share: asked["min_energy"].as_f64().unwrap_or(0.0),
            amp_bands: bands
                .map_or([5.0, 12.0], |bands| [0, 1].map(|i: usize| bands[i].as_f64().unwrap())),
        };
        let records = records(&format!("imf/table{table}_clustered.csv"));
        let chosen = records.iter().filter(|record| series == "both" || record["series"] == series);
        let found = summarize(chosen.map(cycle).collect(), &params.check().unwrap());
        let summaries = expected["imf_post_summary"].as_array().unwrap();
        assert_eq!(found.len(), summaries.len(), "{name}");
        for (summary, expected) in found.iter().zip(summaries) {
            same_summary(summary, expected, name);
        }
        let tops = expected["imf_post_top_imfs"].as_array().unwrap();
        let top = |summary: &Summary| {
            summary.cycles.iter().take(postprocess::TOP).cloned().collect::<Vec<_>>()
        };
        let listed: Vec<_> = found.iter().flat_map(top).collect();
        assert_eq!(listed.len(), tops.len(), "{name}");
        for (judged, expected) in listed.iter().zip(tops) {
            assert_eq!(judged.cycle.symbol, expected["symbol"].as_str().unwrap());
            close(judged.cycle.period_days, &expected["period_days"], 1e-12, name);
            close(judged.reliability, &expected["reliability"], 1e-12, name);
            assert_eq!(judged.singleton, expected["singleton_global_flag"].as_bool().unwrap());
            assert_eq!(judged.undersampled, expected["undersampled_flag"].as_bool().unwrap());
            assert_eq!(judged.long, expected["long_cycle_flag"].as_bool().unwrap());
        }
    }
}

fn cycle(record: &Record) -> RecordedCycle {
    RecordedCycle {
        symbol: record["symbol"].clone(),
        series: SignalKind::named(&record["series"]).unwrap(),
        status: record["status"].clone(),
        imf_id: number(record, "imf_id") as i64,
        period_days: number(record, "period_days"),
        amp_pct: number(record, "amp_pct"),
        energy_share: number(record, "energy_share"),
        vol_amp_corr: number(record, "vol_amp_corr"),
        vol_period_ratio: number(record, "vol_period_ratio"),
        cluster_id_global: record["cluster_id_global"].clone(),
        cluster_size_global: number(record, "cluster_size_global") as i64,
        cluster_mad_pct_period_global: number(record, "cluster_mad_pct_period_global"),
        cluster_mad_pct_amp_global: number(record, "cluster_mad_pct_amp_global"),
    }
}

fn same_summary(summary: &Summary, expected: &Value, name: &str) {
    let (first, what) = (summary.dominant(), format!("{name} {}", expected["symbol"]));
    let text = |field: &str| expected[field].as_str().unwrap();
    assert_eq!(
        (first.cycle.symbol.as_str(), first.cycle.series.name()),
        (text("symbol"), text("series"))
    );
    let is_price = first.cycle.series == SignalKind::Price;
    let of_price = |value: f64| if is_price { value } else { f64::NAN };
    for (field, got) in [
        ("agg_period_days", summary.agg_period_days),
        ("agg_amp_pct", summary.agg_amp_pct),
        ("mad_pct_period_all", summary.mad_pct_period_all),
        ("dom_period_days", first.cycle.period_days),
        ("dom_amp_pct", first.cycle.amp_pct),
        ("dom_energy_share", first.cycle.energy_share),
        ("dom_reliability", first.reliability),
        ("dom_cluster_size_global", first.cycle.cluster_size_global as f64),
        ("dom_score", first.score),
        ("dom_expected_cycles", first.expected_cycles),
        ("dom_vol_amp_corr", of_price(first.cycle.vol_amp_corr)),
        ("dom_vol_period_ratio", of_price(first.cycle.vol_period_ratio)),
    ] {
        close(got, &expected[field], 1e-12, &format!("{what} {field}"));
    }
    assert_eq!(first.cycle.cluster_id_global, text("dom_cluster_id_global"), "{what}");
    assert_eq!(first.band.name(), text("dom_amp_band"), "{what}");
    for (field, got) in [
        ("dom_singleton_global_flag", first.singleton),
        ("dom_undersampled_flag", first.undersampled),
        ("dom_long_cycle_flag", first.long),
    ] {
        assert_eq!(got, expected[field].as_bool().unwrap(), "{what} {field}");
    }
    assert!(summary.text.chars().count() <= 120);
    // The golden texts write shorter periods in days too.
    if summary.cycles.iter().take(3).all(|judged| judged.cycle.period_days >= 1.0) {
        assert_eq!(summary.text, text("text_summary"), "{what}");
    }
}
