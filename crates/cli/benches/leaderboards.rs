//! The leaderboards on a market of 600 symbols x 30 days, compared with DuckDB and against bounds of
//! memory and time.
//!
//! Run it with `cargo xtask bench`, which brings DuckDB and MariaDB. It prints a table and fails
//! where a bound is broken. Bounds are ratios within one run, counts, and memory: machines are
//! noisy.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::io::Write;
use std::path::Path;
use std::time::Instant;

use bars::time::AsOfSpec;
use bars::{BarTime, Closes, Span, Symbol};
use bars_io::Entry;
use bars_io::Source;
use bars_io::Warnings;
use bars_io::atomic::TempFiles;
use bars_io::mysql::MySqlSource;
use bars_io::mysql::config::Partial;
use bars_io::newest_close;
use bars_io::store::Store;
use common::{Bounds, cpu, folder, market, measure, script};
use mysql::prelude::Queryable;
use pipeline::artifacts::Cohort;
use pipeline::artifacts::bar_csv::{self, BarFile};
use pipeline::leaderboards::leaderboards;
use pipeline::observer::Silent;
use pipeline::universe::Universe;
use rayon::prelude::*;
use stages::leaderboards::{LeaderboardsPlan, Params};
use testkit::mariadb::Server;

/// The same sums in DuckDB, with two threads: CPU seconds, wall seconds, rows out.
const DUCKDB: &str = "\
import duckdb, sys, time
connection = duckdb.connect()
connection.execute('SET threads = 2')
cpu, wall = time.process_time(), time.monotonic()
connection.execute(f\"\"\"CREATE TEMP TABLE hourly AS
    SELECT symbol, epoch_us(timestamp) // 3600000000 AS hour, arg_max(close, timestamp), sum(volume)
    FROM read_parquet('{sys.argv[1]}/symbol=*/part-*.parquet', hive_partitioning = true)
    GROUP BY ALL\"\"\")
cpu, wall = time.process_time() - cpu, time.monotonic() - wall
rows = connection.execute('SELECT count(*) FROM hourly').fetchone()[0]
print(cpu, wall, rows)";

fn main() {
    // `cargo test --benches` and `cargo bench` pass flags of their own.
    let mut bounds = Bounds(Vec::new());
    let only: Vec<String> =
        std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let wanted = |name: &str| only.is_empty() || only.iter().any(|word| word == name);
    if wanted("store") {
        store(&mut bounds);
    }
    if wanted("cohorts") {
        cohorts(&mut bounds);
    }
    if wanted("memory") {
        memory(&mut bounds);
    }
    if wanted("import") {
        import();
    }
    if wanted("mariadb") {
        mariadb(&mut bounds);
    }
    assert!(bounds.0.is_empty(), "bounds broken: {}", bounds.0.join(", "));
}

/// Steps 1 to 3 of the leaderboards, in this process: wall and CPU seconds, and rows.
fn summarize(bars: &str) -> (f64, f64, usize) {
    let (begun, cpu_before) = (Instant::now(), cpu());
    let rows = summarize_source(&Store::open(Path::new(bars), BarTime::Open).expect("a store"));
    (begun.elapsed().as_secs_f64(), cpu() - cpu_before, rows)
}

fn default_plan(catalog: &[Entry]) -> LeaderboardsPlan {
    let params = Params::default().check().expect("parameters");
    LeaderboardsPlan::new(params, newest_close(catalog).expect("bars")).expect("buckets")
}

/// Reads and sums all that the leaderboards need, with two threads; returns the number of rows.
fn summarize_source(source: &dyn Source) -> usize {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().expect("threads");
    pool.install(|| {
        let catalog = source.catalog().expect("a catalog");
        let plan = default_plan(&catalog);
        let read = |scratch: &mut Closes, entry: &Entry| {
            source.closes(&entry.symbol, plan.span(), scratch).expect("bars");
            (plan.summarize(scratch), scratch.time.len())
        };
        let read: Vec<_> = catalog.par_iter().map_init(Closes::default, read).collect();
        read.iter().map(|(_, rows)| rows).sum()
    })
}

/// Cohort files of 94 symbols x 30 days, in a folder in memory: the writer against a file per thread
/// in which every symbol is read and formatted again, as before version 0.2. On a disk both wait for
/// it to take the 180 MB.
fn cohorts(bounds: &mut Bounds) {
    println!("\n== cohort files: 94 symbols x 30 days, two threads, without a disk");
    let bars = market(94, 30);
    let source = Store::open(Path::new(&bars), BarTime::Open).expect("a store");
    let params = Params::default().check().expect("parameters");
    let (all, asof) = (Universe::default(), AsOfSpec::Latest);
    let boards = leaderboards(&source, &params, &all, asof, &Silent).expect("boards");
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().expect("threads");
    let memory = tempfile::tempdir_in("/dev/shm").expect("a folder in memory");
    let write = |folder: &str, write: &(dyn Fn(&[BarFile<'_>]) + Sync)| {
        let folder = memory.path().join(folder);
        let lists =
            Cohort::ALL.map(|cohort| (folder.join(cohort.bars_file()), boards.symbols(cohort)));
        let files: Vec<BarFile<'_>> =
            lists.iter().map(|(path, symbols)| BarFile { path, symbols }).collect();
        let begun = Instant::now();
        pool.install(|| write(&files));
        (begun.elapsed().as_secs_f64(), lists.map(|(path, _)| std::fs::read(path).expect("a file")))
    };
    let temp = TempFiles::default();
    let ours = |files: &[BarFile<'_>]| {
        let written = bar_csv::write(files, &source, boards.span, &temp, &Silent).expect("files");
        written.into_iter().for_each(|(file, _)| file.commit().expect("a file"));
    };
    let plain = |files: &[BarFile<'_>]| {
        files.par_iter().for_each(|file| {
            let written = temp.create(file.path).and_then(|mut out| {
                write_plainly(&mut out, file.symbols, &source, boards.span);
                out.commit()
            });
            written.expect("a file");
        });
    };
    let mut best = [f64::INFINITY; 2];
    for _ in 0..5 {
        let (new, old) = (write("new", &ours), write("old", &plain));
        assert!(new.1 == old.1, "the bytes differ");
        best = [best[0].min(new.0), best[1].min(old.0)];
    }
    println!("  ours: {:.3} s, each file separately: {:.3} s", best[0], best[1]);
    bounds.check("time against formatting each file separately", best[0] / best[1], 0.5);
}

/// Writes a cohort file bar by bar.
fn write_plainly(out: &mut impl Write, symbols: &[Symbol], source: &dyn Source, span: Span) {
    let has_trades =
        symbols.iter().any(|symbol| source.has_trades(symbol, span).expect("a source"));
    let mut lines = b"symbol,timestamp,open,high,low,close,volume".to_vec();
    lines.extend(if has_trades { &b",trades\n"[..] } else { b"\n" });
    let mut number = zmij::Buffer::new();
    for symbol in symbols {
        for bar in source.bars(symbol, span).expect("bars").iter() {
            lines.extend(symbol.as_str().as_bytes());
            lines.push(b',');
            bar.time.write(b' ', &mut lines);
            for value in [bar.open, bar.high, bar.low, bar.close, bar.volume] {
                lines.push(b',');
                lines.extend(number.format_finite(value).as_bytes());
            }
            if has_trades {
                lines.push(b',');
                if let Some(count) = bar.trades {
                    write!(lines, "{count}").expect("memory");
                }
            }
            lines.push(b'\n');
        }
        out.write_all(&lines).expect("a file");
        lines.clear();
    }
}

fn store(bounds: &mut Bounds) {
    println!("\n== store: 600 symbols x 30 days, steps 1 to 3");
    let bars = market(600, 30);
    let _warm = summarize(&bars);
    let mut best = [f64::INFINITY; 4];
    let mut rows = 0;
    // The two take turns, so that a slow spell of the machine hits both.
    for _ in 0..5 {
        let (wall, cpu, read) = summarize(&bars);
        let duckdb = script(DUCKDB, &[&bars]);
        for (best, now) in best.iter_mut().zip([wall, cpu, duckdb[1], duckdb[0]]) {
            *best = best.min(now);
        }
        rows = read;
    }
    let [wall, cpu, duckdb_wall, duckdb_cpu] = best;
    let millions = rows as f64 / 1e6;
    println!("  rows: {rows}");
    println!("  ours:   {wall:.3} s, {cpu:.2} CPU s, {:.1} M rows per CPU s", millions / cpu);
    println!(
        "  DuckDB: {duckdb_wall:.3} s, {duckdb_cpu:.2} CPU s, {:.1} M rows per CPU s",
        millions / duckdb_cpu
    );
    bounds.check("wall seconds, ours over DuckDB's", wall / duckdb_wall, 1.0);
    bounds.check("CPU seconds, ours over DuckDB's", cpu / duckdb_cpu, 1.0);

    let mut closes = Closes::default();
    let source = Store::open(Path::new(&bars), BarTime::Open).expect("a store");
    let catalog = source.catalog().expect("a catalog");
    let plan = default_plan(&catalog);
    source.closes(&catalog[0].symbol, plan.span(), &mut closes).expect("bars");
    let per_row = |work: &mut dyn FnMut()| {
        let begun = Instant::now();
        (0..200).for_each(|_| work());
        begun.elapsed().as_secs_f64() * 1e9 / 200.0 / closes.time.len() as f64
    };
    let summing = per_row(&mut || {
        std::hint::black_box(plan.summarize(std::hint::black_box(&closes)));
    });
    let mut scratch = Closes::default();
    let reading = per_row(&mut || {
        source.closes(&catalog[0].symbol, plan.span(), &mut scratch).expect("bars")
    });
    println!("  of one symbol: decoding {reading:.1} ns a bar, summing {summing:.2} ns a bar");

    let out = folder().join("out");
    let out = out.to_str().expect("UTF-8");
    let [whole_cpu, _, whole_wall] =
        measure(&["leaderboards", "--source", &bars, "--top-n", "20", "--out-dir", out]);
    let csv: u64 = ["gainers", "losers", "overlaps"]
        .map(|name| {
            std::fs::metadata(Path::new(out).join(format!("habitual_{name}.csv")))
                .expect("a file")
                .len()
        })
        .iter()
        .sum();
    println!(
        "  the whole command: {whole_wall:.2} s, {whole_cpu:.2} CPU s; all but steps 1 to 3 (ranking, {} MB of CSV, sync): \
         {:.2} CPU s",
        csv >> 20,
        whole_cpu - cpu
    );
}

fn memory(bounds: &mut Bounds) {
    println!("\n== memory: peak of the whole command");
    let peak = |symbols, days, out: &str| {
        let bars = market(symbols, days);
        let out = folder().join(out);
        let lookback = if days < 30 { "1" } else { "30" };
        let flags = ["--top-n", "20", "--lookback-days", lookback, "--windows", "1h,4h,12h,24h"];
        let source = ["leaderboards", "--source", &bars, "--out-dir", out.to_str().expect("UTF-8")];
        let [cpu, kilobytes, wall] = measure(&[&source[..], &flags].concat());
        let megabytes = kilobytes / 1024.0;
        println!("  {symbols} x {days} days: {megabytes:.1} MB, {wall:.2} s, {cpu:.2} CPU s");
        megabytes
    };
    let [small, _, large] = [100, 300, 600].map(|symbols| peak(symbols, 30, "out"));
    peak(2000, 2, "out");
    bounds.check("MB at 600 symbols x 30 days", large, 300.0);
    bounds.check("kB per added symbol, from 100 to 600", (large - small) * 1024.0 / 500.0, 40.0);
}

fn import() {
    println!("\n== import");
    let Some(shared) = testkit::shared() else {
        println!("  not run: there is no shared folder");
        return;
    };
    let raw = shared.join("data/binance_spot_34sym_2021-04-02_42d_1m.parquet");
    let into = folder().join("import");
    let into = into.to_str().expect("UTF-8");
    let _ = std::fs::remove_dir_all(into);
    let arguments = ["import", raw.to_str().expect("UTF-8"), "--into", into];
    let [cpu, kilobytes, wall] = measure(&arguments);
    let store = Store::open(Path::new(into), BarTime::Open).expect("a store");
    let bars: usize = store
        .catalog()
        .expect("a catalog")
        .iter()
        .map(|entry| store.bars(&entry.symbol, bars::Span::ALL).expect("bars").len())
        .sum();
    let bytes: u64 = walk(Path::new(into));
    let raw_bytes = std::fs::metadata(&raw).expect("a file").len();
    println!(
        "  {bars} bars in {wall:.2} s, {cpu:.2} CPU s, {:.0} MB: {:.0} k bars/s",
        kilobytes / 1024.0,
        bars as f64 / wall / 1e3
    );
    let [again_cpu, _, again_wall] = measure(&arguments);
    println!("  the same again (nothing changes): {again_wall:.2} s, {again_cpu:.2} CPU s");
    let per_bar = |bytes: u64| bytes as f64 / bars as f64;
    println!(
        "  store {:.2} bytes a bar, raw zstd Parquet {:.2}",
        per_bar(bytes),
        per_bar(raw_bytes)
    );
    let csv = shared.join("data/kraken_csv/XBTUSDC_1.csv");
    let [cpu, _, wall] = measure(&["import", csv.to_str().expect("UTF-8"), "--into", into]);
    let rows = std::fs::read_to_string(&csv).expect("a file").lines().count();
    println!("  Kraken CSV: {rows} bars in {wall:.2} s, {cpu:.2} CPU s");
}

fn walk(folder: &Path) -> u64 {
    std::fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| {
            let path = entry.expect("an entry").path();
            if path.is_dir() { walk(&path) } else { path.metadata().expect("a file").len() }
        })
        .sum()
}

fn mariadb(bounds: &mut Bounds) {
    println!("\n== MariaDB: 100 symbols x 30 days");
    let server = Server::start();
    let address = format!("{}&ssl-mode=disabled", server.address("bench"));
    let here = folder().join("mariadb");
    std::fs::create_dir_all(&here).expect("a folder");
    std::env::set_current_dir(&here).expect("a folder");
    let [cpu, _, wall] =
        measure(&["sample", "--into", &address, "--symbols", "100", "--days", "30"]);
    let rows = server.value("SELECT COUNT(*) FROM market.bench") as f64;
    println!("  {rows} rows written in {wall:.1} s, {cpu:.1} client CPU s");
    let mut best = [f64::INFINITY; 4];
    let encrypted = address.replace("disabled", "required");
    for _ in 0..4 {
        let (wall, cpu) = rows_to_client(&address);
        let (_, tls_cpu) = rows_to_client(&encrypted);
        for (best, now) in best.iter_mut().zip([wall, cpu, aggregate(&server), tls_cpu]) {
            *best = best.min(now);
        }
    }
    let [wall, cpu, aggregated, tls_cpu] = best;
    let per_million = cpu / rows * 1e6;
    println!(
        "  rows to the client: {wall:.2} s, {cpu:.2} client CPU s ({per_million:.3} per million rows)"
    );
    println!(
        "  the same over TLS: {tls_cpu:.2} client CPU s ({:.3} per million rows)",
        tls_cpu / rows * 1e6
    );
    println!("  sums by the server: {aggregated:.2} s end to end");
    bounds.check("client CPU seconds per million rows", per_million, 0.35);
    // Level within the noise would do: rows give the bytes that every other source gives, and sums
    // do not.
    bounds.check(
        "wall seconds, rows to the client over sums by the server",
        wall / aggregated,
        1.15,
    );
    let [cpu, kilobytes, wall] =
        measure(&["leaderboards", "--source", &address, "--top-n", "20", "--out-dir", "out"]);
    println!(
        "  the whole command: {wall:.2} s, {cpu:.2} client CPU s, {:.0} MB",
        kilobytes / 1024.0
    );
}

/// Steps 1 to 3 from the database, in this process: wall and CPU seconds.
fn rows_to_client(address: &str) -> (f64, f64) {
    let partial = Partial::from_url(address).expect("an address");
    let config = partial.with_defaults(2);
    let (begun, cpu_before) = (Instant::now(), cpu());
    let source = MySqlSource::open(&config, BarTime::Open, &Warnings::default()).expect("a source");
    summarize_source(&source);
    (begun.elapsed().as_secs_f64(), cpu() - cpu_before)
}

/// Hourly last close and volume by the server, symbol by symbol over two connections, as step 3
/// would ask for them; like ours it has the server judge each row.
fn aggregate(server: &Server) -> f64 {
    let options =
        mysql::Opts::from_url(server.address("bench").split('?').next().expect("an address"))
            .expect("an address");
    let mut connection = mysql::Conn::new(options.clone()).expect("a connection");
    let symbols: Vec<String> =
        connection.query("SELECT DISTINCT symbol FROM bench").expect("symbols");
    let begun = Instant::now();
    std::thread::scope(|scope| {
        for half in symbols.chunks(symbols.len().div_ceil(2)) {
            let options = options.clone();
            scope.spawn(move || {
                let mut connection = mysql::Conn::new(options).expect("a connection");
                for symbol in half {
                    let hours: Vec<(i64, f64, f64, u8)> = connection
                        .exec(
                            "SELECT hours.hour, hours.volume, bench.close, hours.clean FROM \
                             (SELECT TO_SECONDS(timestamp) DIV 3600 AS hour, SUM(volume) AS volume, MAX(timestamp) AS last, \
                              MIN(low > 0 AND volume >= 0 AND open BETWEEN low AND high AND close BETWEEN low AND high) AS clean \
                              FROM bench WHERE symbol = ? AND timestamp >= '2025-12-02' AND timestamp < '2026-01-01' \
                              GROUP BY hour) AS hours \
                             JOIN bench ON bench.symbol = ? AND bench.timestamp = hours.last",
                            (symbol, symbol),
                        )
                        .expect("sums");
                    assert!(hours.len() <= 720);
                }
            });
        }
    });
    begun.elapsed().as_secs_f64()
}
