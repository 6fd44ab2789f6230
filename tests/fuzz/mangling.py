"""Takes a good form and spoils it: parts dropped, repeated, emptied, mistyped, blown up, replaced.

A good form comes near enough to success to reach the checks deep inside; noise alone is refused by
the first of them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote_plus

from hypothesis import strategies as st

Pairs = list[tuple[str, str]]

# The body limit is 56 kB; these come close to it from both sides.
OVERSIZED = ["x" * 2_000, "x" * 55_000, "x" * 70_000, "a " * 10_000]
AWKWARD = [
    "",
    " ",
    "\x00",
    "null",
    "true",
    "-1",
    "1e309",
    "9" * 40,
    "[]",
    '{"$ne": null}',
    "' OR 1=1 --",
    "%00",
    "%zz",
    "\r\nset-cookie: a=b",
    "javascript:alert(1)",
    "https://evil.example/callback",
    "//evil.example",
    "ÄöÜ\u202e\ufeff",
    "\ud7ff\U0010ffff",
    "..",
    "openid openid",
    "*",
]
NAMES = [
    "client_id", "client_secret", "client_assertion", "client_assertion_type", "code",
    "code_challenge", "code_challenge_method", "code_verifier", "display", "grant_type",
    "id_token_hint", "login_hint", "max_age", "nonce", "organization_id", "prompt",
    "redirect_uri", "refresh_token", "request", "request_uri", "resource", "response_mode",
    "response_type", "scope", "state", "token", "token_type_hint", "ui_locales", "first_screen",
    "interaction_mode", "direct_sign_in", "identifier", "parse_error", "claims", "acr_values",
    "authorization_details", "dpop_jkt", "audience", "subject_token", "subject_token_type",
    "actor_token", "actor_token_type", "requested_token_type", "device_code", "user_code",
    "logout_hint", "post_logout_redirect_uri",
]  # fmt: skip
RAW_VALUES = ["%", "%f", "%ff%fe", "%00", "%C3%28", "+%2B", "=", "&&", ";", "%u0041"]


@dataclass(frozen=True)
class Form:
    """What is sent: pairs to be encoded, and a tail that is sent as it is."""

    pairs: tuple[tuple[str, str], ...]
    raw_tail: str = ""

    @property
    def encoded(self) -> bytes:
        text = "&".join(
            f"{quote_plus(name.encode('utf-8', 'surrogatepass'))}"
            f"={quote_plus(value.encode('utf-8', 'surrogatepass'))}"
            for name, value in self.pairs
        )
        return f"{text}{self.raw_tail}".encode()


def words() -> st.SearchStrategy[str]:
    """Values of any kind."""
    return st.one_of(st.sampled_from(AWKWARD), st.sampled_from(OVERSIZED), st.text(max_size=40))


@st.composite
def spoilt(draw: st.DrawFn, good: Mapping[str, str]) -> Form:
    """Return `good` after one to three mishaps."""
    pairs = list(good.items())
    tail = ""
    for _ in range(draw(st.integers(1, 3))):
        mishap = draw(st.sampled_from(["drop", "repeat", "replace", "add", "case", "tail"]))
        at = draw(st.integers(0, max(0, len(pairs) - 1)))
        if mishap == "add" or not pairs:
            pairs.insert(at, (draw(st.sampled_from(NAMES) | st.text(max_size=8)), draw(texts())))
        elif mishap == "drop":
            del pairs[at]
        elif mishap == "repeat":
            pairs.append((pairs[at][0], draw(st.just(pairs[at][1]) | words())))
        elif mishap == "replace":
            pairs[at] = (pairs[at][0], draw(texts()))
        elif mishap == "case":
            name, value = pairs[at]
            pairs[at] = draw(st.sampled_from([(name.upper(), value), (name, value.swapcase())]))
        else:
            tail = f"&{draw(st.sampled_from(NAMES))}={draw(st.sampled_from(RAW_VALUES))}"
    return Form(tuple(pairs), tail)


def texts() -> st.SearchStrategy[str]:
    """Values of any kind, JSON among them: some parameters are written in it."""
    return words() | json_values().map(json.dumps)


def json_values() -> st.SearchStrategy[object]:
    """JSON of the wrong type for a parameter."""
    scalars = (
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats(allow_nan=False, allow_infinity=False)
        | words()
    )
    return st.recursive(
        scalars,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words(), inner, max_size=3),
        max_leaves=5,
    )
