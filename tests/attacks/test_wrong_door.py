"""A credential where it does not belong, or altered: refused, and nothing is spent."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.attacks.credentials import (
    CREDENTIALS,
    DOORS,
    RIGHTFUL,
    Credential,
    Scene,
    is_refused,
)

# What is tried here ends before a store is asked, or asks it one question by primary key.
pytestmark = [
    pytest.mark.parametrize("database_kind", ["sqlite"]),
    pytest.mark.parametrize("credential", CREDENTIALS, ids=lambda credential: credential.name),
]

SENT_IN_A_HEADER = {
    "access_token",
    "session",
    "initial_access_token",
    "registration_access_token",
}


def altered(value: str) -> Iterator[str]:
    """Yield what a value looks like after a mishap, or in the hands of someone who tries."""
    middle = len(value) // 2
    yield value[:-1]
    yield value[1:]
    yield value[:middle]
    yield value[:16]
    yield value + "A"
    yield "A" + value
    yield value + "="
    yield value + " A"
    yield value[:middle] + ("A" if value[middle] != "A" else "B") + value[middle + 1 :]
    yield value.swapcase()
    yield value[::-1]
    yield value + value
    yield value.replace(value[3], "\u0431", 1)
    yield "0" * len(value)


def is_header_safe(value: str) -> bool:
    return value.isascii() and value.isprintable()


class TestWrongDoor:
    async def test_opens_its_own_door_only(self, scene: Scene, credential: Credential) -> None:
        """RFC 9700 section 4.10: a token of one kind is worth nothing as one of another."""
        value = await credential.make(scene)
        opened = []

        for name, use in DOORS.items():
            if name == credential.name or (credential.name, name) in RIGHTFUL:
                continue
            if not is_refused(await use(scene, value, scene.client, scene.house)):
                opened.append(name)

        # Asking at the wrong doors has cost its owner nothing.
        assert opened == []
        answer = await credential.use(scene, value, scene.client, scene.house)
        assert not is_refused(answer), answer.text

    async def test_altered(self, scene: Scene, credential: Credential) -> None:
        """Truncated, padded, flipped, doubled: refused, and the real one still works."""
        value = await credential.make(scene)
        opened = []

        for attempt in altered(value):
            if not is_header_safe(attempt) and credential.name in SENT_IN_A_HEADER:
                continue
            answer = await credential.use(scene, attempt, scene.client, scene.house)
            if not is_refused(answer):
                opened.append(attempt)

        assert opened == []
        answer = await credential.use(scene, value, scene.client, scene.house)
        assert not is_refused(answer), answer.text
