//! Tasks of `imf-stage`: decomposition per symbol. Clustering is part of the merge.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type};
use arrow_array::{
    Array, ArrayRef, BinaryArray, Float64Array, Int64Array, RecordBatch, StringArray,
};
use arrow_schema::{DataType, Field, Schema};
use bars::Symbol;
use bars_io::Source;
use bars_io::atomic::{FinishedFile, TempFiles};
use emd::Decomposition;
use serde::{Deserialize, Serialize};
use stages::cycles::fusion::Fusion;
use stages::cycles::imf::Features;
use stages::cycles::{Coverage, CycleRow, Lookback, SignalKind, Status};

use super::{Task, TaskResult};
use crate::artifacts::npz::{self, Packing};
use crate::cohort::Member;
use crate::cycles::{
    Cycles, CyclesParams, CyclesPartition, DecomposeJob, ModeSink, SharedNoise, Timing, assemble,
};
use crate::error::{Error, Result};
use crate::observer::Observer;

/// Modes as the bytes of their files.
#[derive(Default)]
struct ModeBytes(Mutex<BTreeMap<(Symbol, SignalKind), Vec<u8>>>);

impl ModeSink for ModeBytes {
    fn take(&self, symbol: &Symbol, series: SignalKind, modes: &Decomposition) -> Result<()> {
        let failed = |e| Error::encode(format!("the modes of {symbol}"), e);
        let bytes = npz::modes(modes, Packing::Deflated).map_err(failed)?;
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert((symbol.clone(), series), bytes);
        Ok(())
    }
}

/// Data recorded besides rows.
#[derive(Serialize, Deserialize)]
struct Extra {
    noise_seconds: f64,
    symbols: BTreeMap<String, SymbolExtra>,
}

#[derive(Serialize, Deserialize)]
struct SymbolExtra {
    coverage: Coverage,
    seconds: f64,
}

pub(super) fn run(
    task: &Task,
    params: &CyclesParams,
    lookback: Lookback,
    persist_modes: bool,
    source: &dyn Source,
    observer: &dyn Observer,
) -> Result<TaskResult> {
    let members = task.look_up(source)?;
    let modes = ModeBytes::default();
    let sink = persist_modes.then_some(&modes as &dyn ModeSink);
    let job = DecomposeJob { source, lookback, params, modes: sink, observer };
    let output = job.run(&members, &mut SharedNoise::default())?;
    let mut modes = modes.0.into_inner().unwrap_or_else(PoisonError::into_inner);
    let batch = encode(&output.rows, &mut modes);
    let symbols = output.coverage.iter().map(|(symbol, coverage)| {
        let seconds = output.seconds.get(symbol).copied().unwrap_or_default();
        (symbol.to_string(), SymbolExtra { coverage: *coverage, seconds })
    });
    let extra = Extra { noise_seconds: output.noise_seconds, symbols: symbols.collect() };
    let extra = serde_json::to_value(&extra).map_err(|e| Error::encode("cycles", e))?;
    TaskResult::encode(task, &schema(), [batch], || source.findings(), || extra)
}

fn schema() -> Schema {
    let text = |name| Field::new(name, DataType::Utf8, false);
    let number = |name| Field::new(name, DataType::Float64, true);
    let whole = |name| Field::new(name, DataType::Int64, true);
    Schema::new(vec![
        text("symbol"),
        text("series"),
        text("status"),
        whole("imf_id"),
        number("period_days"),
        number("amp_pct"),
        number("energy_share"),
        whole("cycles_count"),
        number("pct_cycles_ge_gate"),
        number("phase_var"),
        whole("fusion_imf_id"),
        number("fusion_amp_corr"),
        number("fusion_period_ratio"),
        number("fusion_energy_share"),
        Field::new("modes", DataType::Binary, true),
    ])
}

fn encode(
    rows: &[CycleRow],
    modes: &mut BTreeMap<(Symbol, SignalKind), Vec<u8>>,
) -> Result<RecordBatch> {
    let features = |of: fn(&Features) -> f64| -> ArrayRef {
        let value = |row: &CycleRow| row.cycle.as_ref().map(|(_, features)| of(features));
        Arc::new(rows.iter().map(value).collect::<Float64Array>())
    };
    let fusion = |of: fn(&Fusion) -> Option<f64>| -> ArrayRef {
        let value = |row: &CycleRow| row.fusion.as_ref().and_then(of);
        Arc::new(rows.iter().map(value).collect::<Float64Array>())
    };
    let whole = |of: &dyn Fn(&CycleRow) -> Option<usize>| -> ArrayRef {
        Arc::new(rows.iter().map(|row| of(row).map(|value| value as i64)).collect::<Int64Array>())
    };
    let text = |of: &dyn Fn(&CycleRow) -> String| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(rows.iter().map(of)))
    };
    // The modes of a series are stored with its first row.
    let modes: Vec<Option<Vec<u8>>> =
        rows.iter().map(|row| modes.remove(&(row.symbol.clone(), row.series))).collect();
    let columns = vec![
        text(&|row| row.symbol.to_string()),
        text(&|row| row.series.name().to_owned()),
        text(&|row| row.status.name().to_owned()),
        whole(&|row| row.cycle.as_ref().map(|(id, _)| *id)),
        features(|f| f.period_days),
        features(|f| f.amp_pct),
        features(|f| f.energy_share),
        whole(&|row| row.cycle.as_ref().map(|(_, f)| f.cycles_count)),
        features(|f| f.pct_cycles_ge_gate),
        features(|f| f.phase_var),
        whole(&|row| row.fusion.as_ref().map(|fusion| fusion.imf_id)),
        fusion(|fusion| fusion.amp_corr),
        fusion(|fusion| Some(fusion.period_ratio)),
        fusion(|fusion| Some(fusion.energy_share)),
        Arc::new(modes.iter().map(|bytes| bytes.as_deref()).collect::<BinaryArray>()),
    ];
    RecordBatch::try_new(Arc::new(schema()), columns).map_err(|e| Error::encode("cycles", e))
}

/// Clusters the cycles of all results, and writes their modes to temporary files of the partition
/// in `out`.
pub(super) fn merge(
    results: &mut [TaskResult],
    params: &CyclesParams,
    lookback: Lookback,
    out: &Path,
    temp: &TempFiles,
    observer: &dyn Observer,
) -> Result<(Cycles, CyclesPartition, Vec<FinishedFile>)> {
    let partition = CyclesPartition::new(out, &lookback);
    let (mut rows, mut files, mut members) = (Vec::new(), Vec::new(), BTreeMap::new());
    let (mut coverage, mut seconds, mut noise_seconds) = (BTreeMap::new(), BTreeMap::new(), 0_f64);
    let source = results.first().map(|result| result.task.source.clone()).unwrap_or_default();
    for result in results {
        observer.check()?;
        for batch in result.all_batches()? {
            decode(&result.name, &batch, &mut rows, &mut |symbol, series, modes| {
                files.push(temp.write_temp(&partition.modes(symbol, series), modes)?);
                Ok(())
            })?;
        }
        let damaged = |e: serde_json::Error| Error::damaged(&result.name, e);
        let mut extra: Extra = serde_json::from_value(result.extra.clone()).map_err(damaged)?;
        noise_seconds = noise_seconds.max(extra.noise_seconds);
        for member in &result.task.members {
            members.insert(member.position, Member { symbol: member.symbol.clone(), entry: None });
            let Some(extra) = extra.symbols.remove(member.symbol.as_str()) else { continue };
            coverage.insert(member.symbol.clone(), extra.coverage);
            seconds.insert(member.symbol.clone(), extra.seconds);
        }
    }
    let timing = Timing { noise_seconds, seconds, threads: rayon::current_num_threads() };
    let members = members.into_values().collect();
    let cycles = assemble(params, lookback, members, rows, coverage, timing, source, observer);
    Ok((cycles, partition, files))
}

/// Receives the bytes of a symbol's modes.
type TakeModes<'a> = dyn FnMut(&Symbol, SignalKind, &[u8]) -> Result<()> + 'a;

fn decode(
    name: &str,
    batch: &RecordBatch,
    rows: &mut Vec<CycleRow>,
    take_modes: &mut TakeModes<'_>,
) -> Result<()> {
    if **batch.schema_ref() != schema() {
        return Err(Error::damaged(name, "not cycles of this version"));
    }
    let text = |index: usize, row: usize| batch.column(index).as_string::<i32>().value(row);
    let number = |index: usize, row: usize| {
        let column = batch.column(index).as_primitive::<Float64Type>();
        column.is_valid(row).then(|| column.value(row))
    };
    let whole = |index: usize, row: usize| {
        let column = batch.column(index).as_primitive::<Int64Type>();
        column.is_valid(row).then(|| usize::try_from(column.value(row)).unwrap_or(0))
    };
    for row in 0..batch.num_rows() {
        let invalid = || Error::damaged(name, format!("row {row} is not a cycle"));
        let symbol: Symbol = text(0, row).parse().map_err(|_| invalid())?;
        let series = SignalKind::named(text(1, row)).ok_or_else(invalid)?;
        let status = Status::named(text(2, row)).ok_or_else(invalid)?;
        let feature = |index| number(index, row).ok_or_else(invalid);
        let cycle = match whole(3, row) {
            None => None,
            Some(id) => Some((
                id,
                Features {
                    period_days: feature(4)?,
                    amp_pct: feature(5)?,
                    energy_share: feature(6)?,
                    cycles_count: whole(7, row).ok_or_else(invalid)?,
                    pct_cycles_ge_gate: feature(8)?,
                    phase_var: feature(9)?,
                },
            )),
        };
        let fusion = match whole(10, row) {
            None => None,
            Some(imf_id) => Some(Fusion {
                imf_id,
                amp_corr: number(11, row),
                period_ratio: feature(12)?,
                energy_share: feature(13)?,
            }),
        };
        let modes = batch.column(14).as_binary::<i32>();
        if modes.is_valid(row) {
            take_modes(&symbol, series, modes.value(row))?;
        }
        rows.push(CycleRow { symbol, series, status, cycle, fusion });
    }
    Ok(())
}
