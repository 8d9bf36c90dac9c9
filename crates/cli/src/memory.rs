//! How much memory there is, where the system tells.

use crate::ui::Usage;

/// A line of /proc/meminfo in bytes.
fn told(what: &str) -> Option<u64> {
    let told = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = told.lines().find_map(|line| line.strip_prefix(what)?.strip_prefix(':'))?;
    Some(line.trim_end_matches("kB").trim().parse::<u64>().ok()? * 1024)
}

/// What a container is limited to.
fn limit() -> Option<u64> {
    const PLACES: [&str; 2] = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"];
    let limits = PLACES.iter().filter_map(|place| std::fs::read_to_string(place).ok()?.trim().parse().ok());
    limits.min()
}

/// What may be held for the sake of speed: a quarter of all there is, and half of what is free. A gigabyte where the system does
/// not tell.
pub fn to_hold() -> u64 {
    let all = told("MemTotal").into_iter().chain(limit()).min().unwrap_or(4 << 30);
    told("MemAvailable").map_or(all / 4, |free| (all / 4).min(free / 2))
}

/// Refuses noise that would take more memory than is free, before the system ends the process for it.
pub fn check(bytes: u64) -> Result<(), Usage> {
    match told("MemAvailable").into_iter().chain(limit()).min() {
        Some(free) if bytes > free => Err(Usage(format!(
            "the noise of so many trials takes {} GB, and {} GB are free; ask for fewer --trials",
            bytes >> 30,
            free >> 30
        ))),
        // Where the system does not tell, it is tried.
        _ => Ok(()),
    }
}
