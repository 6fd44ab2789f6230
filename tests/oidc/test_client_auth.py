"""Client authentication at the token endpoint, and who may not get past it."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import Any
from urllib.parse import quote_plus

import pytest

from doorward.oidc.clients.assertion import ASSERTION_TYPE
from doorward.users.tables import User
from tests.oidc.house import CALLBACK, SECRET, House, RegisteredClient, auth_params, code_form

GRANT = {"grant_type": "authorization_code", "code": "x"}


def basic(client_id: str, secret: str) -> str:
    """RFC 6749 section 2.3.1: both parts form-encoded, then base64."""
    pair = f"{quote_plus(client_id)}:{quote_plus(secret)}"
    return f"Basic {base64.b64encode(pair.encode()).decode()}"


class TestSecrets:
    async def test_basic_and_post(self, house: House, web: RegisteredClient, ada: User) -> None:
        """RFC 6749 section 2.3.1: the two ways are interchangeable."""
        browser = house.browser()
        for is_basic in (True, False):
            code = (await browser.authorize(web, user=ada))["code"]
            form = code_form(web, code)
            headers = {}
            if is_basic:
                del form["client_id"], form["client_secret"]
                headers = {"authorization": basic(web.id, SECRET)}

            answer = await house.token(form, **headers)

            assert answer.status_code == 200

    @pytest.mark.parametrize("secret", ["a b+c%25d:e/é=&?", "p:a:s:s", "ünï", "%41"])
    async def test_odd_secrets(self, house: House, secret: str) -> None:
        """RFC 6749 section 2.3.1: basic credentials are form-decoded after they are taken apart."""
        client = await house.add_client(secrets={secret: None})

        answer = await house.token(GRANT, authorization=basic(client.id, secret))

        assert answer.json()["error"] == "invalid_grant"

    async def test_every_secret_works_until_it_expires(self, house: House) -> None:
        """Several named secrets, so that one can be replaced without an outage."""
        soon = house.clock.now() + timedelta(minutes=5)
        client = await house.add_client(secrets={"old": soon, "new": None})

        async def error(secret: str) -> dict[str, Any]:
            answer = await house.token(GRANT | {"client_id": client.id, "client_secret": secret})
            assert answer.status_code in {400, 401}
            body: dict[str, Any] = answer.json()
            return body

        assert (await error("old"))["error"] == "invalid_grant"
        assert (await error("new"))["error"] == "invalid_grant"
        house.pass_time(minutes=6)
        assert (await error("old"))["error_description"] == "client secret has expired"
        assert (await error("old"))["error"] == "invalid_request"
        assert (await error("new"))["error"] == "invalid_grant"
        assert (await error("never"))["error"] == "invalid_client"

    @pytest.mark.parametrize(
        "form",
        [
            {},
            {"client_secret": "wrong"},
            {"client_secret": SECRET + " "},
            {"client_secret": SECRET[:-1]},
            {"client_secret": ""},
        ],
    )
    async def test_wrong(self, house: House, web: RegisteredClient, form: dict[str, str]) -> None:
        """RFC 6749 sections 3.2.1 and 5.2: a client with a secret proves itself, else 401."""
        answer = await house.token(GRANT | {"client_id": web.id} | form)

        assert answer.status_code == 401
        assert answer.json()["error"] == "invalid_client"
        assert answer.headers["cache-control"] == "no-store"

    async def test_wrong_basic_is_challenged(self, house: House, web: RegisteredClient) -> None:
        """RFC 6749 section 5.2: who used the Authorization header is told its scheme."""
        answer = await house.token(GRANT, authorization=basic(web.id, "wrong"))

        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Basic realm=")

    @pytest.mark.parametrize("authorization", ["Bearer abc", "Digest username=x", "x"])
    async def test_another_scheme_is_challenged(self, house: House, authorization: str) -> None:
        """RFC 6749 section 5.2: so is who used it in a way that is not supported."""
        answer = await house.token(GRANT, authorization=authorization)

        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
        assert answer.headers["www-authenticate"].startswith("Basic realm=")

    async def test_expired_basic_is_challenged(self, house: House) -> None:
        """RFC 6749 section 5.2: and who used a secret there that is over."""
        soon = house.clock.now() + timedelta(minutes=5)
        client = await house.add_client(secrets={SECRET: soon})
        house.pass_time(minutes=6)

        answer = await house.token(GRANT, authorization=basic(client.id, SECRET))

        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
        assert answer.json()["error_description"] == "client secret has expired"
        assert answer.headers["www-authenticate"].startswith("Basic realm=")

    @pytest.mark.parametrize("method", ["private_key_jwt", "self_signed_tls_client_auth"])
    @pytest.mark.parametrize("secret", ["", SECRET])
    async def test_the_header_is_no_way_in_for_others(
        self, house: House, method: str, secret: str
    ) -> None:
        """RFC 6749 section 5.2: nor is it for clients that sign, or show a certificate."""
        client = await house.add_client(metadata={"tokenEndpointAuthMethod": method})

        answer = await house.token(GRANT, authorization=basic(client.id, secret))

        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
        assert answer.headers["www-authenticate"].startswith("Basic realm=")

    @pytest.mark.parametrize(
        "authorization",
        [
            "Basic",
            "Basic !!!",
            "Basic Og==",
            "Basic /w==",
            "Basic " + base64.b64encode(b"no-colon").decode(),
            "Basic " + base64.b64encode(b"%zz%ff:x").decode(),
            "Basic " + base64.b64encode(b"a%00b:x").decode(),
            "Basic " + "A" * 9000,
            "Bearer abc",
            "Digest username=x",
        ],
    )
    async def test_malformed_header(self, house: House, authorization: str) -> None:
        """A header that says nothing is refused, never repaired."""
        answer = await house.token(GRANT, authorization=authorization)

        assert answer.status_code in {400, 401}
        assert answer.json()["error"] in {"invalid_client", "invalid_request"}

    async def test_two_ways_at_once(self, house: House, web: RegisteredClient) -> None:
        """RFC 6749 section 2.3: MUST NOT use more than one method in each request."""
        answer = await house.token(GRANT | web.credentials, authorization=basic(web.id, SECRET))

        assert answer.status_code == 400
        assert answer.json()["error"] == "invalid_request"

    async def test_two_clients_at_once(self, house: House, web: RegisteredClient) -> None:
        """A client_id beside the header must be the same client."""
        other = await house.add_client()

        answer = await house.token(
            GRANT | {"client_id": other.id}, authorization=basic(web.id, SECRET)
        )

        assert answer.status_code == 400

    async def test_public_client(self, house: House) -> None:
        """A public client says who it is, and no more."""
        client = await house.add_client("SPA")

        alone = await house.token(GRANT | {"client_id": client.id})
        by_header = await house.token(GRANT, authorization=basic(client.id, ""))
        with_secret = await house.token(GRANT | {"client_id": client.id, "client_secret": "x"})

        assert alone.json()["error"] == "invalid_grant"
        assert by_header.json()["error"] == "invalid_grant"
        assert with_secret.json()["error"] == "invalid_client"

    async def test_client_of_another_tenant(
        self, admin_house: House, web: RegisteredClient
    ) -> None:
        """A client exists in its tenant only."""
        answer = await admin_house.token(GRANT | web.credentials)

        assert answer.json()["error_description"] == f"invalid client {web.id}"

    async def test_an_assertion_beside_a_secret(self, house: House, web: RegisteredClient) -> None:
        """RFC 6749 section 2.3: one method in each request; and this client has no assertions."""
        form = GRANT | {"client_assertion": "e30.e30.AA", "client_assertion_type": ASSERTION_TYPE}

        both = await house.token(form | web.credentials)
        alone = await house.token(form | {"client_id": web.id})

        assert both.json()["error"] == "invalid_request"
        assert alone.json()["error"] == "invalid_client"


class TestRequests:
    async def test_json(self, house: House, web: RegisteredClient, ada: User) -> None:
        """A JSON object does as well as a form."""
        code = (await house.browser().authorize(web, user=ada))["code"]

        answer = await house.http.post("/oidc/token", json=code_form(web, code))

        assert answer.status_code == 200

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"{",
            b"[]",
            b'"text"',
            b"null",
            b"[" * 50_000,
            b'{"grant_type": ["client_credentials"]}',
            b'{"grant_type": {"a": 1}}',
            b'{"grant_type": null}',
            b'{"grant_type": true}',
            b'{"grant_type": "a", "grant_type": "b"}',
            b'{"grant_type": "a\\u0000b"}',
            b'{"grant_type": "\\ud800"}',
            b"\xff\xfe{\x00}\x00",
            b'{"grant_type": ' + b"9" * 20_000 + b"}",
        ],
    )
    async def test_malformed_json(self, house: House, body: bytes) -> None:
        """Wrong types, repeated members, NUL and nesting: refused, with the protocol's error."""
        answer = await house.http.post(
            "/oidc/token", content=body, headers={"content-type": "application/json"}
        )

        assert answer.status_code == 400
        assert answer.json()["error"] == "invalid_request"

    @pytest.mark.parametrize(
        "content_type", ["text/plain", "multipart/form-data; boundary=x", "application/xml", None]
    )
    async def test_other_media_types(self, house: House, content_type: str | None) -> None:
        """RFC 6749 section 3.2: the body is a form."""
        headers = {"content-type": content_type} if content_type else {}

        answer = await house.http.post("/oidc/token", content=b"a=b", headers=headers)

        assert answer.status_code == 400
        assert answer.json()["error"] == "invalid_request"

    @pytest.mark.parametrize("name", ["grant_type", "client_id", "code", "anything"])
    async def test_repeated(self, house: House, web: RegisteredClient, name: str) -> None:
        """RFC 6749 section 3.2: parameters MUST NOT be included more than once."""
        form = GRANT | web.credentials | {"anything": "x"}
        text = "&".join(f"{key}={value}" for key, value in form.items())

        answer = await house.http.post(
            "/oidc/token",
            content=f"{text}&{name}=x",
            headers={"content-type": "application/x-www-form-urlencoded"},
        )

        assert answer.status_code == 400
        assert name in answer.json()["error_description"]

    async def test_credentials_in_the_address(self, house: House, web: RegisteredClient) -> None:
        """RFC 6749 section 2.3.1: parameters MUST NOT be included in the request URI."""
        answer = await house.http.post("/oidc/token", params=GRANT | web.credentials)

        assert answer.status_code == 400

    async def test_over_the_limit(self, house: House) -> None:
        """56 kB, counted while it arrives, whatever Content-Length says."""

        async def endless() -> Any:
            for _ in range(100):
                yield b"a=" + b"x" * 1000 + b"&"

        answer = await house.http.post(
            "/oidc/token",
            content=endless(),
            headers={"content-type": "application/x-www-form-urlencoded"},
        )

        assert answer.status_code == 413
        assert answer.json()["error"] == "invalid_request"

    async def test_too_many_fields(self, house: House) -> None:
        """A form of thousands of fields is nobody's token request."""
        answer = await house.http.post(
            "/oidc/token",
            content="&".join(f"a{n}=b" for n in range(5000)),
            headers={"content-type": "application/x-www-form-urlencoded"},
        )

        assert answer.status_code == 400

    @pytest.mark.parametrize(
        ("form", "error"),
        [
            ({}, "invalid_request"),
            ({"grant_type": "password"}, "unsupported_grant_type"),
            ({"grant_type": "implicit"}, "unsupported_grant_type"),
            ({"grant_type": "client_credentials"}, "unauthorized_client"),
        ],
    )
    async def test_grant_types(
        self, house: House, web: RegisteredClient, form: dict[str, str], error: str
    ) -> None:
        """RFC 6749 section 5.2: unknown grants, and grants that the client may not use; RFC 9700
        section 2.4: the password grant MUST NOT be used."""
        answer = await house.token(web.credentials | form)

        assert answer.status_code == 400
        assert answer.json()["error"] == error


class TestOrigins:
    """Which pages in a browser may use a client."""

    @pytest.mark.parametrize(
        ("origin", "is_allowed"),
        [
            ("https://app.example", True),
            ("https://preview-7.books.app.example", True),
            ("https://named.example", True),
            ("http://localhost:3001", True),
            ("http://app.example", False),
            ("https://app.example:444", False),
            ("https://app.example.evil.example", False),
            ("https://a.b.books.app.example", False),
            ("https://*.books.app.example", False),
            ("null", False),
            ("https://evil.example", False),
        ],
    )
    async def test_token(self, house: House, origin: str, is_allowed: bool) -> None:
        """The client's redirect URIs and corsAllowedOrigins; anybody else gets 400, unreadable."""
        client = await house.add_client(
            "SPA",
            redirect_uris=(CALLBACK, "https://*.books.app.example/cb"),
            corsAllowedOrigins=["https://named.example"],
        )

        answer = await house.token(GRANT | {"client_id": client.id}, origin=origin)

        assert answer.status_code == 400
        assert "access-control-allow-credentials" not in answer.headers
        if is_allowed:
            assert answer.json()["error"] == "invalid_grant"
            assert answer.headers["access-control-allow-origin"] == origin
            assert answer.headers["vary"] == "Origin"
        else:
            assert answer.json()["error"] == "invalid_request"
            assert "access-control-allow-origin" not in answer.headers

    async def test_a_refused_origin_changes_nothing(self, house: House, ada: User) -> None:
        """The origin is judged before the code is used, so the rightful page can still use it."""
        client = await house.add_client("SPA")
        code = (await house.browser().authorize(client, user=ada))["code"]

        refused = await house.token(code_form(client, code), origin="https://evil.example")
        good = await house.token(code_form(client, code), origin="https://app.example")

        assert refused.status_code == 400
        assert good.status_code == 200
        assert good.headers["access-control-allow-origin"] == "https://app.example"

    @pytest.mark.parametrize("path", ["token", "me", "token/introspection", "token/revocation"])
    async def test_preflight(self, house: House, path: str) -> None:
        """Fetch Standard: a preflight names no client, so the request itself decides."""
        answer = await house.http.options(
            f"/oidc/{path}",
            headers={
                "origin": "https://app.example",
                "access-control-request-method": "POST",
                "access-control-request-headers": "authorization",
            },
        )

        assert answer.status_code == 204
        assert answer.headers["access-control-allow-origin"] == "https://app.example"
        assert "POST" in answer.headers["access-control-allow-methods"]
        assert answer.headers["access-control-allow-headers"] == "authorization"

    async def test_no_preflight_for_pages(self, house: House) -> None:
        """RFC 9700 section 2.6: the authorization endpoint is opened by browsers and MUST NOT be
        fetched by pages, not even by those of the client."""
        client = await house.add_client()
        page = {"origin": "https://app.example"}

        asked = await house.http.options("/oidc/auth", headers=page)
        fetched = await house.http.get("/oidc/auth", params=auth_params(client), headers=page)

        assert asked.status_code == 404
        assert fetched.status_code == 303
        for answer in (asked, fetched):
            assert "access-control-allow-origin" not in answer.headers

    async def test_userinfo(self, house: House, web: RegisteredClient, ada: User) -> None:
        """At userinfo the token says whose page it must be."""
        tokens = await house.sign_in(web, ada)
        bearer = {"authorization": f"Bearer {tokens['access_token']}"}

        own = await house.http.get("/oidc/me", headers=bearer | {"origin": "https://app.example"})
        other = await house.http.get("/oidc/me", headers=bearer | {"origin": "https://b.example"})

        assert own.headers["access-control-allow-origin"] == "https://app.example"
        assert other.status_code == 400
        assert "sub" not in other.json()

    async def test_expired_token(self, house: House) -> None:
        """A page can read that its token is no longer good; the error says nothing of anybody."""
        answer = await house.http.get(
            "/oidc/me",
            headers={"authorization": "Bearer expired", "origin": "https://app.example"},
        )

        assert answer.status_code == 401
        assert answer.headers["access-control-allow-origin"] == "https://app.example"
        assert answer.headers["access-control-expose-headers"] == "WWW-Authenticate, DPoP-Nonce"
