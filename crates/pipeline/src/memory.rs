//! How much memory the machine or container has.

use crate::error::{Error, Result};

/// A line of /proc/meminfo in bytes.
fn meminfo(what: &str) -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(what)?.strip_prefix(':'))?;
    Some(line.trim_end_matches("kB").trim().parse::<u64>().ok()? * 1024)
}

/// The memory limit of the container.
fn container_limit() -> Option<u64> {
    const PLACES: [&str; 2] =
        ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"];
    let limits =
        PLACES.iter().filter_map(|place| std::fs::read_to_string(place).ok()?.trim().parse().ok());
    limits.min()
}

/// Bytes that may be held in memory for speed: a quarter of all, and half of what is free. One
/// gigabyte if unknown.
pub fn to_hold() -> u64 {
    let all = meminfo("MemTotal").into_iter().chain(container_limit()).min().unwrap_or(4 << 30);
    meminfo("MemAvailable").map_or(all / 4, |free| (all / 4).min(free / 2))
}

/// Checks that `bytes` are free, so that the system does not kill the process for it.
///
/// # Errors
/// [`Error::Memory`]. Where the system does not say how much is free, nothing is refused.
pub fn check(bytes: u64) -> Result<()> {
    match meminfo("MemAvailable").into_iter().chain(container_limit()).min() {
        Some(free) if bytes > free => Err(Error::Memory { needed: bytes, free }),
        _ => Ok(()),
    }
}
