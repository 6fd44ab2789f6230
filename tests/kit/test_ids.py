"""Ids, secrets and tokens: their form, and that chance is fair."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from doorward.kit.ids import new_id, new_ordered_id, new_secret, new_token, time_prefix


class TestForm:
    def test_ids(self) -> None:
        """Lower-case letters and digits, of the length that clients expect."""
        assert len(new_id()) == 21
        assert len(new_id(12)) == 12
        assert set("".join(new_id() for _ in range(1000))) == set(
            "0123456789abcdefghijklmnopqrstuvwxyz"
        )

    def test_secrets(self) -> None:
        """RFC 6749 section 2.3.1, against brute force: 190 bits of ours, never a client's
        choice."""
        assert len(new_secret()) == 32
        assert len(set("".join(new_secret() for _ in range(1000)))) == 62

    def test_tokens(self) -> None:
        """RFC 6749 section 10.10: 256 bits where 128 are demanded; base64url without padding."""
        assert len(new_token()) == 43

    @pytest.mark.parametrize("length", [1, 64, 500])
    def test_any_length(self, length: int) -> None:
        assert len(new_id(length)) == length


class TestChance:
    def test_no_character_is_preferred(self) -> None:
        """Mapping bytes by remainder alone would make four characters more likely by a seventh."""
        counts = Counter(new_id(200_000))

        expected = 200_000 / 36
        assert all(abs(count - expected) < expected * 0.08 for count in counts.values())

    def test_never_twice(self) -> None:
        assert len({new_id() for _ in range(10_000)}) == 10_000


class TestOrderedIds:
    def test_they_sort_as_their_moments_do(self) -> None:
        """Rows of one time stand together; the time takes 9 of the 21 characters."""
        moment = datetime(2026, 11, 24, 12, tzinfo=UTC)
        earlier, later = (new_ordered_id(moment + timedelta(milliseconds=step)) for step in (0, 1))

        assert earlier < later
        assert earlier[:9] == time_prefix(moment)
        assert len(earlier) == 21

    def test_two_of_one_moment_differ(self) -> None:
        moment = datetime(2026, 11, 24, 12, tzinfo=UTC)

        assert len({new_ordered_id(moment) for _ in range(1000)}) == 1000
