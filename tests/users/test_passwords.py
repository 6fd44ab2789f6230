"""The hashing pool: Argon2id, older variants, rehashing, and what happens when it is full."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import pytest_asyncio
from argon2 import low_level

from doorward.errors import ServiceUnavailable
from doorward.settings import Settings
from doorward.users.passwords import Passwords, is_hashable
from doorward.users.tables import User

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def settings(tmp_path: Path, **changes: int) -> Settings:
    values = {"password_hash_memory": 8192, "password_hash_time": 1, "password_hash_threads": 1}
    return Settings(data_dir=tmp_path, **{**values, **changes})


@pytest_asyncio.fixture
async def passwords(tmp_path: Path) -> AsyncIterator[Passwords]:
    pool = Passwords(settings(tmp_path))
    yield pool
    pool.close()


def user(digest: str | None, algorithm: str | None) -> User:
    return User(
        id="u",
        username="ada",
        primary_email=None,
        primary_phone=None,
        password_digest=digest,
        password_algorithm=algorithm,
        password_updated_at=None,
        is_password_expired=False,
        name=None,
        avatar=None,
        profile={},
        custom_data={},
        application_id=None,
        is_suspended=False,
        last_sign_in_at=None,
        created_at=NOW,
        updated_at=NOW,
    )


class TestHashing:
    async def test_is_argon2id_and_verifies(self, passwords: Passwords) -> None:
        digest = await passwords.hash("correct horse")
        ada = user(digest.digest, digest.algorithm)

        right = await passwords.verify(ada, "correct horse")
        wrong = await passwords.verify(ada, "correct horsf")

        assert digest.algorithm == "Argon2id"
        assert digest.digest.startswith("$argon2id$v=19$m=8192,t=1,p=1$")
        assert (right.is_correct, right.rehashed, wrong.is_correct) == (True, None, False)

    async def test_never_twice_the_same(self, passwords: Passwords) -> None:
        assert await passwords.hash("same") != await passwords.hash("same")

    async def test_shows_no_digest(self, passwords: Passwords) -> None:
        assert "argon2id$" not in repr(await passwords.hash("secret"))

    @pytest.mark.parametrize(
        ("algorithm", "variant"),
        [("Argon2i", low_level.Type.I), ("Argon2d", low_level.Type.D)],
    )
    async def test_older_variants_verify_and_are_rehashed(
        self, passwords: Passwords, algorithm: str, variant: low_level.Type
    ) -> None:
        digest = low_level.hash_secret(
            b"imported", b"0123456789abcdef", 8, 8192, 1, 32, variant
        ).decode()

        outcome = await passwords.verify(user(digest, algorithm), "imported")

        assert outcome.is_correct
        assert outcome.rehashed is not None
        assert outcome.rehashed.algorithm == "Argon2id"

    @pytest.mark.parametrize(
        ("password", "is_correct"),
        [
            ("x" * 72, True),
            ("x" * 80, True),
            ("x" * 71, False),
            ("x" * 72 + "\0", True),
            ("\0", False),
        ],
    )
    async def test_bcrypt_sees_72_bytes(
        self, passwords: Passwords, password: str, is_correct: bool
    ) -> None:
        """What another system cut off cannot be compared here; from then on all of it counts."""
        digest = "$2b$05$abcdefghijklmnopqrstuujf8SX2ahXLwp9w/B.Y5XdysS6yR576q"

        outcome = await passwords.verify(user(digest, "Bcrypt"), password)

        assert outcome.is_correct is is_correct
        assert (outcome.rehashed is not None) is is_correct

    async def test_new_parameters_lead_to_a_new_digest(
        self, passwords: Passwords, tmp_path: Path
    ) -> None:
        old = await passwords.hash("same")
        stronger = Passwords(settings(tmp_path, password_hash_time=2))

        outcome = await stronger.verify(user(old.digest, old.algorithm), "same")
        stronger.close()

        assert outcome.rehashed is not None
        assert "t=2" in outcome.rehashed.digest

    @pytest.mark.parametrize(
        ("digest", "algorithm"),
        [
            (None, None),
            ("", "Argon2id"),
            ("$argon2id$broken", "Argon2id"),
            ("x", "MD5"),
            ("x", "Bcrypt"),
        ],
    )
    async def test_what_cannot_be_verified_is_wrong(
        self, passwords: Passwords, digest: str | None, algorithm: str | None
    ) -> None:
        assert not (await passwords.verify(user(digest, algorithm), "x")).is_correct

    async def test_nobody_is_wrong(self, passwords: Passwords) -> None:
        assert not (await passwords.verify(None, "x")).is_correct

    async def test_half_a_character_is_no_crash(self, passwords: Passwords) -> None:
        """JSON can carry half a surrogate pair."""
        assert not (await passwords.verify(None, "\ud83d")).is_correct


class TestThePool:
    async def test_a_full_queue_is_503(self, tmp_path: Path) -> None:
        """RFC 9110 section 15.6.4: busy, with a time to come back, instead of an endless wait."""
        pool = Passwords(settings(tmp_path, password_hash_queue=1))
        first = [asyncio.ensure_future(pool.hash("x")) for _ in range(2)]
        await asyncio.sleep(0)

        with pytest.raises(ServiceUnavailable) as caught:
            await pool.hash("x")

        assert caught.value.retry_after > 0
        await asyncio.gather(*first)
        await pool.hash("there is room again")
        pool.close()

    @pytest.mark.parametrize(
        ("password", "expected"),
        [("", False), ("x", True), ("x" * 4096, True), ("é" * 4096, False)],
    )
    def test_what_is_hashed_at_all(self, password: str, expected: bool) -> None:
        assert is_hashable(password) is expected
