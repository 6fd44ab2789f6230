"""What the specifications demand of every answer, whichever endpoint gives it."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import jwt
import pytest

from doorward.keys.rotation import rotate_keys
from doorward.kit.jose import SigningKey
from doorward.oidc.app import ROUTES
from doorward.users.tables import User
from tests.oidc.assertions import by_key, jwks
from tests.oidc.house import (
    ISSUER,
    House,
    RegisteredClient,
    auth_params,
    code_form,
)

# RFC 6749 section 5.2: %x20-21 / %x23-5B / %x5D-7E.
PLAIN = re.compile(r"[\x20-\x21\x23-\x5b\x5d-\x7e]*")
ODD = ["Ünïcödé\u202e", 'a"b', "back\\slash", "tab\there", "\x7f", "😀" * 40, "x" * 3000]
MACHINE_SCOPE = {"resource": "https://books.example/api", "scope": "read:books"}


def told(answer: httpx.Response) -> dict[str, str]:
    """Return what an error says, wherever it says it."""
    if answer.status_code == 303:
        return dict(parse_qsl(urlsplit(answer.headers["location"]).query))
    body: dict[str, str] = answer.json()
    return body


def issuers_in(answer: httpx.Response, response_mode: str) -> list[str]:
    """Return each `iss` that an authorization response holds."""
    if response_mode == "form_post":
        return re.findall(r'name="iss" value="([^"]*)"', answer.text)
    parts = urlsplit(answer.headers["location"])
    said = parts.fragment if response_mode == "fragment" else parts.query
    return [value for name, value in parse_qsl(said) if name == "iss"]


class TestErrors:
    async def test_only_plain_characters(self, house: House, web: RegisteredClient) -> None:
        """RFC 6749 sections 4.1.2.1 and 5.2: error and error_description MUST NOT include
        characters outside a small set, whatever the request holds."""
        spoilt: list[str] = []

        for odd in ODD:
            for name in ("client_id", "redirect_uri", "response_type", "scope", "prompt", odd):
                params = {**auth_params(web), name: odd, "resource": odd}
                answers = [await house.http.get("/oidc/auth", params=params)]
                for path in ("/oidc/token", "/oidc/request", "/oidc/token/introspection"):
                    for form in ({**web.credentials, name: odd}, [(name, odd), (name, "b")]):
                        body = str(httpx.QueryParams(form))
                        headers = {"content-type": "application/x-www-form-urlencoded"}
                        answers.append(await house.http.post(path, content=body, headers=headers))
                for answer in answers:
                    assert answer.status_code < 500
                    if answer.status_code == 200 or "error" not in answer.text + str(
                        answer.headers.get("location")
                    ):
                        continue
                    said = told(answer)
                    for member in ("error", "error_description"):
                        if not PLAIN.fullmatch(said.get(member, "")):
                            spoilt.append(f"{member} of {name[:9]!r}: {said[member][:60]!r}")

        assert spoilt == []

    async def test_challenges_are_plain(self, house: House) -> None:
        """RFC 6750 section 3: so are the attributes of WWW-Authenticate; RFC 9110 section 11.6.1:
        401 always comes with one."""
        tokens = ["", "x", "x y", "é", "a.b.c", "A" * 5000]

        for token in tokens:
            header = {b"authorization": f"Bearer {token}.".encode("latin-1")}
            answer = await house.http.get("/oidc/me", headers=header)
            challenge = answer.headers["www-authenticate"]
            assert answer.status_code in {400, 401}
            assert challenge.startswith(("Bearer", "DPoP"))
            assert challenge.isprintable()
            assert challenge.isascii()


class TestTokenResponses:
    async def test_never_cached(self, house: House, web: RegisteredClient, ada: User) -> None:
        """RFC 6749 section 5.1: no-store in every response that holds a token; and, since HTTP/1.0
        caches are meant by it, Pragma."""
        code = (await house.browser().authorize(web, user=ada))["code"]

        answer = await house.token(code_form(web, code))
        again = await house.refresh(web, answer.json()["refresh_token"])

        for each in (answer, again):
            assert each.headers["cache-control"] == "no-store"
            assert each.headers["pragma"] == "no-cache"

    async def test_unknown_parameters_and_empty_ones(
        self, house: House, web: RegisteredClient, ada: User
    ) -> None:
        """RFC 6749 sections 3.1 and 3.2: ignored if unrecognized, omitted if without a value."""
        code = (await house.browser().authorize(web, user=ada, unheard_of="1", login_hint=""))[
            "code"
        ]

        answer = await house.token(code_form(web, code) | {"unheard_of": "1", "scope": ""})

        assert answer.status_code == 200

    async def test_only_by_post(self, house: House, web: RegisteredClient) -> None:
        """RFC 6749 section 3.2, RFC 7009 section 2.1, RFC 7662 section 2.1, RFC 9126 section 2.1:
        POST, so that nothing of it stands in an address."""
        posted = {path for method, path in ROUTES if method == "POST"} - {
            "/oidc/auth",
            "/oidc/me",
            "/oidc/session/end",
            "/device",
            "/oidc/device",
        }

        for path in posted:
            answer = await house.http.get(path, params=web.credentials)
            assert answer.status_code == (405 if path == "/oidc/request" else 404), path


class TestJwtAccessTokens:
    async def test_profile(self, house: House, ada: User) -> None:
        """RFC 9068 sections 2.1 and 2.2: type at+jwt, an asymmetric signature, and iss, exp, aud,
        sub, client_id, iat and jti, which never comes twice. Section 2.2: without a person the
        subject is the client."""
        ids = await house.add_resource()
        machine = await house.add_client("MachineToMachine", redirect_uris=())
        await house.add_role(scope_ids=[ids["read:books"]], client=machine)
        form = {"grant_type": "client_credentials", **MACHINE_SCOPE, **machine.credentials}

        tokens = [(await house.token(form)).json()["access_token"] for _ in range(2)]

        claims = [await house.verify(token, typ="at+jwt") for token in tokens]
        for each in claims:
            assert each["iss"] == ISSUER
            assert each["aud"] == MACHINE_SCOPE["resource"]
            assert each["sub"] == each["client_id"] == machine.id
            assert each["exp"] == each["iat"] + 3600
            assert each["scope"] == "read:books"
        assert claims[0]["jti"] != claims[1]["jti"]

    async def test_how_somebody_signed_in(
        self, house: House, web: RegisteredClient, ada: User
    ) -> None:
        """RFC 9068 section 2.2.1: auth_time, acr and amr are those of the authorization, in every
        access token that comes of it, whenever it is fetched."""
        await house.add_resource()
        books = {"resource": "https://books.example/api"}
        answer = await house.browser().authorize(web, user=ada, **books)
        first = await house.exchange(web, answer["code"], **books)
        house.pass_time(minutes=30)

        second = (await house.refresh(web, first["refresh_token"], **books)).json()

        before = await house.verify(first["access_token"], typ="at+jwt")
        after = await house.verify(second["access_token"], typ="at+jwt")
        assert (before["acr"], before["amr"]) == ("urn:doorward:acr:password", ["pwd"])
        assert (after["acr"], after["amr"]) == ("urn:doorward:acr:password", ["pwd"])
        assert after["auth_time"] == before["auth_time"]
        assert after["iat"] - before["iat"] >= 1800

    async def test_rs256(self, house: House) -> None:
        """RFC 9068 section 2.1: RS256 is among what access tokens can be signed with."""
        await house.add_resource()
        machine = await house.add_client("MachineToMachine", redirect_uris=())
        async with house.db.transaction("default") as tx:
            await rotate_keys(
                tx, tenant_id="default", algorithm="RS256", sealer=house.sealer, clock=house.clock
            )
        await house.settle()
        form = {"grant_type": "client_credentials", **MACHINE_SCOPE, **machine.credentials}

        token = (await house.token(form)).json()["access_token"]

        assert jwt.get_unverified_header(token)["alg"] == "RS256"
        assert (await house.verify(token, typ="at+jwt"))["sub"] == machine.id


class TestIssuer:
    @pytest.mark.parametrize("database_kind", ["sqlite"])
    @pytest.mark.parametrize("response_mode", ["query", "fragment", "form_post"])
    async def test_who_answers(
        self, house: House, web: RegisteredClient, ada: User, response_mode: str
    ) -> None:
        """RFC 9207 section 2: iss in every authorization response, errors included, and to the
        letter that of the metadata (section 2.4); section 3: which say so."""
        browser = house.browser()
        await browser.authorize(web, user=ada)

        for changes in ({}, {"scope": "openid", "prompt": "none login"}):
            answer = await browser.request(web, response_mode=response_mode, **changes)
            assert issuers_in(answer, response_mode) == ["http://localhost:3001/oidc"]
        metadata = (await house.http.get("/oidc/.well-known/openid-configuration")).json()
        assert metadata["issuer"] == "http://localhost:3001/oidc"
        assert metadata["authorization_response_iss_parameter_supported"] is True


class TestMetadata:
    @pytest.mark.parametrize("database_kind", ["sqlite"])
    async def test_document(self, house: House) -> None:
        """RFC 8414 section 3.2: JSON, without arrays that hold nothing; section 3.3: the issuer is
        the one that was asked. Every endpoint that it names is there."""
        answer = await house.http.get("/oidc/.well-known/oauth-authorization-server")
        metadata: dict[str, Any] = answer.json()

        assert answer.headers["content-type"].startswith("application/json")
        assert metadata["issuer"] == ISSUER
        assert not [name for name, value in metadata.items() if value in ([], None, "")]
        for name, value in metadata.items():
            if name.endswith("_endpoint"):
                path = urlsplit(value).path
                assert any(route == path for _, route in ROUTES), name


class TestClocks:
    @pytest.mark.parametrize("database_kind", ["sqlite"])
    async def test_a_minute_of_difference(self, house: House) -> None:
        """RFC 7523 section 3, RFC 7519 section 4.1.4: a few minutes at most of leeway. A client
        whose clock is a minute off, either way, is served; one that is further off is not."""
        await house.add_resource()
        key = SigningKey.generate()
        client = await house.add_client(
            "MachineToMachine",
            redirect_uris=(),
            metadata={"tokenEndpointAuthMethod": "private_key_jwt", "jwks": jwks(key)},
        )
        now = house.clock.seconds()
        outcomes = {}

        for skew in (-70, -60, 0, 60, 70):
            times = {"iat": now + skew, "nbf": now + skew, "exp": now + skew + 5}
            form = {"grant_type": "client_credentials", "resource": MACHINE_SCOPE["resource"]}
            sent = form | by_key(house, client, key, **times)
            outcomes[skew] = (await house.token(sent)).status_code

        assert outcomes == {-70: 401, -60: 200, 0: 200, 60: 200, 70: 401}
