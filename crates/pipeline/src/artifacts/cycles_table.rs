//! The reader of `imf_summary.parquet`.

use std::path::Path;

use bars::AsOf;
use stages::cycles::postprocess::RecordedCycle;
use stages::cycles::{SignalKind, Status};

use super::frame::Frame;
use super::unexpected;
use crate::error::Result;

/// The rows of `imf_summary.parquet`.
#[derive(Debug)]
pub struct CyclesTable {
    /// The rows, stubs included.
    pub cycles: Vec<RecordedCycle>,
    /// The cluster of each row within its symbol; `None` for a stub.
    pub asset_clusters: Vec<Option<String>>,
    /// The latest as-of.
    pub latest: Option<AsOf>,
}

impl CyclesTable {
    /// Reads the file at `path`.
    ///
    /// # Errors
    /// If it is missing, damaged, or not a table of cycles.
    pub fn read(path: &Path) -> Result<CyclesTable> {
        let frame = Frame::read(path)?;
        let (symbol, series) = (frame.optional_text("symbol")?, frame.optional_text("series")?);
        let (status, cluster) = (frame.optional_text("status")?, frame.text("cluster_id_global")?);
        let (id, size) = (frame.numbers("imf_id")?, frame.numbers("cluster_size_global")?);
        let (period, amp) = (frame.numbers("period_days")?, frame.numbers("amp_pct")?);
        let energy = frame.numbers("energy_share")?;
        let (corr, ratio) = (frame.numbers("vol_amp_corr")?, frame.numbers("vol_period_ratio")?);
        let mad_period = frame.numbers("cluster_mad_pct_period_global")?;
        let mad_amp = frame.numbers("cluster_mad_pct_amp_global")?;
        let asset_clusters = frame.optional_text("cluster_id_asset")?;
        let latest = frame.times("asof")?.into_iter().flatten().max();
        let mut cycles = Vec::with_capacity(symbol.len());
        for row in 0..symbol.len() {
            let bad = |what: &str| unexpected(path, format!("row {} {what}", row + 1));
            let known = |column: &[Option<String>], name: &str| {
                column[row].clone().ok_or_else(|| bad(&format!("has no {name}")))
            };
            let series = known(&series, "series")?;
            let cycle = RecordedCycle {
                symbol: known(&symbol, "symbol")?,
                series: SignalKind::named(&series).ok_or_else(|| {
                    bad(&format!("has series \"{series}\", expected price or volume"))
                })?,
                status: known(&status, "status")?,
                imf_id: if id[row].is_nan() { -1 } else { id[row] as i64 },
                period_days: period[row],
                amp_pct: amp[row],
                energy_share: energy[row],
                vol_amp_corr: corr[row],
                vol_period_ratio: ratio[row],
                cluster_id_global: cluster[row].clone(),
                // NaN becomes 0.
                cluster_size_global: size[row] as i64,
                cluster_mad_pct_period_global: mad_period[row],
                cluster_mad_pct_amp_global: mad_amp[row],
            };
            let is_cycle = cycle.status == Status::Ok.name();
            let sizes = [cycle.period_days, cycle.amp_pct, cycle.energy_share];
            let is_sound =
                cycle.period_days > 0.0 && sizes.iter().all(|x| x.is_finite() && *x >= 0.0);
            if is_cycle && !is_sound {
                return Err(bad(
                    "has status ok, but its period, depth or energy is missing, negative or infinite",
                ));
            }
            cycles.push(cycle);
        }
        Ok(CyclesTable { cycles, asset_clusters, latest })
    }
}
