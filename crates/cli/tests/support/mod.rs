//! What the tests of the program share.
#![allow(dead_code, clippy::expect_used)]

pub mod tables;

use std::path::Path;

use testkit::program::TestDir;

/// A folder to run the program in.
pub fn test_dir() -> TestDir {
    TestDir::new(env!("CARGO_BIN_EXE_data-pipeline"))
}

/// A bar file's header.
pub const HEADER: &str = "symbol,timestamp,open,high,low,close,volume\n";

/// A bar file of `symbols`, `hours` hours of minutes to 2024-01-03 00:00, moving up and down at
/// different paces.
pub fn market(symbols: &[&str], hours: usize) -> String {
    let mut text = HEADER.to_owned();
    let end = 1_704_240_000;
    for (s, symbol) in symbols.iter().enumerate() {
        for i in 0..hours * 60 {
            let time = end - ((hours * 60 - i) as i64) * 60;
            let price = 100.0
                + ((i as f64) / (17.0 + 5.0 * s as f64)).sin() * (1.0 + s as f64)
                + (i % 7) as f64 * 0.01;
            let volume = 1.0 + ((i / 60 + s) % 5) as f64;
            text += &format!(
                "{symbol},{time},{price},{},{},{price},{volume}\n",
                price + 0.5,
                price - 0.5
            );
        }
    }
    text
}

/// A path as an argument.
pub fn arg(path: &Path) -> String {
    path.to_str().expect("UTF-8").to_owned()
}
