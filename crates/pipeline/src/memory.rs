//! The memory of the machine or container.

use crate::error::{Error, Result};

/// Returns a line of /proc/meminfo in bytes.
fn meminfo(what: &str) -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(what)?.strip_prefix(':'))?;
    Some(line.trim_end_matches("kB").trim().parse::<u64>().ok()? * 1024)
}

/// Returns the memory limit of the container.
fn container_limit() -> Option<u64> {
    const PLACES: [&str; 2] =
        ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"];
    let limits =
        PLACES.iter().filter_map(|place| std::fs::read_to_string(place).ok()?.trim().parse().ok());
    limits.min()
}

/// Returns how many bytes may be held in memory for speed: a quarter of all, at most half of what
/// is free; one gigabyte if unknown.
pub fn to_hold() -> u64 {
    let all = meminfo("MemTotal").into_iter().chain(container_limit()).min().unwrap_or(4 << 30);
    meminfo("MemAvailable").map_or(all / 4, |free| (all / 4).min(free / 2))
}

/// Checks that `bytes` are free, so that the system does not kill the process.
///
/// # Errors
/// [`Error::Memory`]. Succeeds if the system does not report free memory.
pub fn check(bytes: u64) -> Result<()> {
    match meminfo("MemAvailable").into_iter().chain(container_limit()).min() {
        Some(free) if bytes > free => Err(Error::Memory { needed: bytes, free }),
        _ => Ok(()),
    }
}
