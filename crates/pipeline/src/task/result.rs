//! The result of a task: an Arrow IPC file with the task in its footer.

use std::io::{BufReader, Cursor, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_ipc::reader::FileReader;
use arrow_ipc::root_as_footer;
use arrow_ipc::writer::FileWriter;
use arrow_schema::{ArrowError, DataType, Schema};
use bars::Findings;
use bars_io::decode::catch_panic;
use bars_io::regular;
use serde::{Deserialize, Serialize};

use super::Task;
use crate::error::{Cause, Error, Result};

/// The key of the header in the footer.
const HEADER_KEY: &str = "data_pipeline.task_result";

/// The end of a file: the length of the footer, and the magic bytes.
const TRAILER: [u8; 10] = *b"\0\0\0\0ARROW1";

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

/// Whether values of a type take their bytes in the file: a few bytes of another type can stand for
/// any number of rows.
fn is_flat(kind: &DataType) -> bool {
    use DataType::{Binary, Boolean, Float64, Int64, Timestamp, Utf8};
    matches!(kind, Binary | Boolean | Float64 | Int64 | Timestamp(_, _) | Utf8)
}

/// Checks the blocks that the footer states: the decoder allocates memory for a block before it
/// reads it.
fn check_blocks(reader: &mut dyn ReadSeek) -> Result<(), Cause> {
    let size = reader.seek(SeekFrom::End(0))?;
    let end = size.checked_sub(TRAILER.len() as u64).ok_or("it ends early")?;
    let mut trailer = TRAILER;
    reader.seek(SeekFrom::Start(end))?;
    reader.read_exact(&mut trailer)?;
    let length = u32::from_le_bytes([trailer[0], trailer[1], trailer[2], trailer[3]]);
    let start = end.checked_sub(length.into()).ok_or("the footer is damaged")?;
    let mut footer = Vec::new();
    reader.seek(SeekFrom::Start(start))?;
    reader.take(length.into()).read_to_end(&mut footer)?;
    reader.rewind()?;
    let footer = catch_panic(|| root_as_footer(&footer).map_err(|e| e.to_string()))??;
    if footer.dictionaries().is_some_and(|blocks| !blocks.is_empty()) {
        return Err("it has dictionaries".into());
    }
    // Blocks do not overlap, so all of them are as large as the file at most.
    let mut left = start;
    for block in footer.recordBatches().into_iter().flatten() {
        let length = (|| {
            let (metadata, body) = (block.metaDataLength(), block.bodyLength());
            let length = u64::try_from(body).ok()?.checked_add(u64::try_from(metadata).ok()?)?;
            let end = u64::try_from(block.offset()).ok()?.checked_add(length)?;
            (end <= start).then_some(length)
        })();
        left = length.and_then(|length| left.checked_sub(length)).ok_or_else(|| {
            format!("a block of {} bytes lies outside of the file", block.bodyLength())
        })?;
    }
    Ok(())
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
        let mut reader = reader;
        check_blocks(&mut reader).map_err(damaged)?;
        let reader = catch_panic(|| FileReader::try_new(reader, None));
        let reader = reader.map_err(|e| damaged(e.into()))?.map_err(|e| damaged(e.into()))?;
        if let Some(field) = reader.schema().fields().iter().find(|f| !is_flat(f.data_type())) {
            let problem = format!("column {:?} has type {}", field.name(), field.data_type());
            return Err(damaged(problem.into()));
        }
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

#[cfg(test)]
mod tests {
    use arrow_array::{ArrayRef, Float64Array, NullArray};
    use bars::{AsOf, BarTime, Minute};

    use super::super::{TASK_VERSION, TaskStage};
    use super::*;

    fn file(column: ArrayRef) -> Vec<u8> {
        file_with(column, None)
    }

    fn file_with(column: ArrayRef, header: Option<serde_json::Value>) -> Vec<u8> {
        let batch = RecordBatch::try_from_iter([("x", column)]).unwrap();
        let mut writer = FileWriter::try_new(Vec::new(), &batch.schema()).unwrap();
        writer.write(&batch).unwrap();
        if let Some(header) = header {
            writer.write_metadata(HEADER_KEY, header.to_string());
        }
        writer.into_inner().unwrap()
    }

    /// The header of a part of metrics.
    fn header() -> serde_json::Value {
        let stage = TaskStage::Metrics {
            params: stages::metrics::Params::default().check().unwrap(),
            asof: AsOf::start_of(Minute::new(1000).unwrap()),
            input: "x.csv".into(),
            bar_time: BarTime::Open,
            cohort: "overlaps".to_owned(),
        };
        let task = Task {
            version: TASK_VERSION,
            plan: String::new(),
            part: 1,
            parts: 1,
            symbols: 1,
            source: String::new(),
            stage,
            members: Vec::new(),
        };
        let extra = serde_json::Value::Null;
        serde_json::to_value(Header { task, findings: Findings::default(), extra }).unwrap()
    }

    fn error(bytes: Vec<u8>) -> String {
        TaskResult::from_bytes("x.arrow".to_owned(), bytes)
            .err()
            .map(|e| std::error::Error::source(&e).map_or(e.to_string(), ToString::to_string))
            .unwrap_or_default()
    }

    #[test]
    fn blocks_outside_of_the_file_are_refused() {
        let whole = file(Arc::new(Float64Array::from(vec![1.5; 1000])));
        assert_eq!(error(whole.clone()), "no header");
        // A block in the footer: offset, length of the metadata, padding, length of the body.
        let trailer = whole.len() - TRAILER.len();
        let footer = u32::from_le_bytes(*whole[trailer..].first_chunk().unwrap()) as usize;
        let offset = {
            let footer = root_as_footer(&whole[trailer - footer..trailer]).unwrap();
            footer.recordBatches().unwrap().get(0).offset()
        };
        let start = trailer - footer;
        let at = whole[start..].windows(8).position(|bytes| bytes == offset.to_le_bytes());
        let at = start + at.unwrap();
        for (place, value) in [(0, 1 << 40), (0, -8), (16, 1 << 40), (16, -1), (16, 40_000)] {
            let mut bytes = whole.clone();
            bytes[at + place..at + place + 8].copy_from_slice(&i64::to_le_bytes(value));
            assert!(error(bytes).contains("lies outside of the file"), "{place} {value}");
        }
        for end in [0, 5, 12, whole.len() - 1] {
            assert!(!error(whole[..end].to_vec()).is_empty(), "{end}");
        }
    }

    #[test]
    fn numbers_that_no_plan_has_are_refused() {
        let column = || Arc::new(Float64Array::from(vec![1.5])) as ArrayRef;
        assert_eq!(error(file_with(column(), Some(header()))), "");
        let mut forged = header();
        let windows: Vec<String> = (1..3000).map(|minutes| format!("{minutes}m")).collect();
        forged["task"]["stage"]["params"]["windows"] = windows.into();
        let problem = error(file_with(column(), Some(forged)));
        assert!(problem.contains("windows has 2999 lengths; give at most 64"), "{problem}");
        let mut forged = header();
        forged["task"]["symbols"] = (1_u64 << 63).into();
        let refused =
            TaskResult::from_bytes("x.arrow".to_owned(), file_with(column(), Some(forged)));
        let refused = refused.unwrap_err();
        let reason = std::error::Error::source(&refused).unwrap();
        let reason = format!("{reason} {:?}", reason.source());
        assert!(refused.to_string().starts_with("x.arrow"), "{refused}");
        assert!(reason.contains("9223372036854775808 symbols"), "{reason}");
    }

    #[test]
    fn columns_without_bytes_are_refused() {
        let error = error(file(Arc::new(NullArray::new(1 << 40))));
        assert!(error.contains("column \"x\" has type Null"), "{error}");
    }
}
