//! Compares with numbers of an independent reference.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use emd::{Control, Decomposer, Decomposition, Kernel, NoiseScale, Params, Preset, Sifting};
use libtest_mimic::Arguments;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::path::PathBuf;
use testkit::{Need::Shared, npz, trial};

fn main() {
    let tests = vec![
        trial("noise_matches_numpy", &[Shared], noise_matches_numpy),
        trial("one_step_matches", &[Shared], one_step_matches),
        trial("plain_emd_matches", &[Shared], plain_emd_matches),
        trial("tiny_signals_match", &[Shared], tiny_signals_match),
        trial("ceemdan_of_tiny_signals_matches", &[Shared], ceemdan_of_tiny_signals_matches),
        trial("pyemd_preset_matches_emd_signal", &[Shared], pyemd_preset_matches_emd_signal),
        trial(
            "pyemd_preset_matches_emd_signal_over_a_month",
            &[Shared],
            pyemd_preset_matches_emd_signal_over_a_month,
        ),
        trial("standard_preset_matches", &[Shared], standard_preset_matches),
        trial("analytic_signals_match", &[Shared], analytic_signals_match),
    ];
    libtest_mimic::run(&Arguments::from_args(), tests).exit();
}

fn folder() -> PathBuf {
    testkit::shared().expect("the shared folder").join("golden/emd")
}

fn json(name: &str) -> Value {
    serde_json::from_slice(&std::fs::read(folder().join(name)).expect("a file")).expect("JSON")
}

fn array(file: &str, name: &str) -> npz::Array {
    npz::load(&folder().join(file), name)
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().expect("a list").iter().map(|x| x.as_f64().expect("a number")).collect()
}

fn indices(value: &Value) -> Vec<usize> {
    numbers(value).into_iter().map(|x| x as usize).collect()
}

fn hash<'a>(row: impl IntoIterator<Item = &'a f64>) -> String {
    let mut hash = Sha256::new();
    row.into_iter().for_each(|x| hash.update(x.to_le_bytes()));
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bits(row: &[f64]) -> Vec<u64> {
    row.iter().map(|x| x.to_bits()).collect()
}

fn deviation(row: &[f64]) -> f64 {
    let mean = row.iter().sum::<f64>() / row.len() as f64;
    (row.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / row.len() as f64).sqrt()
}

#[track_caller]
fn assert_near(got: &[f64], golden: &[f64], within: f64, what: &str) {
    assert_eq!(got.len(), golden.len(), "{what}");
    let worst = got.iter().zip(golden).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    assert!(worst <= within, "{what}: off by {worst}, allowed {within}");
}

/// Rows as EMD-signal returns them: without a residue of zero.
fn rows(found: &Decomposition) -> Vec<Vec<f64>> {
    let residue = Some(&found.residue).filter(|residue| residue.iter().any(|x| x.abs() > 1e-8));
    found.modes.iter().chain(residue).cloned().collect()
}

/// The kernels that this processor can run.
fn kernels() -> impl Iterator<Item = Kernel> {
    Kernel::ALL.into_iter().filter(|kernel| kernel.is_available())
}

fn check(params: Params) -> Decomposer {
    params.check().expect("valid parameters")
}

fn plain(preset: Preset, kernel: Kernel, signal: &[f64]) -> Decomposition {
    check(Params::new(preset).kernel(kernel))
        .emd(signal, Control::default())
        .expect("a decomposition")
}

fn noise_matches_numpy() {
    for case in json("noise.json").as_array().expect("cases") {
        let seed = u32::try_from(case["seed"].as_u64().expect("a seed")).expect("32 bits");
        let rows: Vec<f64> = emd::white_noise(seed, 1001, 3).into_iter().flatten().collect();
        assert_eq!(rows[..8], numbers(&case["first8"]));
        assert_eq!(rows[1001..1005], numbers(&case["row1_first4"]));
        assert_eq!(hash(&rows), case["sha256"].as_str().expect("a hash"), "seed {seed}");
    }
}

fn one_step_matches() {
    let cases = json("step.json");
    for (name, case) in cases.as_object().expect("cases") {
        let x = array("step.npz", &format!("{name}__x")).values;
        let found = emd::extrema(&x);
        assert_eq!(found.maxima, indices(&case["maxima"]), "{name}");
        assert_eq!(found.minima, indices(&case["minima"]), "{name}");
        if let Some(crossings) = case["zero_crossings"].as_u64() {
            assert_eq!(emd::zero_crossings(&x) as u64, crossings, "{name}");
        }
        if case["n_upper_knots"].is_null() {
            continue;
        }
        let found = emd::envelopes(&x).expect("a signal").expect("envelopes");
        let sides = [
            ("upper", &found.upper, &found.upper_knots),
            ("lower", &found.lower, &found.lower_knots),
        ];
        for (side, envelope, knots) in sides {
            let golden = array("step.npz", &format!("{name}__{side}_knots"));
            assert_eq!(knots.0, golden.rows()[0], "{name} {side} positions");
            assert_eq!(knots.1, golden.rows()[1], "{name} {side} values");
            let golden = array("step.npz", &format!("{name}__{side}")).values;
            assert_eq!(bits(envelope), bits(&golden), "{name} {side}");
        }
        let next: Vec<f64> = x
            .iter()
            .zip(&found.upper)
            .zip(&found.lower)
            .map(|((x, u), l)| x - 0.5 * (u + l))
            .collect();
        let golden = array("step.npz", &format!("{name}__next")).values;
        assert_near(
            &next,
            &golden,
            1e-13 * golden.iter().fold(0.0, |max: f64, x| max.max(x.abs())),
            name,
        );
    }
}

fn plain_emd_matches() {
    for kernel in kernels() {
        for (name, case) in json("emd_plain.json").as_object().expect("cases") {
            let x = array("emd_plain.npz", &format!("{name}__x")).values;
            let found = rows(&plain(Preset::Pyemd, kernel, &x));
            let golden: Vec<_> =
                case["all"]["row_sha256"].as_array().expect("rows").iter().collect();
            assert_eq!(found.len(), golden.len(), "{name}");
            for (row, golden) in found.iter().zip(golden) {
                assert_eq!(hash(row), golden.as_str().expect("a hash"), "{name}");
            }
            let golden = array("emd_plain.npz", &format!("{name}__fixed10_modes"));
            let found = plain(Preset::Standard, kernel, &x);
            assert_eq!(found.modes.len(), golden.rows().len(), "{name}");
            for (mode, golden) in found.modes.iter().zip(golden.rows()) {
                assert_near(mode, golden, 1e-9 * deviation(golden), name);
            }
            let golden = array("emd_plain.npz", &format!("{name}__fixed10_residue")).values;
            assert_near(&found.residue, &golden, 1e-9 * deviation(&golden), name);
        }
    }
}

fn tiny_signals_match() {
    for kernel in kernels() {
        for (name, case) in json("tiny.json").as_object().expect("cases") {
            let x = numbers(&case["x"]);
            let largest = x.iter().fold(0.0, |max: f64, x| max.max(x.abs()));
            let found = rows(&plain(Preset::Pyemd, kernel, &x));
            let golden: Vec<_> =
                case["pyemd_rows"].as_array().expect("rows").iter().map(numbers).collect();
            assert_eq!(found.len(), golden.len(), "{name}");
            found
                .iter()
                .zip(&golden)
                .for_each(|(row, golden)| assert_near(row, golden, 1e-12 * largest, name));
            // More than required for splines of three knots.
            for (row, golden) in
                found.iter().zip(case["pyemd_row_sha256"].as_array().expect("hashes"))
            {
                assert_eq!(hash(row), golden.as_str().expect("a hash"), "{name}");
            }
            let found = plain(Preset::Standard, kernel, &x);
            let golden: Vec<_> =
                case["fixed10_modes"].as_array().expect("rows").iter().map(numbers).collect();
            assert_eq!(found.modes.len(), golden.len(), "{name}");
            found
                .modes
                .iter()
                .zip(&golden)
                .for_each(|(row, golden)| assert_near(row, golden, 1e-9 * largest, name));
            assert_near(&found.residue, &numbers(&case["fixed10_residue"]), 1e-9 * largest, name);
        }
    }
}

fn ceemdan_of_tiny_signals_matches() {
    for kernel in kernels() {
        for (name, case) in json("tiny_ceemdan.json").as_object().expect("cases") {
            let x = numbers(&case["x"]);
            let trials = case["trials"].as_u64().expect("trials") as usize;
            let run = |params: Params, x: &[f64]| {
                let ceemdan = check(params.trials(trials).kernel(kernel));
                let noise = ceemdan.noise(x.len(), Control::default()).expect("noise");
                ceemdan.ceemdan(x, &noise, Control::default()).expect("a decomposition")
            };
            let found = run(Params::new(Preset::Pyemd), &x);
            let golden: Vec<_> =
                case["pyemd_rows"].as_array().expect("rows").iter().map(numbers).collect();
            let largest = x.iter().fold(0.0, |max: f64, x| max.max(x.abs()));
            assert_eq!(found.modes.len() + 1, golden.len(), "{name}");
            let ours = || found.modes.iter().chain([&found.residue]);
            ours()
                .zip(&golden)
                .for_each(|(row, golden)| assert_near(row, golden, 1e-12 * largest, name));
            if case["times4_rows_exactly"] == true {
                let times = |row: &[f64]| row.iter().map(|x| 4.0 * x).collect::<Vec<_>>();
                let four = run(Params::new(Preset::Pyemd), &times(&x));
                let fours = four.modes.iter().chain([&four.residue]);
                ours()
                    .zip(fours)
                    .for_each(|(row, four)| assert_eq!(bits(&times(row)), bits(four), "{name}"));
            }
            let scaled =
                Params::new(Preset::Standard).noise_scale(NoiseScale::Residue).epsilon(0.05);
            let found = run(scaled, &x);
            let golden: Vec<_> =
                case["standard_modes"].as_array().expect("rows").iter().map(numbers).collect();
            assert_eq!(found.modes.len(), golden.len(), "{name}");
            found
                .modes
                .iter()
                .zip(&golden)
                .for_each(|(row, golden)| assert_near(row, golden, 1e-9 * largest, name));
            assert_near(&found.residue, &numbers(&case["standard_residue"]), 1e-9 * largest, name);
        }
    }
}

/// Compares hashes of the rows, and statistics of the sifting.
fn assert_parity(name: &str, case: &Value, y: &[f64], kernel: Kernel) {
    assert_eq!(hash(y), case["input_sha256"].as_str().expect("a hash"), "{name}");
    let trials = case["trials"].as_u64().expect("trials") as usize;
    let ceemdan = check(Params::new(Preset::Pyemd).trials(trials).kernel(kernel));
    let noise = ceemdan.noise(y.len(), Control::default()).expect("noise");
    let found = ceemdan.ceemdan(y, &noise, Control::default()).expect("a decomposition");
    let golden = case["row_sha256"].as_array().expect("rows");
    assert_eq!(found.modes.len() + 1, golden.len(), "{name}");
    for (k, (row, golden)) in found.modes.iter().chain([&found.residue]).zip(golden).enumerate() {
        assert_eq!(hash(row), golden.as_str().expect("a hash"), "{name}, row {k}");
    }
    if let Some(stages) = case["stages"].as_array() {
        let rows: Vec<_> = (0..trials).map(|trial| noise.mode_count(trial)).collect();
        assert_eq!(rows, indices(&case["noise_emd_rows"]), "{name}");
        assert_eq!(noise.sifts(), case["noise_sifts_total"].as_u64().expect("a number"), "{name}");
        assert_eq!(found.stats.len(), stages.len());
        for (stats, golden) in found.stats.iter().zip(stages) {
            assert!(
                (stats.sifts_mean - golden["sifts_mean"].as_f64().expect("a mean")).abs() < 1e-9,
                "{name}"
            );
            assert_eq!(
                u64::from(stats.sifts_max),
                golden["sifts_max"].as_u64().expect("a number"),
                "{name}"
            );
            assert_eq!(
                stats.cap_hits as u64,
                golden["trials_at_cap"].as_u64().expect("a number"),
                "{name}"
            );
        }
    }
}

fn pyemd_preset_matches_emd_signal() {
    for (name, case) in json("parity.json")["cases"].as_object().expect("cases") {
        let y = array(case["file"].as_str().expect("a file"), "y").values;
        for kernel in kernels() {
            assert_parity(name, case, &y, kernel);
        }
    }
}

fn pyemd_preset_matches_emd_signal_over_a_month() {
    for (name, case) in json("parity43200.json")["cases"].as_object().expect("cases") {
        let y = array(case["file"].as_str().expect("a file"), "y").values;
        assert_parity(name, case, &y, Kernel::detect());
    }
}

fn standard_preset_matches() {
    let cases = json("standard.json");
    let residue = cases["cases"].as_object().expect("cases");
    let fastest = json("standard_fastest.json");
    let fastest = fastest.as_object().expect("cases");
    let all = residue.iter().map(|case| (case, NoiseScale::Residue));
    for ((name, case), scale) in all.chain(fastest.iter().map(|case| (case, NoiseScale::Fastest))) {
        let y = array(&format!("standard_{name}.npz"), "y").values;
        let file = case["file"].as_str().expect("a file");
        let golden = array(file, "modes");
        for kernel in kernels() {
            let params = Params::new(Preset::Standard)
                .sifting(Sifting::Fixed(10))
                .noise_scale(scale)
                .kernel(kernel);
            let ceemdan = check(
                params
                    .epsilon(case["epsilon"].as_f64().expect("a number"))
                    .trials(case["trials"].as_u64().expect("a number") as usize),
            );
            let noise = ceemdan.noise(y.len(), Control::default()).expect("noise");
            let found = ceemdan.ceemdan(&y, &noise, Control::default()).expect("a decomposition");
            assert_eq!(found.modes.len(), golden.rows().len(), "{name}");
            for (mode, golden) in found.modes.iter().zip(golden.rows()) {
                assert_near(mode, golden, 1e-9 * deviation(golden), name);
            }
            // More than required: the order of operations is that of the reference.
            let hashes = case["mode_sha256"].as_array().expect("hashes");
            for (mode, golden) in found.modes.iter().zip(hashes) {
                assert_eq!(hash(mode), golden.as_str().expect("a hash"), "{name}");
            }
            if let Some(modes) = case["noise_modes_per_trial"].as_array() {
                let found: Vec<_> = (0..modes.len()).map(|trial| noise.mode_count(trial)).collect();
                assert_eq!(found, indices(&case["noise_modes_per_trial"]), "{name}");
            }
        }
    }
}

fn analytic_signals_match() {
    let cases = json("hilbert.json");
    let modes = array("standard_p1440_atom.npz", "modes");
    let close = |got: Option<f64>, golden: &Value, within: f64| {
        let (got, golden) = (got.expect("a number"), golden.as_f64().expect("a number"));
        assert!((got - golden).abs() <= within, "{got} {golden}");
    };
    for (name, case) in cases["cases"].as_object().expect("cases") {
        let (kind, number) = name.split_once('_').expect("a name");
        let (x, imaginary) = if kind == "mode" {
            let x = modes.rows()[number.parse::<usize>().expect("a number")].to_vec();
            (x, array("hilbert.npz", &format!("im_{number}")).values)
        } else {
            let of = |part: &str| array("hilbert.npz", &format!("{name}__{part}")).values;
            (of("x"), of("im"))
        };
        let n = x.len();
        let found = emd::Analytic::new(&x);
        let largest = x.iter().chain(&imaginary).fold(0.0, |max: f64, x| max.max(x.abs()));
        assert_near(found.imaginary(), &imaginary, 1e-12 * largest, name);
        assert_eq!(found.real(), x);
        let period = |span, golden: &Value| {
            close(found.period(span), golden, 1e-10 * golden.as_f64().expect("a number"));
        };
        if kind == "mode" {
            let g = case["guard"].as_u64().expect("a guard") as usize;
            period(0..n, &case["period_whole"]);
            period(g..n - g, &case["period_inside"]);
            close(found.phase_variance(0..n), &case["phase_var_whole"], 1e-12);
            close(found.phase_variance(g..n - g), &case["phase_var_inside"], 1e-12);
            let inside = |bracket: &&[usize; 3]| bracket[0] >= g && bracket[2] <= n - g;
            let brackets: Vec<f64> =
                emd::brackets(&x).iter().filter(inside).flatten().map(|&i| i as f64).collect();
            assert_eq!(
                brackets,
                array("hilbert.npz", &format!("brackets_{number}")).values,
                "{name}"
            );
            let increments = found.frequency(g..n - g).len();
            assert_eq!(increments as u64, case["increments_inside"].as_u64().expect("a number"));
        } else {
            period(0..n, &case["period"]);
            close(found.phase_variance(0..n), &case["phase_var"], 1e-12);
        }
    }
}
