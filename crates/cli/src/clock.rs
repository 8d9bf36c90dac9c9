//! The wall clock: for the log and for warnings. No result depends on it.

use std::time::{SystemTime, UNIX_EPOCH};

/// Returns the seconds since the epoch; 0 if the clock is set to an earlier time.
pub fn epoch_seconds() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |age| age.as_secs() as i64)
}
