//! Any bytes as the result of a task, such as a worker sends: merged or refused without panic.

#![no_main]

use data_pipeline_fuzz::{contain_panics, merge_alone};
use libfuzzer_sys::fuzz_target;
use pipeline::task::TaskResult;

fuzz_target!(|bytes: &[u8]| {
    contain_panics();
    if let Ok(result) = TaskResult::from_bytes("part.arrow".to_owned(), bytes.to_vec()) {
        merge_alone(result);
    }
});
