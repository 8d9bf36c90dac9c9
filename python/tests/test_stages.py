"""Every stage gives the bytes of the command line."""

from __future__ import annotations

import json
from pathlib import Path

import numpy
import polars
import polars.testing
import pytest
from conftest import Run

import data_pipeline as dp

LEADERS = ["CEDAR/USD", "AMBER/USD"]


def written(table: dp.Table, place: Path, name: str = "table.parquet") -> bytes:
    table.write(place / name)
    return (place / name).read_bytes()


def only(folder: Path, pattern: str) -> bytes:
    [path] = folder.glob(pattern)
    return path.read_bytes()


def test_leaderboards(folder: Path, tmp_path: Path) -> None:
    boards = dp.leaderboards(folder / "bars", top_n=3)
    files = boards.write(tmp_path)
    assert len(files) == 5
    for file in files:
        assert file.read_bytes() == (folder / file.name).read_bytes(), file.name
    assert boards.places.to_polars().equals(polars.read_parquet(folder / "leaderboards.parquet"))
    assert boards.summary == json.loads((folder / "leaderboards_summary.json").read_text())
    assert boards.gainers == [coin["symbol"] for coin in boards.summary["Top Gainers"]["coins"]]
    assert len(boards.gainers) == len(boards.losers) == 3
    assert len(boards.table) == 3 * 3 - (3 - len(boards.overlaps))


def test_metrics(folder: Path, tmp_path: Path) -> None:
    cohort = dp.open(folder / "habitual_gainers.csv")
    symbols = dp.leaderboards(folder / "bars", top_n=3).gainers
    found = dp.metrics(cohort, symbols, source=folder / "bars", months=1)
    assert written(found, tmp_path) == (folder / "m.parquet").read_bytes()


def test_state(folder: Path, tmp_path: Path) -> None:
    found = dp.state(folder / "bars", LEADERS, months=1)
    assert written(found, tmp_path) == only(folder, "state/dt=*/state_snapshot.parquet")


def test_regime(folder: Path, tmp_path: Path) -> None:
    found = dp.regime(folder / "bars", LEADERS, windows=["3d", "7d"], months=1)
    assert written(found, tmp_path) == only(folder, "regime/dt=*/regime_snapshot.parquet")


@pytest.mark.parametrize(("stage", "every"), [("state", "6h"), ("regime", "1d")])
def test_panels(folder: Path, tmp_path: Path, run: Run, stage: str, every: str) -> None:
    panel = ["--from", "2025-12-29", "--to", "2025-12-31", "--every", every]
    common = ["--source", "bars", "--input", "leaders.csv", "--windows", "3d,7d", "--months", 1]
    run(stage, *common, *panel, "--out", tmp_path, cwd=folder)
    found = (dp.state_panel if stage == "state" else dp.regime_panel)(
        folder / "bars",
        LEADERS,
        start="2025-12-29",
        end="2025-12-31",
        every=every,
        windows=["3d", "7d"],
        months=1,
    )
    parts = sorted(tmp_path.glob("dt=*/*.parquet"))
    assert len(parts) == 3
    expected = polars.concat([polars.read_parquet(part, hive_partitioning=False) for part in parts])
    polars.testing.assert_frame_equal(found.to_polars(), expected)
    by_time = found.to_pandas(index="panel")
    assert by_time.index.names == ["timestamp_asof_utc", "symbol"]
    assert by_time.index.is_monotonic_increasing


def test_ceemdan(folder: Path, tmp_path: Path, run: Run) -> None:
    x = dp.open(folder / "bars").bars("AMBER/USD", end="2025-11-18").to_polars()["close"]
    for preset in ("standard", "pyemd"):
        polars.DataFrame({"x": x}).write_parquet(tmp_path / "x.parquet")
        words = ["--column", "x", "--trials", 10, "--seed", 7, "--preset", preset]
        run("emd", "--input", "x.parquet", *words, "--out", f"{preset}.parquet", cwd=tmp_path)
        expected = polars.read_parquet(tmp_path / f"{preset}.parquet")
        found = dp.ceemdan(x, trials=10, seed=7, preset=preset)
        columns = [*found.modes, found.residue]
        assert expected.columns[1:-1] == [f"imf_{k:02}" for k in range(1, len(columns))]
        for column, values in zip(expected.columns[1:], columns, strict=True):
            assert numpy.array_equal(expected[column].to_numpy(), values), column


def test_emd(tmp_path: Path, run: Run) -> None:
    x = numpy.cumsum(numpy.random.default_rng(5).normal(size=800))
    polars.DataFrame({"x": x}).write_parquet(tmp_path / "x.parquet")
    run("emd", "--input", "x.parquet", "--column", "x", "--method", "emd", "--out", "y.parquet", cwd=tmp_path)
    expected = polars.read_parquet(tmp_path / "y.parquet")
    found = dp.emd(x)
    for column, values in zip(expected.columns[1:], [*found.modes, found.residue], strict=True):
        assert numpy.array_equal(expected[column].to_numpy(), values), column


def test_cycles(folder: Path, tmp_path: Path, run: Run) -> None:
    words = ["--source", "bars", "--leaders-csv", "leaders.csv", "--lookback-months", 1]
    words += ["--trials", 4, "--persist-imfs", "--out", tmp_path / "line"]
    run("imf-stage", *words, cwd=folder)
    found = dp.cycles(folder / "bars", LEADERS, lookback_months=1, trials=4)
    table = found.write(tmp_path / "python")
    assert table.name == "imf_summary.parquet"
    assert found.table.to_polars().equals(polars.read_parquet(table))
    files = {path.relative_to(tmp_path / "line") for path in (tmp_path / "line").rglob("*.*")}
    assert len(files) == 4 + 2 * len(LEADERS) + 1
    # run_config.json has times, and the form of the source's path.
    for file in (file for file in files if file.suffix != ".json" or "cards" in file.name):
        if (tmp_path / "line" / file).is_file():
            same = (tmp_path / "python" / file).read_bytes() == (tmp_path / "line" / file).read_bytes()
            assert same, file
    modes = found.modes("AMBER/USD", "price")
    price = dp.open(folder / "bars").bars("AMBER/USD").to_polars()["close"].log().to_numpy()
    total = modes.modes.sum(axis=0) + modes.residue
    assert len(total) == 31 * 1440
    assert numpy.allclose(total[-600:], price[-600:], atol=1e-9)
    with pytest.raises(dp.InputError, match="series: .*trades"):
        found.modes("AMBER/USD", "trades")
    with pytest.raises(KeyError, match="NOPE"):
        found.modes("NOPE", "price")
    with pytest.raises(dp.InputError, match="keep_modes"):
        dp.cycles(
            folder / "bars", LEADERS[:1], lookback_months=1, trials=1, keep_modes=False
        ).modes("CEDAR/USD", "price")


def test_cohort_cycles(folder: Path, run: Run) -> None:
    run("imf-cluster", "gainers", cwd=folder)
    expected = json.loads((folder / "imf_clusters_gainers.json").read_text())
    cohort = dp.open(folder / "habitual_gainers.csv")
    found = dp.cohort_cycles(cohort).to_polars()
    assert set(found["symbol"]) <= set(cohort.symbols) == set(expected)


def test_report(folder: Path, tmp_path: Path, run: Run) -> None:
    # A folder with the outputs of all stages: the page about a missing one names its command.
    (folder / "data-pipeline.toml").write_text("[imf-stage]\ntrials = 2\n")
    words = ["--top-n", 2, "--months", 1, "--lookback-months", 1, "--out-dir", tmp_path / "full"]
    run("run", "--source", "bars", *words, cwd=folder)
    page = dp.report(tmp_path / "full", tmp_path / "python.html")
    assert page.read_bytes() == (tmp_path / "full/report.html").read_bytes()
    with pytest.raises(dp.InputError, match="nothing to report"):
        dp.report(tmp_path)


def test_check_and_columns(folder: Path) -> None:
    found = dp.check(folder / "bars")
    assert found.table.to_polars()["bars"].sum() > 6 * 40 * 1000
    assert isinstance(found.problems, list)
    entry = dp.columns("rsi_{w}")[0]
    assert entry["type"] == "Float64" and "state" in entry["tables"]
    assert all("bars" in column["tables"] for column in dp.columns("bars"))
