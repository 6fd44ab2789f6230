"""schemathesis on the management API: every operation that /api/swagger.json describes."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.fuzz.state import fingerprint
from tests.support.bookstore import Bookstore
from tests.support.management import management_api, management_token
from tests.support.server import Server

EXAMPLES = 12
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
PUBLIC = ("/api/.well-known/", "/api/status", "/api/swagger.json")
# These know their caller by the sign-in that its browser is in, not by a token.
OF_A_SIGN_IN = ("/api/experience", "/api/interaction")
METHODS = {"get", "post", "put", "patch", "delete"}


@pytest.fixture(scope="module")
def described(server: Server, bookstore: Bookstore) -> Any:
    """The description that the server gives of itself."""
    del bookstore  # there has to be something that the requests could change
    return schemathesis.openapi.from_url(f"{server.endpoint}/api/swagger.json")


def known_ids(server: Server, bookstore: Bookstore) -> dict[str, str]:
    """What exists, by the first segment of its path."""
    with management_api(server) as api:
        return {
            "applications": bookstore.web.id,
            **{
                noun: api.get(f"/api/{noun}").json()[0]["id"]
                for noun in ("users", "resources", "roles")
            },
        }


@pytest.mark.slow
def test_every_operation(
    server: Server, bookstore: Bookstore, described: Any, subtests: pytest.Subtests
) -> None:
    """No 500, only described statuses and bodies, and a refusal changes nothing."""
    headers = {"authorization": f"Bearer {management_token(server)}"}
    ids = known_ids(server, bookstore)

    for found in described.get_all_operations():
        operation = found.ok()
        if not operation.path.startswith("/api/") or operation.path.startswith(OF_A_SIGN_IN):
            continue
        strategies = [
            operation.as_strategy(generation_mode=mode)
            for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
        ]

        @settings(max_examples=EXAMPLES)
        @given(case=st.one_of(strategies), is_known=st.booleans())
        def check(case: schemathesis.Case[Any], is_known: bool) -> None:
            noun = case.operation.path.split("/")[2]
            # A known id reaches what lies behind the 404; what exists is not deleted by that.
            if is_known and noun in ids and case.path_parameters and case.method != "DELETE":
                case.path_parameters[next(iter(case.path_parameters))] = ids[noun]
            before = fingerprint(server)

            answer = case.call(base_url=server.endpoint, headers=headers, timeout=20)

            case.validate_response(answer, checks=CHECKS)
            if answer.status_code >= 400:
                assert fingerprint(server) == before

        with subtests.test(operation.label):
            check()


def test_a_stranger_is_refused_everywhere(server: Server, described: Any) -> None:
    """Without a token every operation but the public ones answers 401."""
    operations = [
        (method, path)
        for path, methods in described.raw_schema["paths"].items()
        for method in methods
        if method in METHODS and not path.startswith((*OF_A_SIGN_IN, *PUBLIC))
    ]

    statuses = {
        (method, path): httpx.request(
            method, f"{server.endpoint}{path}", verify=False, timeout=20
        ).status_code
        for method, path in operations
    }

    assert set(statuses.values()) == {401}, statuses
