//! Tasks of `leaderboards`: buckets per symbol. Ranking is part of the merge.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type};
use arrow_array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema};
use bars::{AsOf, Minute, Symbol};
use bars_io::{Entry, Source};
use stages::leaderboards::{Buckets, LeaderboardsPlan, ValidParams};

use super::{Task, TaskResult};
use crate::error::{Error, Result};
use crate::leaderboards::{Leaderboards, rank, summarize};
use crate::observer::Observer;
use crate::universe::Universe;

pub(super) fn run(
    task: &Task,
    params: &ValidParams,
    universe: &Universe,
    asof: AsOf,
    source: &dyn Source,
    observer: &dyn Observer,
) -> Result<TaskResult> {
    let plan = LeaderboardsPlan::new(params.clone(), asof)?;
    let members = task.look_up(source)?;
    let entries: Vec<&Entry> = members.iter().filter_map(|member| member.entry.as_ref()).collect();
    let symbols = summarize(source, &entries, &plan, universe, observer)?;
    let (mut names, mut windows, mut buckets) = (Vec::new(), Vec::new(), Vec::new());
    let (mut closes, mut volumes) = (Vec::new(), Vec::new());
    for (symbol, own) in &symbols {
        for (window, bucket, close, volume) in own.cells() {
            names.push(symbol.as_str());
            windows.push(window as i64);
            buckets.push(bucket as i64);
            closes.push(close);
            volumes.push(volume);
        }
    }
    let columns: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from(names)),
        Arc::new(Int64Array::from(windows)),
        Arc::new(Int64Array::from(buckets)),
        Arc::new(Float64Array::from(closes)),
        Arc::new(Float64Array::from(volumes)),
    ];
    let schema = schema();
    let batch = RecordBatch::try_new(Arc::new(schema.clone()), columns)
        .map_err(|e| Error::encode("buckets", e));
    let last: BTreeMap<&str, Option<i32>> = symbols
        .iter()
        .map(|(symbol, own)| (symbol.as_str(), own.last().map(Minute::index)))
        .collect();
    TaskResult::encode(
        task,
        &schema,
        [batch],
        || source.findings(),
        || serde_json::json!({ "last": last }),
    )
}

fn schema() -> Schema {
    let whole = |name| Field::new(name, DataType::Int64, false);
    let number = |name| Field::new(name, DataType::Float64, false);
    Schema::new(vec![
        Field::new("symbol", DataType::Utf8, false),
        whole("window"),
        whole("bucket"),
        number("close"),
        number("volume"),
    ])
}

/// Ranks the symbols of all results.
pub(super) fn merge(
    results: &mut [TaskResult],
    params: &ValidParams,
    universe: &Universe,
    asof: AsOf,
    newest: AsOf,
    observer: &dyn Observer,
) -> Result<Leaderboards> {
    let plan = LeaderboardsPlan::new(params.clone(), asof)?;
    let mut all: BTreeMap<usize, (Symbol, Buckets)> = BTreeMap::new();
    let mut seen = 0;
    for result in results {
        observer.check()?;
        seen = result.task.symbols;
        let mut cells: BTreeMap<String, Vec<(usize, usize, f64, f64)>> = BTreeMap::new();
        for batch in result.all_batches()? {
            if **batch.schema_ref() != schema() {
                return Err(Error::damaged(&result.name, "not buckets of this version"));
            }
            let names = batch.column(0).as_string::<i32>();
            let [windows, buckets] =
                [1, 2].map(|index| batch.column(index).as_primitive::<Int64Type>());
            let [closes, volumes] =
                [3, 4].map(|index| batch.column(index).as_primitive::<Float64Type>());
            for row in 0..batch.num_rows() {
                let index = |value: i64| usize::try_from(value).unwrap_or(usize::MAX);
                let cell = (
                    index(windows.value(row)),
                    index(buckets.value(row)),
                    closes.value(row),
                    volumes.value(row),
                );
                let name = names.value(row);
                match cells.get_mut(name) {
                    Some(own) => own.push(cell),
                    None => {
                        cells.insert(name.to_owned(), vec![cell]);
                    }
                }
            }
        }
        for member in &result.task.members {
            let Some(symbol) = &member.source else { continue };
            // Symbols below the minimum volume are not in the result.
            let Some(last) = result.extra["last"].get(symbol.as_str()) else { continue };
            let last = last.as_i64().and_then(Minute::new);
            let own = cells.remove(symbol.as_str()).unwrap_or_default();
            let buckets = plan.buckets(last, own).ok_or_else(|| {
                Error::damaged(
                    &result.name,
                    format!("buckets of {symbol} are not those of the plan"),
                )
            })?;
            all.insert(member.position, (symbol.clone(), buckets));
        }
    }
    rank(&plan, seen, all.into_values().collect(), newest, universe, observer)
}
