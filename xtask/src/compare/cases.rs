//! The command lines that are compared.
//!
//! The part of a name before the slash is the folder in which a command runs. A command finds:
//!
//! - `../inputs`: files that [`super::inputs`] writes,
//! - `../data`: real bars, a copy of the shared data folder (its cases are skipped if there is
//!   none),
//! - what earlier commands of its folder wrote; `needs` names those that `--only` must run, too.
//!
//! `API` stands for the address of the exchange on loopback, `DB` for that of a database;
//! `NAME=value` in front of a line sets a variable.

/// A command line to compare.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// The folder and a name that no other case has.
    pub name: &'static str,
    /// Cases that must run first, besides those that they need themselves.
    pub needs: &'static [&'static str],
    /// The words after `data-pipeline`.
    pub line: &'static str,
}

const fn case(name: &'static str, needs: &'static [&'static str], line: &'static str) -> Case {
    Case { name, needs, line }
}

const MARKET: &[&str] = &["sample/market"];
const BOARDS: &[&str] = &["sample/leaderboards"];
const CYCLES: &[&str] = &["sample/imf-stage"];
const REAL: &[&str] = &["real/leaderboards"];

/// Every comparison, in the order in which they run.
pub const CASES: &[Case] = &[
    // The program itself.
    case("help/program", &[], "--help"),
    case("help/version", &[], "--version"),
    case("help/demo", &[], "demo --help"),
    case("help/run", &[], "run --help"),
    case("help/report", &[], "report --help"),
    case("help/leaderboards", &[], "leaderboards --help"),
    case("help/metrics", &[], "metrics --help"),
    case("help/state", &[], "state --help"),
    case("help/regime", &[], "regime --help"),
    case("help/emd", &[], "emd --help"),
    case("help/imf-stage", &[], "imf-stage --help"),
    case("help/imf-postprocess", &[], "imf-postprocess --help"),
    case("help/imf-cluster", &[], "imf-cluster --help"),
    case("help/fetch-history", &[], "fetch-history --help"),
    case("help/kraken-losers", &[], "kraken-losers --help"),
    case("help/import", &[], "import --help"),
    case("help/sync", &[], "sync --help"),
    case("help/check", &[], "check --help"),
    case("help/sample", &[], "sample --help"),
    case("help/completions", &[], "completions --help"),
    case("help/man", &[], "man --help"),
    case("help/completions-bash", &[], "completions bash"),
    case("help/completions-zsh", &[], "completions zsh"),
    case("help/completions-fish", &[], "completions fish"),
    case("help/completions-elvish", &[], "completions elvish"),
    case("help/completions-powershell", &[], "completions powershell"),
    case("help/man-pages", &[], "man --out-dir manual"),
    // A sample market.
    case("sample/market", &[], "sample --into bars --symbols 12"),
    case("sample/small", &[], "sample --into small --symbols 3 --days 5 --seed 2 --end 2025-06-01"),
    case("sample/check", MARKET, "check --source bars"),
    case(
        "sample/check-verbose",
        MARKET,
        "check --source bars --bar-time close --strict --threads 1 -vv",
    ),
    case("sample/leaderboards", MARKET, "leaderboards --source bars --top-n 4"),
    case(
        "sample/leaderboards-all-flags",
        MARKET,
        "leaderboards --source bars --bar-time open --strict --top-n 3 --windows 1h,4h,3d --enable-72h --lookback-days 20 \
         --asof 2025-12-15T12:34:00Z --include-partial --include-stale --out-dir boards",
    ),
    case(
        "sample/leaderboards-panel",
        MARKET,
        "leaderboards --source bars --top-n 4 --from 2025-12-20 --to 2025-12-31 --every 1d --out-dir panel/leaderboards",
    ),
    case(
        "sample/leaderboards-panel-csv",
        MARKET,
        "leaderboards --source bars --top-n 4 --from 2025-12-30T05:17:00Z --to 2025-12-31 --every 4h --include-partial --format csv \
         --out-dir panel-csv/leaderboards",
    ),
    case(
        "sample/leaderboards-one-thread",
        MARKET,
        "leaderboards --source bars --top-n 5 --threads 1 --out-dir one -q",
    ),
    case(
        "sample/leaderboards-of-file",
        BOARDS,
        "leaderboards --source habitual_gainers.csv --top-n 2 --out-dir of-file",
    ),
    case("sample/metrics-overlaps", BOARDS, "metrics overlaps --source bars"),
    case(
        "sample/metrics-gainers",
        BOARDS,
        "metrics gainers --source bars --enable-72h --output gainers.parquet",
    ),
    case("sample/metrics-losers", BOARDS, "metrics losers --source bars --no-baseline"),
    case(
        "sample/metrics-all-flags",
        BOARDS,
        "metrics overlaps --source bars --bar-time open --strict --input habitual_overlaps.csv --output m.csv --months 1 \
         --windows 90m,4h,3d --asof 2025-12-28T07:31:00Z --coverage-threshold 0.5 --series-output panel.parquet",
    ),
    case(
        "sample/metrics-panel-csv",
        BOARDS,
        "metrics losers --source bars --output l.csv --windows 1h --months 1 --series-output panel.csv",
    ),
    case("sample/metrics-of-input", BOARDS, "metrics overlaps --output own.csv"),
    case("sample/state", BOARDS, "state --source bars"),
    case(
        "sample/state-csv",
        BOARDS,
        "state --source bars --asof latest --format csv --out csv/state --schema-version v2",
    ),
    case(
        "sample/state-all-flags",
        BOARDS,
        "state --source bars --bar-time open --strict --input habitual_gainers.csv --windows 1h,6h --enable-72h --coverage-threshold 0.5 \
         --months 1 --out zstd/state --compression zstd --format parquet --asof 2025-12-20T05:17:00Z",
    ),
    case("sample/state-dry-run", BOARDS, "state --source bars --dry-run --out dry/state"),
    case("sample/state-no-baseline", BOARDS, "state --source bars --no-baseline --out bare/state"),
    case(
        "sample/state-panel",
        BOARDS,
        "state --source bars --from 2025-12-29 --to 2025-12-31 --every 4h --out panel/state",
    ),
    case(
        "sample/state-panel-csv",
        BOARDS,
        "state --source bars --from 2025-12-30T12:00:00Z --to 2025-12-31 --every 1h --no-baseline --format csv --out panel-csv/state",
    ),
    case(
        "sample/state-panel-dry-run",
        BOARDS,
        "state --source bars --from 2025-12-29 --to 2025-12-31 --dry-run",
    ),
    case("sample/state-of-input", BOARDS, "state --input habitual_losers.csv --out own/state"),
    case("sample/regime", BOARDS, "regime --source bars"),
    case(
        "sample/regime-csv",
        BOARDS,
        "regime --source bars --format csv --out csv/regime --threads 64 --series-output days.csv",
    ),
    case(
        "sample/regime-all-flags",
        BOARDS,
        "regime --source bars --bar-time open --strict --input habitual_gainers.csv --windows 3d,10d --breakout-lookback-days 5 --months 2 \
         --out zstd/regime --threads 64 --series-output days.parquet --compression zstd --format parquet --schema-version v3 --asof 2025-12-20",
    ),
    case("sample/regime-dry-run", BOARDS, "regime --source bars --dry-run --out dry/regime"),
    case(
        "sample/regime-no-baseline",
        BOARDS,
        "regime --source bars --no-baseline --out bare/regime",
    ),
    case(
        "sample/regime-panel",
        BOARDS,
        "regime --source bars --from 2025-12-20 --to 2025-12-31 --every 2d --out panel/regime",
    ),
    case(
        "sample/regime-panel-csv",
        BOARDS,
        "regime --source bars --from 2025-12-29 --to 2025-12-31 --format csv --out panel-csv/regime",
    ),
    case(
        "sample/regime-panel-dry-run",
        BOARDS,
        "regime --source bars --from 2025-12-29 --to 2025-12-31 --dry-run",
    ),
    case("sample/regime-of-input", BOARDS, "regime --input habitual_losers.csv --out own/regime"),
    case(
        "sample/imf-stage",
        BOARDS,
        "imf-stage --source bars --leaders-csv habitual_overlaps.csv --lookback-months 1 --trials 6 --persist-imfs",
    ),
    case(
        "sample/imf-stage-panel",
        MARKET,
        "imf-stage --source bars --leaders AMBER/USD,CEDAR/USD --from 2025-12-28 --to 2025-12-31 --every 3d --lookback-months 1 --trials 3 \
         --out panel/imf",
    ),
    case(
        "sample/imf-stage-mixed",
        BOARDS,
        "imf-stage --source bars --bar-time open --strict --leaders-csv habitual_gainers.csv --leaders CEDAR/USD --asof 2025-12-20T10:00:00Z \
         --lookback-months 1 --min-cycle-depth-pct 1 --detrend --no-winsorize --cluster-mixed --persist-imfs --out mixed --n-jobs 1 \
         --preset standard --sifting s-number:4 --noise-scale residue --epsilon 0.2 --trials 2 --seed 3",
    ),
    case(
        "sample/imf-stage-pyemd",
        MARKET,
        "imf-stage --source bars --leaders AMBER/USD --asof 2025-12-20 --lookback-months 1 --preset pyemd --trials 2 --out pyemd",
    ),
    case(
        "sample/imf-postprocess",
        CYCLES,
        "imf-postprocess --summary data/imf/dt=2026-01-01/imf_summary.parquet",
    ),
    case(
        "sample/imf-postprocess-all-flags",
        CYCLES,
        "imf-postprocess --summary data/imf/dt=2026-01-01/imf_summary.parquet --cards-price data/imf/dt=2026-01-01/cluster_cards_global_price.json \
         --cards-volume data/imf/dt=2026-01-01/cluster_cards_global_volume.json --cards-asset data/imf/dt=2026-01-01/cluster_cards_asset.json \
         --run-config data/imf/dt=2026-01-01/run_config.json --series both --asof 2026-01-01T00:00:00Z --window-days 31 \
         --min-energy-share 0.01 --amp-bands 3 9 --format csv --out-dir sums",
    ),
    case(
        "sample/imf-postprocess-mixed",
        &["sample/imf-stage-mixed"],
        "imf-postprocess --summary mixed/dt=2025-12-20/imf_summary.parquet --cards-mixed mixed/dt=2025-12-20/cluster_cards_global_mixed.json \
         --series volume",
    ),
    case("sample/imf-cluster-overlaps", BOARDS, "imf-cluster overlaps"),
    case(
        "sample/imf-cluster-gainers",
        BOARDS,
        "imf-cluster gainers --windows 24h,7d --min-amplitude-pct 3 --preset pyemd --out-dir rises",
    ),
    case(
        "sample/imf-cluster-losers",
        BOARDS,
        "imf-cluster losers --input habitual_losers.csv --asof 2025-12-20 --windows 6h,3d --min-amplitude-pct 1 --min-points 50 \
         --preset standard --out-dir rises --bar-time open --strict",
    ),
    case(
        "sample/emd",
        BOARDS,
        "emd --input habitual_overlaps.csv --symbol BASALT/USD --log --trials 6 --out modes.npz",
    ),
    case(
        "sample/emd-all-flags",
        BOARDS,
        "emd --input habitual_overlaps.csv --column volume --symbol BASALT-USD --method ceemdan --out modes.parquet --preset standard \
         --sifting fixed:2 --noise-scale residue --epsilon 0.2 --trials 2 --seed 3",
    ),
    case(
        "sample/emd-of-numbers",
        &[],
        "emd --input ../inputs/signal.csv --column x --method emd --sifting reference",
    ),
    case(
        "sample/emd-pyemd",
        &[],
        "emd --input ../inputs/signal.csv --column x --preset pyemd --trials 5 --seed 7 --out pyemd.npz",
    ),
    case(
        "sample/emd-s-number",
        &[],
        "emd --input ../inputs/signal.csv --column y --sifting s-number:4 --trials 5 --out s.npz",
    ),
    case(
        "sample/emd-of-parquet",
        BOARDS,
        "emd --input leaderboards.parquet --column total_volume --symbol AMBER/USD --method emd --out places.parquet",
    ),
    case("sample/fetch-history-overlaps", BOARDS, "fetch-history overlaps --source bars --days 3"),
    case(
        "sample/fetch-history-gainers",
        BOARDS,
        "GAINERS_CSV=habitual_losers.csv GAINERS_HISTORY_OUTPUT_CSV=g.csv fetch-history gainers --source bars --days 2",
    ),
    case(
        "sample/fetch-history-losers",
        MARKET,
        "fetch-history losers --source bars --bar-time open --strict --input-csv ../inputs/symbols.csv --output-csv losers.csv --days 1 --asof 2025-12-20",
    ),
    case("sample/import-store", MARKET, "import bars --into copy"),
    case(
        "sample/import-csv",
        BOARDS,
        "import habitual_overlaps.csv --into from-csv --bar-time open --strict",
    ),
    case(
        "sample/import-again",
        &["sample/import-csv"],
        "import habitual_overlaps.csv --into from-csv",
    ),
    case("sample/import-one-symbol", &[], "import ../inputs/one.csv --symbol A/B --into from-csv"),
    case(
        "sample/run",
        MARKET,
        "run --source bars --out-dir out --cohorts overlaps,gainers --top-n 3 --lookback-months 1 --config ../inputs/quick.toml",
    ),
    case(
        "sample/run-again",
        &["sample/run"],
        "run --source bars --out-dir out --cohorts overlaps,gainers --top-n 3 --lookback-months 1 --config ../inputs/quick.toml",
    ),
    case(
        "sample/run-changed-flag",
        &["sample/run"],
        "run --source bars --out-dir out --cohorts overlaps,gainers --top-n 3 --windows 1h,24h --lookback-months 1 --config ../inputs/quick.toml",
    ),
    case(
        "sample/run-all-flags",
        MARKET,
        "run --source bars --bar-time open --strict --cohorts overlaps --out-dir december --asof 2025-12-15T12:00:00Z --top-n 2 --windows 1h,4h \
         --months 1 --lookback-months 1 --force --config ../inputs/quick.toml",
    ),
    case(
        "sample/run-skip-leaderboards",
        &["sample/run-all-flags"],
        "run --source bars --cohorts overlaps --out-dir december --asof 2025-12-15T12:00:00Z --skip-leaderboards --lookback-months 1 --config ../inputs/quick.toml",
    ),
    case(
        "sample/run-of-file",
        BOARDS,
        "run --source habitual_overlaps.csv --out-dir of-csv --top-n 2 --lookback-months 1 --config ../inputs/quick.toml",
    ),
    case("sample/report", &["sample/run"], "report --dir out --out page.html --asof 2026-01-01"),
    case(
        "sample/report-here",
        &["sample/leaderboards", "sample/state", "sample/regime", "sample/imf-postprocess"],
        "report",
    ),
    case(
        "sample/configured",
        MARKET,
        "leaderboards --config ../inputs/flags.toml --out-dir configured",
    ),
    // The demo, with all the trials of a real run.
    case("demo/demo", &[], "demo"),
    case("demo/again", &["demo/demo"], "demo"),
    case("demo/report", &["demo/demo"], "report --dir demo --out demo.html --asof 2026-01-01"),
    // Short inputs, and what is unusual and no error.
    case(
        "short/run",
        &[],
        "run --source ../inputs/plain.csv --out-dir out --cohorts overlaps --top-n 1 --config ../inputs/quick.toml",
    ),
    case("short/report", &["short/run"], "report --dir out"),
    case("short/regime", &[], "regime --source ../inputs/plain.csv --input ../inputs/plain.csv"),
    case(
        "short/metrics-other-extension",
        &[],
        "metrics overlaps --input ../inputs/plain.csv --output m.txt",
    ),
    // Imports of archives.
    case("import/kraken-zip", &[], "import ../inputs/kraken.zip"),
    case("import/kraken-zip-again", &["import/kraken-zip"], "import ../inputs/kraken.zip"),
    case("import/binance-zip", &[], "import ../inputs/BTCUSDT-1m-2024-02.zip --into binance/bars"),
    case("import/binance-folder", &[], "import ../inputs/klines --into binance/bars"),
    case(
        "import/european",
        &[],
        "import ../inputs/european.csv --into european --timestamp-format %d.%m.%Y --columns timestamp=Day --delimiter ; --decimal , --allow-coarse",
    ),
    case("import/bad-rows", &[], "import ../inputs/bad-rows.csv --into bad"),
    case("import/check", &["import/kraken-zip"], "check"),
    case("import/real-kraken-folder", &[], "import ../data/kraken_csv --into kraken-folder"),
    case("import/real-kraken-zip", &[], "import ../data/kraken.zip --into kraken-zip"),
    case(
        "import/real-parquet",
        &[],
        "import ../data/binance_8sym_2024-02_1m_ohlcvt.parquet --into eight",
    ),
    case(
        "import/real-sparse",
        &[],
        "import ../data/small/kraken_4sym_sparse_1m_ohlcvt.csv.gz --into sparse",
    ),
    case(
        "import/real-listing",
        &[],
        "import ../data/small/binance_4sym_7d_2023-03-21_listing+outage_1m_ohlcvt.csv.gz --into sparse",
    ),
    case("import/real-sparse-check", &["import/real-sparse"], "check --source sparse"),
    // Real bars.
    case("real/import", &[], "import ../data/binance_spot_34sym_2021-04-02_42d_1m.parquet"),
    case("real/check", &["real/import"], "check"),
    case(
        "real/check-file",
        &[],
        "check --source ../data/small/binance_12sym_7d_2021-04-19_outages_1m.csv.gz",
    ),
    case(
        "real/check-sparse",
        &[],
        "check --source ../data/small/kraken_4sym_sparse_1m_ohlcvt.csv.gz",
    ),
    case("real/leaderboards", &["real/import"], "leaderboards --top-n 10 --enable-72h"),
    case(
        "real/leaderboards-of-file",
        &[],
        "leaderboards --source ../data/binance_8sym_2024-02_1m_ohlcvt.parquet --top-n 3 --out-dir eight",
    ),
    case(
        "real/leaderboards-of-outages",
        &[],
        "leaderboards --source ../data/small/binance_12sym_7d_2021-04-19_outages_1m.csv.gz --top-n 3 --lookback-days 7 --include-partial --out-dir outages",
    ),
    case(
        "real/leaderboards-sparse",
        &[],
        "leaderboards --source ../data/small/kraken_4sym_sparse_1m_ohlcvt.csv.gz --top-n 2 --lookback-days 60 --include-stale --out-dir sparse",
    ),
    case(
        "real/metrics-overlaps",
        REAL,
        "metrics overlaps --enable-72h --series-output panel.parquet",
    ),
    case("real/metrics-gainers", REAL, "metrics gainers --asof 2021-05-01T10:10:00Z"),
    case(
        "real/metrics-sparse",
        &["real/leaderboards-sparse"],
        "metrics overlaps --input sparse/habitual_overlaps.csv --output sparse/metrics.csv --coverage-threshold 0.1",
    ),
    case("real/state", REAL, "state"),
    case(
        "real/state-panel",
        REAL,
        "state --from 2021-05-01 --to 2021-05-05 --every 1h --out panel/state",
    ),
    case("real/regime", REAL, "regime --months 2 --threads 64 --series-output days.parquet"),
    case("real/regime-panel", REAL, "regime --from 2021-04-20 --to 2021-05-13 --out panel/regime"),
    case(
        "real/imf-stage",
        REAL,
        "imf-stage --leaders-csv habitual_overlaps.csv --leaders BAKE/USDT,BTG/USDT --lookback-months 1 --trials 3 --persist-imfs",
    ),
    case(
        "real/imf-stage-outages",
        &[],
        "imf-stage --source ../data/small/binance_12sym_7d_2021-04-19_outages_1m.csv.gz --leaders BTC/USDT --lookback-months 1 --trials 3 --out outages",
    ),
    case(
        "real/imf-postprocess",
        &["real/imf-stage"],
        "imf-postprocess --summary data/imf/dt=2021-05-14/imf_summary.parquet --series both",
    ),
    case("real/imf-cluster", REAL, "imf-cluster overlaps --windows 6h,24h,7d"),
    case(
        "real/imf-cluster-of-file",
        &[],
        "imf-cluster gainers --input ../data/small/binance_4sym_7d_2023-03-21_listing+outage_1m_ohlcvt.csv.gz --out-dir listing",
    ),
    case(
        "real/emd",
        &[],
        "emd --input ../data/binance_8sym_2024-02_1m_ohlcvt.parquet --symbol BTC/USDT --log --trials 5 --out modes.npz",
    ),
    case("real/fetch-history", REAL, "fetch-history gainers --days 2"),
    case(
        "real/run",
        &["real/import"],
        "run --out-dir out --cohorts overlaps,losers --top-n 3 --config ../inputs/quick.toml",
    ),
    case(
        "real/run-again",
        &["real/run"],
        "run --out-dir out --cohorts overlaps,losers --top-n 3 --config ../inputs/quick.toml",
    ),
    case("real/report", &["real/run"], "report --dir out"),
    // The exchange.
    case("kraken/losers", &[], "kraken-losers --base-url API"),
    case(
        "kraken/losers-all-flags",
        &[],
        "kraken-losers --base-url API --top-n 50 --min-volume 0 --include-stables --output all.parquet",
    ),
    case("kraken/past", &[], "import ../inputs/past.zip"),
    case("kraken/sync", &["kraken/past"], "sync --base-url API"),
    case("kraken/sync-again", &["kraken/sync"], "sync --base-url API"),
    case(
        "kraken/sync-pairs",
        &[],
        "sync --base-url API --pairs BTC-USD,xbt/usdt,SOLUSD --into pairs",
    ),
    case("kraken/past-elsewhere", &[], "import ../inputs/past.zip --into gap"),
    case(
        "kraken/sync-no-trades",
        &["kraken/past-elsewhere"],
        "sync --base-url API --into gap --no-trades",
    ),
    case(
        "kraken/sync-since",
        &[],
        "sync --base-url API --pairs ADA/USD --into since --since 2025-10-09T07:30:00Z",
    ),
    case("kraken/sync-unknown", &[], "sync --base-url API --pairs NOSUCH,SOL/USD --into unknown"),
    case("kraken/history", &["kraken/losers", "kraken/sync"], "fetch-history losers"),
    case("kraken/check", &["kraken/sync"], "check"),
    // A database.
    case("database/sample", &[], "sample --into DB --symbols 3 --days 40"),
    case("database/import", &[], "import ../inputs/plain.csv --into DB_other"),
    case("database/check", &["database/sample"], "check --source DB"),
    case("database/leaderboards", &["database/sample"], "leaderboards --source DB --top-n 2"),
    case("database/metrics", &["database/leaderboards"], "metrics overlaps --source DB"),
    case("database/state", &["database/leaderboards"], "state --source DB"),
    case("database/regime", &["database/leaderboards"], "regime --source DB"),
    case(
        "database/fetch-history",
        &["database/leaderboards"],
        "fetch-history overlaps --source DB --days 1",
    ),
    case(
        "database/run",
        &["database/sample"],
        "run --source DB --out-dir out --cohorts overlaps --top-n 2 --lookback-months 1 --config ../inputs/quick.toml",
    ),
    case(
        "database/run-again",
        &["database/run"],
        "run --source DB --out-dir out --cohorts overlaps --top-n 2 --lookback-months 1 --config ../inputs/quick.toml",
    ),
    case("database/sync", &[], "sync --base-url API --pairs SOL/USD --into DB_other"),
    // What must fail, and with which status.
    case("errors/no-command", &[], ""),
    case("errors/unknown-command", &[], "leaderbords"),
    case("errors/unknown-flag", &[], "leaderboards --no-such-flag"),
    case("errors/no-source", &[], "leaderboards"),
    case("errors/missing-store", &[], "leaderboards --source nowhere"),
    case("errors/empty-store", &[], "leaderboards --source ."),
    case("errors/missing-file", &[], "leaderboards --source nowhere.csv"),
    case("errors/missing-column", &[], "leaderboards --source ../inputs/no-close.csv"),
    case("errors/missing-symbol-column", &[], "leaderboards --source ../inputs/no-symbol.csv"),
    case("errors/empty-file", &[], "leaderboards --source ../inputs/empty.csv"),
    case("errors/open-quote", &[], "check --source ../inputs/open-quote.csv"),
    case("errors/bad-rows", &[], "check --source ../inputs/bad-rows.csv"),
    case("errors/bad-rows-strict", &[], "leaderboards --source ../inputs/bad-rows.csv --strict"),
    case("errors/cut-parquet", &[], "check --source ../inputs/cut.parquet"),
    case("errors/bad-window", &[], "leaderboards --source ../inputs/plain.csv --windows 1h,7x"),
    case("errors/bad-asof", &[], "leaderboards --source ../inputs/plain.csv --asof yesterday"),
    case("errors/early-asof", &[], "leaderboards --source ../inputs/plain.csv --asof 1990-01-01"),
    case("errors/zero-places", &[], "leaderboards --source ../inputs/plain.csv --top-n 0"),
    case("errors/metrics-missing-input", &[], "metrics overlaps --source ../inputs/plain.csv"),
    case("errors/metrics-missing-column", &[], "metrics overlaps --input ../inputs/no-close.csv"),
    case(
        "errors/metrics-coverage",
        &[],
        "metrics overlaps --input ../inputs/plain.csv --coverage-threshold 1.5",
    ),
    case(
        "errors/metrics-series-without-baseline",
        &[],
        "metrics overlaps --input ../inputs/plain.csv --no-baseline --series-output s.csv",
    ),
    case("errors/state-missing-input", &[], "state --source ../inputs/plain.csv"),
    case(
        "errors/state-missing-column",
        &[],
        "state --source ../inputs/plain.csv --input ../inputs/no-symbol.csv",
    ),
    case(
        "errors/state-panel-without-end",
        &[],
        "state --input ../inputs/plain.csv --from 2024-01-01",
    ),
    case(
        "errors/state-panel-backwards",
        &[],
        "state --input ../inputs/plain.csv --from 2024-01-02 --to 2024-01-01",
    ),
    case(
        "errors/state-unknown-symbols",
        &[],
        "state --source ../inputs/plain.csv --input ../inputs/symbols.csv",
    ),
    case("errors/regime-missing-input", &[], "regime --source ../inputs/plain.csv"),
    case("errors/regime-bad-windows", &[], "regime --input ../inputs/plain.csv --windows 36h"),
    case("errors/imf-stage-missing-leaders", &[], "imf-stage --source ../inputs/plain.csv"),
    case(
        "errors/imf-stage-unknown-leader",
        &[],
        "imf-stage --source ../inputs/plain.csv --leaders NO/SUCH --lookback-months 1",
    ),
    case(
        "errors/imf-stage-zero-trials",
        &[],
        "imf-stage --source ../inputs/plain.csv --leaders A --trials 0",
    ),
    case("errors/imf-postprocess-missing", &[], "imf-postprocess --summary nowhere.parquet"),
    case("errors/imf-postprocess-other-file", &[], "imf-postprocess --summary ../inputs/plain.csv"),
    case("errors/imf-cluster-missing", &[], "imf-cluster overlaps"),
    case(
        "errors/imf-cluster-missing-column",
        &[],
        "imf-cluster overlaps --input ../inputs/no-close.csv",
    ),
    case("errors/emd-missing", &[], "emd --input nowhere.csv"),
    case("errors/emd-missing-column", &[], "emd --input ../inputs/plain.csv --column nope"),
    case("errors/emd-gaps", &[], "emd --input ../inputs/signal.csv --column gaps"),
    case("errors/emd-bad-rule", &[], "emd --input ../inputs/signal.csv --column x --sifting often"),
    case("errors/fetch-history-missing", &[], "fetch-history losers --source ../inputs/plain.csv"),
    case(
        "errors/fetch-history-no-symbols",
        &[],
        "fetch-history losers --source ../inputs/plain.csv --input-csv ../inputs/symbols.csv",
    ),
    case("errors/import-missing", &[], "import nowhere.zip"),
    case("errors/import-cut-zip", &[], "import ../inputs/cut.zip"),
    case("errors/import-hostile-zip", &[], "import ../inputs/hostile.zip"),
    case("errors/import-other-zip", &[], "import ../inputs/other.zip"),
    case("errors/import-no-symbol", &[], "import ../inputs/one.csv"),
    case("errors/import-two-symbols", &[], "import ../inputs/plain.csv --symbol X"),
    case("errors/import-other-interval", &[], "import ../inputs/BTCUSDT-1h-2024-02.csv"),
    case("errors/kraken-losers-base-url", &[], "kraken-losers --base-url ftp://127.0.0.1"),
    case("errors/kraken-losers-no-server", &[], "kraken-losers --base-url http://127.0.0.1:9"),
    case("errors/kraken-losers-no-market", &[], "kraken-losers --base-url API/nothing/here?x=1"),
    case("errors/sync-no-pairs", &[], "sync --base-url API"),
    case("errors/sync-bad-since", &[], "sync --base-url API --pairs XBT/USD --since latest"),
    case("errors/import-for-sample", &[], "import ../inputs/plain.csv --into taken"),
    case(
        "errors/sample-other-bars",
        &["errors/import-for-sample"],
        "sample --into taken --symbols 1 --days 1",
    ),
    case("errors/sample-no-symbols", &[], "sample --into none --symbols 0"),
    case("errors/run-no-source", &[], "run --out-dir out"),
    case("errors/run-unknown-cohort", &[], "run --source ../inputs/plain.csv --cohorts winners"),
    case("errors/report-nothing", &[], "report"),
    case("errors/report-missing-folder", &[], "report --dir nowhere"),
    case("errors/config-missing", &[], "check --source ../inputs/plain.csv --config nowhere.toml"),
    case(
        "errors/config-unknown-key",
        &[],
        "check --source ../inputs/plain.csv --config ../inputs/unknown-key.toml",
    ),
    case(
        "errors/config-bad-value",
        &[],
        "run --source ../inputs/plain.csv --config ../inputs/bad-value.toml",
    ),
    case(
        "errors/config-not-toml",
        &[],
        "check --source ../inputs/plain.csv --config ../inputs/plain.csv",
    ),
    case(
        "errors/bad-port",
        &[],
        "DB_HOST=127.0.0.1 DB_PORT=many DB_USER=me DB_PASSWORD=x DB_NAME=market check",
    ),
    case("errors/no-database", &[], "DB_PASSWORD=x check --source mysql://me@127.0.0.1:9/market"),
    case("errors/no-password", &[], "check --source mysql://me@127.0.0.1:9/market"),
    case("errors/completions-unknown-shell", &[], "completions tcsh"),
];
