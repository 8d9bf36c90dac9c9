//! Bounds of a JSON text, checked before it is parsed: parsed values take many times the memory of
//! their text.

/// Maximum number of values. All pairs have about a hundred thousand.
const MAX_VALUES: usize = 1 << 20;

/// Maximum depth of lists and objects. Responses have a depth of at most 5.
const MAX_DEPTH: usize = 32;

/// Checks the number and the depth of the values of `text`, which need not be valid JSON.
///
/// # Errors
/// The bound that is exceeded.
pub(super) fn check(text: &str) -> Result<(), String> {
    let (mut values, mut depth) = (1, 0_usize);
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => skip_string(&mut bytes),
            b'[' | b'{' => {
                values += 1;
                depth += 1;
                if depth > MAX_DEPTH {
                    return Err(format!("nested more than {MAX_DEPTH} levels deep"));
                }
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            b',' => values += 1,
            _ => {}
        }
        if values > MAX_VALUES {
            return Err(format!("more than {MAX_VALUES} values"));
        }
    }
    Ok(())
}

/// Skips the rest of a string, up to its closing quote.
fn skip_string(bytes: &mut std::str::Bytes<'_>) {
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => return,
            b'\\' => {
                bytes.next();
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_and_depth_are_bounded() {
        let list = |n: usize| format!("[{}]", vec!["[]"; n].join(","));
        assert_eq!(check(&list(MAX_VALUES / 2 - 2)), Ok(()));
        assert!(check(&list(MAX_VALUES)).unwrap_err().contains("more than 1048576 values"));
        assert!(check(&"[".repeat(33)).unwrap_err().contains("more than 32 levels"));
        assert_eq!(check(&format!("{}{}", "[".repeat(32), "]".repeat(32))), Ok(()));
        let text = format!(r#"["{}\"\\", "{}"]"#, "[{,".repeat(MAX_VALUES), "[".repeat(40));
        assert_eq!(check(&text), Ok(()), "in strings");
        for text in ["", "]]", "\"", "\"\\", "<html>"] {
            assert_eq!(check(text), Ok(()), "{text}");
        }
    }
}
