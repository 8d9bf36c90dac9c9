//! Tables as Parquet or CSV files, written part by part, and the schema sidecar.

use std::io::Write;
use std::path::{Path, PathBuf};

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use bars_io::Error;
use bars_io::atomic::{AtomicFile, FinishedFile, TempFiles};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression as Codec, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use serde::Serialize;
use stages::table::arrow::{array, schema};
use stages::table::{ColumnSpec, Table, Values};

use super::CREATED_BY;
use super::csv_text::{make_spreadsheet_safe, quoted};

/// The format of a table file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Format {
    /// Parquet.
    Parquet,
    /// Comma-separated text.
    Csv,
}

impl Format {
    /// Both formats.
    pub const ALL: [Format; 2] = [Format::Parquet, Format::Csv];

    /// The extension of a file in this format, without the dot; also the format's name.
    pub fn extension(self) -> &'static str {
        match self {
            Format::Parquet => "parquet",
            Format::Csv => "csv",
        }
    }

    /// The other format.
    pub fn other(self) -> Format {
        match self {
            Format::Parquet => Format::Csv,
            Format::Csv => Format::Parquet,
        }
    }

    /// Parquet if the extension is `parquet` in any case, else CSV.
    pub fn from_path(path: &Path) -> Format {
        let is_parquet = path.extension().is_some_and(|end| end.eq_ignore_ascii_case("parquet"));
        if is_parquet { Format::Parquet } else { Format::Csv }
    }

    /// Whether the extension is one of a table file: `parquet`, `csv` or `txt`.
    pub fn is_supported(path: &Path) -> bool {
        let end =
            path.extension().map(|end| end.to_string_lossy().to_lowercase()).unwrap_or_default();
        ["parquet", "csv", "txt"].contains(&&*end)
    }
}

/// The compression of Parquet files.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub enum Compression {
    /// Fast.
    #[default]
    Snappy,
    /// Smaller.
    Zstd,
}

/// The columns of table files, prepared once for all files with the same columns.
#[derive(Debug, Clone)]
pub struct FileColumns {
    names: Vec<String>,
    schema: SchemaRef,
}

impl FileColumns {
    /// Columns by their descriptions.
    pub fn new<'a>(columns: impl IntoIterator<Item = &'a ColumnSpec> + Clone) -> FileColumns {
        let names = columns.clone().into_iter().map(|column| column.name.clone()).collect();
        FileColumns { names, schema: schema(columns) }
    }

    /// Number of columns.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there are no columns.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }
}

/// Writes a table part by part.
pub struct TableWriter {
    columns: FileColumns,
    path: PathBuf,
    output: Output,
    csv_safe: bool,
}

enum Output {
    Parquet(Box<ArrowWriter<AtomicFile>>),
    Csv(AtomicFile),
}

impl TableWriter {
    /// Creates a table file that will replace `path`.
    ///
    /// # Errors
    /// If the file cannot be created.
    pub fn create(
        path: &Path,
        format: Format,
        compression: Compression,
        columns: &FileColumns,
        temp: &TempFiles,
    ) -> bars_io::Result<TableWriter> {
        let mut file = temp.create(path)?;
        let output = match format {
            Format::Parquet => {
                let writer = ArrowWriter::try_new(
                    file,
                    columns.schema.clone(),
                    Some(properties(compression)),
                );
                Output::Parquet(Box::new(writer.map_err(|e| Error::writing_parquet(path, e))?))
            }
            Format::Csv => {
                let names: Vec<String> = columns.names.iter().map(|name| quoted(name)).collect();
                let line = names.join(",") + "\n";
                file.write_all(line.as_bytes()).map_err(|e| Error::io("write", path, e))?;
                Output::Csv(file)
            }
        };
        let columns = columns.clone();
        Ok(TableWriter { columns, path: path.to_owned(), output, csv_safe: false })
    }

    /// Sets whether texts in CSV are written so that a spreadsheet does not evaluate them, see
    /// [`spreadsheet_safe`](super::csv_text::spreadsheet_safe).
    pub fn csv_safe(self, csv_safe: bool) -> TableWriter {
        TableWriter { csv_safe, ..self }
    }

    /// Appends rows: the values of each column, all of one length.
    ///
    /// # Errors
    /// If they cannot be written.
    pub fn write(&mut self, mut values: Vec<Values>) -> bars_io::Result<()> {
        match &mut self.output {
            Output::Parquet(writer) => {
                let error = |e| Error::writing_parquet(&self.path, e);
                let columns = values.into_iter().map(array).collect();
                let batch = RecordBatch::try_new(self.columns.schema.clone(), columns)
                    .map_err(|e| error(e.into()))?;
                writer.write(&batch).map_err(error)
            }
            Output::Csv(file) => {
                if self.csv_safe {
                    make_spreadsheet_safe(&mut values);
                }
                file.write_all(&csv_lines(&values)).map_err(|e| Error::io("write", &self.path, e))
            }
        }
    }

    /// Ends a Parquet row group, freeing the memory that it takes. No effect on CSV.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn end_group(&mut self) -> bars_io::Result<()> {
        match &mut self.output {
            Output::Parquet(writer) => {
                writer.flush().map_err(|e| Error::writing_parquet(&self.path, e))
            }
            Output::Csv(_) => Ok(()),
        }
    }

    /// Ends the table, ready to be committed.
    ///
    /// # Errors
    /// If the rest cannot be written.
    pub fn finish(self) -> bars_io::Result<FinishedFile> {
        match self.output {
            Output::Parquet(writer) => {
                writer.into_inner().map_err(|e| Error::writing_parquet(&self.path, e))?.finish()
            }
            Output::Csv(file) => file.finish(),
        }
    }
}

/// Writes a whole table, ready to be committed to `path`; for `csv_safe` see
/// [`TableWriter::csv_safe`].
///
/// # Errors
/// If it cannot be written.
pub fn write(
    path: &Path,
    format: Format,
    compression: Compression,
    csv_safe: bool,
    table: Table,
    temp: &TempFiles,
) -> bars_io::Result<FinishedFile> {
    let columns = FileColumns::new(&table.columns);
    let writer = TableWriter::create(path, format, compression, &columns, temp)?;
    let mut writer = writer.csv_safe(csv_safe);
    writer.write(table.values)?;
    writer.finish()
}

/// The content of a schema sidecar: name, dtype, family, window and description of each column, as
/// JSON.
///
/// # Errors
/// Only if serialization fails, which no input causes.
pub fn schema_json<'a>(
    columns: impl IntoIterator<Item = &'a ColumnSpec>,
    version: &str,
) -> serde_json::Result<Vec<u8>> {
    let column = |column: &ColumnSpec| {
        let what = serde_json::json!({
            "dtype": column.dtype.name(),
            "family": column.family,
            "window": column.window,
            "description": column.description,
        });
        (column.name.clone(), what)
    };
    let columns: serde_json::Map<_, _> = columns.into_iter().map(column).collect();
    let schema = serde_json::json!({ "schema_version": version, "columns": columns });
    let mut bytes = serde_json::to_vec_pretty(&schema)?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// Maximum number of rows per row group; they are held in memory until the group ends.
const MAX_GROUP_ROWS: usize = 1 << 16;

/// Without dictionaries: values rarely repeat, and a table has thousands of columns.
fn properties(compression: Compression) -> WriterProperties {
    let codec = match compression {
        Compression::Snappy => Codec::SNAPPY,
        Compression::Zstd => Codec::ZSTD(ZstdLevel::default()),
    };
    WriterProperties::builder()
        .set_compression(codec)
        .set_dictionary_enabled(false)
        .set_max_row_group_row_count(Some(MAX_GROUP_ROWS))
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_created_by(CREATED_BY.to_owned())
        .build()
}

fn csv_lines(values: &[Values]) -> Vec<u8> {
    let rows = values.first().map_or(0, Values::len);
    let mut out = Vec::with_capacity(rows * values.len() * 8);
    let mut number = zmij::Buffer::new();
    for row in 0..rows {
        for (index, column) in values.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            // Writing to a Vec cannot fail.
            match column {
                Values::Text(values) => {
                    out.extend(quoted(values[row].as_deref().unwrap_or_default()).as_bytes());
                }
                Values::Time(values) => drop(write!(out, "{}", values[row])),
                Values::Number(values) if values[row].is_finite() => {
                    out.extend(number.format_finite(values[row]).as_bytes());
                }
                Values::Number(_) => {}
                Values::Whole(values) => drop(values[row].map(|value| write!(out, "{value}"))),
                Values::Flag(values) => drop(write!(out, "{}", values[row])),
            }
        }
        out.push(b'\n');
    }
    out
}
