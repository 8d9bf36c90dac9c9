//! Any bytes as a Parquet file of another program: bars that are read are valid, and an error names
//! the file. The same bytes as a table of cycles.

#![no_main]

use bars::ReadOptions;
use data_pipeline_fuzz::{contain_panics, file, is_sound, names, read};
use libfuzzer_sys::fuzz_target;
use pipeline::artifacts::frame::Frame;

fuzz_target!(|bytes: &[u8]| {
    contain_panics();
    let path = file("bars.parquet", bytes);
    if let Some((bars, _)) = read(&path, &ReadOptions::default()) {
        bars.iter().for_each(|(_, bar)| is_sound(bar));
    }
    if let Err(error) = Frame::read(&path) {
        names(&error.to_string(), &path);
    }
});
