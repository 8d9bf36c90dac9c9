"""Exceptions and warnings."""

__all__ = ["DataPipelineError", "DataQualityWarning", "InputError", "SourceError"]


class DataPipelineError(Exception):
    """Base class of the exceptions of this package."""


class InputError(DataPipelineError, ValueError):
    """An argument is invalid, or the bars do not allow the computation."""


class SourceError(DataPipelineError, OSError):
    """A source of bars or a file cannot be read or written."""


class DataQualityWarning(UserWarning):
    """Rows were rejected or replaced, or the result may not be what you expect."""
