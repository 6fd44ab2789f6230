"""Odd, oversized and wrongly typed input at every door: a refusal each time, never a 500."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.sign_in.door import Door, Program

NAMES = st.sampled_from(
    [
        "interactionEvent",
        "identifier",
        "password",
        "type",
        "value",
        "verificationId",
        "connectorData",
        "state",
        "redirectUri",
        "linkSocialIdentity",
    ]
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=40)
    | st.sampled_from(["username", "social", "password", "SignIn", "Register", "\0", "x" * 5000]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=8,
)
CALLS = st.sampled_from(
    [
        ("PUT", ""),
        ("PUT", "/interaction-event"),
        ("POST", "/verification/password"),
        ("POST", "/verification/new-password-identity"),
        ("POST", "/verification/social/{connector}/authorization-uri"),
        ("POST", "/verification/social/{connector}/verify"),
        ("POST", "/verification/social/nobody/verify"),
        ("POST", "/identification"),
        ("POST", "/profile"),
    ]
)
FIELDS = st.dictionaries(
    st.sampled_from(["identifier", "password", "username", "agree", "connector_id", "choice", "x"]),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=60) | st.just("a" * 6000),
    max_size=5,
)
PAGES = st.sampled_from(
    [
        "/sign-in",
        "/register",
        "/sign-in/social",
        "/register/social",
        "/social/link",
        "/missing-profile",
    ]
)
RELAXED = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def test_the_experience_api(door: Door) -> None:
    program = Program(door)
    program.start()

    @RELAXED
    @given(call=CALLS, body=st.dictionaries(NAMES, VALUES, max_size=5) | VALUES)
    def send(call: tuple[str, str], body: Any) -> None:
        method, path = call
        answer = program.call(method, path.format(connector=door.connector_id), body)
        assert answer.status_code < 500, answer.text

    send()


def test_the_pages(door: Door) -> None:
    page = door.arrive()
    token = dict(page.form(holding="identifier").values)["csrf"]
    client = page.visitor.client

    @RELAXED
    @given(path=PAGES, fields=FIELDS, query=st.text(max_size=20))
    def send(path: str, fields: dict[str, str], query: str) -> None:
        url = f"{door.endpoint}{path}?ui_locales={quote(query, errors='replace')}"
        answer = client.post(url, data=fields | {"csrf": token})
        assert answer.status_code < 500, answer.text
        assert answer.status_code == 303 or "text/html" in answer.headers["content-type"]

    send()


def test_the_callback(door: Door) -> None:
    page = door.arrive()

    @RELAXED
    @given(
        connector=st.text(min_size=1, max_size=20),
        pairs=st.dictionaries(st.sampled_from(["state", "code", "error"]), st.text(max_size=30)),
        method=st.sampled_from(["GET", "POST"]),
    )
    def send(connector: str, pairs: dict[str, str], method: str) -> None:
        encoded = {name: value.encode(errors="replace") for name, value in pairs.items()}
        url = f"{door.endpoint}/callback/{quote(connector, safe='', errors='replace')}"
        sent: dict[str, Any] = {"params": encoded} if method == "GET" else {"data": encoded}
        answer = page.visitor.client.request(method, url, **sent)
        assert answer.status_code < 500, answer.text

    send()
