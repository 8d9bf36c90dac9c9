//! The files of cycles: a partition per date.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use bars::{BarTime, Symbol};
use bars_io::Error;
use bars_io::atomic::{FinishedFile, TempFiles};
use stages::cycles::cluster::{self, Clustered, FEATURES, Pool};
use stages::cycles::{Lookback, SignalKind, cards};

use super::Cycles;
use crate::artifacts::cards::{self as card_files, cards_name};
use crate::artifacts::run_config::{
    ClusteringConfig, DecompositionConfig, PathsConfig, PoolConfig, RunConfig, RunTiming,
    ScalerConfig,
};
use crate::artifacts::table_file::{self, Compression, Format};
use crate::artifacts::{names, partition, write_json};
use crate::error::Result;
use crate::observer::Observer;

/// The folder of a run: `<out>/dt=YYYY-MM-DD`.
#[derive(Debug, Clone)]
pub struct CyclesPartition(PathBuf);

impl CyclesPartition {
    /// The partition of a lookback's date in `out`.
    pub fn new(out: &Path, lookback: &Lookback) -> CyclesPartition {
        CyclesPartition(partition(out, lookback.asof))
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.0
    }

    /// The table of cycles.
    pub fn summary(&self) -> PathBuf {
        self.0.join(names::CYCLES_SUMMARY)
    }

    /// The modes of a symbol's series.
    pub fn modes(&self, symbol: &Symbol, series: SignalKind) -> PathBuf {
        self.0.join(names::CYCLES_MODES).join(modes_name(symbol, series))
    }

    /// Removes tables of an earlier run of the same date that contradict this one: cards of other
    /// pools, and summaries per symbol. Modes are expensive and stay, with a warning.
    ///
    /// # Errors
    /// If a file cannot be removed.
    pub fn remove_stale(
        &self,
        mixed: bool,
        persisted: bool,
        temp: &TempFiles,
        observer: &dyn Observer,
    ) -> Result<()> {
        let other_cards = Pool::all(!mixed).iter().map(|pool| cards_name(*pool));
        let summaries = [names::POST_SUMMARY, names::POST_TOP];
        let summaries = summaries
            .iter()
            .flat_map(|name| Format::ALL.map(|format| format!("{name}.{}", format.extension())));
        let mut removed = Vec::new();
        for name in other_cards.chain(summaries) {
            let path = self.0.join(&name);
            match std::fs::remove_file(&path) {
                Ok(()) => removed.push(name),
                Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
                Err(e) => return Err(Error::io("remove", &path, e).into()),
            }
        }
        if !removed.is_empty() {
            observer.info(format!(
                "removed outdated files from {}: {}",
                self.0.display(),
                removed.join(", ")
            ));
        }
        let modes = self.0.join(names::CYCLES_MODES);
        // Temporary files of a killed run, for symbols that this run may not have.
        temp.sweep(&modes);
        if !persisted && modes.exists() {
            observer.warn(format!("the modes in {} are from an earlier run", modes.display()));
        }
        Ok(())
    }
}

/// The file of a symbol's modes: `<symbol>_<series>.npz`.
pub fn modes_name(symbol: &Symbol, series: SignalKind) -> String {
    format!("{}_{series}.npz", symbol.file_name())
}

impl Cycles {
    /// Writes everything but the modes, ready to be committed together; the summary is last, so
    /// that a partition with a summary is complete.
    ///
    /// # Errors
    /// If a file cannot be written.
    pub fn write(
        &self,
        partition: &CyclesPartition,
        has_modes: bool,
        temp: &TempFiles,
    ) -> Result<Vec<FinishedFile>> {
        let mut files = Vec::new();
        for pool in &self.pools {
            let path = partition.0.join(cards_name(pool.pool));
            files.push(card_files::write_global(&path, &cards::global(pool, &self.rows), temp)?);
        }
        let path = partition.0.join(names::CYCLES_CARDS_ASSET);
        files.push(card_files::write_asset(&path, &cards::asset(&self.pools), temp)?);
        files.push(write_json(
            &partition.0.join(names::CYCLES_CONFIG),
            &self.config(has_modes),
            temp,
        )?);
        let (format, compression) = (Format::Parquet, Compression::Snappy);
        files.push(table_file::write(
            &partition.summary(),
            format,
            compression,
            false,
            self.table(),
            temp,
        )?);
        Ok(files)
    }

    /// The content of `run_config.json`: parameters and provenance.
    fn config(&self, has_modes: bool) -> RunConfig<'_> {
        let (params, settings) = (self.params.stage.get(), self.params.decomposer.settings());
        let lookback = &self.lookback;
        let mut cards: Vec<String> = self.pools.iter().map(|pool| cards_name(pool.pool)).collect();
        cards.push(names::CYCLES_CARDS_ASSET.to_owned());
        let seconds = self.coverage.keys().map(|symbol| {
            let seconds = self.timing.seconds.get(symbol).copied();
            (symbol.as_str(), seconds)
        });
        RunConfig {
            asof: lookback.asof,
            window_start: lookback.span.start.to_string(),
            window_end: lookback.span.end.to_string(),
            window_minutes: lookback.minutes(),
            window_days: lookback.days(),
            leaders: self.members.iter().map(|member| member.symbol.as_str()).collect(),
            bar_time: if self.params.bar_time == BarTime::Close { "close" } else { "open" },
            lookback_months: params.lookback_months,
            min_cycle_depth_pct: params.min_cycle_depth_pct,
            detrend: params.detrend,
            winsorize: params.winsorize,
            cluster_mixed: params.mixed,
            persist_imfs: has_modes,
            max_seconds_per_asset: self.params.budget.map(|budget| budget.as_secs_f64()),
            decomposition: DecompositionConfig {
                method: "ceemdan",
                preset: settings.preset.to_string(),
                sifting: settings.sifting.to_string(),
                noise_scale: settings.noise_scale.to_string(),
                epsilon: settings.epsilon,
                trials: settings.trials,
                seed: settings.seed,
            },
            clustering: ClusteringConfig {
                min_cluster_size: cluster::MIN_CLUSTER_SIZE,
                k_means_most: cluster::MAX_CLUSTERS,
                k_means_starts: cluster::STARTS,
                k_means_seed: cluster::SEED,
                ward_distance: cluster::WARD_DISTANCE,
            },
            pools: self.pools.iter().map(|pool| (pool.pool.name(), pool_config(pool))).collect(),
            bars_per_symbol: self
                .coverage
                .iter()
                .map(|(symbol, own)| (symbol.as_str(), *own))
                .collect(),
            paths: PathsConfig {
                summary: names::CYCLES_SUMMARY,
                cards,
                imfs: has_modes.then_some(names::CYCLES_MODES),
            },
            versions: versions(),
            run: RunTiming {
                source: &self.source,
                threads: self.timing.threads,
                n_jobs: self.params.jobs.unwrap_or(self.timing.threads),
                noise_seconds: self.timing.noise_seconds,
                seconds_per_symbol: seconds.collect(),
            },
        }
    }
}

fn pool_config(pool: &Clustered) -> PoolConfig<'_> {
    PoolConfig {
        cycles: pool.cycles(),
        method: pool.method.name(),
        scaler: ScalerConfig {
            features: &FEATURES,
            center: &pool.scaler.center,
            scale: &pool.scaler.scale,
        },
    }
}

/// Libraries that compute results, with the versions of this build.
const LIBRARIES: &[(&str, &str)] = &[
    ("kodama", "0.3.0"),
    ("libm", "0.2.16"),
    ("parquet", "59.3.2"),
    ("rand_mt", "6.1.0"),
    ("rand_xoshiro", "0.8.1"),
    ("realfft", "3.5.1"),
    ("rustfft", "6.4.1"),
    ("zlib-rs", "0.6.8"),
];

/// Returns the versions of this program and of the libraries that compute results.
fn versions() -> BTreeMap<&'static str, &'static str> {
    let own = [("data_pipeline", env!("CARGO_PKG_VERSION"))];
    own.iter().chain(LIBRARIES).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recorded_versions_are_those_of_the_lock_file() {
        let lock =
            std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../Cargo.lock"))
                .unwrap();
        for (name, version) in LIBRARIES {
            let entry = format!("name = \"{name}\"\nversion = \"{version}\"\n");
            assert!(lock.contains(&entry), "update the version of {name} in LIBRARIES");
        }
    }
}
