//! Any bytes as a file of modes: read or refused without panic, and an error names the file.

#![no_main]

use data_pipeline_fuzz::{contain_panics, file, names};
use libfuzzer_sys::fuzz_target;
use pipeline::artifacts::modes::Modes;

fuzz_target!(|bytes: &[u8]| {
    contain_panics();
    let path = file("modes.npz", bytes);
    match Modes::read(&path) {
        Ok(modes) => {
            for index in 0..modes.len() {
                assert_eq!(modes.mode(index).len(), modes.sum_from(index).len());
            }
        }
        Err(error) => names(&error.to_string(), &path),
    }
});
