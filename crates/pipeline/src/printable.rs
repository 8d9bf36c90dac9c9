//! Text from outside in messages and tables: names in archives, answers of servers and cells of files
//! can hold anything.

use std::borrow::Cow;

/// Maximum number of characters of a message.
const MAX_MESSAGE: usize = 1 << 16;

/// Bold and plain, the only escape sequences of this program's own text.
const STYLES: [&str; 2] = ["\x1b[1m", "\x1b[0m"];

/// Returns `text` as one line for the terminal and the log. Escaped are line ends and other control
/// characters, which could forge lines or control the terminal, and invisible characters, which
/// could change the order of text. A text of more than 65,536 characters is cut.
pub fn message(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(MAX_MESSAGE) {
        Some((end, _)) => Cow::Owned(escape(&text[..end], is_hidden) + "..."),
        None if text.contains(is_hidden) => Cow::Owned(escape(text, is_hidden)),
        None => Cow::Borrowed(text),
    }
}

/// Returns the output of a command: as [`message`], but of any length, with its line ends and with
/// bold titles.
pub fn output(text: &str) -> Cow<'_, str> {
    let is_escaped = |c: char| c != '\n' && is_hidden(c);
    if !text.contains(is_escaped) {
        return Cow::Borrowed(text);
    }
    let (mut out, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(at) = rest.find('\x1b') {
        let (before, after) = rest.split_at(at);
        out.push_str(&escape(before, is_escaped));
        let style = STYLES.into_iter().find(|style| after.starts_with(style));
        out.push_str(style.unwrap_or("\\u{1b}"));
        rest = &after[style.map_or(1, str::len)..];
    }
    Cow::Owned(out + &escape(rest, is_escaped))
}

fn escape(text: &str, is_escaped: impl Fn(char) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if is_escaped(c) { out.extend(c.escape_default()) } else { out.push(c) }
    }
    out
}

/// Whether a character is a control character, invisible, or changes the direction of text.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}'
                | '\u{61c}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

/// Returns `text` with `shown` in place of each `word` that is not part of a longer word.
pub fn replace_word(text: &str, word: &str, shown: &str) -> String {
    let (first, last) = (word.chars().next(), word.chars().next_back());
    let is_letter = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    let (mut done, mut from) = (String::new(), 0);
    for (at, _) in text.match_indices(word) {
        let (before, after) = (&text[..at], &text[at + word.len()..]);
        let continues =
            is_letter(first) && is_letter(before.chars().next_back()) && !ends_with_style(before);
        let goes_on = is_letter(last) && is_letter(after.chars().next());
        if !continues && !goes_on {
            done.push_str(&text[from..at]);
            done.push_str(shown);
            from = at + word.len();
        }
    }
    done + &text[from..]
}

/// Whether a text ends with a style of the terminal, such as `\x1b[33m`: its last letter belongs to no
/// word.
fn ends_with_style(text: &str) -> bool {
    let style = text.rsplit_once("\x1b[").and_then(|(_, style)| style.strip_suffix('m'));
    style.is_some_and(|style| style.bytes().all(|byte| byte.is_ascii_digit() || byte == b';'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_and_invisible_characters_are_escaped() {
        assert_eq!(
            message("a\x1b[2Jb\r\nc\u{202e}d\u{9b}"),
            "a\\u{1b}[2Jb\\r\\nc\\u{202e}d\\u{9b}"
        );
        for plain in ["", "BTC/USD", "Ünïcode ▃▅ 中文 \\n \"x\"", "3 µs – 5 %"] {
            assert!(matches!(message(plain), Cow::Borrowed(text) if text == plain));
            assert!(matches!(output(plain), Cow::Borrowed(text) if text == plain));
        }
        let long = message(&"x".repeat(MAX_MESSAGE + 1)).into_owned();
        assert!(long.len() == MAX_MESSAGE + 3 && long.ends_with("x..."));
    }

    #[test]
    fn outputs_keep_their_lines_and_titles() {
        let text = "\x1b[1mBoards\x1b[0m\nA\x1b[31mB\x1b]0;x\x07\t";
        assert_eq!(output(text), "\x1b[1mBoards\x1b[0m\nA\\u{1b}[31mB\\u{1b}]0;x\\u{7}\\t");
    }

    #[test]
    fn only_whole_words_are_replaced() {
        for (text, expected) in [
            ("BTC:USD", "***"),
            ("WBTC:USD", "WBTC:USD"),
            ("BTC:USDT", "BTC:USDT"),
            ("'BTC:USD', \"BTC:USD\" (BTC:USD) --x=BTC:USD", "'***', \"***\" (***) --x=***"),
            ("BTC:USD/BTC:USDT_BTC:USD", "***/BTC:USDT_***"),
            ("'\x1b[33mBTC:USD\x1b[0m'", "'\x1b[33m***\x1b[0m'"),
        ] {
            assert_eq!(replace_word(text, "BTC:USD", "***"), expected);
        }
        // The ends of the word itself separate it.
        assert_eq!(replace_word("x'a:b'y", "'a:b'", "***"), "x***y");
    }
}
