//! What we write, read back by pandas, polars and DuckDB.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::process::Command;

use libtest_mimic::Arguments;
use support::{market, test_dir};
use testkit::Need::Python;
use testkit::program::finish;
use testkit::{python, trial};

/// Compares tables in Parquet with the same in CSV, cell by cell, as three readers see them.
const READ_BACK: &str = r#"
import csv, datetime, json, math, sys
import duckdb, pandas, polars, pyarrow.dataset, pyarrow.parquet

def typed(text, dtype):
    if text == "" and dtype != "Utf8":
        return None
    if dtype == "Utf8":
        return text or None
    if dtype.startswith("Timestamp"):
        return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    return {"Float64": float, "Int64": int, "Boolean": lambda t: {"true": True, "false": False}[t]}[dtype](text)

def same(got, expected):
    if expected is None:
        return got is None or got is pandas.NaT or got is pandas.NA or (isinstance(got, float) and math.isnan(got))
    return got == expected

def types(frame, schema):
    kinds = {"Float64": polars.Float64, "Int64": polars.Int64, "Boolean": polars.Boolean, "Utf8": polars.String}
    for name, dtype in schema.items():
        wanted = kinds.get(dtype, polars.Datetime("us", "UTC"))
        assert frame.schema[name] == wanted, (name, frame.schema[name], wanted)

def check(table, text, schema):
    with open(text, newline="") as file:
        reader = csv.DictReader(file)
        rows = [{name: typed(field, schema[name]) for name, field in row.items()} for row in reader]
    names = list(schema)
    assert reader.fieldnames == names
    assert rows
    frame = polars.read_parquet(table, hive_partitioning=False)
    types(frame, schema)
    pandas_frame = pandas.read_parquet(table)
    duck = duckdb.sql(f"SELECT * FROM read_parquet('{table}', hive_partitioning = false)")
    assert frame.columns == names and list(pandas_frame.columns) == names and duck.columns == names
    ducks = duck.pl()
    for reader, values in [
        ("polars", {name: frame[name].to_list() for name in names}),
        ("pandas", {name: pandas_frame[name].tolist() for name in names}),
        ("duckdb", {name: ducks[name].to_list() for name in names}),
    ]:
        for name in names:
            assert len(values[name]) == len(rows), (reader, len(values[name]), len(rows))
            for got, row in zip(values[name], rows):
                assert same(got, row[name]), (reader, name, got, row[name])

def schema_of(path):
    return {name: column["dtype"] for name, column in json.load(open(path))["columns"].items()}

date = "dt=2024-01-03"
state, regime = (schema_of(f"p/{name}/{date}/_{name}_snapshot.schema.json") for name in ("state", "regime"))
check(f"p/state/{date}/state_snapshot.parquet", f"c/state/{date}/state_snapshot.csv", state)
check(f"p/regime/{date}/regime_snapshot.parquet", f"c/regime/{date}/regime_snapshot.csv", regime)
metrics = {name: dtype for name, dtype in state.items() if not name.endswith("_imputed")}
check("p/metrics.parquet", "c/metrics.csv", metrics)
keys = {"symbol": "Utf8", "window": "Utf8", "window_start": "Timestamp", "window_end": "Timestamp"}
header = open("c/series.csv").readline().strip().split(",")
check("p/series.parquet", "c/series.csv", {name: keys.get(name, "Float64") for name in header})

# The folder as one dataset: readers skip names that begin with an underscore (schema sidecars).
for folder, rows in [("p/panel", 50), ("p/state", 2), ("p/regime", 2)]:
    assert len(pandas.read_parquet(folder)) == rows, folder
    assert pyarrow.parquet.read_table(folder).num_rows == rows, folder
    assert pyarrow.dataset.dataset(folder, partitioning="hive").count_rows() == rows, folder
    assert duckdb.sql(f"SELECT count(*) FROM read_parquet('{folder}')").fetchall() == [(rows,)], folder
    assert len(polars.scan_parquet(folder, hidden_file_prefix="_").collect()) == rows, folder

# The panel by its files, and the join.
panel = polars.read_parquet("p/panel/dt=*/state_snapshot.parquet", hive_partitioning=True)
assert panel.shape == (2 * 25, len(state) + 1), panel.shape
assert duckdb.sql("SELECT count(*), count(DISTINCT dt) FROM read_parquet('p/panel/*/*.parquet', hive_partitioning = true)").fetchall() == [(50, 2)]
on = ["symbol", "timestamp_asof_utc"]
frames = [pandas.read_parquet(f"p/{name}/{date}/{name}_snapshot.parquet") for name in ("state", "regime")]
assert len(frames[0].merge(frames[1], on=on, validate="one_to_one")) == len(frames[0]) == len(frames[1]) == 2
print("read back")
"#;

fn main() {
    let tests = vec![
        trial("tables_read_back", &[Python], tables_read_back),
        trial(
            "an_unsupported_compression_is_named",
            &[Python],
            an_unsupported_compression_is_named,
        ),
    ];
    libtest_mimic::run(&Arguments::from_args(), tests).exit();
}

fn tables_read_back() {
    let test_dir = test_dir();
    let hours = 24 * 9;
    // One whole symbol, and one that ended: some of its windows are not ok.
    let text = market(&["A/B", "D,\"E"], hours).replace("D,\"E,", "\"D,\"\"E\",");
    let rows: Vec<&str> = text.lines().collect();
    test_dir.write("bars.csv", rows[..rows.len() - 100].join("\n"));
    for (folder, format) in [("p", "parquet"), ("c", "csv")] {
        let out = |name: &str| format!("{folder}/{name}");
        let run = |words: &[&str]| {
            test_dir.run(&[words, &["--input", "bars.csv", "--asof", "2024-01-03"]].concat()).ok();
        };
        run(&["state", "--out", &out("state"), "--format", format]);
        let zstd: &[&str] = if format == "parquet" { &["--compression", "zstd"] } else { &[] };
        let regime = ["regime", "--windows", "3d,7d", "--out", &out("regime"), "--format", format];
        run(&[&regime[..], zstd].concat());
        let (table, series) = (out(&format!("metrics.{format}")), out(&format!("series.{format}")));
        run(&["metrics", "overlaps", "--output", &table, "--series-output", &series]);
    }
    let span = ["--from", "2024-01-01T12:00", "--to", "2024-01-02T12:00", "--every", "1h"];
    test_dir.run(&[&["state", "--input", "bars.csv", "--out", "p/panel"], &span[..]].concat()).ok();

    let mut script = Command::new(python().expect("a Python with pandas, polars and DuckDB"));
    script.args(["-c", READ_BACK]).current_dir(test_dir.path());
    let run = finish(script).ok();
    assert_eq!(run.out.trim(), "read back");
}

fn an_unsupported_compression_is_named() {
    let test_dir = test_dir();
    test_dir.write("bars.csv", market(&["A/B"], 2));
    let convert = "import pandas; \
                   pandas.read_csv('bars.csv').to_parquet('bars.parquet', compression='brotli')";
    let mut script = Command::new(python().expect("a Python with pandas and pyarrow"));
    script.args(["-c", convert]).current_dir(test_dir.path());
    finish(script).ok();
    test_dir
        .run(&["check", "--source", "bars.parquet"])
        .fails(1, &["bars.parquet: compressed with Brotli, which is not supported", "help: write"]);
}
