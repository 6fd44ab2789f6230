"""What a new password must be like (reference: experience.md section 10).

`find_issues` is pure. Repetitions, sequences, words and the user's own data are judged together:
each marks the characters it covers, and a password is refused when fewer than three characters
remain that nothing marks. "ada-lovelace-1815" is therefore fine for Ada, "ada12345" is not.
"""

from __future__ import annotations

import string
from collections.abc import Iterable
from typing import Any

import msgspec

from doorward.errors import RequestError
from doorward.sign_in_experience.document import PasswordPolicy

_SYMBOLS = string.punctuation + " "
_KINDS = (string.ascii_lowercase, string.ascii_uppercase, string.digits, _SYMBOLS)
_SUPPORTED = frozenset("".join(_KINDS))
_RUNS = (string.ascii_lowercase, string.digits + "0", "qwertyuiop", "asdfghjkl", "zxcvbnm")
_SEQUENCES = tuple(run for text in _RUNS for run in (text, text[::-1]))
_SHORTEST_RUN = 3
_FREE_CHARACTERS = 3


class PasswordIssue(msgspec.Struct, frozen=True, omit_defaults=True):
    """One reason against a password, as clients get it in `data`."""

    code: str
    interpolation: dict[str, int] = {}


class UserInfo(msgspec.Struct, frozen=True):
    """What an attacker would try first: the user's own data."""

    username: str | None = None
    email: str | None = None
    phone: str | None = None
    name: str | None = None

    def fragments(self) -> list[str]:
        """The parts that count, in lower case; parts of one or two characters do not."""
        address = (self.email or "").partition("@")[0]
        name = self.name or ""
        values = [self.username or "", address, self.phone or "", name, *name.split()]
        return [value.lower() for value in values if len(value) >= _SHORTEST_RUN]


def find_issues(
    password: str, policy: PasswordPolicy, user_info: UserInfo | None = None
) -> list[PasswordIssue]:
    """Return everything that speaks against the password, save whether it was ever leaked."""
    length = policy.length
    if len(password) < length.min:
        return [_issue("too_short", min=length.min)]
    if len(password) > length.max:
        return [_issue("too_long", max=length.max)]
    issues = []
    if not _SUPPORTED.issuperset(password):
        issues.append(_issue("unsupported_characters"))
    kinds = sum(any(character in kind for character in password) for kind in _KINDS)
    if kinds < policy.character_types.min:
        issues.append(_issue("character_types", min=policy.character_types.min))
    return issues + _restricted(password, policy, user_info or UserInfo())


def rejection(issues: Iterable[PasswordIssue]) -> RequestError:
    """Return the refusal of a password: 422 password.rejected, the issues as its data."""
    return RequestError("password.rejected", status=422, data=msgspec.to_builtins(list(issues)))


PWNED = PasswordIssue(code="password_rejected.pwned")


def _issue(reason: str, **interpolation: int) -> PasswordIssue:
    return PasswordIssue(code=f"password_rejected.{reason}", interpolation=interpolation)


def _restricted(password: str, policy: PasswordPolicy, user_info: UserInfo) -> list[PasswordIssue]:
    text = password.lower()
    rejects = policy.rejects
    marks: dict[str, set[int]] = {}
    if rejects.repetition_and_sequence:
        marks["repetition"] = _repetitions(password)
        marks["sequence"] = _sequences(text)
    if rejects.user_info:
        marks["user_info"] = _occurrences(text, user_info.fragments())
    marks["words"] = _occurrences(text, [word.lower() for word in rejects.words if word])
    marked: set[int] = set().union(*marks.values())
    if len(marked) <= max(1, len(password) - _FREE_CHARACTERS):
        return []
    return [_issue(f"restricted.{reason}") for reason, places in marks.items() if places]


def _repetitions(text: str) -> set[int]:
    places: set[int] = set()
    start = 0
    for end in range(1, len(text) + 1):
        if end == len(text) or text[end] != text[start]:
            if end - start >= _SHORTEST_RUN:
                places.update(range(start, end))
            start = end
    return places


def _sequences(text: str) -> set[int]:
    places: set[int] = set()
    for start in range(len(text) - _SHORTEST_RUN + 1):
        run = text[start : start + _SHORTEST_RUN]
        if any(run in sequence for sequence in _SEQUENCES):
            places.update(range(start, start + _SHORTEST_RUN))
    return places


def _occurrences(text: str, fragments: Iterable[str]) -> set[int]:
    places: set[int] = set()
    for fragment in fragments:
        start = text.find(fragment)
        while start >= 0:
            places.update(range(start, start + len(fragment)))
            start = text.find(fragment, start + 1)
    return places


def policy_view(policy: PasswordPolicy) -> dict[str, Any]:
    """Return the policy as pages show it (`ui.password` in kit/templates/ui.html)."""
    return {
        "min_length": policy.length.min,
        "min_types": policy.character_types.min,
        "rejects_repetition": policy.rejects.repetition_and_sequence,
        "rejects_pwned": policy.rejects.pwned,
        "rejects_user_info": policy.rejects.user_info,
    }
