//! `data-pipeline columns`

use clap::{Args, ValueEnum};
use pipeline::dictionary::{self, Column, TABLES};

use crate::ui;

/// Flags of `columns`.
#[derive(Debug, Clone, Args)]
pub struct Flags {
    /// Part of a column name, or with * and ? a whole name; a window such as 4h matches any window.
    pub pattern: Option<String>,
    /// Output format.
    #[arg(long, value_enum, default_value = "text")]
    pub format: ColumnsFormat,
}

/// The format of the definitions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ColumnsFormat {
    /// Tables for the terminal.
    Text,
    /// Markdown; without PATTERN the whole page.
    Markdown,
    /// A JSON array with one object per column.
    Json,
}

/// Prints the definitions of the columns that match, even with `--quiet`.
pub fn run(flags: &Flags) -> anyhow::Result<()> {
    let found = match &flags.pattern {
        Some(pattern) => dictionary::matching(pattern),
        None => dictionary::columns(),
    };
    if found.is_empty() {
        let pattern = flags.pattern.as_deref().unwrap_or_default();
        anyhow::bail!("no column matches '{pattern}'; 'data-pipeline columns' lists all");
    }
    let text = match (flags.format, &flags.pattern) {
        (ColumnsFormat::Json, _) => serde_json::to_string_pretty(&found)? + "\n",
        (ColumnsFormat::Markdown, None) => dictionary::page(),
        (ColumnsFormat::Markdown, Some(_)) => dictionary::markdown(&found),
        (ColumnsFormat::Text, None) => overview(&found),
        (ColumnsFormat::Text, Some(_)) => table(&found.iter().collect::<Vec<_>>(), true),
    };
    ui::print_always(&text)
}

/// Formats a table of columns, and below it the notes.
fn table(columns: &[&Column], has_tables: bool) -> String {
    let mut header = vec!["column", "type", "definition"];
    if has_tables {
        header.insert(1, "table");
    }
    let line = |column: &&Column| {
        let mut line = vec![column.column.clone(), column.dtype.to_owned(), column.text()];
        if has_tables {
            line.insert(1, column.tables.join(", "));
        }
        line
    };
    let notes = columns.iter().filter(|column| !column.note.is_empty());
    let notes: String =
        notes.map(|column| format!("\n{}: {}\n", column.column, column.note)).collect();
    format!("{}\n{notes}", ui::table(&header, &[], columns.iter().map(line)))
}

/// Formats all columns, by table, without those that follow from others.
fn overview(columns: &[Column]) -> String {
    let own = |table: &str| -> Vec<&Column> {
        let is_own = |column: &&Column| column.tables.contains(&table) && !column.is_derived;
        columns.iter().filter(is_own).collect()
    };
    let mut text = String::new();
    for (place, (name, command)) in TABLES.into_iter().enumerate() {
        let same = TABLES[..place].iter().find(|(other, _)| own(other) == own(name));
        let content = match same {
            Some((other, _)) => format!("the columns of {other}\n"),
            None => table(&own(name), false),
        };
        text += &format!("{} (written by {command})\n{content}\n", ui::heading(name));
    }
    text + "In metrics, state and regime, further columns follow each metric, such as its percentile\n\
            within its own history: 'data-pipeline columns rsi' lists those of RSI.\n"
}
