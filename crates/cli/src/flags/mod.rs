//! Flags that several commands share.

mod choice;
mod common;
mod decomposition;
pub mod panel;
mod snapshots;
mod source;
mod values;

pub use choice::{ColumnFlags, UniverseFlags};
pub use common::Common;
pub use decomposition::{DecompositionFlags, PresetFlag};
pub use panel::PanelFlags;
pub use snapshots::SnapshotFlags;
pub use source::{DatabaseFlags, ExchangeFlags, ReadingFlags, SourceFlags};
pub use values::{
    CohortFlag, CompressionFlag, FormatFlag, asof, check_table_path, cohort_input, compression,
    window_list, windows,
};

/// Formats the examples and the page that the help of a command ends with.
pub fn examples(page: &str, lines: &[&str]) -> String {
    let title = if lines.len() == 1 { "Example" } else { "Examples" };
    format!("{title}:\n  {}\n\nDocumentation: docs/{page}.md", lines.join("\n  "))
}
