//! Any bytes as the files of a run of `imf-stage`: the table of cycles, the cards of its clusters
//! and `run_config.json`, apart at bytes 0xff. They are summarized or refused without panic.

#![no_main]

use data_pipeline_fuzz::{contain_panics, file, folder, halves};
use libfuzzer_sys::fuzz_target;
use pipeline::cycles_summary::{CardFiles, CyclesSummaryRequest, cycles_summary};
use pipeline::observer::Silent;
use stages::cycles::SignalKind;

const TABLE: &str = include_str!("../seeds/cycles_summary.csv");

fuzz_target!(|bytes: &[u8]| {
    contain_panics();
    let (table, rest) = halves(bytes);
    let (cards, rest) = halves(rest);
    let (asset, config) = halves(rest);
    // Without a table of its own, the cards and the configuration of a valid table are read.
    let table = if table.is_empty() { TABLE.as_bytes() } else { table };
    let request = CyclesSummaryRequest {
        summary: file("imf_summary.csv", table),
        cards: CardFiles {
            price: Some(file("cards.json", cards)),
            volume: None,
            mixed: None,
            asset: Some(file("asset.json", asset)),
        },
        run_config: (!config.is_empty()).then(|| file("run_config.json", config)),
        series: SignalKind::BOTH.to_vec(),
        asof: None,
        window_days: config.is_empty().then_some(30.0),
        min_energy_share: 0.0,
        amp_bands: [5.0, 12.0],
    };
    if let Err(error) = cycles_summary(&request, &Silent) {
        let error = error.to_string();
        let folder = folder().display().to_string();
        assert!(error.contains(&folder) && error.len() < 4_000, "{error}");
    }
});
