//! Text tables that fit a width, such as that of a terminal.
//!
//! ```
//! let rows = [["BTC/USD", "+1.25"], ["ETH/USD", "-10.00"]].map(|row| row.map(str::to_owned).to_vec());
//! let table = pipeline::text_table::format(&["symbol", "change %"], &[1], &rows, Some(80));
//! assert_eq!(table.lines().count(), 3);
//! assert!(table.lines().all(|line| line.len() <= 80) && table.contains("BTC/USD"), "{table}");
//! ```

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use unicode_width::UnicodeWidthStr;

/// Text columns narrower than this make the titles of number columns wrap.
const MIN_TEXT_WIDTH: usize = 16;

/// Words up to this width, such as symbols, are never broken between two characters.
const MIN_BROKEN_WORD: usize = 20;

/// Spaces around a cell.
const PADDING: usize = 2;

/// A table of texts, such as the summary of a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextTable {
    /// The titles of the columns.
    pub header: Vec<String>,
    /// The indices of the columns of numbers, which are right-aligned.
    pub numbers: Vec<usize>,
    /// The cells of each row.
    pub rows: Vec<Vec<String>>,
}

impl TextTable {
    /// Creates a table.
    pub fn new(
        header: &[&str],
        numbers: &[usize],
        rows: impl IntoIterator<Item = Vec<String>>,
    ) -> TextTable {
        TextTable {
            header: header.iter().map(|title| (*title).to_owned()).collect(),
            numbers: numbers.to_vec(),
            rows: rows.into_iter().collect(),
        }
    }
}

/// Formats a table that is at most `width` characters wide, or as wide as its content without a
/// `width`. `numbers` are the indices of right-aligned columns.
///
/// If the terminal is narrow, text wraps between words, then the titles of number columns do, then
/// names of columns and timestamps in text break into their parts, and at last other long words,
/// such as paths, break anywhere. Numbers never break, symbols only if they have more than
/// 20 characters. If that does not suffice, each row becomes lines of
/// `title: value`.
pub fn format(
    header: &[&str],
    numbers: &[usize],
    rows: &[Vec<String>],
    width: Option<usize>,
) -> String {
    let columns: Vec<Column> =
        (0..header.len()).map(|index| Column::new(index, header, numbers, rows)).collect();
    let natural: Vec<usize> = columns.iter().map(|column| column.natural).collect();
    let widths = match width {
        Some(width) if total(&natural) > width => fit(&columns, width),
        _ => Some(natural),
    };
    let Some(widths) = widths else {
        return records(header, rows, width.unwrap_or(usize::MAX));
    };
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    let wrapped = |cells: &mut dyn Iterator<Item = &str>| -> Vec<String> {
        cells.zip(&widths).map(|(cell, &width)| wrap(cell, width).join("\n")).collect()
    };
    table.set_header(wrapped(&mut header.iter().copied()));
    table.add_rows(rows.iter().map(|row| wrapped(&mut row.iter().map(String::as_str))));
    for &index in numbers {
        if let Some(column) = table.column_mut(index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.trim_fmt()
}

/// The widths that a column can have.
struct Column {
    /// Without wrapping.
    natural: usize,
    /// The smallest widths, each with one more way to wrap than the one before.
    floors: [usize; 5],
}

impl Column {
    fn new(index: usize, header: &[&str], numbers: &[usize], rows: &[Vec<String>]) -> Column {
        let title = header[index];
        let cells = || rows.iter().filter_map(|row| row.get(index)).map(String::as_str);
        let longest = |cells: &mut dyn Iterator<Item = &str>, parts: fn(&str) -> Vec<&str>| {
            let widths = cells.flat_map(|cell| parts(cell).into_iter().map(UnicodeWidthStr::width));
            widths.max().unwrap_or(0)
        };
        let content = longest(&mut cells(), |cell| vec![cell]);
        let natural = content.max(title.width());
        let title_word = longest(&mut [title].into_iter(), words);
        let floors = if numbers.contains(&index) {
            let narrow = content.max(title_word);
            [natural, narrow, narrow, narrow, narrow]
        } else if index == 0 {
            [natural, natural, natural, natural, natural.min(MIN_BROKEN_WORD)]
        } else {
            let word = longest(&mut cells(), words).max(title_word);
            let part = longest(&mut cells(), word_parts).max(title_word);
            let roomy = word.max(MIN_TEXT_WIDTH).min(natural);
            [roomy, roomy, word, part, part.min(MIN_BROKEN_WORD)]
        };
        Column { natural, floors }
    }
}

/// Returns the width of a table; the space after the last column is not printed.
fn total(widths: &[usize]) -> usize {
    widths.iter().map(|width| width + PADDING).sum::<usize>().saturating_sub(1)
}

/// Returns widths of the columns with which a table fits, `None` if there are none. The widest
/// columns shrink first.
fn fit(columns: &[Column], width: usize) -> Option<Vec<usize>> {
    let widest = columns.iter().map(|column| column.natural).max().unwrap_or(0);
    (0..5).find_map(|stage| {
        let at_most = |level: usize| -> Vec<usize> {
            let width = |column: &Column| column.natural.min(level.max(column.floors[stage]));
            columns.iter().map(width).collect()
        };
        (0..=widest).rev().map(at_most).find(|widths| total(widths) <= width)
    })
}

/// Formats each row as lines of `title: value`, without empty values.
fn records(header: &[&str], rows: &[Vec<String>], width: usize) -> String {
    let record = |row: &Vec<String>| {
        let cells = header.iter().zip(row).filter(|(_, cell)| !cell.is_empty());
        let text = |(title, cell): (&&str, &String)| match *title {
            "" => cell.clone(),
            title => format!("{title}: {cell}"),
        };
        cells.flat_map(|cell| wrap(&text(cell), width)).collect::<Vec<_>>().join("\n")
    };
    rows.iter().map(record).collect::<Vec<_>>().join("\n\n")
}

/// Breaks `text` into lines of at most `width` characters, if its words allow: see [`format()`].
fn wrap(text: &str, width: usize) -> Vec<String> {
    if text.width() <= width {
        return vec![text.to_owned()];
    }
    let mut lines: Vec<String> = Vec::new();
    for word in words(text) {
        match lines.last_mut() {
            Some(line) if line.width() + 1 + word.width() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ if word.width() <= width => lines.push(word.to_owned()),
            _ => lines.extend(broken(word, width)),
        }
    }
    lines
}

/// Breaks a word that is wider than `width`, between its parts if they fit.
fn broken(word: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for part in word_parts(word) {
        let is_long = part.width() > width;
        let pieces: Vec<&str> = if is_long { part.split("").collect() } else { vec![part] };
        for piece in pieces {
            match lines.last_mut() {
                Some(line) if line.width() + piece.width() <= width => line.push_str(piece),
                _ => lines.push(piece.to_owned()),
            }
        }
    }
    lines
}

/// Splits text at its spaces. A sparkline is one word: its spaces are missing values.
fn words(text: &str) -> Vec<&str> {
    if text.contains(|c| matches!(c, '▁'..='▏')) {
        return vec![text];
    }
    text.split_whitespace().collect()
}

/// Splits the words of a text where a name of a column (`rsi_4h`) or a timestamp
/// (`2024-01-03T00:00Z`) can break.
fn word_parts(text: &str) -> Vec<&str> {
    let of_name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let is_break = |bytes: &[u8], at: usize| match bytes[at] {
        b'_' => of_name(bytes[at - 1]) && of_name(bytes[at + 1]),
        b'T' => bytes[at - 1].is_ascii_digit() && bytes[at + 1].is_ascii_digit(),
        _ => false,
    };
    let mut parts = Vec::new();
    for word in words(text) {
        let (bytes, mut from) = (word.as_bytes(), 0);
        for at in (1..bytes.len().saturating_sub(1)).filter(|&at| is_break(bytes, at)) {
            parts.push(&word[from..=at]);
            from = at + 1;
        }
        parts.push(&word[from..]);
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOARD: [&str; 6] =
        ["rank", "symbol", "appearances", "last 24h %", "last 24h volume %", "tags"];

    fn board() -> Vec<Vec<String>> {
        let rows = [
            ["1", "BTCUSDT", "12", "+10.00", "-42.17", "Strong 24h Overlap Skew, Weak 1h Skew"],
            ["20", "1MBABYDOGEUSDT", "1,043", "-9.25", "+1301.66", ""],
        ];
        rows.map(|row| row.map(str::to_owned).to_vec()).to_vec()
    }

    /// The width of the longest line.
    fn longest_line(text: &str) -> usize {
        text.lines().map(UnicodeWidthStr::width).max().unwrap_or(0)
    }

    #[test]
    fn tables_are_not_wider_than_the_terminal_and_keep_symbols_and_numbers_whole() {
        let rows = board();
        let whole = format(&BOARD, &[0, 2, 3, 4], &rows, None);
        assert_eq!(whole.lines().count(), 3, "{whole}");
        for width in 30..=140 {
            let table = format(&BOARD, &[0, 2, 3, 4], &rows, Some(width));
            assert!(longest_line(&table) <= width, "{width}:\n{table}");
            assert!(width < longest_line(&whole) || table == whole, "{width}:\n{table}");
            for word in rows.iter().flatten().flat_map(|cell| cell.split_whitespace()) {
                assert!(table.split_whitespace().any(|found| found == word), "{width}:\n{table}");
            }
        }
    }

    #[test]
    fn text_wraps_before_the_titles_of_numbers() {
        let table = format(&BOARD, &[0, 2, 3, 4], &board(), Some(90));
        assert!(table.starts_with(" rank  symbol          appearances  last 24h %"), "{table}");
        let table = format(&BOARD, &[0, 2, 3, 4], &board(), Some(80));
        assert!(table.lines().nth(1).is_some_and(|line| line.contains("volume %")), "{table}");
    }

    #[test]
    fn timestamps_and_names_of_columns_break_into_their_parts() {
        assert_eq!(wrap("2024-01-03T00:00Z", 12), ["2024-01-03T", "00:00Z"]);
        assert_eq!(wrap("rsi_4h_iqr (99)", 9), ["rsi_4h_", "iqr (99)"]);
        assert_eq!(wrap("BTC_USDT", 4), ["BTC_", "USDT"], "no other way");
        assert_eq!(word_parts("BTC_USDT"), ["BTC_USDT"]);
        assert_eq!(wrap("▁ ▅█ ▂", 6), ["▁ ▅█ ▂"]);
        assert_eq!(words("▁ ▅█"), ["▁ ▅█"]);
    }

    #[test]
    fn rows_become_records_if_no_table_fits() {
        let table = format(&BOARD, &[0, 2, 3, 4], &board(), Some(24));
        let lines = "rank: 1\nsymbol: BTCUSDT\nappearances: 12\nlast 24h %: +10.00\n\
                     last 24h volume %:\n-42.17\ntags: Strong 24h Overlap\nSkew, Weak 1h Skew\n\n";
        assert!(table.starts_with(lines), "{table}");
    }
}
