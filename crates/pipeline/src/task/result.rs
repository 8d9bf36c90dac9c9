//! The result of a task: an Arrow IPC file with the task in its footer.

use std::io::{BufReader, Cursor, Read, Seek};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_ipc::reader::FileReader;
use arrow_ipc::writer::FileWriter;
use arrow_schema::{ArrowError, Schema};
use bars::Findings;
use bars_io::decode::catch_panic;
use bars_io::regular;
use serde::{Deserialize, Serialize};

use super::Task;
use crate::error::{Cause, Error, Result};

/// The key of the header in the footer.
const HEADER_KEY: &str = "data_pipeline.task_result";

trait ReadSeek: Read + Seek + Send {}
impl<T: Read + Seek + Send> ReadSeek for T {}

/// Bytes that are read and kept for sending at once.
#[derive(Clone)]
struct SharedBytes(Arc<Vec<u8>>);

impl AsRef<[u8]> for SharedBytes {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// The result of a [`Task`].
pub struct TaskResult {
    /// File name or another name, for errors.
    pub(super) name: String,
    /// The task that was run.
    pub task: Task,
    /// What was found in the rows of the source.
    pub findings: Findings,
    pub(super) extra: serde_json::Value,
    reader: FileReader<Box<dyn ReadSeek>>,
    bytes: Option<SharedBytes>,
}

impl std::fmt::Debug for TaskResult {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TaskResult")
            .field("name", &self.name)
            .field("task", &self.task)
            .finish_non_exhaustive()
    }
}

#[derive(Serialize, Deserialize)]
struct Header {
    task: Task,
    findings: Findings,
    /// What a stage needs besides rows.
    extra: serde_json::Value,
}

impl TaskResult {
    /// Encodes the result of a task.
    pub(super) fn encode(
        task: &Task,
        schema: &Schema,
        batches: impl IntoIterator<Item = Result<RecordBatch>>,
        findings: impl FnOnce() -> Findings,
        extra: impl FnOnce() -> serde_json::Value,
    ) -> Result<TaskResult> {
        let failed = |e: ArrowError| Error::encode(task.file_name(), e);
        let mut writer = FileWriter::try_new(Vec::new(), schema).map_err(failed)?;
        for batch in batches {
            writer.write(&batch?).map_err(failed)?;
        }
        let header = Header { task: task.clone(), findings: findings(), extra: extra() };
        let header =
            serde_json::to_string(&header).map_err(|e| Error::encode(task.file_name(), e))?;
        writer.write_metadata(HEADER_KEY, header);
        let bytes = writer.into_inner().map_err(failed)?;
        TaskResult::from_bytes(task.file_name(), bytes)
    }

    /// A result from its bytes, such as a worker returns; `name` is for errors.
    ///
    /// # Errors
    /// If the bytes are damaged or of another version.
    pub fn from_bytes(name: String, bytes: Vec<u8>) -> Result<TaskResult> {
        let bytes = SharedBytes(Arc::new(bytes));
        let mut result = TaskResult::from_reader(name, Box::new(Cursor::new(bytes.clone())))?;
        result.bytes = Some(bytes);
        Ok(result)
    }

    /// Opens a result file. Batches are read when they are needed.
    ///
    /// # Errors
    /// If the file is missing, damaged or of another version.
    pub fn open(path: &Path) -> Result<TaskResult> {
        let file = regular::open(path)?;
        TaskResult::from_reader(path.display().to_string(), Box::new(BufReader::new(file)))
    }

    /// Opens the result files in a folder (those that end in `.arrow`), ordered by name.
    ///
    /// # Errors
    /// If the folder cannot be read, or a file is damaged or of another version.
    pub fn open_all(folder: &Path) -> Result<Vec<TaskResult>> {
        let entries =
            std::fs::read_dir(folder).map_err(|e| bars_io::Error::io("open", folder, e))?;
        let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "arrow"));
        paths.sort();
        paths.iter().map(|path| TaskResult::open(path)).collect()
    }

    fn from_reader(name: String, reader: Box<dyn ReadSeek>) -> Result<TaskResult> {
        let damaged = |source: Cause| Error::DamagedResult { name: name.clone(), source };
        let reader = catch_panic(|| FileReader::try_new(reader, None));
        let reader = reader.map_err(|e| damaged(e.into()))?.map_err(|e| damaged(e.into()))?;
        let header =
            reader.custom_metadata().get(HEADER_KEY).ok_or_else(|| damaged("no header".into()))?;
        let header: Header = serde_json::from_str(header).map_err(|e| damaged(e.into()))?;
        header.task.validate().map_err(|e| damaged(e.into()))?;
        let Header { task, findings, extra } = header;
        Ok(TaskResult { name, task, findings, extra, reader, bytes: None })
    }

    /// The bytes of a result that was computed or received, for sending or writing; `None` for an
    /// opened file.
    pub fn bytes(&self) -> Option<&[u8]> {
        self.bytes.as_ref().map(AsRef::as_ref)
    }

    /// Number of record batches.
    pub(super) fn batches(&self) -> usize {
        self.reader.num_batches()
    }

    /// The record batch at `index`.
    pub(super) fn batch(&mut self, index: usize) -> Result<RecordBatch> {
        let damaged = |e: ArrowError| Error::damaged(&self.name, e);
        let reader = &mut self.reader;
        let next = catch_panic(|| reader.set_index(index).map(|()| reader.next()));
        match next.map_err(|e| Error::damaged(&self.name, e))?.map_err(damaged)? {
            Some(batch) => batch.map_err(damaged),
            None => Err(Error::damaged(&self.name, "it ends early")),
        }
    }

    /// All record batches.
    pub(super) fn all_batches(&mut self) -> Result<Vec<RecordBatch>> {
        (0..self.batches()).map(|index| self.batch(index)).collect()
    }
}
