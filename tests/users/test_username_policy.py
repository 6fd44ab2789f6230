"""What a user name may be."""

from __future__ import annotations

import pytest

from doorward.errors import RequestError
from doorward.sign_in_experience.document import AllowedUsernameCharacters, UsernamePolicy
from doorward.users.username_policy import check_username

STRICT = UsernamePolicy(
    min_length=3,
    max_length=8,
    allowed_chars=AllowedUsernameCharacters(uppercase=False, numbers=False, underscore=False),
)


class TestUsername:
    @pytest.mark.parametrize("username", ["a", "_", "Ada_1815", "x" * 128])
    def test_accepts(self, username: str) -> None:
        check_username(username, UsernamePolicy())

    @pytest.mark.parametrize(
        ("username", "code"),
        [
            ("", "user.username_required"),
            ("1ada", "user.username_starts_with_number"),
            ("ada lovelace", "user.username_invalid_charset_hard"),
            ("adá", "user.username_invalid_charset_hard"),
            ("ada\n", "user.username_invalid_charset_hard"),
            ("ab", "user.username_too_short"),
            ("abcdefghi", "user.username_too_long"),
            ("Ada", "user.username_uppercase_not_allowed"),
            ("ada1", "user.username_numbers_not_allowed"),
            ("ad_a", "user.username_underscore_not_allowed"),
        ],
    )
    def test_refuses(self, username: str, code: str) -> None:
        with pytest.raises(RequestError) as caught:
            check_username(username, STRICT)

        assert (caught.value.code, caught.value.status) == (code, 422)
