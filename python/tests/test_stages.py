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


def test_check_and_columns(folder: Path) -> None:
    found = dp.check(folder / "bars")
    assert found.table.to_polars()["bars"].sum() > 6 * 40 * 1000
    assert isinstance(found.problems, list)
    entry = dp.columns("rsi_{w}")[0]
    assert entry["type"] == "Float64" and "state" in entry["tables"]
