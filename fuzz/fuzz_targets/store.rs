//! Any bytes as a part of a store: bars that are read are valid and in order, a changed part of our
//! own is refused, and an error names the folder.

#![no_main]

use bars::{BarTime, Span};
use bars_io::Source;
use bars_io::store::Store;
use data_pipeline_fuzz::{contain_panics, folder, is_sound};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    contain_panics();
    let root = folder().join("bars");
    let of_symbol = root.join("symbol=A%2FUSD");
    std::fs::create_dir_all(&of_symbol).expect("TMPDIR can be written");
    std::fs::write(of_symbol.join("part-000001.parquet"), bytes).expect("TMPDIR can be written");
    let check = || -> bars_io::Result<()> {
        let store = Store::open(&root, BarTime::Open)?;
        for entry in store.catalog()? {
            let series =
                store.bars(&entry.symbol, Span { start: entry.first, end: entry.last.plus(1) })?;
            series.iter().for_each(|bar| is_sound(&bar));
            assert!(series.time().is_sorted_by(|a, b| a < b));
        }
        let _ = store.findings();
        Ok(())
    };
    if let Err(error) = check() {
        assert!(error.to_string().contains("bars"), "{error}");
    }
});
