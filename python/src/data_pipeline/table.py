"""Results as tables."""

from __future__ import annotations

import html
import os
from typing import TYPE_CHECKING, Any, Iterator

from . import _core

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow

__all__ = ["Table"]

#: Rows that a notebook shows.
_SHOWN_ROWS = 10
#: Columns that a notebook shows.
_SHOWN_COLUMNS = 12


class Table:
    """The rows of a result.

    Any library with the Arrow interfaces reads a table without a copy: ``polars.DataFrame(table)``,
    ``pyarrow.table(table)``, ``duckdb.sql("SELECT * FROM table")``.

    Missing numbers are null. Times are in microseconds, UTC.
    """

    __slots__ = ("_batch",)

    def __init__(self, batch: _core.Batch) -> None:
        self._batch = batch

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Return the rows as an Arrow stream, in a PyCapsule."""
        return self._batch.__arrow_c_stream__(requested_schema)

    def __arrow_c_schema__(self) -> object:
        """Return the Arrow schema, in a PyCapsule."""
        return self._batch.__arrow_c_schema__()

    def __len__(self) -> int:
        return len(self._batch)

    @property
    def columns(self) -> list[str]:
        """The names of the columns."""
        return self._batch.names

    @property
    def shape(self) -> tuple[int, int]:
        """Number of rows and of columns."""
        return len(self), len(self.columns)

    def __iter__(self) -> Iterator[str]:
        return iter(self.columns)

    def __contains__(self, name: object) -> bool:
        return name in self.columns

    def __getitem__(self, name: str) -> Table:
        """Return the column `name` as a table of its own.

        Raises
        ------
        KeyError
            If there is no such column.
        """
        column = self._batch.column(name)
        if column is None:
            raise KeyError(f"no column {name!r}; columns: {', '.join(self.columns[:20])}, ...")
        return Table(column)

    def __reduce__(self) -> tuple[Any, ...]:
        raise TypeError("a Table cannot be pickled yet; pickle table.to_pyarrow() or to_polars()")

    def __repr__(self) -> str:
        rows, columns = self.shape
        names = ", ".join(self.columns[:6]) + (", ..." if columns > 6 else "")
        return f"<data_pipeline.Table: {rows} rows x {columns} columns ({names})>"

    def _repr_html_(self) -> str:
        """Return the first rows and columns for a notebook."""
        names = self.columns[:_SHOWN_COLUMNS]
        more = "" if len(self.columns) == len(names) else f" ({len(names)} shown)"
        head = "".join(f"<th>{html.escape(name)}</th>" for name in names)
        caption = f"<caption>{len(self)} rows x {len(self.columns)} columns{more}</caption>"
        body = "".join(
            "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row[: len(names)]) + "</tr>"
            for row in self._batch.texts(_SHOWN_ROWS)
        )
        return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"

    def to_polars(self) -> polars.DataFrame:
        """Return the rows as a polars DataFrame."""
        import polars

        return polars.DataFrame(self)

    def to_pyarrow(self) -> pyarrow.Table:
        """Return the rows as a pyarrow Table."""
        import pyarrow

        return pyarrow.table(self)

    def to_pandas(self, index: str | None = None) -> pandas.DataFrame:
        """Return the rows as a pandas DataFrame.

        Parameters
        ----------
        index : {None, "panel"}
            ``None`` numbers the rows. ``"panel"`` sets the index to ``timestamp_asof_utc`` and
            ``symbol``, as libraries for panels expect it.
        """
        frame = self.to_pyarrow().to_pandas()
        if index is None:
            return frame
        if index == "panel":
            return frame.set_index(["timestamp_asof_utc", "symbol"]).sort_index()
        from .errors import InputError

        raise InputError(f'index: expected None or "panel", got {index!r}')

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write the rows to a file, with the bytes of the command line.

        Parameters
        ----------
        path : str or path
            Parquet if it ends with ``.parquet``, CSV if it ends with ``.csv``. An existing file is
            replaced as a whole or not at all.
        """
        self._batch.write(os.fspath(path))
