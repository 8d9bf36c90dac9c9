"""Times in the forms that Python users have."""

from __future__ import annotations

import datetime
from typing import Any, Union

__all__ = ["Time"]

#: A point in time: a ``datetime`` (naive means UTC), a ``date`` (00:00 UTC), a text such as
#: ``"2026-01-01T12:00:00Z"`` or ``"latest"``, a ``pandas.Timestamp`` or a ``numpy.datetime64``.
Time = Union[str, datetime.datetime, datetime.date, Any]


def text(name: str, value: Time | None) -> str | None:
    """Return a time as text for the Rust functions; `name` is that of the parameter."""
    if value is None or isinstance(value, str):
        return value
    if type(value).__module__ == "numpy":
        import numpy

        if isinstance(value, numpy.datetime64):
            if numpy.isnat(value):
                raise _error(name, value)
            value = datetime.datetime.fromisoformat(str(value.astype("datetime64[us]")))
    if isinstance(value, datetime.datetime):
        # Also pandas.Timestamp; NaT is a datetime too, but not equal to itself.
        if value != value:
            raise _error(name, value)
        if value.tzinfo is not None:
            value = value.astimezone(datetime.timezone.utc).replace(tzinfo=None)
        if value.microsecond:
            raise _error(name, value)
        return value.isoformat(timespec="seconds") + "Z"
    if isinstance(value, datetime.date):
        return value.isoformat()
    raise _error(name, value)


def _error(name: str, value: object) -> ValueError:
    from .errors import InputError

    return InputError(
        f"{name}: expected a datetime in whole seconds, a date, a text such as "
        f'"2026-01-01T12:00:00Z" or "latest", got {value!r}'
    )
