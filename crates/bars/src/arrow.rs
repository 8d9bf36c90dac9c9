//! Series from and to Arrow record batches.
//!
//! Columns are found by name in any order ([`BarColumn::names`]). Prices and volume may be floats,
//! decimals, integers or text; times may be timestamps, dates, text or epoch numbers.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::builder::{Int64Builder, StringBuilder};
use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, TimestampNanosecondType};
use arrow_array::{Array, ArrayRef, Float64Array, RecordBatch, TimestampMicrosecondArray};
use arrow_cast::cast;
use arrow_cast::display::{ArrayFormatter, FormatOptions};
use arrow_schema::{DataType, Field, Schema, SchemaRef, TimeUnit};

use crate::clean::Findings;
use crate::error::{Error, Result};
use crate::rows::{BarColumn, BarColumns, RawRow, ReadOptions, RowValidator, trades_from};
use crate::series::{Series, SeriesBuilder};
use crate::symbol::Symbol;
use crate::time::{Stamp, StampReader};

/// The columns of a record batch, cast to the types of a [`RawRow`].
#[derive(Debug)]
pub struct BatchRows {
    rows: usize,
    symbol: Option<ArrayRef>,
    time: Times,
    numbers: [ArrayRef; 5],
    trades: Option<ArrayRef>,
    /// Name and values of each column as they are in the batch, for messages.
    raw: [Option<(String, ArrayRef)>; 8],
}

/// A time column: nanoseconds (and whether with a time zone), dates as nanoseconds, or text that is
/// parsed value by value.
#[derive(Debug)]
enum Times {
    Nanos(ArrayRef, bool),
    Dates(ArrayRef),
    Text(ArrayRef),
}

impl BatchRows {
    /// Casts the columns of `batch`. `columns` are indices into `header`, the names of the batch's
    /// columns.
    ///
    /// # Errors
    /// [`Error::MissingColumns`] or [`Error::ColumnType`].
    pub fn new(batch: &RecordBatch, header: &[String], columns: &BarColumns) -> Result<BatchRows> {
        let column = |column: BarColumn| {
            columns.index(column).and_then(|index| batch.column_by_name(&header[index]))
        };
        let as_type = |name: BarColumn, to: &DataType| {
            let array = column(name).ok_or_else(|| Error::MissingColumns {
                missing: vec![name.name()],
                found: crate::rows::header_excerpt(header),
            })?;
            cast(array, to).map_err(|_| Error::ColumnType {
                column: name.name().to_owned(),
                have: array.data_type().to_string(),
                wanted: to.to_string(),
            })
        };
        let number = |name| as_type(name, &DataType::Float64);
        let optional = |name, to| column(name).map(|_| as_type(name, to)).transpose();
        let time = match column(BarColumn::Timestamp).map(|array| array.data_type().clone()) {
            Some(DataType::Timestamp(_, zone)) => {
                let nanos = as_type(
                    BarColumn::Timestamp,
                    &DataType::Timestamp(TimeUnit::Nanosecond, zone.clone()),
                )?;
                Times::Nanos(nanos, zone.is_some())
            }
            Some(DataType::Date32) => Times::Dates(as_type(
                BarColumn::Timestamp,
                &DataType::Timestamp(TimeUnit::Nanosecond, None),
            )?),
            Some(DataType::Date64) => Times::Nanos(
                as_type(BarColumn::Timestamp, &DataType::Timestamp(TimeUnit::Nanosecond, None))?,
                false,
            ),
            _ => Times::Text(as_type(BarColumn::Timestamp, &DataType::Utf8)?),
        };
        Ok(BatchRows {
            rows: batch.num_rows(),
            symbol: optional(BarColumn::Symbol, &DataType::Utf8)?,
            time,
            numbers: [
                number(BarColumn::Open)?,
                number(BarColumn::High)?,
                number(BarColumn::Low)?,
                number(BarColumn::Close)?,
                number(BarColumn::Volume)?,
            ],
            trades: optional(BarColumn::Trades, &DataType::Float64)?,
            raw: BarColumn::ALL.map(|name| {
                let index = columns.index(name)?;
                Some((header[index].clone(), column(name)?.clone()))
            }),
        })
    }

    /// Name and value of a column at `index` for a message, such as `: Date "x"`.
    pub fn text(&self, column: BarColumn, index: usize) -> Option<String> {
        let (name, array) = self.raw[column as usize].as_ref()?;
        let options = FormatOptions::default().with_null("");
        let text = ArrayFormatter::try_new(array, &options).ok()?.value(index).to_string();
        Some(format!(": {}", crate::rows::named_value(name, &text)))
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.rows
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// The row at `index`, which must be below [`BatchRows::len`].
    pub fn row(&self, index: usize, stamps: &mut StampReader) -> RawRow<'_> {
        let nanos = |array: &ArrayRef, is_zoned: bool, is_date: bool| {
            let array = array.as_primitive::<TimestampNanosecondType>();
            let nanos = array.is_valid(index).then(|| i128::from(array.value(index)));
            nanos.map(|nanos| Stamp { nanos, offset: Some(is_zoned), is_date })
        };
        let stamp = match &self.time {
            Times::Nanos(array, is_zoned) => nanos(array, *is_zoned, false),
            Times::Dates(array) => nanos(array, false, true),
            Times::Text(array) => {
                let array = array.as_string::<i32>();
                array.is_valid(index).then(|| stamps.read(array.value(index))).flatten()
            }
        };
        let number = |array: &ArrayRef| {
            let array = array.as_primitive::<Float64Type>();
            if array.is_valid(index) { array.value(index) } else { f64::NAN }
        };
        RawRow {
            symbol: self.symbol.as_ref().map(|array| {
                let array = array.as_string::<i32>();
                if array.is_valid(index) { array.value(index) } else { "" }
            }),
            stamp,
            numbers: [0, 1, 2, 3, 4].map(|k| number(&self.numbers[k])),
            trades: match self.trades.as_ref().map(|array| array.as_primitive::<Float64Type>()) {
                // pandas stores a missing count as NaN in a float column.
                Some(array) if array.is_valid(index) && !array.value(index).is_nan() => {
                    trades_from(array.value(index))
                }
                _ => Ok(None),
            },
        }
    }
}

/// The names of a schema's columns, in order.
pub fn header(schema: &Schema) -> Vec<String> {
    schema.fields().iter().map(|field| field.name().clone()).collect()
}

/// Reads bars of one or many symbols from record batches and cleans them. `findings` counts
/// rejected and replaced rows. If a symbol and minute occurs twice, the later row wins. Without a
/// symbol column the options must name the symbol.
///
/// # Errors
/// [`Error::MissingColumns`] or [`Error::ColumnType`].
pub fn series_by_symbol(
    batches: &[RecordBatch],
    options: &ReadOptions,
    findings: &mut Findings,
) -> Result<BTreeMap<Symbol, Series>> {
    let mut builders: BTreeMap<Symbol, SeriesBuilder> = BTreeMap::new();
    let mut sink = |symbol: &Symbol, bar: Option<crate::Bar>| {
        if let Some(bar) = bar {
            match builders.get_mut(symbol) {
                Some(builder) => builder.push(bar),
                None => builders.entry(symbol.clone()).or_default().push(bar),
            }
        }
        Ok::<(), Error>(())
    };
    let mut validator = RowValidator::new(options, findings, &mut sink);
    let mut stamps = StampReader::new(options.stamp_format.clone());
    let mut first_row = 0;
    for batch in batches {
        let header = header(&batch.schema());
        let rows = BatchRows::new(batch, &header, &BarColumns::find(&header, options)?)?;
        for index in 0..rows.len() {
            validator.row(&rows.row(index, &mut stamps), |column| {
                let value = column.and_then(|column| rows.text(column, index));
                format!("row {}{}", first_row + index, value.unwrap_or_default())
            })?;
        }
        first_row += rows.len();
    }
    let series = |(symbol, builder): (Symbol, SeriesBuilder)| {
        let series = findings.series(&symbol, builder);
        (symbol, series)
    };
    Ok(builders.into_iter().map(series).collect())
}

impl Series {
    /// The bars of one symbol from a record batch with the columns
    /// `timestamp, open, high, low, close, volume[, trades]`. A symbol column is ignored.
    ///
    /// As [`Series::from_columns`]; also if a column is missing or has an unreadable type. Use
    /// [`series_by_symbol`] to clean rows instead of refusing them.
    /// As [`Series::from_columns`], and where a column is missing or of an unreadable type. Use
    /// [`series_by_symbol`] to clean rows instead of refusing them.
    ///
    /// ```
    /// use bars::{Bar, Minute, Series};
    /// let bar = |minute| Bar {
    ///     time: Minute::new(minute).unwrap(), open: 1.0, high: 2.0, low: 0.5, close: 1.5, volume: 3.0, trades: Some(4),
    /// };
    /// let series: Series = (0..5).map(bar).collect();
    /// assert_eq!(Series::from_record_batch(&series.to_record_batch("BTC/USD")).unwrap(), series);
    /// ```
    pub fn from_record_batch(batch: &RecordBatch) -> Result<Series> {
        let header = header(&batch.schema());
        let options = ReadOptions { symbol: "-".parse().ok(), ..ReadOptions::default() };
        let rows = BatchRows::new(batch, &header, &BarColumns::find(&header, &options)?)?;
        let mut stamps = StampReader::default();
        let mut columns = crate::series::Columns::default();
        let mut trades = Vec::new();
        for index in 0..rows.len() {
            let row = rows.row(index, &mut stamps);
            let time = row.stamp.ok_or(crate::Finding::Timestamp);
            let time = time.and_then(|stamp| options.bar_time.open_time(stamp.nanos));
            columns.time.push(time.map_err(|finding| Error::NotABar { row: index, finding })?);
            let [open, high, low, close, volume] = row.numbers;
            columns.open.push(open);
            columns.high.push(high);
            columns.low.push(low);
            columns.close.push(close);
            columns.volume.push(volume);
            let finding = crate::Finding::Trades;
            trades.push(row.trades.map_err(|()| Error::NotABar { row: index, finding })?);
        }
        columns.trades = Some(trades);
        Series::from_columns(columns)
    }

    /// The bars as a record batch: `symbol` (Utf8), `timestamp` (microseconds, UTC), `open`,
    /// `high`, `low`, `close`, `volume` (Float64), `trades` (Int64, null where unknown).
    pub fn to_record_batch(&self, symbol: &str) -> RecordBatch {
        let mut symbols = StringBuilder::with_capacity(self.len(), self.len() * symbol.len());
        let mut trades = Int64Builder::with_capacity(self.len());
        for index in 0..self.len() {
            symbols.append_value(symbol);
            trades.append_option(self.trades().and_then(|trades| trades[index]).map(i64::from));
        }
        let micros: Vec<i64> = self.time().iter().map(|time| time.epoch_micros()).collect();
        let numbers = [self.open(), self.high(), self.low(), self.close(), self.volume()];
        let mut columns: Vec<ArrayRef> = vec![
            Arc::new(symbols.finish()),
            Arc::new(TimestampMicrosecondArray::from(micros).with_timezone("UTC")),
        ];
        columns.extend(
            numbers.map(|column| Arc::new(Float64Array::from(column.to_vec())) as ArrayRef),
        );
        columns.push(Arc::new(trades.finish()));
        // The columns and the schema are both defined in this file: eight fields of equal length.
        RecordBatch::try_new(bar_schema(), columns)
            .unwrap_or_else(|_| RecordBatch::new_empty(bar_schema()))
    }
}

/// The schema of [`Series::to_record_batch`].
pub fn bar_schema() -> SchemaRef {
    let time = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    let number = |name: &str| Field::new(name, DataType::Float64, false);
    Arc::new(Schema::new(vec![
        Field::new("symbol", DataType::Utf8, false),
        Field::new("timestamp", time, false),
        number("open"),
        number("high"),
        number("low"),
        number("close"),
        number("volume"),
        Field::new("trades", DataType::Int64, true),
    ]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Bar, Finding, Minute};

    fn bar(minute: i64, close: f64) -> Bar {
        let time = Minute::new(minute).unwrap();
        Bar { time, open: close, high: close, low: close, close, volume: 1.0, trades: None }
    }

    #[test]
    fn unsorted_rows_are_refused_or_cleaned() {
        let columns = crate::series::Columns {
            time: [1, 0].iter().filter_map(|&minute| Minute::new(minute)).collect(),
            open: vec![1.0; 2],
            high: vec![1.0; 2],
            low: vec![1.0; 2],
            close: vec![1.0; 2],
            volume: vec![1.0; 2],
            trades: None,
        };
        assert!(matches!(Series::from_columns(columns), Err(Error::Unsorted { row: 1, .. })));
        let late: Series = [bar(5, 1.0)].into_iter().collect();
        let early: Series = [bar(4, 2.0), bar(5, 3.0)].into_iter().collect();
        let batches =
            [late.to_record_batch("A"), early.to_record_batch("A"), early.to_record_batch("B")];
        let mut findings = Findings::default();
        let all = series_by_symbol(&batches, &ReadOptions::default(), &mut findings).unwrap();
        assert_eq!(
            all.values().map(|series| series.close().to_vec()).collect::<Vec<_>>(),
            [[2.0, 3.0]; 2]
        );
        assert_eq!(findings.count(Finding::Duplicate), 1);
    }

    #[test]
    fn missing_columns_are_named() {
        let series: Series = [bar(5, 1.0)].into_iter().collect();
        let batch = series.to_record_batch("A").project(&[0, 1, 2, 3, 4, 6]).unwrap();
        let error = Series::from_record_batch(&batch).unwrap_err().to_string();
        assert_eq!(
            error,
            "no column \"close\" (found: symbol, timestamp, open, high, low, volume)"
        );
    }
}
