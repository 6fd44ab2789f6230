"""Two nodes on one PostgreSQL: what happens on one is in force on the other within a second."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import httpx
import pytest

from tests.support.bookstore import RESOURCE, RESOURCE_SCOPE, Bookstore, open_bookstore
from tests.support.databases import empty_database
from tests.support.dpop import Prover
from tests.support.management import management_api, management_token
from tests.support.pages import Visitor
from tests.support.server import Server, running_server

WITHIN = 1.0


@dataclass(frozen=True)
class Cluster:
    """Two nodes of one installation; `other` is the base URL of the second."""

    first: Server
    other: str
    bookstore: Bookstore

    def asks_other(self, method: str, path: str, **content: object) -> httpx.Response:
        """Send the second node what a load balancer would: its address, the public name."""
        host = {"host": self.first.endpoint.removeprefix("http://")}
        headers = host | dict(content.pop("headers", {}))  # type: ignore[call-overload]
        return httpx.request(method, f"{self.other}{path}", headers=headers, **content)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Two nodes with a Bookstore that was made on the first."""
    directory = tmp_path_factory.mktemp("nodes")
    with (
        empty_database("postgresql", directory=directory) as url,
        running_server(directory / "first", database_url=url) as first,
    ):
        settings = {
            "DOORWARD_ENDPOINT": first.endpoint,
            "DOORWARD_ADMIN_ENDPOINT": first.admin_endpoint,
            "DOORWARD_SECRET_KEY": (first.directory / "data" / "secret.key").read_text().strip(),
        }
        with running_server(directory / "second", database_url=url, settings=settings) as second:
            other = f"http://127.0.0.1:{second.port}"
            yield Cluster(first, other, open_bookstore(first))


def _until(is_so: Callable[[], bool]) -> float:
    """Return after how many seconds it was so; more than `WITHIN` fails."""
    started = time.monotonic()
    while not is_so():
        assert time.monotonic() - started < WITHIN, "the other node does not know yet"
        time.sleep(0.02)
    return time.monotonic() - started


class TestTwoNodes:
    def test_a_rotated_key_is_published_by_both(self, cluster: Cluster) -> None:
        """Tokens that one node signs with the new key verify against the other's JWKS."""
        first = cluster.first
        known = {key["kid"] for key in cluster.asks_other("GET", "/oidc/jwks").json()["keys"]}

        with management_api(first) as api:
            rotated = api.post("/api/configs/oidc/private-keys/rotate", json={})

        assert rotated.status_code == 200, rotated.text
        fresh = {key["id"] for key in rotated.json()} - known
        assert fresh
        _until(
            lambda: (
                fresh
                <= {key["kid"] for key in cluster.asks_other("GET", "/oidc/jwks").json()["keys"]}
            )
        )

    def test_a_revoked_grant_ends_on_both(self, cluster: Cluster) -> None:
        """An access token and a refresh token end everywhere when the refresh token is revoked."""
        bookstore = cluster.bookstore
        with Visitor() as visitor:
            tokens = bookstore.sign_in(visitor, bookstore.web)
        bearer = {"authorization": f"Bearer {tokens['access_token']}"}
        assert cluster.asks_other("GET", "/oidc/me", headers=bearer).status_code == 200

        revoked = httpx.post(
            f"{bookstore.issuer}/token/revocation",
            data={"token": tokens["refresh_token"], **bookstore.web.credentials},
        )

        assert revoked.status_code == 200
        # What a token is worth is read from the database: there is nothing to wait for.
        assert cluster.asks_other("GET", "/oidc/me", headers=bearer).status_code == 401

    def test_a_changed_application_counts_on_both(self, cluster: Cluster) -> None:
        """A deleted secret stops working on the other node, a new one begins to."""
        machine = cluster.bookstore.machine
        with management_api(cluster.first) as api:
            path = f"/api/applications/{machine.id}/secrets"
            added = api.post(path, json={"name": "second"}).json()["value"]
            _until(lambda: _token(cluster, machine.id, added).status_code == 200)

            api.delete(f"{path}/second").raise_for_status()

        _until(lambda: _token(cluster, machine.id, added).status_code == 401)
        assert _token(cluster, machine.id, machine.secret).status_code == 200

    def test_a_token_of_one_node_opens_the_other(self, cluster: Cluster) -> None:
        """The management API of the second node takes what the first one signed."""
        headers = {"authorization": f"Bearer {management_token(cluster.first)}"}

        answer = cluster.asks_other("GET", "/api/applications", headers=headers)

        assert answer.status_code == 200, answer.text

    def test_a_proof_works_on_one(self, cluster: Cluster) -> None:
        """RFC 9449 section 11.1: a DPoP proof that one node has seen is used up on the other."""
        prover = Prover()
        form = {
            "grant_type": "client_credentials",
            "resource": RESOURCE,
            **cluster.bookstore.machine.credentials,
        }
        headers = {"dpop": prover.proof("POST", f"{cluster.first.issuer}/token")}

        given = httpx.post(f"{cluster.first.issuer}/token", data=form, headers=headers)
        again = cluster.asks_other("POST", "/oidc/token", data=form, headers=headers)

        assert given.json()["token_type"] == "DPoP"
        assert (again.status_code, again.json()["error"]) == (400, "invalid_dpop_proof")

    def test_a_nonce_works_on_both(self, cluster: Cluster) -> None:
        """RFC 9449 section 8: a nonce that one node handed out is good on the other."""
        prover = Prover()
        address = f"{cluster.first.issuer}/token"
        form = {
            "grant_type": "client_credentials",
            "resource": RESOURCE,
            **cluster.bookstore.machine.credentials,
        }
        wrong = prover.proof("POST", address, nonce="of another server")
        refused = httpx.post(address, data=form, headers={"dpop": wrong})
        right = prover.proof("POST", address, nonce=refused.headers["dpop-nonce"])

        given = cluster.asks_other("POST", "/oidc/token", data=form, headers={"dpop": right})

        assert given.json()["token_type"] == "DPoP"


def _token(cluster: Cluster, client_id: str, secret: str) -> httpx.Response:
    form = {
        "grant_type": "client_credentials",
        "client_id": client_id,
        "client_secret": secret,
        "resource": RESOURCE,
        "scope": RESOURCE_SCOPE,
    }
    return cluster.asks_other("POST", "/oidc/token", data=form)
