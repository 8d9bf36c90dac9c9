"""Crypto quant research on one-minute bars.

>>> import data_pipeline as dp
>>> src = dp.sample(symbols=6, days=8)
>>> boards = dp.leaderboards(src, top_n=2)
>>> len(boards.gainers)
2
>>> dp.state(src, boards.gainers, months=1).shape[0]
2
"""

from __future__ import annotations

import json
import os
import pathlib
from typing import Any, Iterable, NamedTuple, Sequence

from . import _core, times
from .errors import DataPipelineError, DataQualityWarning, InputError, SourceError
from .table import Table
from .times import Time

__all__ = [
    "Boards",
    "Check",
    "Cycles",
    "DataPipelineError",
    "DataQualityWarning",
    "InputError",
    "Modes",
    "Source",
    "SourceError",
    "Table",
    "bars",
    "ceemdan",
    "check",
    "cohort_cycles",
    "columns",
    "cycles",
    "emd",
    "leaderboards",
    "metrics",
    "open",
    "regime",
    "regime_panel",
    "report",
    "sample",
    "state",
    "state_panel",
]


class Source:
    """A source of bars: see :func:`open`, :func:`bars` and :func:`sample`."""

    __slots__ = ("_core",)

    def __init__(self, core: _core.Source) -> None:
        self._core = core

    def __repr__(self) -> str:
        return f"<data_pipeline.Source: {self._core.describe()}>"

    @property
    def symbols(self) -> list[str]:
        """The symbols, in order."""
        return self._core.symbols()

    def catalog(self) -> Table:
        """Return a row per symbol: ``symbol``, and the open times of its ``first`` and ``last`` bar."""
        return Table(self._core.catalog())

    def bars(self, symbol: str, start: Time | None = None, end: Time | None = None) -> Table:
        """Return the bars of a symbol.

        Parameters
        ----------
        symbol : str
            The symbol, as the source spells it.
        start, end : time, optional
            Bars that open from `start` until before `end`.

        Raises
        ------
        InputError
            If the source does not have the symbol.
        """
        return Table(self._core.bars(symbol, times.text("start", start), times.text("end", end)))


#: Bars as functions accept them: a source, an address, or a table.
Bars = Any


def open(address: str | os.PathLike[str], *, bar_time: str = "open") -> Source:
    """Open a source of bars.

    Parameters
    ----------
    address : str or path
        A store (folder), a CSV or Parquet file, or ``mysql://user:password@host/database?table=t``.
    bar_time : {"open", "close"}
        The end of the minute that timestamps name.
    """
    return Source(_core.open(os.fspath(address), bar_time))


def bars(table: Any, *, symbol: str | None = None) -> Source:
    """Return the bars of a table as a source, cleaned like those of a file.

    Parameters
    ----------
    table : table
        Any object with the Arrow interfaces, such as a DataFrame of pandas or polars, a pyarrow
        Table or a DuckDB relation, with the columns symbol, timestamp, open, high, low, close,
        volume and optionally trades, in any order.
    symbol : str, optional
        The symbol of all rows, for a table without that column.

    Examples
    --------
    >>> import data_pipeline as dp
    >>> market = dp.sample(symbols=2, days=2)
    >>> dp.bars(market.bars("AMBER/USD")).symbols
    ['AMBER/USD']
    """
    if not (hasattr(table, "__arrow_c_stream__") or hasattr(table, "__arrow_c_array__")):
        raise InputError(
            "table: expected a DataFrame of pandas (2.2 or newer) or polars, a pyarrow Table or "
            f"another object with the Arrow interfaces, got {type(table).__name__}"
        )
    return Source(_core.bars_of(table, symbol))


def sample(
    symbols: int | None = None,
    days: int | None = None,
    seed: int | None = None,
    end: Time | None = None,
) -> Source:
    """Return the synthetic market of the demo as a source, in memory.

    Parameters
    ----------
    symbols : int, default 40
        Number of symbols.
    days : int, default 100
        Days of bars.
    seed : int, default 1
        Seed of the random walks.
    end : time, default 2026-01-01
        The end of the last bar.
    """
    return Source(_core.sample(symbols, days, seed, times.text("end", end)))


class Boards:
    """The result of :func:`leaderboards`.

    Attributes
    ----------
    gainers, losers, overlaps : list of str
        The symbols of each board, by rank.
    """

    __slots__ = ("_core", "gainers", "losers", "overlaps")

    def __init__(self, core: _core.Boards) -> None:
        self._core = core
        self.gainers, self.losers, self.overlaps = core.symbols()

    def __repr__(self) -> str:
        return (
            f"<data_pipeline.Boards: {len(self.gainers)} gainers, {len(self.losers)} losers, "
            f"{len(self.overlaps)} overlaps>"
        )

    @property
    def table(self) -> Table:
        """The boards: a row per symbol of each."""
        return Table(self._core.table())

    @property
    def places(self) -> Table:
        """Every rank: a row per window, bucket and symbol."""
        return Table(self._core.places())

    @property
    def summary(self) -> dict[str, Any]:
        """The content of ``leaderboards_summary.json``."""
        summary: dict[str, Any] = json.loads(self._core.summary())
        return summary

    def write(
        self, out_dir: str | os.PathLike[str], *, cohort_format: str = "csv"
    ) -> list[pathlib.Path]:
        """Write the files of the command line, all or none, and return their paths.

        Parameters
        ----------
        out_dir : str or path
            An existing folder.
        cohort_format : {"csv", "parquet"}
            The format of the files with the bars of each board.
        """
        written = self._core.write(os.fspath(out_dir), cohort_format)
        return [pathlib.Path(path) for path in written]


def leaderboards(
    source: Bars,
    *,
    asof: Time = "latest",
    top_n: int | None = None,
    windows: Sequence[str] | None = None,
    lookback_days: int | None = None,
    include_partial: bool = False,
    include_stale: bool = False,
    symbols: Iterable[str] = (),
    exclude: Iterable[str] = (),
    quote: Iterable[str] = (),
    min_volume: float = 0.0,
    no_stables: bool = False,
) -> Boards:
    """Rank the symbols that most often gain, lose or do both.

    Parameters
    ----------
    source : source, address or table
        The market.
    asof : time, default "latest"
        Only bars that close by then count.
    top_n : int, default 20
        Number of ranks per bucket and kind, and of symbols per board.
    windows : sequence of str, default ("1h", "4h", "12h", "24h")
        The lengths of the buckets.
    lookback_days : int, default 30
        Days before the as-of.
    include_partial, include_stale : bool
        Whether partial buckets, and symbols without a bar in the last 24 hours, are ranked.
    symbols, exclude, quote : iterables of str
        The choice of symbols, with ``*`` and ``?`` as wildcards; quote currencies.
    min_volume : float
        Minimum mean volume per day, in units of the quote currency.
    no_stables : bool
        Whether to omit stablecoins.

    Returns
    -------
    Boards
        The symbols of each board, the ranks behind them and the summary.
    """
    found = _core.leaderboards(
        _source(source),
        asof=times.text("asof", asof),
        top_n=top_n,
        windows=_names("windows", windows),
        lookback_days=lookback_days,
        include_partial=include_partial,
        include_stale=include_stale,
        symbols=_names("symbols", symbols),
        exclude=_names("exclude", exclude),
        quote=_names("quote", quote),
        min_volume=min_volume,
        no_stables=no_stables,
    )
    return Boards(found)


def metrics(
    cohort: Bars,
    symbols: Iterable[str] | None = None,
    *,
    source: Bars | None = None,
    windows: Sequence[str] | None = None,
    coverage_threshold: float | None = None,
    months: int | None = 3,
    min_baseline_n: int | None = None,
    asof: Time = "latest",
) -> Table:
    """Compute window metrics, each with its percentile in the symbol's own history.

    Parameters
    ----------
    cohort : source, address or table
        The bars from which the windows are computed.
    symbols : iterable of str, optional
        The symbols; all of `cohort` by default.
    source : source, address or table, optional
        The bars of the baselines; those of `cohort` by default.
    windows : sequence of str, default ("1h", "4h", "12h", "24h")
        The windows.
    coverage_threshold : float, default 0.8
        Minimum share of a window's minutes with a bar.
    months : int or None, default 3
        Calendar months of history in each baseline; None or 0 for no baselines.
    min_baseline_n : int, default 10
        Minimum number of values in a baseline.
    asof : time, default "latest"
        Only bars that close by then count.
    """
    return Table(
        _core.metrics(
            _source(cohort),
            _names("symbols", symbols),
            None if source is None else _source(source, "source"),
            windows=_names("windows", windows),
            coverage_threshold=coverage_threshold,
            months=months,
            min_baseline_n=min_baseline_n,
            asof=times.text("asof", asof),
        )
    )


def state(
    source: Bars,
    symbols: Iterable[str] | None = None,
    *,
    windows: Sequence[str] | None = None,
    coverage_threshold: float | None = None,
    months: int | None = 3,
    min_baseline_n: int | None = None,
    asof: Time | None = None,
) -> Table:
    """Compute intraday features: a row per symbol, missing values imputed and marked.

    Parameters
    ----------
    source : source, address or table
        The bars.
    symbols : iterable of str, optional
        The symbols; all of `source` by default.
    windows : sequence of str, default ("1h", "4h", "12h", "24h")
        The windows.
    coverage_threshold : float, default 0.8
        Minimum share of a window's minutes with a bar.
    months : int or None, default 3
        Calendar months of history in each baseline; None or 0 for no baselines.
    min_baseline_n : int, default 10
        Minimum number of values in a baseline.
    asof : time, optional
        The as-of; by default the time when all windows have last ended.

    Examples
    --------
    >>> import data_pipeline as dp
    >>> market = dp.sample(symbols=3, days=3)
    >>> dp.state(market, months=None)["rsi_4h"].shape
    (3, 1)
    """
    return Table(
        _core.state(
            _source(source),
            _names("symbols", symbols),
            windows=_names("windows", windows),
            coverage_threshold=coverage_threshold,
            months=months,
            min_baseline_n=min_baseline_n,
            asof=times.text("asof", asof),
        )
    )


def state_panel(
    source: Bars,
    symbols: Iterable[str] | None = None,
    *,
    start: Time,
    end: Time,
    every: str,
    windows: Sequence[str] | None = None,
    coverage_threshold: float | None = None,
    months: int | None = 3,
    min_baseline_n: int | None = None,
) -> Table:
    """Compute :func:`state` at every step from `start` to `end` (inclusive).

    Parameters
    ----------
    source, symbols, windows, coverage_threshold, months, min_baseline_n
        As in :func:`state`.
    start, end : time
        The first and the last as-of.
    every : str
        Time between the as-ofs, such as ``"1h"`` or ``"1d"``.
    """
    return Table(
        _core.state(
            _source(source),
            _names("symbols", symbols),
            windows=_names("windows", windows),
            coverage_threshold=coverage_threshold,
            months=months,
            min_baseline_n=min_baseline_n,
            panel=_panel(start, end, every),
        )
    )


def regime(
    source: Bars,
    symbols: Iterable[str] | None = None,
    *,
    windows: Sequence[str] | None = None,
    breakout_days: int | None = None,
    months: int | None = 12,
    min_baseline_n: int | None = None,
    asof: Time | None = None,
) -> Table:
    """Compute daily features over 3 to 90 days.

    Parameters
    ----------
    source : source, address or table
        The bars.
    symbols : iterable of str, optional
        The symbols; all of `source` by default.
    windows : sequence of str, default ("3d", "7d", "14d", "30d", "90d")
        The windows, in whole days.
    breakout_days : int, default 20
        Calendar days of the highs and lows that a breakout exceeds.
    months : int or None, default 12
        Calendar months of history in each baseline; None or 0 for no baselines.
    min_baseline_n : int, default 10
        Minimum number of values in a baseline.
    asof : time, optional
        The date; by default that of the newest bar's close.
    """
    return Table(
        _core.regime(
            _source(source),
            _names("symbols", symbols),
            windows=_names("windows", windows),
            breakout_days=breakout_days,
            months=months,
            min_baseline_n=min_baseline_n,
            asof=times.text("asof", asof),
        )
    )


def regime_panel(
    source: Bars,
    symbols: Iterable[str] | None = None,
    *,
    start: Time,
    end: Time,
    every: str = "1d",
    windows: Sequence[str] | None = None,
    breakout_days: int | None = None,
    months: int | None = 12,
    min_baseline_n: int | None = None,
) -> Table:
    """Compute :func:`regime` at every step from `start` to `end` (inclusive).

    Parameters
    ----------
    source, symbols, windows, breakout_days, months, min_baseline_n
        As in :func:`regime`.
    start, end : time
        The first and the last date.
    every : str, default "1d"
        Time between the dates, in whole days.
    """
    return Table(
        _core.regime(
            _source(source),
            _names("symbols", symbols),
            windows=_names("windows", windows),
            breakout_days=breakout_days,
            months=months,
            min_baseline_n=min_baseline_n,
            panel=_panel(start, end, every),
        )
    )


class Modes(NamedTuple):
    """The result of :func:`ceemdan`."""

    modes: Any
    residue: Any


def ceemdan(
    x: Any,
    *,
    trials: int | None = None,
    seed: int | None = None,
    preset: str = "standard",
    epsilon: float | None = None,
    sifting: str | None = None,
) -> Modes:
    """Decompose a series into intrinsic mode functions.

    Parameters
    ----------
    x : array, shape (n,)
        The series: at least 4 finite numbers, evenly spaced.
    trials : int, default 100
        Number of noisy copies that are averaged.
    seed : int, default 1337
        Seed of the noise.
    preset : {"standard", "pyemd"}
        Improved CEEMDAN, or the algorithm of EMD-signal 1.10 to the last bit.
    epsilon : float, optional
        Deviation of the noise; the preset has a default.
    sifting : str, optional
        The stop rule, such as ``"fixed:10"``.

    Returns
    -------
    Modes
        ``modes``, a numpy array of shape (modes, n) from fast to slow, and ``residue``, shape (n,).
        Their sum is `x`.

    Examples
    --------
    >>> import numpy, data_pipeline as dp
    >>> x = numpy.sin(numpy.arange(500) / 5.0)
    >>> found = dp.ceemdan(x, trials=10)
    >>> bool(numpy.allclose(found.modes.sum(axis=0) + found.residue, x))
    True
    """
    return Modes(*_core.ceemdan(_series(x), _decomposer(trials, seed, preset, epsilon, sifting)))


def emd(x: Any, *, preset: str = "standard", sifting: str | None = None) -> Modes:
    """Decompose a series by plain empirical mode decomposition, without noise.

    Parameters
    ----------
    x : array, shape (n,)
        The series: at least 4 finite numbers, evenly spaced.
    preset : {"standard", "pyemd"}
        The stop rules of this program, or those of EMD-signal 1.10.
    sifting : str, optional
        The stop rule, such as ``"fixed:10"``.

    Returns
    -------
    Modes
        As :func:`ceemdan`.
    """
    return Modes(*_core.emd(_series(x), _decomposer(None, None, preset, None, sifting)))


class Cycles:
    """The result of :func:`cycles`."""

    __slots__ = ("_core",)

    def __init__(self, core: _core.Cycles) -> None:
        self._core = core

    @property
    def table(self) -> Table:
        """A row per cycle with its period, depth and cluster: ``imf_summary.parquet``."""
        return Table(self._core.table())

    def modes(self, symbol: str, series: str) -> Modes:
        """Return the modes of a symbol's series.

        Parameters
        ----------
        symbol : str
            The symbol.
        series : {"price", "volume"}
            The series. Prices are logarithmic.
        """
        return Modes(*self._core.modes(symbol, series))

    def write(self, out: str | os.PathLike[str]) -> pathlib.Path:
        """Write the files of the command line into ``out/dt=YYYY-MM-DD``.

        Returns
        -------
        path
            The file of the table, in the folder with cards, modes and ``run_config.json``.
        """
        return pathlib.Path(self._core.write(os.fspath(out)))


def cycles(
    source: Bars,
    symbols: Iterable[str] | None = None,
    *,
    asof: Time = "latest",
    lookback_months: int | None = None,
    min_cycle_depth_pct: float | None = None,
    detrend: bool = False,
    winsorize: bool = True,
    mixed: bool = False,
    keep_modes: bool = True,
    jobs: int | None = None,
    trials: int | None = None,
    seed: int | None = None,
    preset: str = "standard",
    epsilon: float | None = None,
    sifting: str | None = None,
) -> Cycles:
    """Decompose price and volume of symbols into cycles, and cluster the cycles.

    Parameters
    ----------
    source : source, address or table
        The bars.
    symbols : iterable of str, optional
        The symbols; all of `source` by default.
    asof : time, default "latest"
        Only bars that close by then count.
    lookback_months : int, default 3
        Calendar months to decompose.
    min_cycle_depth_pct : float, default 2
        Minimum depth of a cycle's swing, in percent.
    detrend, winsorize, mixed : bool
        Whether to remove a linear trend from log prices, to clamp volume to its 1st and 99th
        percentile, and to cluster cycles of price and volume together.
    keep_modes : bool, default True
        Whether the modes stay in memory: some 15 series as long as the lookback per symbol and
        series.
    jobs : int, optional
        Maximum number of symbols at once, to save memory.
    trials, seed, preset, epsilon, sifting
        As in :func:`ceemdan`.
    """
    return Cycles(
        _core.cycles(
            _source(source),
            _names("symbols", symbols),
            asof=times.text("asof", asof),
            lookback_months=lookback_months,
            min_cycle_depth_pct=min_cycle_depth_pct,
            detrend=detrend,
            winsorize=winsorize,
            mixed=mixed,
            keep_modes=keep_modes,
            jobs=jobs,
            decomposer=_decomposer(trials, seed, preset, epsilon, sifting),
        )
    )


def cohort_cycles(
    source: Bars, symbols: Iterable[str] | None = None, *, windows: Sequence[str] | None = None
) -> Table:
    """Cluster the upswings of symbols by amplitude, duration and volume.

    Parameters
    ----------
    source : source, address or table
        The bars.
    symbols : iterable of str, optional
        The symbols; all of `source` by default.
    windows : sequence of str, default ("6h", "12h", "24h", "3d", "7d", "30d")
        The windows; each ends with a symbol's last bar.

    Returns
    -------
    Table
        A row per cluster: by symbol, window and method.
    """
    return Table(
        _core.cohort_cycles(
            _source(source), _names("symbols", symbols), windows=_names("windows", windows)
        )
    )


def report(
    dir: str | os.PathLike[str],
    out: str | os.PathLike[str] | None = None,
    *,
    asof: Time = "latest",
) -> pathlib.Path:
    """Write an HTML page about the outputs in a folder.

    Parameters
    ----------
    dir : str or path
        The folder with the outputs of the command line, or of the functions that write.
    out : str or path, optional
        The page; ``report.html`` in `dir` by default.
    asof : time, default "latest"
        Outputs after this time are not shown.

    Returns
    -------
    path
        The page.
    """
    page = pathlib.Path(dir, "report.html") if out is None else pathlib.Path(out)
    _core.report(os.fspath(dir), os.fspath(page), asof=times.text("asof", asof))
    return page


class Check(NamedTuple):
    """The result of :func:`check`."""

    table: Table
    problems: list[str]


def check(source: Bars) -> Check:
    """Return the contents of a source, a row per symbol, and its problems in words.

    Parameters
    ----------
    source : source, address or table
        The bars.
    """
    table, problems = _core.check(_source(source))
    return Check(Table(table), problems)


def columns(pattern: str | None = None) -> list[dict[str, Any]]:
    """Return the definitions of the columns of all outputs.

    Parameters
    ----------
    pattern : str, optional
        A name with ``*`` and ``?`` as wildcards, or the name of a table such as ``"state"``.

    Examples
    --------
    >>> import data_pipeline as dp
    >>> dp.columns("rsi_{w}")[0]["type"]
    'Float64'
    """
    return _core.columns(pattern)


def _source(value: Bars, name: str = "source") -> _core.Source:
    if isinstance(value, Source):
        return value._core
    if isinstance(value, (str, os.PathLike)):
        return open(value)._core
    if hasattr(value, "__arrow_c_stream__") or hasattr(value, "__arrow_c_array__"):
        return bars(value)._core
    raise InputError(
        f"{name}: expected a source (dp.open, dp.bars, dp.sample), a path or a table of bars, "
        f"got {type(value).__name__}"
    )


def _names(name: str, values: Iterable[str] | None) -> list[str] | None:
    if values is None:
        return None
    if isinstance(values, str):
        raise InputError(f"{name}: expected a list of texts, got the text {values!r}")
    return [str(value) for value in values]


def _series(x: Any) -> Any:
    import numpy

    array = numpy.asarray(x)
    if array.ndim != 1:
        raise InputError(f"x: expected one dimension, got an array of shape {array.shape}")
    if array.dtype.kind not in "fiub":
        try:
            if array.dtype.kind == "c":
                raise TypeError
            # Missing values of pandas become NaN, which is an error with its place.
            array = numpy.array([numpy.nan if v is None else float(v) for v in x])
        except (TypeError, ValueError):
            raise InputError(f"x: expected real numbers, got {array.dtype} values") from None
    return array.astype(float, copy=False)


def _decomposer(
    trials: int | None,
    seed: int | None,
    preset: str,
    epsilon: float | None,
    sifting: str | None,
) -> dict[str, Any]:
    return {
        "trials": trials,
        "seed": seed,
        "preset": preset,
        "epsilon": epsilon,
        "sifting": sifting,
    }


def _panel(start: Time, end: Time, every: str) -> dict[str, str | None]:
    return {"start": times.text("start", start), "end": times.text("end", end), "every": every}
