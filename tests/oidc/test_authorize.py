"""The authorization endpoint: what it accepts, where it answers, and where it must not."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from doorward.users.tables import User
from tests.oidc.house import (
    CALLBACK,
    House,
    RegisteredClient,
    answer_of,
    auth_params,
    code_challenge,
    query_of,
)


class TestSignIn:
    async def test_a_stranger_is_sent_to_the_page(
        self, house: House, web: RegisteredClient
    ) -> None:
        """RFC 6749 section 3.1, OpenID Connect Core section 3.1.2.3: without a session the person
        signs in first."""
        browser = house.browser()

        answer = await browser.request(web)

        assert answer.status_code == 303
        assert answer.headers["location"] == f"/sign-in?app_id={web.id}"
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith("_interaction_default=")
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie
        assert browser.waiting()[web.id] == browser.waiting()["_legacy"]

    async def test_the_answer(self, house: House, web: RegisteredClient, ada: User) -> None:
        """RFC 6749 section 4.1.2, OpenID Connect Core section 3.1.2.5 and RFC 9207 section 2: code,
        the state untouched (RFC 9700 section 4.7), and iss."""
        answer = await house.browser().authorize(web, user=ada, state="ä state/+&=")

        assert set(answer) == {"code", "state", "iss", "session_state"}
        assert answer["state"] == "ä state/+&="
        assert answer["iss"] == "http://localhost:3001/oidc"

    async def test_post(self, house: House, web: RegisteredClient) -> None:
        """OpenID Connect Core section 3.1.2.1: POST with a form does the same. RFC 9700 section
        4.12: by 303, for a 307 would send the form on."""
        answer = await house.browser().http.post("/oidc/auth", data=auth_params(web))

        assert answer.status_code == 303
        assert answer.headers["location"] == f"/sign-in?app_id={web.id}"

    async def test_head(self, house: House, web: RegisteredClient, ada: User) -> None:
        """RFC 9110 section 9.2.1: HEAD is safe, so it gets no code; links are often looked at."""
        browser = house.browser()
        await browser.authorize(web, user=ada)

        answer = await browser.http.head("/oidc/auth", params=auth_params(web))

        assert answer.status_code == 404
        assert "location" not in answer.headers

    async def test_single_sign_on(self, house: House, web: RegisteredClient, ada: User) -> None:
        """A second application of the tenant gets its code without a second prompt."""
        browser = house.browser()
        await browser.authorize(web, user=ada)
        other = await house.add_client("SPA", redirect_uris=("https://other.example/cb",))

        answer = await browser.request(other)

        assert answer.headers["location"].startswith("https://other.example/cb?code=")

    async def test_no_single_sign_on_across_tenants(
        self, house: House, admin_house: House, web: RegisteredClient, ada: User
    ) -> None:
        """The session of one tenant is none in another, even in one cookie jar."""
        browser = house.browser()
        await browser.authorize(web, user=ada)
        other = await admin_house.add_client()
        token = browser.http.cookies["_session_default"]

        answer = await admin_house.http.get(
            "/oidc/auth",
            params=auth_params(other),
            headers={"cookie": f"_session_default={token}; _session_admin={token}"},
        )

        assert answer.headers["location"] == f"/sign-in?app_id={other.id}"

    async def test_suspended(self, house: House, web: RegisteredClient, ada: User) -> None:
        """A suspended user's session answers nothing any more."""
        browser = house.browser()
        await browser.authorize(web, user=ada)
        await house.change_user(ada, is_suspended=True)

        answer = await browser.request(web)

        assert answer.headers["location"].startswith("/sign-in")

    async def test_a_session_ends_after_14_days(
        self, house: House, web: RegisteredClient, ada: User
    ) -> None:
        """The default lifetime of a session."""
        browser = house.browser()
        await browser.authorize(web, user=ada)
        house.pass_time(days=13, hours=23)
        assert "code" in answer_of(await browser.request(web))

        house.pass_time(hours=2)

        assert (await browser.request(web)).headers["location"].startswith("/sign-in")


class TestTarget:
    """RFC 6749 section 4.1.2.1: with a wrong client or redirect URI, do not redirect at all."""

    @pytest.mark.parametrize(
        ("changes", "error"),
        [
            ({"client_id": None}, "invalid_request"),
            ({"client_id": "unknown"}, "invalid_client"),
            ({"client_id": "x" * 5000}, "invalid_client"),
            ({"redirect_uri": "https://evil.example/callback"}, "invalid_redirect_uri"),
            ({"redirect_uri": f"{CALLBACK}/"}, "invalid_redirect_uri"),
            ({"redirect_uri": f"{CALLBACK}?a=b"}, "invalid_redirect_uri"),
            ({"redirect_uri": f"{CALLBACK}#"}, "invalid_redirect_uri"),
            ({"redirect_uri": "https://app.example/callback/../evil"}, "invalid_redirect_uri"),
            ({"redirect_uri": "https://app.example:443/callback"}, "invalid_redirect_uri"),
            ({"redirect_uri": "https://APP.example/callback"}, "invalid_redirect_uri"),
            ({"redirect_uri": "https://app.example@evil.example/callback"}, "invalid_redirect_uri"),
            ({"redirect_uri": "http://app.example/callback"}, "invalid_redirect_uri"),
            ({"redirect_uri": "javascript:alert(1)"}, "invalid_redirect_uri"),
            ({"redirect_uri": "*"}, "invalid_redirect_uri"),
        ],
    )
    async def test_never_redirected(
        self, house: House, web: RegisteredClient, changes: dict[str, Any], error: str
    ) -> None:
        """RFC 6749 sections 3.1.2.4 and 10.15, RFC 8252 section 8.4: not even almost the same."""
        answer = await house.browser().request(web, **changes)

        assert answer.status_code == 400
        assert "location" not in answer.headers
        assert answer.json()["error"] == error
        assert answer.json()["code"] == f"oidc.{error}"

    @pytest.mark.parametrize("name", ["client_id", "redirect_uri"])
    async def test_named_twice(self, house: House, web: RegisteredClient, name: str) -> None:
        """RFC 6749 section 3.1: repeated, nobody knows which one another program would take."""
        params = [*auth_params(web).items(), (name, "https://evil.example/callback")]

        answer = await house.http.get("/oidc/auth", params=params)

        assert answer.status_code == 400
        assert answer.json()["error"] == "invalid_request"

    async def test_a_page_for_people(self, house: House, web: RegisteredClient) -> None:
        """Browsers get a page, which shows the protocol's words without running any."""
        answer = await house.http.get(
            "/oidc/auth",
            params={"client_id": "<script>alert(1)</script>"},
            headers={"accept": "text/html,application/xhtml+xml"},
        )

        assert answer.status_code == 400
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert "This link does not work" in answer.text
        assert "&lt;script&gt;" in answer.text
        assert "<script>alert" not in answer.text

    async def test_left_out_when_there_is_one(
        self, house: House, web: RegisteredClient, ada: User
    ) -> None:
        """RFC 6749 section 3.1.2.3: the only registered URI need not be named."""
        answer = await house.browser().authorize(web, user=ada, redirect_uri=None)
        tokens = await house.token(
            {"grant_type": "authorization_code", "code": answer["code"]}
            | web.credentials
            | {"code_verifier": "a-verifier-of-more-than-43-characters-0123456789"}
        )

        assert tokens.status_code == 200

    @pytest.mark.parametrize(
        "kind", [{"is_third_party": True}, {"metadata": {"dpopBoundAccessTokens": True}}]
    )
    async def test_never_left_out_by_others(self, house: House, kind: dict[str, Any]) -> None:
        """OpenID Connect Core section 3.1.2.1: REQUIRED of applications of third parties, and of
        those that chose what FAPI 2.0 demands."""
        client = await house.add_client(**kind)

        answer = await house.browser().request(client, redirect_uri=None)

        assert answer.status_code == 400
        assert answer.json()["error"] == "invalid_request"

    async def test_left_out_when_there_are_two(self, house: House) -> None:
        """RFC 6749 section 3.1.2.3: then it MUST be named."""
        client = await house.add_client(redirect_uris=(CALLBACK, "https://app.example/other"))

        answer = await house.browser().request(client, redirect_uri=None)

        assert answer.status_code == 400
        assert answer.json()["error_description"] == "missing required parameter redirect_uri"

    @pytest.mark.parametrize("type_", ["SPA", "Native", "Traditional"])
    @pytest.mark.parametrize("redirect_uri", [CALLBACK, "http://localhost:3000/cb", None])
    async def test_none_registered(
        self, house: House, type_: str, redirect_uri: str | None
    ) -> None:
        """RFC 6749 section 3.1.2.2: clients are required to register where they are answered."""
        client = await house.add_client(type_, redirect_uris=())

        answer = await house.browser().request(client, redirect_uri=redirect_uri)

        assert answer.status_code == 400
        assert "location" not in answer.headers

    @pytest.mark.parametrize(
        "redirect_uri",
        [
            "com.example.app:/callback",
            "com.example.app://callback",
            "https://app.example/callback",
            "http://127.0.0.1/callback",
            "http://[::1]/callback",
        ],
    )
    async def test_native(self, house: House, ada: User, redirect_uri: str) -> None:
        """RFC 8252 sections 6 and 7.1 to 7.3: a scheme of its own, an address on the web that it
        claimed, or loopback; each with PKCE, and to the end."""
        client = await house.add_client("Native", redirect_uris=(redirect_uri,))
        browser = house.browser()
        await browser.authorize(await house.add_client(), user=ada)

        answer = await browser.request(client, prompt=None)

        location = answer.headers["location"]
        assert location.startswith(f"{redirect_uri}?code=")
        tokens = await house.exchange(client, query_of(location)["code"][0])
        assert (await house.verify(tokens["id_token"], typ="jwt"))["sub"] == ada.id

    @pytest.mark.parametrize(
        ("type_", "redirect_uri", "is_accepted"),
        [
            ("Native", "http://localhost:51234/callback", True),
            ("Native", "http://localhost/callback", True),
            ("Native", "http://127.0.0.1:51234/callback", False),
            ("Native", "http://localhost:51234/other", False),
            ("Native", "http://localhost:51234@evil.example/callback", False),
            ("Native", "https://localhost:51234/callback", False),
            ("Traditional", "http://localhost:51234/callback", False),
        ],
    )
    async def test_loopback_port(
        self, house: House, type_: str, redirect_uri: str, is_accepted: bool
    ) -> None:
        """RFC 8252 section 7.3: any port on loopback, for native applications only."""
        client = await house.add_client(type_, redirect_uris=("http://localhost:3000/callback",))

        answer = await house.browser().request(client, redirect_uri=redirect_uri)

        assert answer.status_code == (303 if is_accepted else 400)


class TestRefusals:
    """RFC 6749 section 4.1.2.1, OpenID Connect Core sections 3.1.2.2 and 3.1.2.6: the client is
    told by redirect, with state and iss."""

    @pytest.mark.parametrize(
        ("changes", "error"),
        [
            ({"response_type": None}, "invalid_request"),
            ({"response_type": "banana"}, "unsupported_response_type"),
            ({"response_type": "code code"}, "unsupported_response_type"),
            ({"response_type": "code none"}, "unsupported_response_type"),
            ({"response_mode": "web_message"}, "unsupported_response_mode"),
            ({"prompt": "none login"}, "invalid_request"),
            ({"prompt": "none"}, "login_required"),
            ({"max_age": "-1"}, "invalid_request"),
            ({"max_age": "soon"}, "invalid_request"),
            ({"max_age": "9" * 5000}, "invalid_request"),
            ({"resource": "https://unknown.example/api"}, "invalid_target"),
            ({"request": "eyJhbGciOiJub25lIn0.e30."}, "invalid_request_object"),
            ({"request_uri": "https://evil.example/r"}, "invalid_request_uri"),
            ({"registration": "{}"}, "registration_not_supported"),
            ({"id_token_hint": "not.a.token"}, "invalid_request"),
            ({"nonce": "n" * 20_000}, "invalid_request"),
        ],
    )
    async def test_refused(
        self, house: House, web: RegisteredClient, changes: dict[str, Any], error: str
    ) -> None:
        answer = await house.browser().request(web, **changes)

        returned = answer_of(answer)
        assert answer.headers["location"].startswith(f"{CALLBACK}?")
        assert returned["error"] == error
        assert returned["state"] == "the-state"
        assert returned["iss"] == "http://localhost:3001/oidc"

    @pytest.mark.parametrize("name", ["scope", "nonce", "code_challenge", "prompt"])
    async def test_repeated(self, house: House, web: RegisteredClient, name: str) -> None:
        """RFC 6749 section 3.1: request parameters MUST NOT be included more than once."""
        params = [*auth_params(web).items(), (name, "again")]

        returned = answer_of(await house.http.get("/oidc/auth", params=params))

        assert returned["error"] == "invalid_request"
        assert name in returned["error_description"]

    async def test_repeated_state(self, house: House, web: RegisteredClient) -> None:
        """Of two states neither is the client's."""
        params = [*auth_params(web).items(), ("state", "another")]

        returned = answer_of(await house.http.get("/oidc/auth", params=params))

        assert returned["error"] == "invalid_request"
        assert "state" not in returned

    async def test_machine(self, house: House) -> None:
        """RFC 6749 section 4.1.2.1: a machine may not use this flow, wherever it would lead."""
        machine = await house.add_client("MachineToMachine", redirect_uris=(CALLBACK,))

        returned = answer_of(await house.browser().request(machine))

        assert returned["error"] == "unauthorized_client"

    async def test_nul_and_broken_encoding(self, house: House, web: RegisteredClient) -> None:
        """NUL and bytes that are no UTF-8 are refused before anything else is looked at."""
        for tail in ("%00", "%ff%fe", "%C3%28"):
            answer = await house.http.get(f"/oidc/auth?client_id={web.id}&state={tail}")

            assert answer.status_code == 400
            assert answer.json()["error"] == "invalid_request"

    async def test_body_over_the_limit(self, house: House, web: RegisteredClient) -> None:
        """A body may have 56 kB."""
        answer = await house.http.post("/oidc/auth", data=auth_params(web, state="s" * 60_000))

        assert answer.status_code == 413
        assert answer.json()["error"] == "invalid_request"


class TestPkce:
    @pytest.mark.parametrize("type_", ["SPA", "Native"])
    async def test_required_for_public_clients(self, house: House, type_: str) -> None:
        """RFC 9700 section 2.1.1, RFC 8252 section 8.1: public clients MUST use PKCE; RFC 7636
        section 4.4.1: they are told so by invalid_request."""
        client = await house.add_client(type_)

        returned = answer_of(
            await house.browser().request(client, code_challenge=None, code_challenge_method=None)
        )

        assert returned["error"] == "invalid_request"
        assert "PKCE" in returned["error_description"]

    @pytest.mark.parametrize(
        "changes",
        [
            {"code_challenge_method": "plain"},
            {"code_challenge_method": None},
            {"code_challenge_method": "s256"},
            {"code_challenge": None},
            {"code_challenge": "too-short"},
            {"code_challenge": "+" * 43},
            {"code_challenge": "a" * 44},
        ],
    )
    async def test_only_s256(
        self, house: House, web: RegisteredClient, changes: dict[str, Any]
    ) -> None:
        """RFC 7636 sections 4.2 to 4.4 and 4.4.1: `plain`, also by omission, is refused, as are
        malformed challenges, even where PKCE is optional."""
        returned = answer_of(await house.browser().request(web, **changes))

        assert returned["error"] == "invalid_request"


class TestModes:
    async def test_fragment(self, house: House, web: RegisteredClient, ada: User) -> None:
        """OAuth 2.0 Multiple Response Types section 2.1."""
        browser = house.browser()
        await browser.authorize(web, user=ada)

        answer = await browser.request(web, response_mode="fragment")

        parts = urlsplit(answer.headers["location"])
        assert parts.query == ""
        assert set(parse_qs(parts.fragment)) == {"code", "state", "iss", "session_state"}

    async def test_form_post(self, house: House, web: RegisteredClient, ada: User) -> None:
        """OAuth 2.0 Form Post Response Mode section 2: a form that only the client's address may
        receive, never cached. RFC 6749 section 10.14: what a request holds is text there."""
        browser = house.browser()
        await browser.authorize(web, user=ada)

        answer = await browser.request(web, response_mode="form_post", state='"><b>')

        assert answer.status_code == 200
        assert f'action="{CALLBACK}"' in answer.text
        assert 'name="code"' in answer.text
        assert "<b>" not in answer.text
        assert answer.headers["cache-control"] == "no-store"
        policy = answer.headers["content-security-policy"]
        assert "form-action 'self' https:" in policy

    async def test_the_clients_query_is_kept(self, house: House, ada: User) -> None:
        """RFC 6749 section 3.1.2: a query component MUST be retained."""
        client = await house.add_client(redirect_uris=("https://app.example/cb?keep=1",))

        answer = await house.browser().authorize(client, user=ada)

        assert answer["keep"] == "1"
        assert "code" in answer


class TestScopes:
    async def test_offline_access_needs_consent(
        self, house: House, web: RegisteredClient, ada: User
    ) -> None:
        """OpenID Connect Core section 11: without prompt=consent offline_access is ignored."""
        tokens = await house.sign_in(web, ada, prompt=None)

        assert "refresh_token" not in tokens
        assert tokens["scope"] == "openid profile"

    async def test_none_asked_for(self, house: House, web: RegisteredClient, ada: User) -> None:
        """RFC 6749 section 3.3: without scope there is a default, which is no scope at all."""
        tokens = await house.sign_in(web, ada, scope=None, prompt=None)

        assert tokens["scope"] == ""
        assert "id_token" not in tokens

    async def test_unknown_scopes_are_ignored(
        self, house: House, web: RegisteredClient, ada: User
    ) -> None:
        """RFC 6749 section 3.3: what is not granted is left out, and the answer says so."""
        tokens = await house.sign_in(web, ada, scope="openid openid email shoe_size urn:x:y")

        assert tokens["scope"] == "openid email"

    async def test_resources_in_one_parameter(
        self, house: House, web: RegisteredClient, ada: User
    ) -> None:
        """RFC 8707 section 2: several resources, repeated or after a comma."""
        await house.add_resource("https://a.example/api")
        await house.add_resource("https://b.example/api")
        browser = house.browser()

        for resource in (
            ["https://a.example/api", "https://b.example/api"],
            "https://a.example/api,https://b.example/api",
        ):
            answer = await browser.authorize(web, user=ada, resource=resource)
            tokens = await house.exchange(web, answer["code"], resource="https://b.example/api")
            claims = await house.verify(tokens["access_token"], typ="at+jwt")
            assert claims["aud"] == "https://b.example/api"

    async def test_organizations(self, house: House, web: RegisteredClient, ada: User) -> None:
        """Existing SDKs name the resource of organizations; the sign-in goes on without it."""
        answer = await house.browser().authorize(
            web,
            user=ada,
            scope="openid urn:logto:scope:organizations",
            resource="urn:logto:resource:organizations",
        )

        tokens = await house.exchange(web, answer["code"])

        assert tokens["scope"] == "openid"


class TestConsole:
    async def test_its_address_comes_from_the_settings(self, admin_house: House) -> None:
        """The admin console has no registered redirect URI; the endpoint gives it one."""
        console = RegisteredClient("admin-console", None, "http://localhost:3002/console/callback")

        good = await admin_house.browser().request(console)
        bad = await admin_house.browser().request(
            console, redirect_uri="http://localhost:3001/console/callback"
        )

        assert good.headers["location"] == "/sign-in?app_id=admin-console"
        assert bad.status_code == 400

    async def test_in_its_own_tenant_only(self, house: House) -> None:
        """No other tenant has a client of that name."""
        console = RegisteredClient("admin-console", None, "http://localhost:3001/console/callback")

        assert (await house.browser().request(console)).status_code == 400


class TestHelpers:
    def test_challenge_of_the_specification(self) -> None:
        """RFC 7636 appendix B, so that the tests' own arithmetic is right."""
        assert code_challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk") == (
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        )
        assert query_of("https://a.example/?b=c") == {"b": ["c"]}
