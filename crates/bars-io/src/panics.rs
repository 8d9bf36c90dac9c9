//! Panics of other crates that hostile input can cause.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

thread_local! {
    /// How many calls of [`contain`] this thread is in.
    static DEPTH: Cell<u32> = const { Cell::new(0) };
}

/// Returns whether a panic of this thread becomes an error of this crate, so that a panic hook has
/// nothing to report.
pub fn is_contained() -> bool {
    DEPTH.get() > 0
}

/// Runs `work`, which decodes input by a crate that may panic. State that `work` changes must not be
/// used after a panic.
///
/// # Errors
/// `work` panicked; the message of the panic.
pub(crate) fn contain<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    DEPTH.set(DEPTH.get() + 1);
    let result = catch_unwind(AssertUnwindSafe(work));
    DEPTH.set(DEPTH.get() - 1);
    result.map_err(|panic| message(&*panic))
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("unknown reason").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panics_become_errors() {
        assert_eq!(contain(is_contained), Ok(true));
        let outer = contain(|| contain(|| panic!("at {}", 3)).unwrap_err() + " inside");
        assert_eq!(outer, Ok("at 3 inside".to_owned()));
        assert!(!is_contained());
    }
}
