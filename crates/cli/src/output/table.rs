//! Tables of features as Parquet or CSV, and the schema beside them.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::{
    ArrayRef, BooleanArray, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow_schema::{DataType, Field, Schema, SchemaRef, TimeUnit};
use bars_io::Error;
use bars_io::atomic::{AtomicFile, FinishedFile};
use clap::ValueEnum;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression as Codec, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use stages::features::layout::{DType, Layout};
use stages::features::table::{Row, Values, fill};

use super::bar_csv::quoted;
use crate::interrupt::temp_files;
use crate::ui::Usage;

/// In what form a table is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Parquet.
    Parquet,
    /// Comma separated text.
    Csv,
}

impl Format {
    /// The end of a file's name in this form.
    pub fn extension(self) -> &'static str {
        match self {
            Format::Parquet => "parquet",
            Format::Csv => "csv",
        }
    }

    /// Parquet where the file's name ends so, else CSV.
    pub fn of(path: &Path) -> Format {
        let is_parquet = path.extension().is_some_and(|end| end.eq_ignore_ascii_case("parquet"));
        if is_parquet { Format::Parquet } else { Format::Csv }
    }

    /// Refuses a name whose end promises another form than those.
    pub fn check(path: &Path) -> Result<(), Usage> {
        let end = path.extension().map(|end| end.to_string_lossy().to_lowercase()).unwrap_or_default();
        if ["parquet", "csv", "txt"].contains(&&*end) {
            return Ok(());
        }
        Err(Usage(format!(
            "{} is not written in that form; let the name end in .csv or .parquet",
            path.display()
        )))
    }
}

/// How Parquet is compressed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Compression {
    /// Fast.
    #[default]
    Snappy,
    /// Smaller.
    Zstd,
}

/// The columns of tables, made once for all of them.
#[derive(Debug, Clone)]
pub struct Columns {
    names: Arc<[String]>,
    schema: SchemaRef,
}

impl Columns {
    /// Columns by name and type.
    pub fn new(columns: impl IntoIterator<Item = (String, DType)>) -> Columns {
        let columns: Vec<(String, DType)> = columns.into_iter().collect();
        let fields: Vec<Field> = columns.iter().map(field).collect();
        Columns {
            names: columns.into_iter().map(|(name, _)| name).collect(),
            schema: Arc::new(Schema::new(fields)),
        }
    }

    /// The columns of a layout.
    pub fn of(layout: &Layout) -> Columns {
        Columns::new(layout.columns().iter().map(|column| (column.name.clone(), column.dtype)))
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.names.len()
    }
}

/// Writes a table part by part.
pub struct TableWriter {
    columns: Columns,
    place: PathBuf,
    form: Form,
}

enum Form {
    Parquet(Box<ArrowWriter<AtomicFile>>),
    Csv(AtomicFile),
}

impl TableWriter {
    /// A table with `columns` to be put at `place`.
    pub fn create(
        place: &Path,
        format: Format,
        compression: Compression,
        columns: &Columns,
    ) -> bars_io::Result<TableWriter> {
        let mut file = temp_files().create(place)?;
        let form = match format {
            Format::Parquet => {
                let writer =
                    ArrowWriter::try_new(file, columns.schema.clone(), Some(properties(compression)));
                Form::Parquet(Box::new(writer.map_err(|e| Error::writing_parquet(place, e))?))
            }
            Format::Csv => {
                let names: Vec<String> = columns.names.iter().map(|name| quoted(name)).collect();
                let line = names.join(",") + "\n";
                file.write_all(line.as_bytes()).map_err(|e| Error::io("write", place, e))?;
                Form::Csv(file)
            }
        };
        Ok(TableWriter { columns: columns.clone(), place: place.to_owned(), form })
    }

    /// Adds rows: a value per column, all of one length.
    pub fn write(&mut self, values: Vec<Values>) -> bars_io::Result<()> {
        match &mut self.form {
            Form::Parquet(writer) => {
                let error = |e| Error::writing_parquet(&self.place, e);
                let columns = values.into_iter().map(array).collect();
                let batch = RecordBatch::try_new(self.columns.schema.clone(), columns)
                    .map_err(|e| error(e.into()))?;
                writer.write(&batch).map_err(error)
            }
            Form::Csv(file) => {
                file.write_all(&lines(&values)).map_err(|e| Error::io("write", &self.place, e))
            }
        }
    }

    /// Ends a row group, and with it what is held of it in memory.
    pub fn end_group(&mut self) -> bars_io::Result<()> {
        match &mut self.form {
            Form::Parquet(writer) => writer.flush().map_err(|e| Error::writing_parquet(&self.place, e)),
            Form::Csv(_) => Ok(()),
        }
    }

    /// Ends the table.
    pub fn seal(self) -> bars_io::Result<FinishedFile> {
        match self.form {
            Form::Parquet(writer) => {
                writer.into_inner().map_err(|e| Error::writing_parquet(&self.place, e))?.finish()
            }
            Form::Csv(file) => file.finish(),
        }
    }
}

/// Writes `rows` as a table to be put at `place`.
pub fn write(
    place: &Path,
    format: Format,
    compression: Compression,
    layout: &Layout,
    rows: &[Row],
) -> bars_io::Result<FinishedFile> {
    let mut table = TableWriter::create(place, format, compression, &Columns::of(layout))?;
    table.write(fill(layout, rows))?;
    table.seal()
}

/// The schema of a layout as JSON.
pub fn schema(layout: &Layout, version: &str) -> anyhow::Result<Vec<u8>> {
    let column = |column: &stages::features::layout::Column| {
        let what = serde_json::json!({
            "dtype": column.dtype.name(),
            "family": column.family,
            "window": column.window,
            "description": column.description,
        });
        (column.name.clone(), what)
    };
    let columns: serde_json::Map<_, _> = layout.columns().iter().map(column).collect();
    let schema = serde_json::json!({ "schema_version": version, "columns": columns });
    let mut bytes = serde_json::to_vec_pretty(&schema)?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// The most rows of a row group, which are held in memory until it ends.
const ROW_GROUP: usize = 1 << 16;

/// Without dictionaries: hardly a number comes twice, and a table has thousands of columns.
fn properties(compression: Compression) -> WriterProperties {
    let codec = match compression {
        Compression::Snappy => Codec::SNAPPY,
        Compression::Zstd => Codec::ZSTD(ZstdLevel::default()),
    };
    WriterProperties::builder()
        .set_compression(codec)
        .set_dictionary_enabled(false)
        .set_max_row_group_row_count(Some(ROW_GROUP))
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_created_by(concat!("data_pipeline ", env!("CARGO_PKG_VERSION")).to_owned())
        .build()
}

fn field((name, dtype): &(String, DType)) -> Field {
    let dtype = match dtype {
        DType::Utf8 => DataType::Utf8,
        DType::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        DType::Float64 => DataType::Float64,
        DType::Int64 => DataType::Int64,
        DType::Boolean => DataType::Boolean,
    };
    Field::new(name, dtype, true)
}

fn array(values: Values) -> ArrayRef {
    match values {
        Values::Text(values) => Arc::new(StringArray::from(values)),
        Values::Time(values) => {
            let micros: Vec<i64> = values.into_iter().map(|time| time.epoch_micros()).collect();
            Arc::new(TimestampMicrosecondArray::from(micros).with_timezone("UTC"))
        }
        Values::Number(values) => Arc::new(Float64Array::from_iter(
            values.into_iter().map(|value| value.is_finite().then_some(value)),
        )),
        Values::Whole(values) => Arc::new(Int64Array::from(values)),
        Values::Flag(values) => Arc::new(BooleanArray::from(values)),
    }
}

fn lines(values: &[Values]) -> Vec<u8> {
    let rows = values.first().map_or(0, |column| match column {
        Values::Text(values) => values.len(),
        Values::Time(values) => values.len(),
        Values::Number(values) => values.len(),
        Values::Whole(values) => values.len(),
        Values::Flag(values) => values.len(),
    });
    let mut out = Vec::with_capacity(rows * values.len() * 8);
    let mut number = zmij::Buffer::new();
    for row in 0..rows {
        for (place, column) in values.iter().enumerate() {
            if place > 0 {
                out.push(b',');
            }
            // A Vec takes any write.
            match column {
                Values::Text(values) => {
                    out.extend(quoted(values[row].as_deref().unwrap_or_default()).as_bytes())
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
