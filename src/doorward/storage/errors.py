"""Storage faults that callers decide on."""

from __future__ import annotations

from doorward.errors import DoorwardError, ServiceUnavailable


class StorageError(DoorwardError):
    """The database refused a statement for a reason no caller expects."""


class UniqueViolation(StorageError):
    """A row with the same unique value exists; `constraint` is the index or constraint name."""

    def __init__(self, constraint: str) -> None:
        super().__init__(f"unique constraint {constraint}")
        self.constraint = constraint


class ForeignKeyViolation(StorageError):
    """A row that is referred to does not exist, or is still referred to."""


class InvalidValue(StorageError):
    """The database cannot take a value for what it should be: a pattern, a number too large."""


class ValueTooLong(InvalidValue):
    """A text is longer than its column."""


class DatabaseUnavailable(ServiceUnavailable):
    """The database cannot be reached, or is locked for too long."""
