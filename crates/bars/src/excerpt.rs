//! Values of inputs in messages.

/// Returns `text` for a message: control characters and quotes escaped, cut after `max` characters,
/// with `...` for the rest.
///
/// ```
/// assert_eq!(bars::excerpt("a\nb", 40), "a\\nb");
/// assert_eq!(bars::excerpt("0.123456", 4), "0.12...");
/// ```
pub fn excerpt(text: &str, max: usize) -> String {
    match text.char_indices().nth(max) {
        Some((end, _)) => format!("{}...", text[..end].escape_debug()),
        None => text.escape_debug().to_string(),
    }
}

/// Returns `text` cut after `max` characters, with `...` for the rest. Nothing is escaped: for
/// sentences of other libraries, which may quote a value.
///
/// ```
/// assert_eq!(bars::shortened("expected \"a\"", 40), "expected \"a\"");
/// assert_eq!(bars::shortened("expected \"a\"", 8), "expected...");
/// ```
pub fn shortened(text: &str, max: usize) -> String {
    match text.char_indices().nth(max) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}
