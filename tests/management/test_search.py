"""The search language, on both databases."""

from __future__ import annotations

from urllib.parse import urlencode

import httpx
import pytest

from tests.support.server import Server

USERS = [
    {"username": "alice", "primaryEmail": "alice@books.example", "name": "Alice"},
    {"username": "Bob", "primaryEmail": "bob@books.example", "name": "Alicia's brother"},
    {"username": "carol_1", "primaryPhone": "4915112345", "name": "100% Carol"},
]


@pytest.fixture(scope="module", autouse=True)
def users(api: httpx.Client) -> None:
    for user in USERS:
        assert api.post("/api/users", json=user).status_code == 200


def found(api: httpx.Client, *pairs: tuple[str, str]) -> set[str]:
    answer = api.get(f"/api/users?{urlencode(pairs)}")
    assert answer.status_code == 200, answer.text
    return {user["username"] for user in answer.json()}


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        # like: the caller brings the wildcards, and case does not count
        ([("search", "%ALIC%")], {"alice", "Bob"}),
        ([("search", "alic")], set()),
        ([("search.username", "a%")], {"alice"}),
        ([("search.username", "car_l\\_1")], {"carol_1"}),
        ([("search.primaryEmail", "%@books.example")], {"alice", "Bob"}),
        ([("search.primary_email", "%@books.example")], {"alice", "Bob"}),
        ([("search.primaryPhone", "49%")], {"carol_1"}),
        # case counts
        ([("search.name", "%alic%"), ("isCaseSensitive", "true")], set()),
        ([("search.name", "%Alic%"), ("isCaseSensitive", "yes")], {"alice", "Bob"}),
        ([("search.name", "%[A]lic%"), ("isCaseSensitive", "1")], set()),
        ([("search.name", "%*%"), ("isCaseSensitive", "1")], set()),
        ([("search.name", "Alic_"), ("isCaseSensitive", "1")], {"alice"}),
        ([("search.name", "100\\% C%"), ("isCaseSensitive", "1")], {"carol_1"}),
        ([("search.name", "1\\%%"), ("isCaseSensitive", "1")], set()),
        # exact
        ([("search.username", "BOB"), ("mode", "exact")], {"Bob"}),
        ([("search.username", "BOB"), ("mode", "exact"), ("isCaseSensitive", "1")], set()),
        (
            [("search.username", "bob"), ("search.username", "alice"), ("mode.username", "exact")],
            {"alice", "Bob"},
        ),
        ([("search.username", "%ob"), ("mode", "exact")], set()),
        # joint
        ([("search.username", "alice"), ("search.name", "%Carol")], {"alice", "carol_1"}),
        (
            [("search.primaryEmail", "%books%"), ("search.name", "%bro%"), ("joint", "and")],
            {"Bob"},
        ),
        ([("search.username", "x"), ("search.name", "%bro%"), ("jointMode", "and")], set()),
        # quotes and the like are values
        ([("search", "' OR 1=1 --")], set()),
        ([("search.name", "%alicia's%")], {"Bob"}),
    ],
)
def test_finds(api: httpx.Client, pairs: list[tuple[str, str]], expected: set[str]) -> None:
    assert found(api, *pairs) == expected


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("search=", "search is empty"),
        ("search.username=", "search.username is empty"),
        ("search.nothing=a", "unknown field 'nothing'"),
        ("search.customData=a", "unknown field 'customData'"),
        ("search.passwordDigest=a", "unknown field 'passwordDigest'"),
        ("search.a.b=a", "unknown field 'a.b'"),
        ("search=a&mode=fuzzy", "unknown mode 'fuzzy'"),
        ("search=a&mode.nothing=like", "unknown field 'nothing'"),
        ("search=a&joint=xor", "unknown joint 'xor'"),
        ("search=a&search=b", "several values of one field need mode=exact"),
        ("search=a&mode=similar_to", "similar_to needs isCaseSensitive=true"),
        ("search=abc%5C", "the pattern ends with a backslash"),
        (f"search={'a' * 257}", "search is longer than 256 characters"),
    ],
)
def test_refuses(api: httpx.Client, query: str, reason: str) -> None:
    answer = api.get(f"/api/users?{query}")

    assert answer.status_code == 400
    assert answer.json()["code"] == "request.invalid_input"
    assert reason in answer.json()["message"]


class TestRegularExpressions:
    """PostgreSQL has them; SQLite says that it has not."""

    def test_similar_to_and_posix(self, server_on_each: Server, api: httpx.Client) -> None:
        similar = api.get(
            "/api/users?search.username=(alice|Bob)&mode=similar_to&isCaseSensitive=1"
        )
        posix = api.get("/api/users?search.username=^[ab]&mode=posix")

        if not server_on_each.database_url.startswith("postgresql"):
            for answer in (similar, posix):
                assert answer.status_code == 400
                assert "needs PostgreSQL" in answer.json()["message"]
            return
        assert {user["username"] for user in similar.json()} == {"alice", "Bob"}
        assert {user["username"] for user in posix.json()} == {"alice", "Bob"}

    def test_a_pattern_that_is_none(self, server_on_each: Server, api: httpx.Client) -> None:
        answer = api.get("/api/users?search.username=(&mode=posix")

        if server_on_each.database_url.startswith("postgresql"):
            assert (answer.status_code, answer.json()["code"]) == (422, "entity.invalid_input")
        else:
            assert (answer.status_code, answer.json()["code"]) == (400, "request.invalid_input")
