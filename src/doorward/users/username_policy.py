"""What a user name may be: the pattern every tenant has, and the tenant's own rules."""

from __future__ import annotations

import re

from doorward.errors import RequestError
from doorward.sign_in_experience.document import UsernamePolicy

_PATTERN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def check_username(username: str, policy: UsernamePolicy) -> None:
    """Check a new user name.

    Raises:
        RequestError: 422 user.username_*, the first rule that is broken.
    """
    rule = _broken_rule(username, policy)
    if rule is not None:
        raise RequestError(
            f"user.username_{rule}",
            status=422,
            interpolation={"min": policy.min_length, "max": policy.max_length},
        )


def _broken_rule(username: str, policy: UsernamePolicy) -> str | None:
    allowed = policy.allowed_chars
    rules = (
        ("required", not username),
        ("starts_with_number", username[:1] in "0123456789"),
        ("invalid_charset_hard", not _PATTERN.fullmatch(username)),
        ("too_short", len(username) < policy.min_length),
        ("too_long", len(username) > policy.max_length),
        ("uppercase_not_allowed", not allowed.uppercase and bool(re.search("[A-Z]", username))),
        ("lowercase_not_allowed", not allowed.lowercase and bool(re.search("[a-z]", username))),
        ("numbers_not_allowed", not allowed.numbers and bool(re.search("[0-9]", username))),
        ("underscore_not_allowed", not allowed.underscore and "_" in username),
    )
    return next((rule for rule, is_broken in rules if is_broken), None)
