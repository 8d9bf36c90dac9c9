//! `--shard I/N`: run one task of a stage.

use std::path::Path;

use pipeline::task::{Shard, TaskRequest};

use crate::console::Console;
use crate::source_select::OpenSource;
use crate::ui;

/// Runs the task of `shard`, writes its result to `folder` and prints its path.
pub fn run(
    request: &TaskRequest,
    shard: Shard,
    folder: &Path,
    opened: Option<&OpenSource>,
    console: &Console,
) -> anyhow::Result<()> {
    let output = shard.run(request, folder, &console.context(opened))?;
    ui::print(&format!(
        "wrote {}: part {} of {}, {} of {} ({}); merge all parts with 'data-pipeline merge {}'",
        output.file.display(),
        shard.part(),
        shard.parts(),
        output.members,
        ui::pluralize(output.symbols, "symbol"),
        ui::bytes(output.bytes as u64),
        folder.display()
    ))
}
