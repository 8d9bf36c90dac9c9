//! Warnings about work in progress, such as retries.

use std::fmt;
use std::sync::Arc;

/// Receives warnings; by default they are dropped.
///
/// ```
/// use std::sync::{Arc, Mutex};
/// let heard = Arc::new(Mutex::new(Vec::new()));
/// let ear = heard.clone();
/// let warnings = bars_io::Warnings::new(move |text| ear.lock().unwrap().push(text.to_owned()));
/// # let _ = (warnings, heard);
/// ```
#[derive(Clone, Default)]
pub struct Warnings(Option<Arc<Receiver>>);

type Receiver = dyn Fn(&str) + Send + Sync;

impl Warnings {
    /// Passes every warning to `receive`, from any thread.
    pub fn new(receive: impl Fn(&str) + Send + Sync + 'static) -> Warnings {
        Warnings(Some(Arc::new(receive)))
    }

    #[cfg(any(feature = "mysql", feature = "kraken"))]
    pub(crate) fn warn(&self, text: fmt::Arguments<'_>) {
        if let Some(receive) = &self.0 {
            receive(&text.to_string());
        }
    }
}

impl fmt::Debug for Warnings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Warnings(heard)" } else { "Warnings(dropped)" })
    }
}
