//! Text cells of CSV files.

use std::borrow::Cow;

use stages::table::Values;

/// A CSV field, quoted if needed.
pub fn quoted(field: &str) -> String {
    if field.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field.to_owned()
    }
}

/// Returns a text that a spreadsheet shows and does not evaluate: an apostrophe is put before `=`,
/// `+`, `-`, `@` and their full-width forms, a tab or a line end at its start.
///
/// ```
/// use pipeline::artifacts::csv_text::spreadsheet_safe;
///
/// assert_eq!(spreadsheet_safe("=1+1"), "'=1+1");
/// assert_eq!(spreadsheet_safe("BTC-USD"), "BTC-USD");
/// ```
pub fn spreadsheet_safe(text: &str) -> Cow<'_, str> {
    let starts =
        ['=', '+', '-', '@', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}', '\t', '\r', '\n'];
    if text.starts_with(starts) { Cow::Owned(format!("'{text}")) } else { Cow::Borrowed(text) }
}

/// Makes all texts of the columns of a table [`spreadsheet_safe`].
pub(crate) fn make_spreadsheet_safe(columns: &mut [Values]) {
    for values in columns {
        if let Values::Text(texts) = values {
            for text in texts.iter_mut().flatten() {
                if let Cow::Owned(safe) = spreadsheet_safe(text) {
                    *text = safe;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_with_separators_and_line_ends_are_quoted() {
        for (field, expected) in [
            ("a b", "a b"),
            ("a,b", "\"a,b\""),
            ("a\nb", "\"a\nb\""),
            ("a\rb", "\"a\rb\""),
            ("a\"b", "\"a\"\"b\""),
            ("", ""),
        ] {
            assert_eq!(quoted(field), expected);
        }
    }
}
