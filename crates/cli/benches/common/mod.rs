//! What the benchmarks share: running the program and telling what it took, markets, bounds.
#![allow(dead_code)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

pub const PROGRAM: &str = env!("CARGO_BIN_EXE_data-pipeline");

/// Runs a command and tells its CPU seconds, its peak memory in kB and its wall seconds.
const MEASURE: &str = "\
import os, sys, time
begun = time.monotonic()
pid = os.spawnv(os.P_NOWAIT, sys.argv[1], sys.argv[1:])
_, status, use = os.wait4(pid, 0)
assert status == 0, status
print(use.ru_utime + use.ru_stime, use.ru_maxrss, time.monotonic() - begun)";

/// A bound, and whether it held.
pub struct Bounds(pub Vec<String>);

impl Bounds {
    pub fn check(&mut self, what: &str, value: f64, at_most: f64) {
        let held = value <= at_most;
        println!(
            "  {} {what}: {value:.3} (at most {at_most})",
            if held { "ok    " } else { "BROKEN" }
        );
        if !held {
            self.0.push(what.to_owned());
        }
    }
}

pub fn python() -> String {
    std::env::var("DATA_PIPELINE_PYTHON").unwrap_or_else(|_| "python3".to_owned())
}

pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench")
}

/// Runs a script and returns the numbers that it prints.
pub fn script(code: &str, arguments: &[&str]) -> Vec<f64> {
    let output =
        Command::new(python()).arg("-c").arg(code).args(arguments).output().expect("python runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout)
        .split_whitespace()
        .map(|word| word.parse().expect("a number"))
        .collect()
}

/// CPU seconds, peak kB and wall seconds of a run of the program.
pub fn measure(arguments: &[&str]) -> [f64; 3] {
    let common = ["-q", "--no-log-file"];
    script(MEASURE, &[&[PROGRAM], arguments, &common].concat()).try_into().expect("three numbers")
}

/// CPU seconds of this process so far, in hundredths.
pub fn cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("Linux");
    let fields: Vec<&str> = stat.rsplit(')').next().expect("fields").split_whitespace().collect();
    (fields[11].parse::<f64>().expect("user") + fields[12].parse::<f64>().expect("system")) / 100.0
}

/// A sample market, made once and kept.
pub fn market(symbols: usize, days: usize) -> String {
    let place = folder().join(format!("{symbols}x{days}"));
    let bars = place.join("bars").to_str().expect("UTF-8").to_owned();
    if !place.join("truth.json").is_file() {
        let begun = Instant::now();
        let (symbols, days) = (symbols.to_string(), days.to_string());
        measure(&["sample", "--into", &bars, "--symbols", &symbols, "--days", &days]);
        println!(
            "made a market of {symbols} x {days} days in {:.1} s",
            begun.elapsed().as_secs_f64()
        );
    }
    bars
}
