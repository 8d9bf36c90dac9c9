//! Any text as a configuration file. It is accepted or refused without panic, and the error has no
//! password.

#![no_main]

use libfuzzer_sys::fuzz_target;

const SECRET: &str = "hunter2";

fuzz_target!(|text: &str| {
    let _ = data_pipeline::check_configuration(text);
    let with_password = format!("[mysql]\npassword = \"{SECRET}\"\n{text}");
    if let Err(error) = data_pipeline::check_configuration(&with_password) {
        assert!(text.contains(SECRET) || !error.contains(SECRET), "{error}");
    }
});
