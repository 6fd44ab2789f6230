"""Hashing and verifying passwords, in a bounded pool of threads that yield to everything else.

    passwords = Passwords(settings)
    digest = await passwords.hash("correct horse")
    outcome = await passwords.verify(user, "correct horse")

Argon2id (RFC 9106) costs tens of milliseconds by design. It runs outside the event loop, in
threads of lowered priority, so that token endpoints stay fast on a machine of one core; when too
many wait, the answer is 503 with Retry-After instead of a queue that nobody sits out.
"""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

import msgspec
from argon2 import Parameters, extract_parameters, low_level
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

from doorward.errors import ServiceUnavailable
from doorward.kit.priority import lower_priority
from doorward.settings import Settings
from doorward.users.imported_digests import is_digest_of, is_imported
from doorward.users.tables import User

T = TypeVar("T")

MAX_PASSWORD_BYTES = 4096
"""Longer input is not hashed: a password of a megabyte is an attack, not a password."""
NEW_ALGORITHM = "Argon2id"
NICENESS = 10
"""Of the threads that hash; nothing else yields as much."""

_SALT_LENGTH = 16
_HASH_LENGTH = 32
_TYPES = {
    "Argon2id": low_level.Type.ID,
    "Argon2i": low_level.Type.I,
    "Argon2d": low_level.Type.D,
}


class PasswordDigest(msgspec.Struct, frozen=True):
    """A password as it is stored; `algorithm` is the reference's name for it."""

    digest: str
    algorithm: str

    def __repr__(self) -> str:
        return f"PasswordDigest(***, {self.algorithm})"


class PasswordOutcome(msgspec.Struct, frozen=True):
    """What verifying found. `rehashed` is set when a right password was stored in an older way."""

    is_correct: bool
    rehashed: PasswordDigest | None = None


class Passwords:
    """The pool. One for each process; `close` ends its threads."""

    def __init__(self, settings: Settings) -> None:
        threads = settings.password_hash_threads or _usable_cores()
        self._parameters = Parameters(
            type=low_level.Type.ID,
            version=low_level.ARGON2_VERSION,
            salt_len=_SALT_LENGTH,
            hash_len=_HASH_LENGTH,
            time_cost=settings.password_hash_time,
            memory_cost=settings.password_hash_memory,
            parallelism=settings.password_hash_parallelism,
        )
        self._room = threads + settings.password_hash_queue
        self._busy = 0
        self._pool = ThreadPoolExecutor(
            threads,
            thread_name_prefix="password",
            initializer=partial(lower_priority, NICENESS),
        )

    async def hash(self, password: str) -> PasswordDigest:
        """Return the digest of a new password.

        Raises:
            ServiceUnavailable: too many hashes wait already.
        """
        return await self._run(lambda: self._hash(password))

    async def verify(self, user: User | None, password: str) -> PasswordOutcome:
        """Tell whether `password` is the user's; for None it takes as long and is always wrong.

        Raises:
            ServiceUnavailable: too many hashes wait already.
        """
        return await self._run(lambda: self._verify(user, password))

    def close(self) -> None:
        """Let running hashes finish and end the threads."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    async def _run(self, work: Callable[[], T]) -> T:
        if self._busy >= self._room:
            raise ServiceUnavailable("too many passwords wait to be hashed", retry_after=2)
        self._busy += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        finally:
            self._busy -= 1

    def _hash(self, password: str) -> PasswordDigest:
        p = self._parameters
        digest = low_level.hash_secret(
            _encode(password),
            # lint: determinism: nobody may foresee a salt, tests included
            secrets.token_bytes(p.salt_len),
            time_cost=p.time_cost,
            memory_cost=p.memory_cost,
            parallelism=p.parallelism,
            hash_len=p.hash_len,
            type=p.type,
        )
        return PasswordDigest(digest=digest.decode(), algorithm=NEW_ALGORITHM)

    def _verify(self, user: User | None, password: str) -> PasswordOutcome:
        digest = user.password_digest if user else None
        algorithm = user.password_algorithm if user else None
        if digest is not None and algorithm is not None and is_imported(algorithm):
            # Hashed anew also when it is wrong: an answer that comes at once would tell an account.
            fresh = self._hash(password)
            is_correct = is_digest_of(digest, algorithm, _encode(password))
            return PasswordOutcome(is_correct, rehashed=fresh if is_correct else None)
        type_ = _TYPES.get(algorithm or "")
        if digest is None or type_ is None:
            # The same work as for a real user: the time must not tell that there is none.
            self._hash(password)
            return PasswordOutcome(is_correct=False)
        try:
            low_level.verify_secret(digest.encode(), _encode(password), type_)
        except (VerifyMismatchError, VerificationError, InvalidHashError):
            return PasswordOutcome(is_correct=False)
        if _is_current(digest, self._parameters):
            return PasswordOutcome(is_correct=True)
        return PasswordOutcome(is_correct=True, rehashed=self._hash(password))


def is_hashable(password: str) -> bool:
    """Tell whether a password is of a size that will be hashed at all."""
    return len(password) > 0 and len(_encode(password)) <= MAX_PASSWORD_BYTES


def _encode(password: str) -> bytes:
    # JSON can carry half a surrogate pair, which UTF-8 cannot.
    return password.encode(errors="surrogatepass")


def _is_current(digest: str, parameters: Parameters) -> bool:
    try:
        return extract_parameters(digest) == parameters
    except InvalidHashError:
        return False


def _usable_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1
