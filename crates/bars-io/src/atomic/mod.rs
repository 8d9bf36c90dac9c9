//! Atomic files: complete or absent.
//!
//! An [`AtomicFile`] is written under a temporary name in the folder of its destination and renamed
//! by [`AtomicFile::commit`]; [`commit_all`] renames several files that belong together. Until then
//! the destination keeps its old content. A dropped file is removed. The temporary files of a piece
//! of work belong to a [`TempFiles`] value; signal handlers keep a clone of it and call
//! [`TempFiles::discard`]. Files of a killed process are removed when a file in the same folder is
//! written next, because the folder's lock is free by then.

mod file;
mod folder_lock;
mod journal;
mod names;

pub use file::{AtomicFile, FinishedFile, TempFiles, commit_all, make_folder, open_lock};
pub(crate) use journal::pending;
pub use journal::recover;
