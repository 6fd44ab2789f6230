"""Tokens bound to the client's certificate: RFC 8705 sections 3 to 5."""

from __future__ import annotations

import ipaddress
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from doorward.roles.store import add_application_role, find_role_by_name
from doorward.settings import Settings
from doorward.storage import Database, config_changed
from doorward.users.tables import User
from tests.oidc.conftest import open_house
from tests.oidc.house import ISSUER, House, RegisteredClient, code_form
from tests.support.client_certificates import Issued, issue
from tests.support.dpop import Prover

BOUND = {"tlsClientCertificateBoundAccessTokens": True}
OURS = issue()
ANOTHER = issue()
# The address that the tests' requests come from.
PROXY = ipaddress.ip_network("192.0.2.7/32")


@pytest_asyncio.fixture
async def house(database_url: str, database: Database, tmp_path: Path) -> AsyncIterator[House]:
    """A house behind a proxy that hands over certificates in Client-Cert."""
    settings = Settings(
        data_dir=tmp_path,
        database_url=database_url,
        trusted_proxies=(PROXY,),
        client_certificate_header="client-cert",
        mtls_endpoint="https://mtls.example",
    )
    async with open_house(database, settings) as house:
        yield house


def over(certificate: Issued | None) -> dict[str, str]:
    """Return what the proxy says of a connection with this certificate."""
    return {} if certificate is None else {"client-cert": certificate.byte_sequence}


async def sign_in(
    house: House, client: RegisteredClient, user: User, certificate: Issued | None
) -> httpx.Response:
    answer = await house.browser().authorize(client, user=user)
    return await house.token(code_form(client, answer["code"]), **over(certificate))


async def userinfo(
    house: House, token: str, certificate: Issued | None, *, scheme: str = "Bearer"
) -> httpx.Response:
    headers = {"authorization": f"{scheme} {token}", **over(certificate)}
    return await house.http.get("/oidc/me", headers=headers)


async def refresh(
    house: House, client: RegisteredClient, token: str, certificate: Issued | None
) -> httpx.Response:
    form = {"grant_type": "refresh_token", "refresh_token": token, **client.credentials}
    return await house.token(form, **over(certificate))


class TestIssued:
    async def test_jwt(self, house: House) -> None:
        """RFC 8705 section 3.1: cnf has the certificate's thumbprint; the type stays Bearer."""
        await house.add_resource()
        machine = await house.add_client("MachineToMachine", redirect_uris=(), metadata=BOUND)
        form = {
            "grant_type": "client_credentials",
            "resource": "https://books.example/api",
            **machine.credentials,
        }

        answer = await house.token(form, **over(OURS))

        assert answer.json()["token_type"] == "Bearer"
        claims = await house.verify(answer.json()["access_token"], typ="at+jwt")
        assert claims["cnf"] == {"x5t#S256": OURS.thumbprint}

    async def test_without_a_certificate(self, house: House, ada: User) -> None:
        """Such a client gets nothing that it could use without its certificate."""
        web = await house.add_client(metadata=BOUND)

        answer = await sign_in(house, web, ada, None)

        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")

    async def test_client_that_does_not_want_it(
        self, house: House, web: RegisteredClient, ada: User
    ) -> None:
        """RFC 8705 section 3.4: false is the default, whatever the connection shows."""
        tokens = (await sign_in(house, web, ada, OURS)).json()

        assert (await userinfo(house, tokens["access_token"], None)).status_code == 200

    async def test_introspection(self, house: House, ada: User) -> None:
        """RFC 8705 section 3.2."""
        web = await house.add_client(metadata=BOUND)
        tokens = (await sign_in(house, web, ada, OURS)).json()

        answer = await house.http.post(
            "/oidc/token/introspection",
            data={"token": tokens["access_token"], **web.credentials},
        )

        assert answer.json()["cnf"] == {"x5t#S256": OURS.thumbprint}
        assert answer.json()["token_type"] == "Bearer"

    async def test_discovery(self, house: House) -> None:
        """RFC 8705 section 3.3."""
        document = (await house.http.get("/oidc/.well-known/openid-configuration")).json()

        assert document["tls_client_certificate_bound_access_tokens"] is True


class TestPresented:
    @pytest_asyncio.fixture
    async def token(self, house: House, ada: User) -> str:
        web = await house.add_client(metadata=BOUND)
        token: str = (await sign_in(house, web, ada, OURS)).json()["access_token"]
        return token

    async def test_with_the_certificate(self, house: House, token: str) -> None:
        """RFC 8705 section 3."""
        assert (await userinfo(house, token, OURS)).json()["username"] == "ada"

    @pytest.mark.parametrize("certificate", [None, ANOTHER], ids=["none", "another"])
    async def test_stolen(self, house: House, token: str, certificate: Issued | None) -> None:
        """RFC 8705 section 3: any other MUST be refused with 401 and invalid_token."""
        answer = await userinfo(house, token, certificate)

        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_token")
        assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'

    @pytest.mark.parametrize("header", ["", "x", ":x:", "é", OURS.byte_sequence[:-20]])
    async def test_spoilt_header(self, house: House, token: str, header: str) -> None:
        """What is no certificate is not the token's."""
        answer = await house.http.get(
            "/oidc/me",
            headers=[
                (b"authorization", f"Bearer {token}".encode()),
                (b"client-cert", header.encode("latin-1")),
            ],
        )

        assert answer.status_code == 401

    async def test_with_a_proof_instead(self, house: House, token: str) -> None:
        """Another way of binding is not this token's."""
        prover = Prover(seconds=house.clock.seconds)
        headers = prover.presenting(token, "GET", f"{ISSUER}/me")

        answer = await house.http.get("/oidc/me", headers=headers)

        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_token")


class TestManagementApi:
    async def test_bound_token(self, house: House) -> None:
        """RFC 8705 section 3 at /api: in any other hands the token is refused."""
        machine = await house.add_client("MachineToMachine", redirect_uris=(), metadata=BOUND)
        role = await find_role_by_name(
            house.db, tenant_id="default", name="Logto Management API access"
        )
        assert role is not None
        async with house.db.transaction("default") as tx:
            await add_application_role(
                tx, tenant_id="default", application_id=machine.id, role_id=role.id
            )
            await config_changed(tx, "default")
        await house.settle()
        form = {
            "grant_type": "client_credentials",
            "resource": "https://default.logto.app/api",
            "scope": "all",
            **machine.credentials,
        }
        token = (await house.token(form, **over(OURS))).json()["access_token"]

        async def call(certificate: Issued | None) -> int:
            headers = {"authorization": f"Bearer {token}", **over(certificate)}
            return (await house.http.get("/api/applications", headers=headers)).status_code

        assert [await call(OURS), await call(ANOTHER), await call(None)] == [200, 401, 401]


class TestRefresh:
    async def test_public_client(self, house: House, ada: User) -> None:
        """RFC 8705 section 4: its refresh token is bound to the certificate as well."""
        app = await house.add_client("Native", metadata=BOUND)
        first = (await sign_in(house, app, ada, OURS)).json()

        stolen = await refresh(house, app, first["refresh_token"], ANOTHER)
        second = await refresh(house, app, first["refresh_token"], OURS)

        assert (stolen.status_code, stolen.json()["error"]) == (400, "invalid_grant")
        assert (await userinfo(house, second.json()["access_token"], OURS)).status_code == 200

    async def test_confidential_client(self, house: House, ada: User) -> None:
        """RFC 8705 section 7.1: it may renew its certificate; new tokens are bound to the new."""
        web = await house.add_client(metadata=BOUND)
        first = (await sign_in(house, web, ada, OURS)).json()

        second = (await refresh(house, web, first["refresh_token"], ANOTHER)).json()

        assert (await userinfo(house, second["access_token"], ANOTHER)).status_code == 200
        assert (await userinfo(house, second["access_token"], OURS)).status_code == 401


class TestWithDpop:
    async def test_both(self, house: House, ada: User) -> None:
        """A token may be bound twice, and then needs both."""
        web = await house.add_client(metadata=BOUND)
        prover = Prover(seconds=house.clock.seconds)
        answer = await house.browser().authorize(web, user=ada)
        tokens = await house.token(
            code_form(web, answer["code"]),
            **over(OURS),
            dpop=prover.proof("POST", f"{ISSUER}/token"),
        )
        token = tokens.json()["access_token"]

        async def present(certificate: Issued | None) -> int:
            headers = prover.presenting(token, "GET", f"{ISSUER}/me") | over(certificate)
            return (await house.http.get("/oidc/me", headers=headers)).status_code

        assert tokens.json()["token_type"] == "DPoP"
        assert [await present(OURS), await present(ANOTHER), await present(None)] == [200, 401, 401]
        assert (await userinfo(house, token, OURS)).status_code == 401

    async def test_proof_at_the_alias(self, house: House, web: RegisteredClient, ada: User) -> None:
        """RFC 8705 section 5: htu is the address that the request came to, and no other of ours."""
        prover = Prover(seconds=house.clock.seconds)
        answer = await house.browser().authorize(web, user=ada)
        form = code_form(web, answer["code"])

        async def ask(host: str, htu: str) -> dict[str, Any]:
            headers = {"host": host, "dpop": prover.proof("POST", htu)}
            found: dict[str, Any] = (await house.token(form, **headers)).json()
            return found

        elsewhere = await ask("mtls.example", f"{ISSUER}/token")
        reversed_ = await ask("localhost:3001", "https://mtls.example/oidc/token")
        given = await ask("mtls.example", "https://mtls.example/oidc/token")

        assert elsewhere["error"] == reversed_["error"] == "invalid_dpop_proof"
        assert given["token_type"] == "DPoP"
