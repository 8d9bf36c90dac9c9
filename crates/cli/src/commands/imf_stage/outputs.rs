//! The files of a run: a partition per date.

use std::path::{Path, PathBuf};

use bars::BarTime;
use bars::Symbol;
use bars_io::Error;
use bars_io::atomic::{self, FinishedFile};
use serde_json::{Map, Value, json};
use stages::cycles::cluster::{self, Clustered, FEATURES, Pool};
use stages::cycles::{Lookback, Series, cards, table};

use super::decompose::{Done, Work};
use crate::cohort::Member;
use crate::interrupt::temp_files;
use crate::output::table::{Columns, Compression, Format, TableWriter};

/// Where a run's files stand.
pub(super) struct Partition(PathBuf);

impl Partition {
    pub(super) fn new(out: &Path, lookback: &Lookback) -> Partition {
        Partition(out.join(format!("dt={}", lookback.asof.date())))
    }

    pub(super) fn summary(&self) -> PathBuf {
        self.0.join("imf_summary.parquet")
    }

    /// The modes of a symbol's series.
    pub(super) fn modes(&self, symbol: &Symbol, series: Series) -> PathBuf {
        self.0.join("imfs").join(modes_name(symbol, series))
    }

    /// Removes tables of an earlier run of the same date that contradict this one: cards of other pools, and sums. Modes, which took
    /// long to make, stay, and it is told whose they are.
    pub(super) fn remove_stale(&self, mixed: bool, persisted: bool) -> bars_io::Result<()> {
        let other_cards = Pool::all(!mixed).iter().map(|pool| cards_name(*pool));
        let sums = ["imf_post_summary", "imf_post_top_imfs"];
        let sums = sums.iter().flat_map(|name| ["parquet", "csv"].map(|end| format!("{name}.{end}")));
        let mut removed = Vec::new();
        for name in other_cards.chain(sums) {
            let place = self.0.join(&name);
            match std::fs::remove_file(&place) {
                Ok(()) => removed.push(name),
                Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
                Err(e) => return Err(Error::io("remove", &place, e)),
            }
        }
        if !removed.is_empty() {
            tracing::info!(
                "removed from {}, being of an earlier run: {}",
                self.0.display(),
                removed.join(", ")
            );
        }
        let modes = self.0.join("imfs");
        // What a killed run left of symbols that this one may not have.
        atomic::remove_stale_temps(&modes, ".");
        if !persisted && modes.exists() {
            tracing::warn!("the modes in {} are of an earlier run, and not of this one", modes.display());
        }
        Ok(())
    }
}

fn modes_name(symbol: &Symbol, series: Series) -> String {
    format!("{}_{series}.npz", symbol.file_name())
}

/// The name of a pool's cards.
fn cards_name(pool: Pool) -> String {
    format!("cluster_cards_global_{}.json", pool.name())
}

/// Writes all but the modes, ready to be committed together, the summary last.
pub(super) fn write(
    partition: &Partition,
    work: &Work<'_>,
    members: &[Member],
    done: &Done,
    pools: &[Clustered],
) -> anyhow::Result<Vec<FinishedFile>> {
    let mut files = Vec::new();
    for pool in pools {
        files.push(json_file(&partition.0.join(cards_name(pool.pool)), &cards::global(pool, &done.rows))?);
    }
    files.push(json_file(&partition.0.join("cluster_cards_asset.json"), &cards::asset(pools))?);
    files.push(json_file(&partition.0.join("run_config.json"), &run_config(work, members, done, pools))?);
    let columns = table::summary();
    let named = Columns::new(columns.iter().map(|column| (column.name.clone(), column.dtype())));
    let mut writer = TableWriter::create(&partition.summary(), Format::Parquet, Compression::Snappy, &named)?;
    writer.write(table::fill(&columns, &table::summary_lines(&done.rows, pools, work.lookback.asof)))?;
    files.push(writer.seal()?);
    Ok(files)
}

fn json_file(place: &Path, value: &impl serde::Serialize) -> anyhow::Result<FinishedFile> {
    let mut bytes = serde_json::to_vec_pretty(value)?;
    bytes.push(b'\n');
    Ok(temp_files().write_temp(place, &bytes)?)
}

/// Libraries that compute what is in the results.
const LIBRARIES: [&str; 8] =
    ["kodama", "libm", "parquet", "rand_mt", "rand_xoshiro", "realfft", "rustfft", "zlib-rs"];

/// What was asked for and what it was made of. All that differs between runs of the same question is under `run`.
fn run_config(work: &Work<'_>, members: &[Member], done: &Done, pools: &[Clustered]) -> Value {
    let (params, settings, lookback) = (work.params.get(), work.decomposer.settings(), &work.lookback);
    let names = |pool: &Clustered| json!([cards_name(pool.pool)]);
    let mut cards: Vec<Value> =
        pools.iter().flat_map(|pool| names(pool).as_array().cloned().unwrap_or_default()).collect();
    cards.push("cluster_cards_asset.json".into());
    let pools: Map<String, Value> =
        pools.iter().map(|pool| (pool.pool.name().to_owned(), about_pool(pool))).collect();
    let by_symbol = |of: &dyn Fn(&Symbol) -> Value| -> Map<String, Value> {
        done.coverage.keys().map(|symbol| (symbol.to_string(), of(symbol))).collect()
    };
    let coverage = by_symbol(&|symbol| {
        let coverage = &done.coverage[symbol];
        json!({
            "bars_before": coverage.bars_before,
            "bars_after": coverage.bars_after,
            "missing_share": coverage.missing_share,
            "longest_gap": coverage.longest_gap,
        })
    });
    let seconds = by_symbol(&|symbol| json!(done.seconds.get(symbol)));
    json!({
        "asof": lookback.asof.to_string(),
        "window_start": lookback.span.start.to_string(),
        "window_end": lookback.span.end.to_string(),
        "window_minutes": lookback.minutes(),
        "window_days": lookback.days(),
        "leaders": members.iter().map(|member| member.symbol.as_str()).collect::<Vec<_>>(),
        "bar_time": if work.bar_time == BarTime::Close { "close" } else { "open" },
        "lookback_months": params.lookback_months,
        "min_cycle_depth_pct": params.min_cycle_depth_pct,
        "detrend": params.detrend,
        "winsorize": params.winsorize,
        "cluster_mixed": params.mixed,
        "persist_imfs": work.persist.is_some(),
        "max_seconds_per_asset": work.budget.map(super::decompose::Budget::get),
        "decomposition": {
            "method": "ceemdan",
            "preset": settings.preset.to_string(),
            "sifting": settings.sifting.to_string(),
            "noise_scale": settings.noise_scale.to_string(),
            "epsilon": settings.epsilon,
            "trials": settings.trials,
            "seed": settings.seed,
        },
        "clustering": {
            "min_cluster_size": cluster::FEWEST,
            "k_means_most": cluster::MOST,
            "k_means_starts": cluster::STARTS,
            "k_means_seed": cluster::SEED,
            "ward_distance": cluster::NEAR,
        },
        "pools": pools,
        "bars_per_symbol": coverage,
        "paths": {
            "summary": "imf_summary.parquet",
            "cards": cards,
            "imfs": if work.persist.is_some() { "imfs".into() } else { Value::Null },
        },
        "versions": versions(),
        "run": {
            "source": work.source.describe(),
            "threads": rayon::current_num_threads(),
            "n_jobs": work.jobs.unwrap_or(rayon::current_num_threads()),
            "noise_seconds": done.noise_seconds,
            "seconds_per_symbol": seconds,
        },
    })
}

fn about_pool(pool: &Clustered) -> Value {
    json!({
        "cycles": pool.cycles(),
        "method": pool.method.name(),
        "scaler": { "features": FEATURES, "center": pool.scaler.center, "scale": pool.scaler.scale },
    })
}

/// The version of this program, and those of [`LIBRARIES`] that it was built with.
fn versions() -> Map<String, Value> {
    let lock = include_str!("../../../../../Cargo.lock");
    let version_of = |library: &str| {
        let (_, entry) = lock.split_once(&format!("name = \"{library}\"\nversion = \""))?;
        Some(entry.split_once('"')?.0)
    };
    let mut versions = Map::new();
    versions.insert("data_pipeline".to_owned(), env!("CARGO_PKG_VERSION").into());
    for library in LIBRARIES {
        versions.insert(library.to_owned(), version_of(library).into());
    }
    versions
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_library_has_a_version() {
        let versions = versions();
        assert_eq!(versions.len(), LIBRARIES.len() + 1);
        for (library, version) in versions {
            let version = version.as_str().unwrap_or_default().to_owned();
            assert!(version.split('.').count() == 3, "{library}: {version}");
        }
    }
}
