//! Market symbols.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::error::{Error, Result};
use crate::excerpt::excerpt;

/// Maximum length of a symbol in bytes, that of the MySQL table's `VARCHAR(64)`.
pub const MAX_BYTES: usize = 64;

/// Bytes that are percent-encoded in file names: all except letters, digits and these.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.');

/// A symbol such as `BTC/USDT`: not empty, no blanks at its ends, no control characters, at most
/// [`MAX_BYTES`] bytes. Ordered by bytes. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Symbol(Arc<str>);

impl Symbol {
    /// The symbol itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the symbol for use in a file name: percent-encoded, so that it cannot name another
    /// folder, a parent folder or a hidden file.
    ///
    /// ```
    /// let symbol: bars::Symbol = "../BTC/USDT".parse().unwrap();
    /// assert_eq!(symbol.file_name(), "%2E.%2FBTC%2FUSDT");
    /// assert_eq!(bars::Symbol::from_file_name(&symbol.file_name()), Some(symbol));
    /// ```
    pub fn file_name(&self) -> String {
        let encoded = utf8_percent_encode(&self.0, ENCODED).to_string();
        match encoded.strip_prefix('.') {
            Some(rest) => format!("%2E{rest}"),
            None => encoded,
        }
    }

    /// Returns the symbol that [`Symbol::file_name`] encoded.
    pub fn from_file_name(name: &str) -> Option<Symbol> {
        percent_decode_str(name).decode_utf8().ok()?.parse().ok()
    }
}

impl fmt::Display for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl FromStr for Symbol {
    type Err = Error;

    fn from_str(text: &str) -> Result<Symbol> {
        let trimmed = text.trim();
        if trimmed.is_empty() || trimmed.len() > MAX_BYTES || trimmed.chars().any(char::is_control)
        {
            return Err(Error::NotASymbol(excerpt(text, 2 * MAX_BYTES)));
        }
        Ok(Symbol(trimmed.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_file_name_is_one_plain_component_and_reads_back(text in "\\PC{1,16}") {
            if let Ok(symbol) = text.parse::<Symbol>() {
                let name = symbol.file_name();
                prop_assert!(!name.starts_with('.') && name.len() <= 3 * MAX_BYTES);
                prop_assert!(name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.%".contains(&b)));
                prop_assert_eq!(Symbol::from_file_name(&name), Some(symbol));
            }
        }
    }

    #[test]
    fn invalid_symbols_are_refused() {
        for bad in ["", "  ", "A\nB", "A\0", &"x".repeat(65)] {
            assert!(bad.parse::<Symbol>().is_err(), "{bad:?}");
        }
    }
}
