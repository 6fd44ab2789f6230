"""private_key_jwt and client_secret_jwt: RFC 7523 section 3, OpenID Connect Core section 9."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

from doorward.kit.jose import SigningKey, encode_base64url
from doorward.users.tables import User
from tests.oidc.assertions import (
    LEFT_OUT,
    assertion_claims,
    by_key,
    by_secret,
    form,
    jwks,
    mac_jwt,
    part,
)
from tests.oidc.house import SECRET, House, RegisteredClient, code_form
from tests.support.client_site import ClientSite, Page

GRANT = {"grant_type": "authorization_code", "code": "x"}
KEY = SigningKey.generate("ES256")
EVE = SigningKey.generate("ES256")
LONG_SECRET = "a-secret-of-thirty-two-characters"


async def add_signing_client(house: House, **metadata: Any) -> RegisteredClient:
    """Register a client that authenticates with private_key_jwt, by KEY."""
    usual = {"tokenEndpointAuthMethod": "private_key_jwt", "jwks": jwks(KEY)}
    return replace(await house.add_client(metadata=usual | metadata), secret=None)


async def add_mac_client(house: House, **metadata: Any) -> RegisteredClient:
    """Register a client that authenticates with client_secret_jwt."""
    usual = {"tokenEndpointAuthMethod": "client_secret_jwt"}
    return await house.add_client(secrets={LONG_SECRET: None}, metadata=usual | metadata)


def is_authenticated(answer: httpx.Response) -> bool:
    """Whether the client was believed: then the code "x" is what is wrong."""
    if answer.status_code == 400 and answer.json()["error"] == "invalid_grant":
        return True
    assert answer.status_code == 401, answer.text
    assert answer.json()["error"] == "invalid_client"
    return False


async def believes(house: House, sent: dict[str, str]) -> bool:
    return is_authenticated(await house.token(sent))


class TestPrivateKeyJwt:
    async def test_tokens(self, house: House, ada: User) -> None:
        """OpenID Connect Core section 9: the whole way, without client_id in the request."""
        client = await add_signing_client(house)
        code = (await house.browser().authorize(client, user=ada))["code"]
        exchange = code_form(client, code)
        del exchange["client_id"]

        answer = await house.token(exchange | by_key(house, client, KEY))

        assert answer.status_code == 200, answer.text

    @pytest.mark.parametrize("algorithm", ["ES384", "ES512", "RS256", "PS256", "EdDSA"])
    async def test_each_algorithm(self, house: House, algorithm: str) -> None:
        key = SigningKey.generate(algorithm)
        client = await add_signing_client(house, jwks=jwks(key))

        assert await believes(house, GRANT | by_key(house, client, key))

    async def test_keys_at_an_address(self, connected_house: House, site: ClientSite) -> None:
        """RFC 7591 section 2: jwks_uri."""
        house = connected_house
        site.pages["/jwks"] = Page.json(jwks(KEY))
        client = await add_signing_client(house, jwks=None, jwksUri="https://client.example/jwks")

        assert await believes(house, GRANT | by_key(house, client, KEY))
        assert not await believes(house, GRANT | by_key(house, client, EVE))
        assert site.asked == ["/jwks"]

    @pytest.mark.parametrize("path", ["token/introspection", "token/revocation", "request"])
    async def test_the_other_endpoints(self, house: House, path: str) -> None:
        """RFC 7662 section 2.1, RFC 7009 section 2.1, RFC 9126 section 2.1: the same methods."""
        client = await add_signing_client(house)

        good = await house.http.post(
            f"/oidc/{path}", data={"token": "x"} | by_key(house, client, KEY)
        )
        bad = await house.http.post(
            f"/oidc/{path}", data={"token": "x"} | by_key(house, client, EVE)
        )

        assert good.status_code in {200, 400}
        assert good.json().get("error") != "invalid_client" if good.content else True
        assert bad.json()["error"] == "invalid_client"

    @pytest.mark.parametrize("typ", ["JWT", "client-authentication+jwt"])
    async def test_types(self, house: House, typ: str) -> None:
        client = await add_signing_client(house)

        assert await believes(house, GRANT | by_key(house, client, KEY, typ=typ))

    @pytest.mark.parametrize("typ", ["at+jwt", "dpop+jwt", "oauth-authz-req+jwt", "logout+jwt"])
    async def test_another_kind_of_jwt(self, house: House, typ: str) -> None:
        """RFC 8725 section 3.11: what the client signed for another end does not serve this one."""
        client = await add_signing_client(house)

        assert not await believes(house, GRANT | by_key(house, client, KEY, typ=typ))


class TestAddresses:
    @pytest.mark.parametrize(
        "origin",
        [
            "http://127.0.0.1:{port}",
            "https://127.0.0.1:{port}",
            "https://localhost:{port}",
            "https://[::ffff:127.0.0.1]:{port}",
            "https://2130706433:{port}",
            "https://0x7f.1:{port}",
            "https://client.example@127.0.0.1:{port}",
        ],
    )
    async def test_nothing_inside_is_called(
        self, house: House, site: ClientSite, origin: str
    ) -> None:
        """CWE-918: a jwks_uri that leads to a server of the operator's own, which is there."""
        site.pages["/jwks"] = Page.json(jwks(KEY))
        uri = origin.format(port=site.url.rpartition(":")[2]) + "/jwks"
        client = await add_signing_client(house, jwks=None, jwksUri=uri)

        assert not await believes(house, GRANT | by_key(house, client, KEY))
        assert site.asked == []

    async def test_a_redirect_is_not_followed(
        self, connected_house: House, site: ClientSite
    ) -> None:
        house = connected_house
        site.pages["/jwks"] = Page(status=302, headers={"location": f"{site.url}/inside"})
        site.pages["/inside"] = Page.json(jwks(KEY))
        client = await add_signing_client(house, jwks=None, jwksUri="https://client.example/jwks")

        assert not await believes(house, GRANT | by_key(house, client, KEY))
        assert site.asked == ["/jwks"]


class TestAlgorithms:
    async def test_none(self, house: House) -> None:
        """RFC 8725 section 2.1: an assertion that nobody signed."""
        client = await add_signing_client(house)
        claims = part(assertion_claims(house, client))

        for alg in ("none", "None", "NONE", ""):
            header = part({"alg": alg, "typ": "JWT", "kid": KEY.kid})
            assert not await believes(house, GRANT | form(f"{header}.{claims}."))
            assert not await believes(house, GRANT | form(f"{header}.{claims}.AAAA"))

    async def test_a_mac_under_the_public_key(self, house: House) -> None:
        """RFC 8725 section 2.1: HS256 with what everybody can read as the secret."""
        key = SigningKey.generate("RS256")
        client = await add_signing_client(house, jwks=jwks(key))
        claims = assertion_claims(house, client)

        for secret in (json.dumps(key.public_jwk), key.public_jwk["n"], ""):
            forged = mac_jwt(claims, secret.encode(), kid=key.kid)
            assert not await believes(house, GRANT | form(forged))

    async def test_a_secret_where_a_key_is_registered(self, house: House) -> None:
        """Its secrets are no way in for a client that signs: not by MAC, nor plain."""
        client = await add_signing_client(house)

        by_mac = await house.token(GRANT | by_secret(house, client, SECRET))
        plain = await house.token(GRANT | {"client_id": client.id, "client_secret": SECRET})
        nothing = await house.token(GRANT | {"client_id": client.id})

        assert not is_authenticated(by_mac)
        assert not is_authenticated(plain)
        assert not is_authenticated(nothing)

    async def test_only_the_registered_one(self, house: House) -> None:
        """OpenID Connect Registration section 2: token_endpoint_auth_signing_alg MUST be used."""
        key = SigningKey.generate("PS256")
        rsa = {name: key.public_jwk[name] for name in ("kty", "n", "e", "kid")}
        weak = SigningKey.from_pem(key.to_pem(), algorithm="RS256", kid=key.kid)
        client = await add_signing_client(
            house, jwks={"keys": [rsa]}, tokenEndpointAuthSigningAlg="PS256"
        )

        assert await believes(house, GRANT | by_key(house, client, key))
        assert not await believes(house, GRANT | by_key(house, client, weak))

    @pytest.mark.parametrize(
        "header", [{"crit": ["exp"]}, {"crit": []}, {"crit": ["b64"], "b64": False}, {"crit": None}]
    )
    async def test_critical_headers(self, house: House, header: dict[str, Any]) -> None:
        """RFC 7515 section 4.1.11: unknown critical headers MUST be refused."""
        client = await add_mac_client(house)
        forged = mac_jwt(assertion_claims(house, client), LONG_SECRET.encode(), **header)

        assert not await believes(house, GRANT | form(forged))

    @pytest.mark.parametrize("member", ["jwk", "jku", "x5u", "x5c"])
    async def test_a_key_in_the_header(self, house: House, member: str) -> None:
        """RFC 8725 section 3.10: a key that the assertion itself brings is nobody's."""
        client = await add_signing_client(house)
        value: Any = {
            "jwk": EVE.public_jwk,
            "jku": "http://127.0.0.1/jwks",
            "x5u": "http://127.0.0.1/cert",
            "x5c": ["AAAA"],
        }[member]
        header = part({"alg": "ES256", "typ": "JWT", member: value})
        signed = f"{header}.{part(assertion_claims(house, client))}"
        signature = encode_base64url(EVE._sign(signed.encode()))

        assert not await believes(house, GRANT | form(f"{signed}.{signature}"))


class TestClaims:
    @pytest.mark.parametrize(
        "changes",
        [
            {"iss": LEFT_OUT},
            {"iss": "somebody-else"},
            {"iss": None},
            {"aud": LEFT_OUT},
            {"aud": "https://other.example/oidc"},
            {"aud": "http://localhost:3001/oidc/"},
            {"aud": "http://localhost:3001"},
            {"aud": "http://localhost:3002/oidc"},
            {"aud": "http://localhost:3001/oidc/auth"},
            {"aud": []},
            {"aud": {}},
            {"aud": ["http://localhost:3001/oidc"]},
            {"aud": ["http://localhost:3001/oidc", "https://other.example"]},
            {"aud": ["http://localhost:3001/oidc/token"]},
            {"jti": LEFT_OUT},
            {"jti": ""},
            {"jti": 7},
            {"exp": LEFT_OUT},
            {"exp": None},
            {"exp": "9999999999"},
            {"exp": True},
            {"exp": 1e300},
            {"exp": -1},
            {"exp": [1]},
        ],
        ids=str,
    )
    async def test_wrong(self, house: House, changes: dict[str, Any]) -> None:
        """RFC 7523 section 3 points 1 to 4 and 7; and the audience is us alone (ADR 0012)."""
        client = await add_signing_client(house)

        assert not await believes(house, GRANT | by_key(house, client, KEY, **changes))

    @pytest.mark.parametrize("sub", [LEFT_OUT, "somebody-else", "a\0b", "\ud800", 7, None, []])
    async def test_another_subject(self, house: House, sub: Any) -> None:
        """RFC 7523 section 3 point 2: the subject MUST be the client_id."""
        client = await add_signing_client(house)
        sent = by_key if sub != "\ud800" else _by_key_as_json

        answer = await house.token(GRANT | sent(house, client, KEY, sub=sub))

        assert not is_authenticated(answer)

    @pytest.mark.parametrize(
        ("times", "is_good"),
        [
            ({"exp": 1}, True),
            ({"exp": -55}, True),
            ({"exp": -61}, False),
            ({"exp": 3600}, True),
            ({"exp": 3700}, False),
            ({"exp": 86400}, False),
            ({"iat": 55}, True),
            ({"iat": 65}, False),
            ({"iat": -3700}, False),
            ({"nbf": 10}, True),
            ({"nbf": 65}, False),
            ({"nbf": -7200}, False),
            ({"iat": -3000, "exp": 3000}, False),
        ],
        ids=str,
    )
    async def test_times(self, house: House, times: dict[str, int], is_good: bool) -> None:
        """RFC 7523 section 3 points 4 to 6, with clocks that differ by a minute; and none that was
        made for more than an hour."""
        client = await add_signing_client(house)
        now = house.clock.seconds()
        changes = {name: now + offset for name, offset in times.items()}

        answer = await house.token(GRANT | by_key(house, client, KEY, **changes))

        assert is_authenticated(answer) == is_good

    @pytest.mark.parametrize(
        ("metadata", "is_good"),
        [
            ({}, True),
            ({"dpopBoundAccessTokens": True}, False),
            ({"tlsClientCertificateBoundAccessTokens": True}, False),
            ({"requirePushedAuthorizationRequests": True}, False),
            ({"requireSignedRequestObject": True}, False),
        ],
        ids=str,
    )
    async def test_the_token_endpoint_as_audience(
        self, house: House, metadata: dict[str, Any], is_good: bool
    ) -> None:
        """ADR 0012: what RFC 7523 section 3 allowed, for clients without a FAPI requirement."""
        client = await add_signing_client(house, **metadata)
        aud = "http://localhost:3001/oidc/token"

        answer = await house.token(GRANT | by_key(house, client, KEY, aud=aud))

        assert is_authenticated(answer) == is_good

    async def test_the_token_endpoint_where_the_tenant_is_strict(self, house: House) -> None:
        """ADR 0012: what a tenant demands of all clients counts like what one asked for."""
        client = await add_signing_client(house)
        await house.demand(requirePushedAuthorizationRequests=True)
        aud = "http://localhost:3001/oidc/token"

        assert not await believes(house, GRANT | by_key(house, client, KEY, aud=aud))
        assert await believes(house, GRANT | by_key(house, client, KEY))

    async def test_the_pushing_endpoint_as_audience(self, house: House) -> None:
        """RFC 9126 section 2: a client may name the endpoint; it is good there only."""
        client = await add_signing_client(house)
        aud = "http://localhost:3001/oidc/request"

        there = await house.http.post(
            "/oidc/request", data={"response_type": "code"} | by_key(house, client, KEY, aud=aud)
        )

        assert there.json().get("error") != "invalid_client"
        assert not await believes(house, GRANT | by_key(house, client, KEY, aud=aud))

    async def test_another_client_id_beside_it(self, house: House, web: RegisteredClient) -> None:
        """RFC 7521 section 4.2: client_id MUST identify the same client."""
        client = await add_signing_client(house)
        sent = GRANT | by_key(house, client, KEY)

        assert not is_authenticated(await house.token(sent | {"client_id": web.id}))
        assert is_authenticated(await house.token(sent | {"client_id": client.id}))

    async def test_the_key_of_another_client(self, house: House) -> None:
        """Each client's assertions verify by its own keys only."""
        client = await add_signing_client(house)
        await add_signing_client(house, jwks=jwks(EVE))

        assert not await believes(house, GRANT | by_key(house, client, EVE))

    async def test_of_another_tenant(self, house: House, admin_house: House) -> None:
        client = await add_signing_client(house)

        answer = await admin_house.token(GRANT | by_key(admin_house, client, KEY))

        assert not is_authenticated(answer)


class TestReplay:
    async def test_once(self, house: House) -> None:
        """OpenID Connect Core section 9: jti MUST only be used once."""
        client = await add_signing_client(house)
        sent = GRANT | by_key(house, client, KEY)

        assert is_authenticated(await house.token(sent))
        assert not is_authenticated(await house.token(sent))

    async def test_at_another_endpoint(self, house: House) -> None:
        client = await add_signing_client(house)
        sent = by_key(house, client, KEY)
        await house.token(GRANT | sent)

        answer = await house.http.post("/oidc/token/introspection", data={"token": "x"} | sent)

        assert answer.json()["error"] == "invalid_client"

    async def test_of_many_at_once_one_passes(self, house: House) -> None:
        client = await add_signing_client(house)
        sent = GRANT | by_key(house, client, KEY)

        answers = await asyncio.gather(*(house.token(sent) for _ in range(8)))

        assert sorted(is_authenticated(answer) for answer in answers) == [False] * 7 + [True]

    async def test_a_forged_one_uses_up_nothing(self, house: House) -> None:
        """A stranger who guesses the jti of the next assertion cannot burn it."""
        client = await add_signing_client(house)
        await house.token(GRANT | by_key(house, client, EVE, jti="the-next"))

        assert await believes(house, GRANT | by_key(house, client, KEY, jti="the-next"))

    async def test_clients_do_not_share_ids(self, house: House) -> None:
        one, two = await add_signing_client(house), await add_signing_client(house)

        assert await believes(house, GRANT | by_key(house, one, KEY, jti="1"))
        assert await believes(house, GRANT | by_key(house, two, KEY, jti="1"))

    async def test_as_long_as_it_could_be_accepted(self, house: House) -> None:
        """With the tolerance for clocks, it must be remembered for longer than exp says."""
        client = await add_signing_client(house)
        sent = GRANT | by_key(house, client, KEY)
        assert is_authenticated(await house.token(sent))

        house.pass_time(seconds=110)

        assert not is_authenticated(await house.token(sent))


class TestClientSecretJwt:
    async def test_mac_under_the_secret(self, house: House) -> None:
        """OpenID Connect Core section 9."""
        client = await add_mac_client(house)

        good = await house.token(GRANT | by_secret(house, client, LONG_SECRET))
        bad = await house.token(GRANT | by_secret(house, client, LONG_SECRET + "x"))

        assert is_authenticated(good)
        assert not is_authenticated(bad)

    async def test_an_expired_secret(self, house: House) -> None:
        soon = house.clock.now() + timedelta(minutes=5)
        client = await house.add_client(
            secrets={LONG_SECRET: soon}, metadata={"tokenEndpointAuthMethod": "client_secret_jwt"}
        )
        assert await believes(house, GRANT | by_secret(house, client, LONG_SECRET))

        house.pass_time(minutes=6)

        assert not await believes(house, GRANT | by_secret(house, client, LONG_SECRET))

    async def test_the_plain_secret_is_no_way_in(self, house: House) -> None:
        client = await add_mac_client(house)

        answer = await house.token(GRANT | {"client_id": client.id, "client_secret": LONG_SECRET})

        assert not is_authenticated(answer)

    async def test_other_algorithms(self, house: House) -> None:
        """A key is of no use here, and a secret is too short for the longer hashes."""
        client = await add_mac_client(house, jwks=jwks(KEY))
        longer = mac_jwt(assertion_claims(house, client), LONG_SECRET.encode(), algorithm="HS512")

        assert not await believes(house, GRANT | by_key(house, client, KEY))
        assert not await believes(house, GRANT | form(longer))


class TestMalformed:
    @pytest.mark.parametrize(
        "sent",
        [
            {"client_assertion": "x"},
            {"client_assertion_type": "x"},
            form("") | {"client_assertion_type": "urn:ietf:params:oauth:token-type:jwt"},
            form("x"),
            form("a.b.c"),
            form("...."),
            form("e30.e30."),
            form("e30.e30.AA"),
            form("W10.W10.AA"),
            form("bnVsbA.bnVsbA.AA"),
            form("e30.e30.AA.AA.AA"),
            form("é.é.é"),
            form("A" * 20_000),
            form(f"{part({'alg': 'ES256'})}.{part({'sub': {}})}.AA"),
        ],
        ids=lambda sent: str(sent)[-40:],
    )
    async def test_no_assertion(self, house: House, sent: dict[str, str]) -> None:
        """RFC 7521 section 4.2.1: invalid_client, whatever it is."""
        answer = await house.token(GRANT | sent)

        assert answer.status_code == 401
        assert answer.json()["error"] == "invalid_client"


def _by_key_as_json(
    house: House, client: RegisteredClient, key: SigningKey, **changes: Any
) -> dict[str, str]:
    """What only another JSON encoder writes: half of a surrogate pair."""
    header = part({"alg": key.algorithm, "kid": key.kid})
    signed = f"{header}.{part(assertion_claims(house, client, **changes))}"
    return form(f"{signed}.{encode_base64url(key._sign(signed.encode()))}")
