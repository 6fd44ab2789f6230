"""What a new password must be like (reference: experience.md section 10)."""

from __future__ import annotations

import pytest

from doorward.sign_in_experience.document import (
    PasswordCharacterTypes,
    PasswordLength,
    PasswordPolicy,
    PasswordRejects,
)
from doorward.users.password_policy import UserInfo, find_issues

DEFAULT = PasswordPolicy()
ADA = UserInfo(username="ada", email="lovelace@example.com", name="Ada King")


def codes(
    password: str, policy: PasswordPolicy = DEFAULT, info: UserInfo | None = None
) -> list[str]:
    issues = find_issues(password, policy, info)
    return [issue.code.removeprefix("password_rejected.") for issue in issues]


class TestDefaultPolicy:
    @pytest.mark.parametrize(
        "password",
        ["correct-horse-9!", "ada-lovelace-1815", "zebra mango lamp", "aaabcXq7zzt", "12345678Qx7"],
    )
    def test_accepts(self, password: str) -> None:
        assert codes(password, info=ADA) == []

    @pytest.mark.parametrize(
        ("password", "reasons"),
        [
            ("q7!zPm2", ["too_short"]),
            ("q7!zPm2" * 40, ["too_long"]),
            ("pässword-q7z", ["unsupported_characters"]),
            ("aaaaaaaaaa", ["restricted.repetition"]),
            ("abcdefgh", ["restricted.sequence"]),
            ("87654321", ["restricted.sequence"]),
            ("qwertyui", ["restricted.sequence"]),
            ("ada12345", ["restricted.sequence", "restricted.user_info"]),
            ("Lovelace", ["restricted.user_info"]),
            ("aaaa1234", ["restricted.repetition", "restricted.sequence"]),
        ],
    )
    def test_refuses(self, password: str, reasons: list[str]) -> None:
        assert codes(password, info=ADA) == reasons

    def test_says_the_length_it_wants(self) -> None:
        (issue,) = find_issues("short", DEFAULT)

        assert issue.interpolation == {"min": 8}


class TestTenantPolicy:
    def test_kinds_of_characters(self) -> None:
        policy = PasswordPolicy(character_types=PasswordCharacterTypes(min=3))

        assert codes("zebramangolamp", policy) == ["character_types"]
        assert codes("Zebra mangolamp", policy) == []

    def test_words(self) -> None:
        policy = PasswordPolicy(rejects=PasswordRejects(words=("Bookstore",)))

        assert codes("bookstore1", policy) == ["restricted.words"]
        assert codes("bookstore-q7z", policy) == []

    def test_rules_that_are_off(self) -> None:
        policy = PasswordPolicy(
            length=PasswordLength(min=1),
            rejects=PasswordRejects(repetition_and_sequence=False, user_info=False),
        )

        assert codes("aaa", policy) == []
        assert codes("ada", policy, ADA) == []
