//! The table type: columns with name, dtype, unit, family, window and description, and their
//! values.
//!
//! Every result is a [`Table`]. Parquet, CSV, the schema sidecar, `docs/columns.md` and Arrow
//! record batches (feature `arrow`) are derived from it.

use bars::AsOf;

/// The type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DType {
    /// Text.
    Utf8,
    /// A UTC time in microseconds.
    Timestamp,
    /// A floating-point number.
    Float64,
    /// An integer.
    Int64,
    /// True or false.
    Boolean,
}

impl DType {
    /// The name in the schema sidecar.
    pub fn name(self) -> &'static str {
        match self {
            DType::Utf8 => "Utf8",
            DType::Timestamp => "Timestamp(us, UTC)",
            DType::Float64 => "Float64",
            DType::Int64 => "Int64",
            DType::Boolean => "Boolean",
        }
    }
}

/// The description of a column.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnSpec {
    /// Name, unique in its table.
    pub name: String,
    /// Type.
    pub dtype: DType,
    /// Unit of the values (`days`, `percent`, `minutes`); empty for numbers without one and for
    /// text.
    pub unit: &'static str,
    /// Family tag: raw, mag, pos, dir, pctile, quintile, rz, abs_rz, knot, flag, imputed_flag, key;
    /// empty if the table has no families.
    pub family: &'static str,
    /// Name of the window, such as `4h`; empty if the column does not belong to one.
    pub window: String,
    /// The definition in one line.
    pub description: String,
}

impl ColumnSpec {
    /// Creates a description without unit, family and window.
    pub fn new(
        name: impl Into<String>,
        dtype: DType,
        description: impl Into<String>,
    ) -> ColumnSpec {
        ColumnSpec {
            name: name.into(),
            dtype,
            unit: "",
            family: "",
            window: String::new(),
            description: description.into(),
        }
    }

    /// Returns the description with a unit.
    pub fn with_unit(self, unit: &'static str) -> ColumnSpec {
        ColumnSpec { unit, ..self }
    }
}

/// The values of one column. `None` and NaN are missing; infinite numbers are written as missing.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    /// Text.
    Text(Vec<Option<String>>),
    /// Times.
    Time(Vec<AsOf>),
    /// Numbers.
    Number(Vec<f64>),
    /// Integers.
    Whole(Vec<Option<i64>>),
    /// Flags.
    Flag(Vec<bool>),
}

impl Values {
    /// Number of values.
    pub fn len(&self) -> usize {
        match self {
            Values::Text(values) => values.len(),
            Values::Time(values) => values.len(),
            Values::Number(values) => values.len(),
            Values::Whole(values) => values.len(),
            Values::Flag(values) => values.len(),
        }
    }

    /// Whether there are no values.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the values at `indices`, in that order; each must be below [`Values::len`].
    pub fn gather(&self, indices: &[usize]) -> Values {
        fn pick<T: Clone>(values: &[T], indices: &[usize]) -> Vec<T> {
            indices.iter().map(|&index| values[index].clone()).collect()
        }
        match self {
            Values::Text(values) => Values::Text(pick(values, indices)),
            Values::Time(values) => Values::Time(pick(values, indices)),
            Values::Number(values) => Values::Number(pick(values, indices)),
            Values::Whole(values) => Values::Whole(pick(values, indices)),
            Values::Flag(values) => Values::Flag(pick(values, indices)),
        }
    }

    /// Appends values of the same type; values of another type are ignored.
    pub fn extend(&mut self, more: Values) {
        match (self, more) {
            (Values::Text(values), Values::Text(more)) => values.extend(more),
            (Values::Time(values), Values::Time(more)) => values.extend(more),
            (Values::Number(values), Values::Number(more)) => values.extend(more),
            (Values::Whole(values), Values::Whole(more)) => values.extend(more),
            (Values::Flag(values), Values::Flag(more)) => values.extend(more),
            _ => {}
        }
    }

    /// Returns the type of the column.
    pub fn dtype(&self) -> DType {
        match self {
            Values::Text(_) => DType::Utf8,
            Values::Time(_) => DType::Timestamp,
            Values::Number(_) => DType::Float64,
            Values::Whole(_) => DType::Int64,
            Values::Flag(_) => DType::Boolean,
        }
    }
}

/// A result: column descriptions and their values, all columns of one length.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// The columns, in order.
    pub columns: Vec<ColumnSpec>,
    /// Their values, in the same order.
    pub values: Vec<Values>,
}

impl Table {
    /// Creates a table of `rows` with the given columns.
    ///
    /// ```
    /// use stages::table::{ColumnSource, DType, Table};
    /// let columns = [
    ///     ColumnSource::text("name", "name of the pair", |row: &(&str, f64)| Some(row.0.to_owned())),
    ///     ColumnSource::number("change", "change over a day", |row: &(&str, f64)| row.1),
    /// ];
    /// let table = Table::from_rows(&columns, &[("A/USD", 1.5), ("B/USD", f64::NAN)]);
    /// assert_eq!((table.len(), table.columns[1].dtype), (2, DType::Float64));
    /// ```
    pub fn from_rows<R>(columns: &[ColumnSource<R>], rows: &[R]) -> Table {
        Table {
            columns: columns.iter().map(|column| column.spec.clone()).collect(),
            values: columns.iter().map(|column| column.values(rows)).collect(),
        }
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.values.first().map_or(0, Values::len)
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the values of the column `name`, if it exists.
    pub fn column(&self, name: &str) -> Option<&Values> {
        self.columns.iter().position(|column| column.name == name).map(|index| &self.values[index])
    }
}

/// Computes the value of a column from a row.
type FromRow<R, T> = Box<dyn Fn(&R) -> T + Send + Sync>;

enum Extract<R> {
    Text(FromRow<R, Option<String>>),
    Time(FromRow<R, AsOf>),
    Number(FromRow<R, f64>),
    Whole(FromRow<R, Option<i64>>),
    Flag(FromRow<R, bool>),
}

/// A column of a table with rows of type `R`: its description and the function that computes its
/// value.
pub struct ColumnSource<R> {
    /// The description.
    pub spec: ColumnSpec,
    extract: Extract<R>,
}

impl<R> ColumnSource<R> {
    /// A column of text; `None` is missing.
    pub fn text(
        name: &str,
        description: &str,
        value: impl Fn(&R) -> Option<String> + Send + Sync + 'static,
    ) -> ColumnSource<R> {
        ColumnSource::new(name, DType::Utf8, description, Extract::Text(Box::new(value)))
    }

    /// A column of times.
    pub fn time(
        name: &str,
        description: &str,
        value: impl Fn(&R) -> AsOf + Send + Sync + 'static,
    ) -> ColumnSource<R> {
        ColumnSource::new(name, DType::Timestamp, description, Extract::Time(Box::new(value)))
    }

    /// A column of numbers; NaN is missing.
    pub fn number(
        name: &str,
        description: &str,
        value: impl Fn(&R) -> f64 + Send + Sync + 'static,
    ) -> ColumnSource<R> {
        ColumnSource::new(name, DType::Float64, description, Extract::Number(Box::new(value)))
    }

    /// A column of integers; `None` is missing.
    pub fn whole(
        name: &str,
        description: &str,
        value: impl Fn(&R) -> Option<i64> + Send + Sync + 'static,
    ) -> ColumnSource<R> {
        ColumnSource::new(name, DType::Int64, description, Extract::Whole(Box::new(value)))
    }

    /// A column of flags.
    pub fn flag(
        name: &str,
        description: &str,
        value: impl Fn(&R) -> bool + Send + Sync + 'static,
    ) -> ColumnSource<R> {
        ColumnSource::new(name, DType::Boolean, description, Extract::Flag(Box::new(value)))
    }

    fn new(name: &str, dtype: DType, description: &str, extract: Extract<R>) -> ColumnSource<R> {
        ColumnSource { spec: ColumnSpec::new(name, dtype, description), extract }
    }

    /// Returns the column with a unit.
    pub fn with_unit(mut self, unit: &'static str) -> ColumnSource<R> {
        self.spec.unit = unit;
        self
    }

    fn values(&self, rows: &[R]) -> Values {
        match &self.extract {
            Extract::Text(value) => Values::Text(rows.iter().map(value).collect()),
            Extract::Time(value) => Values::Time(rows.iter().map(value).collect()),
            Extract::Number(value) => Values::Number(rows.iter().map(value).collect()),
            Extract::Whole(value) => Values::Whole(rows.iter().map(value).collect()),
            Extract::Flag(value) => Values::Flag(rows.iter().map(value).collect()),
        }
    }
}

/// Arrow schemas and arrays of tables.
#[cfg(feature = "arrow")]
pub mod arrow {
    use std::sync::Arc;

    use arrow_array::cast::AsArray;
    use arrow_array::types::{Float64Type, Int64Type, TimestampMicrosecondType};
    use arrow_array::{
        Array, ArrayRef, BooleanArray, Float64Array, Int64Array, RecordBatch, StringArray,
        TimestampMicrosecondArray,
    };
    use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef, TimeUnit};

    use bars::AsOf;

    use super::{ColumnSpec, DType, Table, Values};

    /// Returns the Arrow schema of columns; all are nullable.
    pub fn schema<'a>(columns: impl IntoIterator<Item = &'a ColumnSpec>) -> SchemaRef {
        let field =
            |column: &ColumnSpec| Field::new(column.name.clone(), data_type(column.dtype), true);
        Arc::new(Schema::new(columns.into_iter().map(field).collect::<Vec<_>>()))
    }

    fn data_type(dtype: DType) -> DataType {
        match dtype {
            DType::Utf8 => DataType::Utf8,
            DType::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            DType::Float64 => DataType::Float64,
            DType::Int64 => DataType::Int64,
            DType::Boolean => DataType::Boolean,
        }
    }

    /// Converts values to an Arrow array; numbers that are not finite become null.
    pub fn array(values: Values) -> ArrayRef {
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

    /// Converts an Arrow array of the column's type to values; null becomes missing, a null flag
    /// false.
    ///
    /// # Errors
    /// The array has another type, or a time is null or out of range.
    pub fn values(array: &dyn Array, dtype: DType) -> Result<Values, ArrowError> {
        let wrong = || {
            ArrowError::SchemaError(format!(
                "expected {}, found {}",
                dtype.name(),
                array.data_type()
            ))
        };
        if *array.data_type() != data_type(dtype) {
            return Err(wrong());
        }
        Ok(match dtype {
            DType::Utf8 => Values::Text(
                array.as_string::<i32>().iter().map(|text| text.map(str::to_owned)).collect(),
            ),
            DType::Timestamp => {
                let micros = array.as_primitive::<TimestampMicrosecondType>();
                let time = |micros: Option<i64>| {
                    micros.and_then(AsOf::from_epoch_micros).ok_or_else(wrong)
                };
                Values::Time(micros.iter().map(time).collect::<Result<_, _>>()?)
            }
            DType::Float64 => {
                let numbers = array.as_primitive::<Float64Type>();
                Values::Number(numbers.iter().map(|number| number.unwrap_or(f64::NAN)).collect())
            }
            DType::Int64 => Values::Whole(array.as_primitive::<Int64Type>().iter().collect()),
            DType::Boolean => Values::Flag(
                array.as_boolean().iter().map(|flag| flag.unwrap_or_default()).collect(),
            ),
        })
    }

    impl Table {
        /// Returns the table as a record batch with the columns of [`schema`].
        ///
        /// # Errors
        /// The columns differ in length.
        pub fn to_record_batch(&self) -> Result<RecordBatch, ArrowError> {
            let columns = self.values.iter().cloned().map(array).collect();
            RecordBatch::try_new(schema(&self.columns), columns)
        }
    }
}
