//! Running one part of a stage and writing its result.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::{MAX_PARTS, TaskRequest, plan};
use crate::error::Result;
use crate::jobs::JobContext;
use crate::source::check_findings;

/// A part of a plan.
///
/// ```
/// use pipeline::task::Shard;
///
/// let shard: Shard = "3/16".parse()?;
/// assert_eq!((shard.part(), shard.parts()), (3, 16));
/// for invalid in ["0/3", "4/3", "3", "a/b", "1/0", "-1/2", "1/2/3", ""] {
///     assert!(invalid.parse::<Shard>().is_err());
/// }
/// # Ok::<(), pipeline::task::InvalidShard>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    part: usize,
    parts: usize,
}

/// Text is not a [`Shard`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid shard \"{0}\": expected I/N with I from 1 to N, such as 3/16")]
pub struct InvalidShard(String);

impl Shard {
    /// The part, from 1 to [`Shard::parts`].
    pub fn part(self) -> usize {
        self.part
    }

    /// Number of parts, from 1 to [`MAX_PARTS`].
    pub fn parts(self) -> usize {
        self.parts
    }

    /// Plans the stage of `request`, runs this part of it and writes the result to `folder`.
    ///
    /// # Errors
    /// The source is missing, cannot be read or, in a strict context, has invalid rows; a
    /// computation fails; the result cannot be written; or the observer cancels.
    pub fn run(
        self,
        request: &TaskRequest,
        folder: &Path,
        context: &JobContext<'_>,
    ) -> Result<ShardOutput> {
        let JobContext { source, is_strict, temp, observer } = *context;
        let mut tasks = plan(request, source, self.parts, observer)?;
        let task = tasks.swap_remove(self.part - 1);
        let file = folder.join(task.file_name());
        temp.check_writable(&file)?;
        let result = task.run(source, observer)?;
        if is_strict {
            check_findings(&result.findings)?;
            source.map_or(Ok(()), |source| check_findings(&source.findings()))?;
        }
        let bytes = result.bytes().unwrap_or_default();
        temp.write(&file, bytes)?;
        let (members, symbols) = (task.members.len(), task.symbols);
        Ok(ShardOutput { file, members, symbols, bytes: bytes.len() })
    }
}

impl FromStr for Shard {
    type Err = InvalidShard;

    fn from_str(text: &str) -> Result<Shard, InvalidShard> {
        let invalid = || InvalidShard(text.to_owned());
        let (part, parts) = text.split_once('/').ok_or_else(invalid)?;
        let number = |text: &str| text.parse::<usize>().map_err(|_| invalid());
        let shard = Shard { part: number(part)?, parts: number(parts)? };
        let is_valid = (1..=shard.parts).contains(&shard.part) && shard.parts <= MAX_PARTS;
        if is_valid { Ok(shard) } else { Err(invalid()) }
    }
}

/// The result of [`Shard::run`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShardOutput {
    /// The file of the result.
    pub file: PathBuf,
    /// Number of symbols in this part.
    pub members: usize,
    /// Number of symbols in all parts.
    pub symbols: usize,
    /// Size of the file.
    pub bytes: usize,
}
