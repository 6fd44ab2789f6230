"""Where the keys of a client come from, and what is no key of it (RFC 7517, RFC 7591)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import Any

import msgspec
import pytest
import pytest_asyncio

from doorward.applications.cached import Client
from doorward.applications.metadata import ClientMetadata
from doorward.applications.types import AuthMethod
from doorward.kit.clock import ShiftedClock
from doorward.kit.http_client import HttpClient
from doorward.kit.jose import JoseError, SigningKey, encode_base64url, parse_jws
from doorward.oidc.clients.keys import KeySets, verify_signature
from tests.oidc.assertions import jwks, part
from tests.support.client_site import ClientSite, Page, running_site

URI = "https://client.example/jwks"


@pytest.fixture
def site() -> Iterator[ClientSite]:
    with running_site() as site:
        yield site


@pytest.fixture
def clock() -> ShiftedClock:
    return ShiftedClock()


@pytest_asyncio.fixture
async def key_sets(site: ClientSite, clock: ShiftedClock) -> AsyncIterator[KeySets]:
    http = HttpClient(host_overrides={"client.example": site.url})
    yield KeySets(http=http, clock=clock)
    await http.close()


def client(**metadata: Any) -> Client:
    return Client(
        id="bookstore",
        name="Bookstore",
        type="Traditional",
        auth_method=AuthMethod.PRIVATE_KEY_JWT,
        is_public=False,
        is_third_party=False,
        grant_types=("authorization_code",),
        secrets=(),
        redirect_uris=(),
        post_logout_redirect_uris=(),
        cors_allowed_origins=(),
        id_token_lifetime=timedelta(hours=1),
        refresh_token_lifetime=timedelta(days=14),
        is_rotating=True,
        always_issues_refresh_token=False,
        logo_uri=None,
        requires_pkce=False,
        metadata=ClientMetadata(**metadata),
    )


async def verifies(
    key_sets: KeySets, key: SigningKey, registered: Client, *, has_kid: bool = True, **options: Any
) -> bool:
    header = {"alg": key.algorithm} | ({"kid": key.kid} if has_kid else {})
    signed = f"{part(header)}.{part({'sub': 'bookstore'})}"
    jws = parse_jws(f"{signed}.{encode_base64url(key._sign(signed.encode()))}")
    try:
        await verify_signature(jws, registered, key_sets=key_sets, tenant_id="default", **options)
    except JoseError:
        return False
    return True


class TestByValue:
    @pytest.mark.parametrize("algorithm", ["ES256", "ES384", "ES512", "RS256", "PS256", "EdDSA"])
    async def test_each_algorithm(self, key_sets: KeySets, algorithm: str) -> None:
        key = SigningKey.generate(algorithm)

        assert await verifies(key_sets, key, client(jwks=jwks(key)))

    async def test_a_key_without_alg_and_kid(self, key_sets: KeySets) -> None:
        """RFC 7517 sections 4.4 and 4.5: both members are OPTIONAL."""
        key = SigningKey.generate("PS256")
        bare = {name: key.public_jwk[name] for name in ("kty", "n", "e")}

        assert await verifies(key_sets, key, client(jwks={"keys": [bare]}))

    @pytest.mark.parametrize(
        "change",
        [
            {"use": "enc"},
            {"key_ops": ["encrypt"]},
            {"key_ops": "verify"},
            {"alg": "ES384"},
            {"kty": "oct"},
            {"d": "AAAA"},
            {"x": []},
            {"crv": "P-384"},
        ],
    )
    async def test_a_key_for_something_else(
        self, key_sets: KeySets, change: dict[str, Any]
    ) -> None:
        """RFC 7517 sections 4.2 to 4.4; and a client that publishes a private key has none."""
        key = SigningKey.generate()

        registered = client(jwks={"keys": [{**key.public_jwk, **change}]})

        assert not await verifies(key_sets, key, registered)

    async def test_a_key_of_somebody_else(self, key_sets: KeySets) -> None:
        key, eve = SigningKey.generate(), SigningKey.generate()
        forged = SigningKey.from_pem(eve.to_pem(), algorithm="ES256", kid=key.kid)

        assert not await verifies(key_sets, eve, client(jwks=jwks(key)))
        assert not await verifies(key_sets, forged, client(jwks=jwks(key)))

    async def test_the_algorithm_is_ours_to_choose(self, key_sets: KeySets) -> None:
        """RFC 8725 section 3.1."""
        key = SigningKey.generate("RS256")
        registered = client(jwks=jwks(key))

        assert not await verifies(key_sets, key, registered, algorithms=("PS256", "ES256"))
        assert not await verifies(key_sets, key, registered, algorithms=("HS256", "none"))

    async def test_changed_keys_are_in_force_at_once(self, key_sets: KeySets) -> None:
        old, new = SigningKey.generate(), SigningKey.generate()
        before = client(jwks=jwks(old))
        assert await verifies(key_sets, old, before)

        after = msgspec.structs.replace(before, metadata=ClientMetadata(jwks=jwks(new)))

        assert await verifies(key_sets, new, after)
        assert not await verifies(key_sets, old, after)

    async def test_a_client_without_keys(self, key_sets: KeySets) -> None:
        assert not await verifies(key_sets, SigningKey.generate(), client())


class TestByAddress:
    async def test_keys_are_fetched_once(self, key_sets: KeySets, site: ClientSite) -> None:
        key = SigningKey.generate()
        site.pages["/jwks"] = Page.json(jwks(key))

        answers = await asyncio.gather(
            *(verifies(key_sets, key, client(jwks_uri=URI)) for _ in range(5))
        )

        assert answers == [True] * 5
        assert site.asked == ["/jwks"]

    async def test_tenants_do_not_share_what_was_fetched(
        self, key_sets: KeySets, site: ClientSite
    ) -> None:
        key = SigningKey.generate()
        site.pages["/jwks"] = Page.json(jwks(key))
        registered = client(jwks_uri=URI)

        await key_sets.find(registered, tenant_id="default")
        await key_sets.find(registered, tenant_id="admin")

        assert len(site.asked) == 2

    async def test_a_new_key_is_found(
        self, key_sets: KeySets, site: ClientSite, clock: ShiftedClock
    ) -> None:
        """OpenID Connect Core section 10.1.1: an unknown kid means that the keys have changed."""
        old, new = SigningKey.generate(), SigningKey.generate()
        site.pages["/jwks"] = Page.json(jwks(old))
        registered = client(jwks_uri=URI)
        assert await verifies(key_sets, old, registered)

        site.pages["/jwks"] = Page.json(jwks(new))
        clock.offset += timedelta(seconds=6)

        assert await verifies(key_sets, new, registered)
        assert not await verifies(key_sets, old, registered)

    async def test_keys_without_ids_may_change_too(
        self, key_sets: KeySets, site: ClientSite, clock: ShiftedClock
    ) -> None:
        """There a failure shows it; and a stranger's failures are as cheap as unknown ids."""
        old, new = SigningKey.generate(), SigningKey.generate()

        def bare(key: SigningKey) -> Page:
            members = {n: v for n, v in key.public_jwk.items() if n in {"kty", "crv", "x", "y"}}
            return Page.json({"keys": [members]})

        site.pages["/jwks"] = bare(old)
        registered = client(jwks_uri=URI)
        assert await verifies(key_sets, old, registered, has_kid=False)

        site.pages["/jwks"] = bare(new)
        assert not await verifies(key_sets, new, registered, has_kid=False)
        clock.offset += timedelta(seconds=6)

        assert await verifies(key_sets, new, registered, has_kid=False)
        assert not await verifies(key_sets, old, registered, has_kid=False)
        assert len(site.asked) == 2

    async def test_unknown_key_ids_are_no_way_to_make_us_ask(
        self, key_sets: KeySets, site: ClientSite
    ) -> None:
        """Anybody may send them: they cost the client's server one request in five seconds."""
        key = SigningKey.generate()
        site.pages["/jwks"] = Page.json(jwks(key))
        registered = client(jwks_uri=URI)

        for _ in range(10):
            assert not await verifies(key_sets, SigningKey.generate(), registered)

        assert await verifies(key_sets, key, registered)
        assert len(site.asked) == 1

    async def test_keys_outlive_an_outage_but_not_for_ever(
        self, key_sets: KeySets, site: ClientSite, clock: ShiftedClock
    ) -> None:
        key = SigningKey.generate()
        site.pages["/jwks"] = Page.json(jwks(key))
        registered = client(jwks_uri=URI)
        assert await verifies(key_sets, key, registered)

        site.pages["/jwks"] = Page(status=503)
        clock.offset += timedelta(minutes=30)
        assert await verifies(key_sets, key, registered)
        clock.offset += timedelta(minutes=31)
        assert not await verifies(key_sets, key, registered)

    @pytest.mark.parametrize(
        "page",
        [
            Page(status=404),
            Page(status=302, headers={"location": "/elsewhere"}),
            Page(b"<h1>keys</h1>"),
            Page(b"[" * 100_000),
            Page(b'{"keys": [' + b" " * 200_000 + b"]}"),
            Page.json([]),
            Page.json({"keys": {}}),
            Page.json({"keys": [{"kty": "EC"}] * 101}),
            Page.json({"keys": [None, 1, "x", {}, {"kty": None}]}),
        ],
        ids=lambda page: page.body[:20] or page.status,
    )
    async def test_what_is_no_key_set(
        self, key_sets: KeySets, site: ClientSite, page: Page
    ) -> None:
        """Redirects, pages, endless lists: refused, never followed, parsed or kept."""
        key = SigningKey.generate()
        site.pages |= {"/jwks": page, "/elsewhere": Page.json(jwks(key))}

        assert not await verifies(key_sets, key, client(jwks_uri=URI))
        assert site.asked == ["/jwks"]

    async def test_a_server_that_does_not_answer(self, key_sets: KeySets, site: ClientSite) -> None:
        key = SigningKey.generate()
        site.pages["/jwks"] = Page.json(jwks(key), delay=3.5)

        async with asyncio.timeout(4):
            assert not await verifies(key_sets, key, client(jwks_uri=URI))

    @pytest.mark.parametrize(
        "uri",
        [
            "http://client.example/jwks",
            "https://127.0.0.1/jwks",
            "https://localhost/jwks",
            "https://[::1]/jwks",
            "https://[::ffff:127.0.0.1]/jwks",
            "https://[64:ff9b::7f00:1]/jwks",
            "https://2130706433/jwks",
            "https://0x7f000001/jwks",
            "https://0177.0.0.1/jwks",
            "https://127.1/jwks",
            "https://169.254.169.254/latest/meta-data",
            "https://10.0.0.1/jwks",
            "https://user@client.example/jwks",
            "https://client.example\\@127.0.0.1/jwks",
            "file:///etc/passwd",
            "https://client.example /jwks",
        ],
    )
    async def test_inside_addresses(self, key_sets: KeySets, site: ClientSite, uri: str) -> None:
        """CWE-918: an address that a client registered leads to nothing of ours."""
        assert not await verifies(key_sets, SigningKey.generate(), client(jwks_uri=uri))
        assert site.asked == []

    async def test_a_name_that_leads_inside(self, site: ClientSite, clock: ShiftedClock) -> None:
        """DNS rebinding: public when asked first, loopback when dialled; one answer decides."""
        answers = [["127.0.0.1"], ["93.184.216.34", "127.0.0.1"]]

        async def resolve(host: str, port: int) -> list[str]:
            return answers.pop(0)

        http = HttpClient(resolve=resolve)
        key_sets = KeySets(http=http, clock=clock)
        port = site.url.rpartition(":")[2]
        registered = client(jwks_uri=f"https://rebinding.example:{port}/jwks")

        assert not await verifies(key_sets, SigningKey.generate(), registered)
        clock.offset += timedelta(seconds=6)
        assert not await verifies(key_sets, SigningKey.generate(), registered)
        assert answers == []
        assert site.asked == []
        await http.close()
