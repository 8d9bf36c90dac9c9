//! `data-pipeline imf-stage`

use std::path::{Path, PathBuf};

use bars::time::AsOfSpec;
use bars::{AsOf, Minute, Span, Symbol};
use bars_io::atomic::FinishedFile;
use clap::Args;
use stages::cycles::cluster::{Clustered, Method, Pool, cluster};
use stages::cycles::{Lookback, Params, Row, Series, Status};

use super::emd::DecompositionFlags;
use crate::args::{self, SourceFlags};
use crate::choose;
use crate::cohort::{self, Member};
use crate::interrupt::temp_files;
use crate::logging::step;
use crate::ui::{self, Usage};

mod decompose;
mod outputs;

use decompose::{Budget, Done, Work};
use outputs::Partition;

/// Flags of `imf-stage`.
#[derive(Debug, Clone, Args)]
pub struct Flags {
    /// File with a column symbol; leaders.csv where neither this nor --leaders is given.
    #[arg(long, value_name = "FILE")]
    pub leaders_csv: Option<PathBuf>,
    /// Symbols, besides those of the file.
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub leaders: Vec<Symbol>,
    /// As of when: a date (all of it), a time, or latest, the close of the newest bar of the leaders.
    #[arg(long, value_name = "TIME", default_value = "latest", value_parser = args::asof)]
    pub asof: AsOfSpec,
    /// Calendar months that are looked at.
    #[arg(long, value_name = "N", default_value_t = 3, allow_negative_numbers = true)]
    pub lookback_months: u32,
    /// A cycle counts from so many percent of depth on, from a peak to a trough beside it.
    #[arg(long, value_name = "PCT", default_value_t = 2.0, allow_negative_numbers = true)]
    pub min_cycle_depth_pct: f64,
    /// Take a robust straight line out of log price first.
    #[arg(long)]
    pub detrend: bool,
    /// Leave the largest and smallest volumes as they are, instead of drawing them in to the 99th and 1st percentile.
    #[arg(long)]
    pub no_winsorize: bool,
    /// Cluster cycles of price and volume together.
    #[arg(long)]
    pub cluster_mixed: bool,
    /// Also write the modes: imfs/SYMBOL_price.npz and imfs/SYMBOL_volume.npz.
    #[arg(long)]
    pub persist_imfs: bool,
    /// The folder of the outputs: a partition dt=YYYY-MM-DD for each date.
    #[arg(long, value_name = "DIR", default_value = "data/imf")]
    pub out: PathBuf,
    /// At most so many symbols at once, to save memory [default: as many as there are threads].
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub n_jobs: Option<u16>,
    /// Seconds for each of a symbol's two series; one that takes longer is done anew with 20 trials. Results then depend on
    /// the machine.
    #[arg(long, value_name = "S", allow_negative_numbers = true)]
    pub max_seconds_per_asset: Option<f64>,
    /// How a series is taken apart.
    #[command(flatten)]
    pub decomposition: DecompositionFlags,
    /// Where the bars are.
    #[command(flatten)]
    pub source: SourceFlags,
}

/// Runs the command.
pub fn run(flags: &Flags) -> anyhow::Result<()> {
    let params = Params {
        lookback_months: flags.lookback_months,
        min_cycle_depth_pct: flags.min_cycle_depth_pct,
        detrend: flags.detrend,
        winsorize: !flags.no_winsorize,
        mixed: flags.cluster_mixed,
    };
    let params = params.check().map_err(|e| Usage(e.to_string()))?;
    let decomposer = flags.decomposition.decomposer()?;
    let budget = flags.max_seconds_per_asset.map(Budget::seconds).transpose()?;
    let leaders = step("reading the leaders", || leaders(flags))?;

    let opened = choose::source(&flags.source)?;
    let source = opened.source();
    let members = step("looking the leaders up", || cohort::look_up(&leaders, source, "they get stubs"))?;
    let members = cohort::without_doubles(members);
    let ends = extent(flags, &members, &source.describe())?;
    // Where there is no newest bar a moment was named, and the newest is not looked at.
    let newest = ends.map_or(AsOf::start_of(Minute::MIN), |(_, newest)| newest);
    let lookback = Lookback::new(flags.asof, newest, flags.lookback_months);
    tell_of_window(&lookback, ends);

    let partition = Partition::new(&flags.out, &lookback);
    temp_files().check_writable(&partition.summary())?;
    let jobs = flags.n_jobs.map(usize::from);
    let persist = flags.persist_imfs.then_some(&partition);
    let bar_time = flags.source.reading.bar_time();
    let work = Work { source, bar_time, lookback, params, decomposer, budget, persist, jobs };
    let done = step("decomposing", || work.run(&members))?;
    choose::report_findings(source, flags.source.reading.strict)?;

    tell_of_gaps(&done);
    tell_of_budget(&done);

    let pools = step("clustering", || cluster(&done.rows, flags.cluster_mixed));
    let files = step("writing", || outputs::write(&partition, &work, &members, &done, &pools))?;
    // The summary is the last of all: where it stands, the rest does.
    let Done { modes, rows, .. } = done;
    modes.into_iter().chain(files).try_for_each(FinishedFile::commit)?;
    partition.remove_stale(flags.cluster_mixed, flags.persist_imfs)?;

    print(&members, &rows)?;
    pools.iter().try_for_each(|pool| ui::print(&about(pool)))?;
    let (rows, place) = (ui::things(rows.len(), "row"), partition.summary());
    ui::print(&format!(
        "\nWritten: {}: {rows}, as of {}; cards and run_config.json beside it",
        place.display(),
        lookback.asof
    ))
}

/// The leaders: of the file, then of the list, each once.
fn leaders(flags: &Flags) -> anyhow::Result<Vec<Symbol>> {
    let file = match &flags.leaders_csv {
        Some(file) => Some(file.as_path()),
        None => flags.leaders.is_empty().then_some(Path::new("leaders.csv")),
    };
    let mut leaders = Vec::new();
    if let Some(file) = file {
        if flags.leaders_csv.is_none() && !file.exists() {
            return Err(Usage(
                "no leaders were named, and there is no leaders.csv; name a file with --leaders-csv (habitual_overlaps.csv, say) or \
                 symbols with --leaders"
                    .to_owned(),
            )
            .into());
        }
        leaders = cohort::symbols(file, "--leaders-csv")?;
    }
    leaders.extend(flags.leaders.iter().cloned());
    let mut seen = std::collections::BTreeSet::new();
    leaders.retain(|leader| seen.insert(leader.clone()));
    Ok(leaders)
}

/// First and last close of the leaders' bars; where none of them has a bar any as-of that was named will do.
fn extent(flags: &Flags, members: &[Member], place: &str) -> anyhow::Result<Option<(AsOf, AsOf)>> {
    match cohort::extent(members, place) {
        Ok(ends) => Ok(Some(ends)),
        Err(_) if flags.asof != AsOfSpec::Latest => Ok(None),
        Err(e) => Err(e),
    }
}

fn tell_of_window(lookback: &Lookback, ends: Option<(AsOf, AsOf)>) {
    let Span { start, end } = lookback.span;
    tracing::info!("the window is {} minutes, {start} to {end}", ui::count(lookback.minutes() as u64));
    let Some((oldest, newest)) = ends else { return };
    if AsOf::start_of(start) >= newest || AsOf::start_of(end) < oldest {
        tracing::warn!(
            "no bar of the leaders lies in it, as they close from {oldest} to {newest}: all rows will be stubs"
        );
    } else if AsOf::start_of(end) > newest {
        tracing::warn!(
            "the newest bar of the leaders closed at {newest}: the minutes after it repeat its close"
        );
    }
}

/// The most symbols that a warning names.
const NAMED: usize = 5;

/// Symbols whose gaps may have made modes of their own.
fn tell_of_gaps(done: &Done) {
    let poor: Vec<_> = done.coverage.iter().filter(|(_, coverage)| coverage.is_poor()).collect();
    let named: Vec<String> = poor
        .iter()
        .take(NAMED)
        .map(|(symbol, coverage)| {
            let gap = ui::minutes(coverage.longest_gap as f64);
            format!("{symbol} ({:.0} % missing, {gap} in a row)", 100.0 * coverage.missing_share)
        })
        .collect();
    if !poor.is_empty() {
        let more =
            if poor.len() > NAMED { format!(" and {} more", poor.len() - NAMED) } else { String::new() };
        tracing::warn!(
            "long gaps can make fast cycles of their own: {}{more}; look back less far, or try --noise-scale residue --epsilon 0.2, \
             and compare (run_config.json has the gaps of all; in a run these flags stand under [imf-stage] in data-pipeline.toml)",
            named.join(", ")
        );
    }
}

/// Series on which time ran out.
fn tell_of_budget(done: &Done) {
    let reduced = done.rows.iter().filter(|row| row.status == Status::TimeBudgetReduced);
    let mut series: Vec<String> = reduced.map(|row| format!("{} {}", row.symbol, row.series)).collect();
    series.dedup();
    if !series.is_empty() {
        tracing::warn!(
            "--max-seconds-per-asset ran out, and 20 trials were done instead, on {} series: {}",
            series.len(),
            series.join(", ")
        );
    }
}

/// The most symbols that are shown.
const MOST: usize = 20;

/// A line per symbol: how many cycles, and the one of price with the most energy.
fn print(members: &[Member], rows: &[Row]) -> anyhow::Result<()> {
    let lines = members.iter().take(MOST).map(|Member { symbol, .. }| {
        let own = |series| rows.iter().filter(move |row| row.symbol == *symbol && row.series == series);
        let [price, volume] = Series::BOTH.map(|series| {
            let cycles = own(series).filter(|row| row.cycle.is_some()).count();
            match own(series).next() {
                Some(stub) if cycles == 0 => stub.status.name().to_owned(),
                _ => cycles.to_string(),
            }
        });
        let mut line = vec![symbol.to_string(), price, volume];
        let strongest = own(Series::Price)
            .filter_map(|row| row.cycle)
            .max_by(|a, b| a.1.energy_share.total_cmp(&b.1.energy_share));
        line.extend(match strongest {
            Some((_, features)) => [
                ui::minutes(features.period_days * 1440.0),
                format!("{:.1}", features.amp_pct),
                format!("{:.0}", 100.0 * features.energy_share),
            ],
            None => ["-"; 3].map(str::to_owned),
        });
        line
    });
    let header = ["symbol", "price cycles", "volume cycles", "strongest in price", "depth %", "energy %"];
    ui::print(&ui::table(&header, &[1, 2, 3, 4, 5], lines))?;
    if members.len() > MOST {
        ui::print(&format!("and {} more", members.len() - MOST))?;
    }
    Ok(())
}

/// What became of a pool, in a sentence.
fn about(pool: &Clustered) -> String {
    let name = match pool.pool {
        Pool::Mixed => "price and volume",
        other => other.name(),
    };
    let alone = |cluster: &&stages::cycles::cluster::Cluster| {
        cluster.number().is_some_and(|number| number >= stages::cycles::cluster::FIRST_SINGLETON)
    };
    let singles = pool.global.iter().filter(alone).count();
    let (cycles, clusters) =
        (ui::things(pool.cycles(), "cycle"), ui::things(pool.global.len() - singles, "cluster"));
    match pool.method {
        Method::Empty => format!("{name}: no cycle"),
        Method::Hdbscan => format!("{name}: {cycles}, {clusters} by density, {singles} in none"),
        Method::KMeans => format!("{name}: {cycles}, {clusters} by k-means, as no density stands out"),
        Method::OneCluster => format!("{name}: {cycles}, too few to tell apart"),
    }
}
