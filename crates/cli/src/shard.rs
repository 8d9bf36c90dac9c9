//! `--shard I/N`: run one task of a stage.

use std::path::Path;
use std::str::FromStr;

use pipeline::task::{TaskRequest, plan};

use crate::console::Console;
use crate::interrupt::temp_files;
use crate::source_select::OpenSource;
use crate::ui;

/// A part of a stage as a command-line value, such as `3/16`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    part: usize,
    parts: usize,
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Shard, String> {
        let invalid =
            || format!("invalid shard \"{text}\": expected I/N with I from 1 to N, such as 3/16");
        let (part, parts) = text.split_once('/').ok_or_else(invalid)?;
        let number = |text: &str| text.parse::<usize>().map_err(|_| invalid());
        let shard = Shard { part: number(part)?, parts: number(parts)? };
        let is_valid =
            (1..=shard.parts).contains(&shard.part) && shard.parts <= pipeline::task::MAX_PARTS;
        if is_valid { Ok(shard) } else { Err(invalid()) }
    }
}

/// Plans the stage, runs the task of `shard` and writes its result to `folder`.
pub fn run(
    request: &TaskRequest,
    shard: Shard,
    folder: &Path,
    opened: Option<&OpenSource>,
    console: &Console,
) -> anyhow::Result<()> {
    let source = opened.map(OpenSource::source);
    let mut tasks = plan(request, source, shard.parts, console)?;
    let task = tasks.swap_remove(shard.part - 1);
    let path = folder.join(task.file_name());
    temp_files().check_writable(&path)?;
    let result = task.run(source, console)?;
    console.check_findings(&result.findings)?;
    if let Some(opened) = opened {
        console.check_strict(opened.source())?;
    }
    let bytes = result.bytes().unwrap_or_default();
    temp_files().write(&path, bytes)?;
    ui::print(&format!(
        "wrote {}: part {} of {}, {} of {} ({}); merge all parts with 'data-pipeline merge {}'",
        path.display(),
        shard.part,
        shard.parts,
        task.members.len(),
        ui::pluralize(task.symbols, "symbol"),
        ui::bytes(bytes.len() as u64),
        folder.display()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_are_parsed_strictly() {
        assert_eq!("3/16".parse(), Ok(Shard { part: 3, parts: 16 }));
        for text in ["0/3", "4/3", "3", "a/b", "1/0", "-1/2", "1/2/3", ""] {
            assert!(text.parse::<Shard>().is_err(), "{text}");
        }
    }
}
