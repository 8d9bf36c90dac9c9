//! Any text as symbols: a symbol finds itself under its own name, and one with another spelling
//! finds it too.

#![no_main]

use bars::Symbol;
use bars::spelling::{Directory, Found, assets, key};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let symbols: Vec<Symbol> = text.lines().filter_map(|line| line.parse().ok()).collect();
    let directory: Directory = symbols.iter().collect();
    for symbol in &symbols {
        assert_eq!(directory.find(symbol), Found::Exact(symbol.clone()));
        let name = symbol.as_str();
        if let Some((base, quote)) = assets(name) {
            assert!(!base.is_empty() && !quote.is_empty(), "{name}");
        }
        if let Ok(other) = name.to_lowercase().parse::<Symbol>()
            && key(other.as_str()) == key(name)
        {
            assert_ne!(directory.find(&other), Found::Nothing, "{name}");
        }
    }
    assert!(directory.several_names().all(|names| names.len() > 1));
});
