//! How much memory the machine has, where the system tells.

use crate::ui::Usage;

/// A line of /proc/meminfo in bytes.
fn told(what: &str) -> Option<u64> {
    let told = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = told.lines().find_map(|line| line.strip_prefix(what)?.strip_prefix(':'))?;
    Some(line.trim_end_matches("kB").trim().parse::<u64>().ok()? * 1024)
}

/// A quarter of what there is: what may be held for the sake of speed. A gigabyte where the system does not tell.
pub fn quarter() -> u64 {
    told("MemTotal").map_or(1 << 30, |total| total / 4)
}

/// Refuses noise that would take more memory than is free, before the system ends the process for it.
pub fn check(bytes: u64) -> Result<(), Usage> {
    match told("MemAvailable") {
        Some(free) if bytes > free => Err(Usage(format!(
            "the noise of so many trials takes {} GB, and {} GB are free; ask for fewer --trials",
            bytes >> 30,
            free >> 30
        ))),
        // Where the system does not tell, it is tried.
        _ => Ok(()),
    }
}
