"""DPoP by npm oauth4webapi and openid-client, against a server that wants its nonces used."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.clients.test_node import run_script
from tests.support.bookstore import Bookstore
from tests.support.server import Server, running_server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A running server that wants a nonce in every proof."""
    settings = {"DOORWARD_REQUIRE_DPOP_NONCE": "true"}
    with running_server(
        tmp_path_factory.mktemp("server"), settings=settings, is_warm=True
    ) as server:
        yield server


@pytest.mark.parametrize("name", ["web", "native"])
def test_dpop(bookstore: Bookstore, name: str) -> None:
    """RFC 9449: a confidential and a public client; pushed request, code, userinfo, refresh, and a
    JWT access token whose API checks the binding."""
    seen = run_script("dpop.js", bookstore, getattr(bookstore, name))

    one = seen["oauth4webapi"]
    assert one["tokenType"] == one["refreshedType"] == "dpop"
    assert one["username"] == "reader0"
    assert one["jkt"] == one["expectedJkt"]
    status, challenge = one["stolen"]
    assert status == 401
    assert challenge.startswith('DPoP error="invalid_token"')
    other = seen["openidClient"]
    assert other["tokenType"] == other["refreshedType"] == "dpop"
    assert other["username"] == "reader0"
    assert seen["retries"] >= 1
