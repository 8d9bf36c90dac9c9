from typing import Any, Sequence

class Batch:
    def __len__(self) -> int: ...
    @property
    def names(self) -> list[str]: ...
    def column(self, name: str) -> Batch | None: ...
    def texts(self, rows: int) -> list[list[str]]: ...
    def write(self, path: str) -> None: ...
    def __arrow_c_schema__(self) -> object: ...
    def __arrow_c_stream__(self, requested_schema: object = None) -> object: ...

class Source:
    def describe(self) -> str: ...
    def symbols(self) -> list[str]: ...
    def catalog(self) -> Batch: ...
    def bars(self, symbol: str, start: str | None = None, end: str | None = None) -> Batch: ...

class Boards:
    def symbols(self) -> list[list[str]]: ...
    def table(self) -> Batch: ...
    def places(self) -> Batch: ...
    def summary(self) -> str: ...
    def write(self, dir: str, cohort_format: str) -> list[str]: ...

def open(address: str, bar_time: str = "open") -> Source: ...
def bars_of(table: object, symbol: str | None = None) -> Source: ...
def sample(
    symbols: int | None = None,
    days: int | None = None,
    seed: int | None = None,
    end: str | None = None,
) -> Source: ...
def leaderboards(
    source: Source,
    *,
    asof: str | None = "latest",
    top_n: int | None = None,
    windows: Sequence[str] | None = None,
    lookback_days: int | None = None,
    include_partial: bool = False,
    include_stale: bool = False,
    symbols: Sequence[str] | None = ...,
    exclude: Sequence[str] | None = ...,
    quote: Sequence[str] | None = ...,
    min_volume: float = 0.0,
    no_stables: bool = False,
) -> Boards: ...
def metrics(
    cohort: Source,
    symbols: Sequence[str] | None = None,
    source: Source | None = None,
    *,
    windows: Sequence[str] | None = None,
    coverage_threshold: float | None = None,
    months: int | None = None,
    min_baseline_n: int | None = None,
    asof: str | None = "latest",
) -> Batch: ...
def state(
    source: Source,
    symbols: Sequence[str] | None = None,
    *,
    windows: Sequence[str] | None = None,
    coverage_threshold: float | None = None,
    months: int | None = None,
    min_baseline_n: int | None = None,
    asof: str | None = None,
    panel: dict[str, str | None] | None = None,
) -> Batch: ...
def regime(
    source: Source,
    symbols: Sequence[str] | None = None,
    *,
    windows: Sequence[str] | None = None,
    breakout_days: int | None = None,
    months: int | None = None,
    min_baseline_n: int | None = None,
    asof: str | None = None,
    panel: dict[str, str | None] | None = None,
) -> Batch: ...
class Cycles:
    def table(self) -> Batch: ...
    def modes(self, symbol: str, series: str) -> tuple[Any, Any]: ...
    def write(self, out: str) -> str: ...

def ceemdan(x: Any, decomposer: dict[str, Any]) -> tuple[Any, Any]: ...
def emd(x: Any, decomposer: dict[str, Any]) -> tuple[Any, Any]: ...
def cycles(
    source: Source,
    symbols: Sequence[str] | None = None,
    *,
    asof: str | None = "latest",
    lookback_months: int | None = None,
    min_cycle_depth_pct: float | None = None,
    detrend: bool = False,
    winsorize: bool = True,
    mixed: bool = False,
    keep_modes: bool = True,
    jobs: int | None = None,
    decomposer: dict[str, Any] | None = None,
) -> Cycles: ...
def cohort_cycles(
    source: Source,
    symbols: Sequence[str] | None = None,
    *,
    windows: Sequence[str] | None = None,
    decomposer: dict[str, Any] | None = None,
) -> Batch: ...
def report(dir: str, out: str, asof: str | None = "latest") -> None: ...
def check(source: Source) -> tuple[Batch, list[str]]: ...
def columns(pattern: str | None = None) -> list[dict[str, Any]]: ...
