"""tls_client_auth and self_signed_tls_client_auth behind a proxy: RFC 8705 section 2."""

from __future__ import annotations

import ipaddress
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from doorward.settings import Settings
from doorward.storage import Database
from tests.oidc.conftest import open_house
from tests.oidc.house import SECRET, House, RegisteredClient
from tests.support.client_certificates import SUBJECT, Issued, issue
from tests.support.client_site import ClientSite, Page

GRANT = {"grant_type": "authorization_code", "code": "x"}
AUTHORITY = issue(subject="CN=Authority", is_authority=True)
STRANGER = issue(subject="CN=Authority", is_authority=True)
# The address that the tests' requests come from.
PROXY = ipaddress.ip_network("192.0.2.7/32")


@pytest_asyncio.fixture
async def tls_house(
    database_url: str, database: Database, tmp_path: Path, site: ClientSite
) -> AsyncIterator[House]:
    """A house behind a proxy that hands over certificates in Client-Cert."""
    path = tmp_path / "authorities.pem"
    path.write_text(AUTHORITY.pem)
    settings = Settings(
        data_dir=tmp_path,
        database_url=database_url,
        trusted_proxies=(PROXY,),
        client_certificate_header="client-cert",
        client_certificate_authorities=path,
        mtls_endpoint="https://mtls.example",
        dev_host_overrides={"client.example": site.url},
    )
    async with open_house(database, settings) as house:
        yield house


async def add_client(house: House, **metadata: Any) -> RegisteredClient:
    """Register a client that authenticates with tls_client_auth, by its subject."""
    if not any(name.startswith("tlsClientAuth") for name in metadata):
        metadata["tlsClientAuthSubjectDn"] = SUBJECT
    return await house.add_client(
        metadata={"tokenEndpointAuthMethod": "tls_client_auth"} | metadata
    )


async def add_self_signed(house: House, *issued: Issued, **metadata: Any) -> RegisteredClient:
    usual = {
        "tokenEndpointAuthMethod": "self_signed_tls_client_auth",
        "jwks": {"keys": [one.jwk for one in issued]},
    }
    return await house.add_client(metadata=usual | metadata)


async def believes(
    house: House, client: RegisteredClient, header: str | None, name: str = "client-cert"
) -> bool:
    """Tell whether a request with this header is taken for the client's."""
    headers = {} if header is None else {name: header}
    answer = await house.http.post(
        "/oidc/token", data=GRANT | {"client_id": client.id}, headers=headers
    )
    if answer.status_code == 400 and answer.json()["error"] == "invalid_grant":
        return True
    assert answer.status_code == 401, answer.text
    assert answer.json()["error"] == "invalid_client"
    return False


class TestByAuthority:
    @pytest.mark.parametrize(
        "spelled",
        [
            lambda one: one.byte_sequence,
            lambda one: one.escaped,
            lambda one: one.byte_sequence.strip(":"),
        ],
        ids=["RFC 9440", "nginx", "bare base64"],
    )
    async def test_the_subject(self, tls_house: House, spelled: Callable[[Issued], str]) -> None:
        """RFC 8705 section 2.1.2: tls_client_auth_subject_dn."""
        client = await add_client(tls_house)

        assert await believes(tls_house, client, spelled(issue(by=AUTHORITY)))
        other = issue(subject="CN=client,O=Bank,C=DE", by=AUTHORITY)
        assert not await believes(tls_house, client, spelled(other))
        assert not await believes(tls_house, client, None)

    @pytest.mark.parametrize(
        ("member", "value", "name", "other"),
        [
            (
                "tlsClientAuthSanDns",
                "Client.example",
                x509.DNSName("client.example"),
                x509.DNSName("*.example"),
            ),
            (
                "tlsClientAuthSanUri",
                "urn:client:1",
                x509.UniformResourceIdentifier("urn:client:1"),
                x509.DNSName("urn:client:1"),
            ),
            (
                "tlsClientAuthSanIp",
                "2001:db8:0::1",
                x509.IPAddress(ipaddress.ip_address("2001:db8::1")),
                x509.IPAddress(ipaddress.ip_address("2001:db8::2")),
            ),
            (
                "tlsClientAuthSanEmail",
                "client@example.com",
                x509.RFC822Name("client@example.com"),
                x509.RFC822Name("client@example.com.evil.example"),
            ),
        ],
    )
    async def test_an_alternative_name(
        self,
        tls_house: House,
        member: str,
        value: str,
        name: x509.GeneralName,
        other: x509.GeneralName,
    ) -> None:
        """RFC 8705 section 2.1.2: tls_client_auth_san_*, of its own kind, and whole."""
        client = await add_client(tls_house, **{member: value})

        good = issue(by=AUTHORITY, names=(other, name))
        assert await believes(tls_house, client, good.escaped)
        for names in ((other,), ()):
            bad = issue(by=AUTHORITY, names=names)
            assert not await believes(tls_house, client, bad.escaped)

    async def test_of_a_strangers_authority(self, tls_house: House) -> None:
        """RFC 8705 section 2.1: a chain to no trusted authority, though all the names are right."""
        client = await add_client(tls_house)
        server = issue(by=AUTHORITY, usage=ExtendedKeyUsageOID.SERVER_AUTH)
        leaf = issue(by=AUTHORITY)

        for forged in (
            issue(),
            issue(by=STRANGER),
            issue(by=leaf),
            issue(by=AUTHORITY, begins=-timedelta(days=3)),
            issue(by=AUTHORITY, begins=timedelta(hours=1)),
            server,
        ):
            assert not await believes(tls_house, client, forged.escaped)

    async def test_two_registered_names(self, tls_house: House) -> None:
        """RFC 8705 section 2.1.2: exactly one; with two it is anybody's guess which one counts."""
        client = await add_client(
            tls_house, tlsClientAuthSubjectDn=SUBJECT, tlsClientAuthSanDns="client.example"
        )

        assert not await believes(tls_house, client, issue(by=AUTHORITY).escaped)

    @pytest.mark.parametrize(
        ("member", "value"), [("tlsClientAuthSubjectDn", "client"), ("tlsClientAuthSanIp", "here")]
    )
    async def test_a_registered_name_that_is_none(
        self, tls_house: House, member: str, value: str
    ) -> None:
        client = await add_client(tls_house, **{member: value})

        assert not await believes(tls_house, client, issue(by=AUTHORITY).escaped)

    async def test_the_client_says_who_it_is(self, tls_house: House) -> None:
        """RFC 8705 section 2: client_id is in every request; a certificate alone names nobody."""
        await add_client(tls_house)
        certificate = {"client-cert": issue(by=AUTHORITY).escaped}

        for path in ("/oidc/token", "/oidc/request", "/oidc/token/introspection"):
            form = GRANT | {"token": "x"}
            answer = await tls_house.http.post(path, data=form, headers=certificate)

            assert answer.status_code in {400, 401}
            assert answer.json()["error"] in {"invalid_request", "invalid_client"}

    async def test_a_secret_is_no_way_in(self, tls_house: House) -> None:
        client = await add_client(tls_house)

        answer = await tls_house.token(GRANT | {"client_id": client.id, "client_secret": SECRET})

        assert answer.json()["error"] == "invalid_client"

    async def test_a_certificate_is_no_way_in_for_others(self, tls_house: House) -> None:
        """A client with a secret, whose certificate is whatever it is."""
        client = await tls_house.add_client(metadata={"tlsClientAuthSubjectDn": SUBJECT})

        assert not await believes(tls_house, client, issue(by=AUTHORITY).escaped)


class TestSelfSigned:
    async def test_the_registered_one(self, tls_house: House) -> None:
        """RFC 8705 section 2.2: one of those in the client's jwks, by x5c."""
        old, new = issue(), issue()
        client = await add_self_signed(tls_house, old, new)

        assert await believes(tls_house, client, old.byte_sequence)
        assert await believes(tls_house, client, new.escaped)
        assert not await believes(tls_house, client, issue().escaped)
        assert not await believes(tls_house, client, issue(by=AUTHORITY).escaped)
        assert not await believes(tls_house, client, None)

    async def test_an_expired_one(self, tls_house: House) -> None:
        expired = issue(begins=-timedelta(days=3))

        client = await add_self_signed(tls_house, expired)

        assert not await believes(tls_house, client, expired.escaped)

    async def test_at_an_address(self, tls_house: House, site: ClientSite) -> None:
        """RFC 8705 section 2.2.2: jwks_uri, so that certificates can be changed without us."""
        old, new = issue(), issue()
        site.pages["/jwks"] = Page.json({"keys": [old.jwk]})
        client = await add_self_signed(tls_house, jwks=None, jwksUri="https://client.example/jwks")
        assert await believes(tls_house, client, old.escaped)

        site.pages["/jwks"] = Page.json({"keys": [new.jwk]})
        tls_house.pass_time(seconds=6)

        assert await believes(tls_house, client, new.escaped)
        assert not await believes(tls_house, client, old.escaped)

    @pytest.mark.parametrize("x5c", [None, [], {}, [1], ["é"], ["AAAA"], "AAAA"])
    async def test_keys_without_a_certificate(self, tls_house: House, x5c: Any) -> None:
        client = await add_self_signed(tls_house, jwks={"keys": [{"kty": "EC", "x5c": x5c}]})

        assert not await believes(tls_house, client, issue().escaped)


class TestHeader:
    @pytest.mark.parametrize(
        "header",
        [
            "",
            ":",
            "::",
            ":AAAA:",
            "AAAA",
            "%%%",
            "-----BEGIN CERTIFICATE-----",
            "%C3%A9",
            "x" * 20_000,
        ],
        ids=lambda header: header[:20],
    )
    async def test_no_certificate(self, tls_house: House, header: str) -> None:
        """Whatever stands in the header, the answer is the protocol's."""
        client = await add_self_signed(tls_house, issue())

        assert not await believes(tls_house, client, header)

    async def test_from_a_stranger(self, tls_house: House) -> None:
        """RFC 9700 section 4.13, RFC 8705 section 6.5: the header is believed from a proxy that we
        name; anybody can write it."""
        issued = issue()
        client = await add_self_signed(tls_house, issued)
        transport = tls_house.http._transport
        transport.client = ("192.0.2.8", 40000)  # type: ignore[attr-defined]

        assert not await believes(tls_house, client, issued.escaped)

    async def test_written_twice(self, tls_house: House) -> None:
        """A proxy that adds its header to the client's own says nothing that can be believed."""
        issued = issue()
        client = await add_self_signed(tls_house, issued)

        answer = await tls_house.http.post(
            "/oidc/token",
            data=GRANT | {"client_id": client.id},
            headers=[("client-cert", issued.escaped), ("client-cert", issue().escaped)],
        )

        assert answer.json()["error"] == "invalid_client"

    async def test_another_header(self, tls_house: House) -> None:
        issued = issue()
        client = await add_self_signed(tls_house, issued)

        assert not await believes(tls_house, client, issued.escaped, name="x-client-cert")

    async def test_without_the_setting(self, house: House) -> None:
        """Where no proxy is set up for it, a certificate in a header is nobody's."""
        issued = issue()
        client = await add_self_signed(house, issued)

        assert not await believes(house, client, issued.escaped)


class TestDiscovery:
    async def test_what_is_said(self, tls_house: House, house: House) -> None:
        """RFC 8705 sections 2.1.1, 2.2.1 and 5: said where it works, and not elsewhere."""
        path = "/oidc/.well-known/openid-configuration"
        said = (await tls_house.http.get(path)).json()
        other = (await house.http.get(path)).json()

        methods = "token_endpoint_auth_methods_supported"
        assert said[methods][-2:] == ["self_signed_tls_client_auth", "tls_client_auth"]
        assert said["mtls_endpoint_aliases"] == {
            "token_endpoint": "https://mtls.example/oidc/token",
            "userinfo_endpoint": "https://mtls.example/oidc/me",
            "introspection_endpoint": "https://mtls.example/oidc/token/introspection",
            "revocation_endpoint": "https://mtls.example/oidc/token/revocation",
            "pushed_authorization_request_endpoint": "https://mtls.example/oidc/request",
            "device_authorization_endpoint": "https://mtls.example/oidc/device/auth",
        }
        assert not any("tls" in method for method in other[methods])
        assert "mtls_endpoint_aliases" not in other

    async def test_the_other_host_is_the_same_issuer(self, tls_house: House) -> None:
        """RFC 8705 section 5: an alias of the endpoints, not another server."""
        answer = await tls_house.http.get(
            "/oidc/.well-known/openid-configuration", headers={"host": "mtls.example"}
        )

        assert answer.json()["issuer"] == "http://localhost:3001/oidc"
