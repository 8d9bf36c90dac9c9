//! Any text as an address of a database. It is parsed without panic, its password is in no error,
//! and what may be shown or logged does not have it.

#![no_main]

use bars_io::address::{is_mysql, unsupported, without_password};
use bars_io::mysql::config::{Partial, parse_port, split_port};
use libfuzzer_sys::fuzz_target;

const SECRET: &str = "hunter2";

fuzz_target!(|text: &str| {
    let (before, after) = text.split_once('\n').unwrap_or((text, "host/market"));
    let _ = (is_mysql(text), unsupported(text), split_port(text), parse_port(text));
    check(text);
    // Blanks, quotes or @ in the user's name would end the address elsewhere.
    let user: String = before.chars().filter(char::is_ascii_alphanumeric).collect();
    if [&user, after].iter().any(|part| part.contains(SECRET)) {
        return;
    }
    let address = format!("mysql://{user}:{SECRET}@{after}");
    check(&address);
    assert!(!without_password(&address).contains(SECRET), "{address}");
});

fn check(text: &str) {
    if let Err(error) = Partial::from_url(text) {
        assert!(!error.to_string().contains(SECRET), "{text}: {error}");
    }
}
