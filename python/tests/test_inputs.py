"""Bars of any library, and wrong input of every kind."""

from __future__ import annotations

import datetime
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
import warnings
from pathlib import Path
from typing import Any, Callable

import duckdb
import numpy
import pandas
import polars
import pyarrow
import pytest

import data_pipeline as dp

SYMBOLS = ["AMBER/USD", "CEDAR/USD"]


@pytest.fixture(scope="module")
def bars(folder: Path) -> pyarrow.Table:
    source = dp.open(folder / "bars")
    return pyarrow.concat_tables([source.bars(symbol).to_pyarrow() for symbol in SYMBOLS])


@pytest.fixture(scope="module")
def expected(folder: Path) -> polars.DataFrame:
    return dp.state(folder / "bars", SYMBOLS, months=1).to_polars()


def shuffled(bars: pyarrow.Table) -> pyarrow.Table:
    order = numpy.random.default_rng(1).permutation(len(bars))
    return bars.take(order).select(list(reversed(bars.column_names)))


FORMS: dict[str, Callable[[pyarrow.Table], Any]] = {
    "pyarrow": lambda bars: bars,
    "chunks": lambda bars: pyarrow.Table.from_batches(bars.to_batches(max_chunksize=1000)),
    "shuffled": shuffled,
    "pandas": lambda bars: bars.to_pandas(),
    "naive pandas": lambda bars: bars.to_pandas().assign(
        timestamp=lambda frame: frame.timestamp.dt.tz_localize(None)
    ),
    "polars": lambda bars: polars.DataFrame(bars),
    "duckdb": lambda bars: duckdb.sql("SELECT * FROM bars"),
    "other names": lambda bars: polars.DataFrame(bars).rename(
        {"symbol": "Ticker", "timestamp": "Date", "close": "Close", "volume": "qty"}
    ),
    "seconds": lambda bars: polars.DataFrame(bars).with_columns(
        polars.col("timestamp").dt.epoch("s")
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_any_table_gives_the_same(
    form: str, bars: pyarrow.Table, expected: polars.DataFrame
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dp.DataQualityWarning)
        found = dp.state(FORMS[form](bars), months=1).to_polars()
    assert found.equals(expected)


def test_times_of_any_kind(folder: Path) -> None:
    moment = datetime.datetime(2025, 12, 30, 12, tzinfo=datetime.timezone.utc)
    other_zone = moment.astimezone(datetime.timezone(datetime.timedelta(hours=5)))
    forms = [
        moment,
        other_zone,
        moment.replace(tzinfo=None),
        pandas.Timestamp(moment),
        numpy.datetime64("2025-12-30T12:00"),
        "2025-12-30T12:00:00Z",
    ]
    tables = [dp.state(folder / "bars", SYMBOLS, months=None, asof=form) for form in forms]
    first = tables[0].to_polars()
    assert first["timestamp_asof_utc"][0] == moment
    assert all(table.to_polars().equals(first) for table in tables)
    day = dp.open(folder / "bars").bars("AMBER/USD", start=datetime.date(2025, 12, 31))
    assert len(day) == 1440


def test_a_table_without_a_valid_bar_is_a_warning(bars: pyarrow.Table) -> None:
    frame = bars.to_pandas().head(10).assign(close="x")
    with pytest.warns(dp.DataQualityWarning, match="price"):
        assert dp.bars(frame).symbols == []


def test_rejected_rows_are_a_warning(bars: pyarrow.Table) -> None:
    frame = bars.to_pandas()
    frame.loc[5, "close"] = -1.0
    with pytest.warns(dp.DataQualityWarning, match="price"):
        dp.state(frame, months=None)


WRONG: list[tuple[str, Callable[[Path], Any], type[Exception], str]] = [
    ("a text for a list", lambda f: dp.state(f, "BTC"), dp.InputError, "symbols: expected a list"),
    ("an unknown symbol", lambda f: dp.state(f, ["NOPE"]), dp.InputError, "NOPE"),
    ("no such path", lambda f: dp.open("nowhere"), dp.SourceError, "nowhere"),
    ("no columns", lambda f: dp.state(pandas.DataFrame({"a": [1]})), dp.InputError, "no column"),
    ("an empty frame", lambda f: dp.state(pandas.DataFrame()), dp.InputError, "no column"),
    ("not a table", lambda f: dp.bars(3), dp.InputError, "table: expected a DataFrame"),
    ("not a source", lambda f: dp.state(3), dp.InputError, "source: expected a source"),
    ("a window", lambda f: dp.state(f, windows=["7x"]), dp.InputError, "windows: .*7x"),
    ("windows as text", lambda f: dp.state(f, windows="1h,4h"), dp.InputError, "windows: expected"),
    ("a number as time", lambda f: dp.state(f, asof=3.5), dp.InputError, "asof: expected"),
    ("NaT", lambda f: dp.state(f, asof=pandas.NaT), dp.InputError, "asof: expected"),
    ("a time as text", lambda f: dp.state(f, asof="soon"), dp.InputError, "asof: .*soon"),
    ("a keyword", lambda f: getattr(dp, "state")(f, wndows=["1h"]), TypeError, "wndows"),
    ("a share", lambda f: dp.state(f, coverage_threshold=2.0), dp.InputError, "coverage_threshold"),
    ("months", lambda f: dp.state(f, months=500), dp.InputError, "months"),
    ("bar_time", lambda f: dp.open(f, bar_time="end"), dp.InputError, "bar_time: .*end"),
    ("a column", lambda f: dp.state(f, months=None)["rsi"], KeyError, "no column"),
    ("a pattern", lambda f: dp.columns("zzz"), dp.InputError, "zzz"),
    ("few samples", lambda f: dp.ceemdan([1.0, 2.0]), dp.InputError, "2 samples"),
    ("NaN", lambda f: dp.ceemdan([1, 2, numpy.nan, 4, 5]), dp.InputError, "sample 2"),
    ("a preset", lambda f: dp.ceemdan([1.0] * 9, preset="x"), dp.InputError, "preset"),
    ("trials", lambda f: dp.ceemdan([1.0] * 9, trials=0), dp.InputError, "trials"),
    ("two dimensions", lambda f: dp.ceemdan(numpy.ones((3, 3))), dp.InputError, "one dimension"),
    ("complex", lambda f: dp.ceemdan(numpy.ones(9, complex)), dp.InputError, "real numbers"),
    ("text", lambda f: dp.ceemdan(["a"] * 9), dp.InputError, "real numbers"),
    ("negative trials", lambda f: dp.ceemdan([1.0] * 9, trials=-1), dp.InputError, "trials: -1"),
    ("a negative size", lambda f: dp.leaderboards(f, top_n=-1), dp.InputError, "top_n: -1"),
    (
        "a panel backwards",
        lambda f: dp.state_panel(f, start="2025-12-31", end="2025-12-30", every="1h"),
        dp.InputError,
        "^start: .*swap",
    ),
    (
        "a symbol twice",
        lambda f: dp.bars(dp.open(f).bars("AMBER/USD"), symbol="X/Y"),
        dp.InputError,
        "symbol: .*AMBER/USD",
    ),
    ("a file name", lambda f: dp.state(f, months=None).write("x.xlsx"), dp.InputError, "path"),
    ("symbols", lambda f: dp.sample(symbols=0), dp.InputError, "symbols"),
]


@pytest.mark.parametrize(("call", "error", "text"), [w[1:] for w in WRONG], ids=[w[0] for w in WRONG])
def test_wrong_input_is_explained(
    folder: Path, call: Callable[[Path], Any], error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text) as caught:
        call(folder / "bars")
    assert "--" not in str(caught.value), "names a flag"


def test_series_of_any_library() -> None:
    x = numpy.cumsum(numpy.random.default_rng(3).normal(size=600))
    first = dp.ceemdan(x, trials=5)
    assert first.modes.shape == (len(first.modes), 600)
    strided = numpy.repeat(x, 2)[::2]
    for form in [list(x), pandas.Series(x), polars.Series(x), strided]:
        assert numpy.array_equal(dp.ceemdan(form, trials=5).modes, first.modes)
    whole = numpy.arange(50) % 7
    assert numpy.array_equal(
        dp.ceemdan(whole, trials=5).modes, dp.ceemdan(whole.astype(float), trials=5).modes
    )


def test_tables_are_readable(folder: Path) -> None:
    table = dp.state(folder / "bars", SYMBOLS, months=None)
    assert table.shape == (2, len(table.columns)) and "rsi_4h" in table
    state = table
    counted = duckdb.query("SELECT count(*) FROM state")
    assert counted is not None and counted.fetchall() == [(2,)]
    one = table["rsi_4h"].to_polars()
    assert one.columns == ["rsi_4h"]
    page = table._repr_html_()
    assert "<td>AMBER/USD</td>" in page and "2 rows" in page
    hostile = pyarrow.table({"symbol": ["<b>X"], "timestamp": [0], "open": [1.0], "high": [1.0]})
    hostile = hostile.append_column("low", [[1.0]]).append_column("close", [[1.0]])
    hostile = hostile.append_column("volume", [[1.0]])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dp.DataQualityWarning)
        assert "<b>" not in dp.bars(hostile).catalog()._repr_html_()
    with pytest.raises(TypeError, match="pickle"):
        pickle.dumps(table)


def test_threads_give_the_same(folder: Path) -> None:
    source = dp.open(folder / "bars")
    expected = dp.state(source, months=None).to_polars()
    found: list[polars.DataFrame] = []
    threads = [
        threading.Thread(target=lambda: found.append(dp.state(source, months=None).to_polars()))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8 and all(frame.equals(expected) for frame in found)


def test_ctrl_c_ends_a_decomposition() -> None:
    script = (
        "import numpy, data_pipeline as dp; print('ready', flush=True);"
        "dp.ceemdan(numpy.random.default_rng(1).normal(size=200_000), trials=5000)"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    time.sleep(1)
    os.kill(child.pid, signal.SIGINT)
    _, errors = child.communicate(timeout=60)
    assert "KeyboardInterrupt" in errors, errors
