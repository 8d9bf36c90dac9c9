//! Findings by symbol.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use bars::{Findings, Symbol};

/// Collects the findings of a source. Symbols may be read in parallel and repeatedly: the last read
/// of a symbol counts, and findings are merged in symbol order.
#[derive(Debug, Default)]
pub(crate) struct Ledger(Mutex<BTreeMap<Option<Symbol>, Findings>>);

impl Ledger {
    /// Replaces the findings of `symbol`.
    pub(crate) fn note(&self, symbol: &Symbol, findings: Findings) {
        self.set(Some(symbol.clone()), findings);
    }

    /// Replaces the findings of rows without a valid symbol.
    #[cfg(feature = "mysql")]
    pub(crate) fn note_of_all(&self, findings: Findings) {
        self.set(None, findings);
    }

    fn set(&self, symbol: Option<Symbol>, findings: Findings) {
        let mut ledger = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if findings.is_empty() {
            ledger.remove(&symbol);
        } else {
            ledger.insert(symbol, findings);
        }
    }

    /// Returns all findings.
    pub(crate) fn total(&self) -> Findings {
        let mut total = Findings::default();
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .values()
            .for_each(|findings| total.merge(findings));
        total
    }
}
