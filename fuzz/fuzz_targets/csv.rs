//! Any bytes as a CSV file, with any delimiter, decimal mark and format of timestamps. All bars
//! that are accepted are valid, an error names the file, and reading again gives the same.

#![no_main]

use bars::{BarTime, DecimalMark, ReadOptions};
use data_pipeline_fuzz::{contain_panics, file, is_sound, read};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    contain_panics();
    let Some((&choice, text)) = bytes.split_first() else { return };
    let format = if choice & 64 == 0 { None } else { "%d/%m/%Y %H:%M".parse().ok() };
    let options = ReadOptions {
        bar_time: if choice & 1 == 0 { BarTime::Open } else { BarTime::Close },
        symbol: (choice & 2 != 0).then(|| "A/USD".parse().expect("a symbol")),
        closes_only: choice & 4 != 0,
        delimiter: (choice & 8 != 0).then_some(b';'),
        decimal: [None, None, Some(DecimalMark::Point), Some(DecimalMark::Comma)]
            [usize::from(choice >> 4 & 3)],
        stamp_format: format,
        ..ReadOptions::default()
    };
    let path = file("bars.csv", text);
    let found = read(&path, &options);
    if let Some((bars, _)) = &found {
        bars.iter().for_each(|(_, bar)| is_sound(bar));
        assert!(bars.len() <= text.len(), "a bar for each byte");
    }
    assert_eq!(found, read(&path, &options));
});
