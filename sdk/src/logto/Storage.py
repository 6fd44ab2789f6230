"""Where the session of one user is kept."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Literal

PersistKey = Literal["idToken", "accessTokenMap", "refreshToken", "signInSession"]
"""The four values that a client keeps. Together they fit in one 4 KB cookie after a sign-in."""


class Storage(ABC):
    """A place for the session of the user whose request is being answered.

    Write one over the session of your web framework. With Flask:

        class SessionStorage(Storage):
            def get(self, key: PersistKey) -> str | None:
                return session.get(key)

            def set(self, key: PersistKey, value: str | None) -> None:
                session[key] = value

            def delete(self, key: PersistKey) -> None:
                session.pop(key, None)
    """

    @abstractmethod
    def get(self, key: PersistKey) -> str | None:
        """Return the value of `key`, None when there is none."""

    @abstractmethod
    def set(self, key: PersistKey, value: str | None) -> None:
        """Keep `value` as the value of `key`."""

    @abstractmethod
    def delete(self, key: PersistKey) -> None:
        """Forget the value of `key`, if there is one."""


class MemoryStorage(Storage):
    """A session in memory: for tests and programs with one user, never for a web application.

    >>> storage = MemoryStorage()
    >>> storage.set("refreshToken", "abc")
    >>> storage.get("refreshToken"), storage.get("idToken")
    ('abc', None)
    """

    def __init__(self) -> None:
        self._values: dict[str, str | None] = {}

    def get(self, key: PersistKey) -> str | None:
        """Return the value of `key`, None when there is none."""
        return self._values.get(key)

    def set(self, key: PersistKey, value: str | None) -> None:
        """Keep `value` as the value of `key`."""
        self._values[key] = value

    def delete(self, key: PersistKey) -> None:
        """Forget the value of `key`, if there is one."""
        self._values.pop(key, None)
