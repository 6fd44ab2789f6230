"""What a person types."""

from __future__ import annotations

import re

import pytest

from doorward.device_codes.user_codes import new_user_code, parse_user_code


class TestNewUserCode:
    def test_form(self) -> None:
        """RFC 8628 section 6.1: consonants only, in two groups; no two are the same."""
        codes = {new_user_code() for _ in range(1000)}

        assert len(codes) == 1000
        assert all(
            re.fullmatch("[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}", c) for c in codes
        )


class TestParseUserCode:
    @pytest.mark.parametrize(
        "typed",
        ["BCDF-GHJK", "bcdfghjk", " BCDF GHJK ", "bcdf–ghjk", "b.c.d.f.g.h.j.k", "BCDF_GHJK\n"],
    )
    def test_forgiving(self, typed: str) -> None:
        """RFC 8628 section 6.1: case, spaces and punctuation do not matter."""
        assert parse_user_code(typed) == "BCDF-GHJK"

    @pytest.mark.parametrize(
        "typed",
        ["", "BCDF-GHJ", "BCDF-GHJKL", "BCDF-GHJA", "BCDF-GHJ0", "ВСDF-GHJK", "B" * 100_000],
    )
    def test_nothing_else(self, typed: str) -> None:
        """Too short, too long, vowels, digits, letters that only look alike."""
        assert parse_user_code(typed) is None
