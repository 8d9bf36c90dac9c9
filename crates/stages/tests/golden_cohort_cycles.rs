//! Cohort cycles against independent numbers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::PathBuf;

use emd::{Control, Decomposer, Preset};
use libtest_mimic::Arguments;
use serde_json::Value;
use sha2::{Digest, Sha256};
use stages::cohort_cycles::{Params, ValidParams, cycles};
use testkit::Need::Shared;
use testkit::{npz, trial};

fn main() {
    let tests = vec![trial("modes_cycles_and_fusion", &[Shared], modes_cycles_and_fusion)];
    libtest_mimic::run(&Arguments::from_args(), tests).exit();
}

fn golden(name: &str) -> PathBuf {
    testkit::shared().expect("the shared folder is required").join("golden/imf_cluster").join(name)
}

fn params() -> ValidParams {
    Params { windows: Vec::new(), min_amplitude_pct: 2.0, min_points: 100 }.check().unwrap()
}

fn modes_cycles_and_fusion() {
    let text = std::fs::read_to_string(golden("details.json")).unwrap();
    let details: Value = serde_json::from_str(&text).unwrap();
    let file = golden("series_modes_cycles.npz");
    let mut fused_cycles = 0;
    for (name, case) in details["windows"].as_object().unwrap() {
        let symbol = name.split('_').next().unwrap();
        let decomposer = emd::Params::new(if name.ends_with("pyemd") {
            Preset::Pyemd
        } else {
            Preset::Standard
        });
        let decomposer = decomposer.check().unwrap();
        let minutes = case["n_minutes"].as_u64().unwrap() as usize;
        let series = |what: &str| {
            let whole = npz::load(&file, &format!("{symbol}__{what}")).values;
            whole[whole.len() - minutes..].to_vec()
        };
        let (close, volume) = (series("close"), series("volume"));
        same_modes(&close, &decomposer, &case["price_mode_sha256"], name);
        same_modes(&volume, &decomposer, &case["volume_mode_sha256"], name);

        let upswings = cycles(&close, &decomposer)
            .unwrap()
            .into_iter()
            .filter(|cycle| cycle.amplitude_pct >= 2.0);
        let upswings: Vec<[usize; 4]> =
            upswings.map(|c| [c.imf, c.start, c.end, c.duration()]).collect();
        assert_eq!(upswings, whole(&npz::load(&file, &format!("{name}__price_cycles"))), "{name}");

        let matched = params().matched(&close, &volume, &decomposer).unwrap();
        let expected = npz::load(&file, &format!("{name}__fused"));
        assert_eq!(matched.len(), expected.rows().len(), "{name}");
        for (matched, row) in matched.iter().zip(expected.rows()) {
            let places = [
                matched.cycle.imf,
                matched.cycle.start,
                matched.cycle.end,
                matched.cycle.duration(),
            ];
            assert_eq!(places.map(|x| x as f64), row[..4], "{name}");
            assert!((matched.cycle.amplitude_pct - row[4]).abs() < 1e-12 * row[4], "{name}");
            assert_eq!(matched.volume_cycles as f64, row[5], "{name}");
            assert!((matched.total_volume - row[6]).abs() <= 1e-12 * row[6], "{name}");
        }
        fused_cycles += matched.len();
    }
    assert!(fused_cycles > 400, "{fused_cycles}");
}

fn whole(array: &npz::Array) -> Vec<[usize; 4]> {
    array.rows().iter().map(|row| [0, 1, 2, 3].map(|i| row[i] as usize)).collect()
}

fn same_modes(series: &[f64], decomposer: &Decomposer, hashes: &Value, name: &str) {
    let found = decomposer.emd(series, Control::default()).unwrap();
    let hash = |mode: &Vec<f64>| {
        let bytes: Vec<u8> = mode.iter().flat_map(|x| x.to_le_bytes()).collect();
        Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect::<String>()
    };
    let got: Vec<String> = found.modes.iter().map(hash).collect();
    assert_eq!(Value::from(got), *hashes, "{name}");
}
