//! Any short text as the numbers of a CSV file: the same values as Rust's parser gives, or a
//! rejected row.

#![no_main]

use bars::{DecimalMark, ReadOptions};
use data_pipeline_fuzz::{file, read};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let is_number = |c: char| c.is_ascii_digit() || matches!(c, '.' | '-' | '+' | 'e' | 'E');
    if text.len() > 400 || !text.chars().all(is_number) {
        return;
    }
    let expected: Option<f64> = text.parse().ok().filter(|x: &f64| x.is_finite() && *x > 0.0);
    for (mark, shown) in
        [(DecimalMark::Point, text.to_owned()), (DecimalMark::Comma, text.replace('.', ","))]
    {
        let line = format!("A;2024-01-01 00:00;{shown};{shown};{shown};{shown};{shown}\n");
        let csv = format!("symbol;timestamp;open;high;low;close;volume\n{line}");
        let options =
            ReadOptions { decimal: Some(mark), delimiter: Some(b';'), ..ReadOptions::default() };
        let found = read(&file("number.csv", csv.as_bytes()), &options);
        let close = found.and_then(|(bars, _)| bars.first().map(|(_, bar)| bar.close));
        assert_eq!(close.map(f64::to_bits), expected.map(f64::to_bits), "{shown}");
    }
});
