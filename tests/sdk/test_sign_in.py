"""What leaves for the server, what comes back, and what is kept of it."""

from __future__ import annotations

import asyncio
import json
from urllib.parse import parse_qs, urlsplit

import pytest
from logto import (
    DirectSignInOption,
    DirectSignInOptionMethod,
    FirstScreen,
    Identifier,
    LogtoClient,
    LogtoClientSync,
    LogtoConfig,
    LogtoException,
    MemoryStorage,
    UserInfoScope,
)

from tests.sdk.fake_provider import APP_ID, REDIRECT_URI, FakeProvider

API = "https://books.example/api"


def query_of(url: str) -> dict[str, list[str]]:
    return parse_qs(urlsplit(url).query)


class TestAuthorizationRequest:
    async def test_carries_what_protects_a_sign_in(
        self, provider: FakeProvider, client: LogtoClient, storage: MemoryStorage
    ) -> None:
        """PKCE with S256, state and nonce are sent, and their secret halves are stored."""
        url = await client.signIn(REDIRECT_URI)

        query, kept = query_of(url), json.loads(storage.get("signInSession") or "")
        assert url.startswith(f"{provider.issuer}/auth?")
        assert query["code_challenge_method"] == ["S256"]
        assert len(query["code_challenge"][0]) == 43
        assert query["state"] == [kept["state"]]
        assert query["nonce"] == [kept["nonce"]]
        assert query["code_challenge"][0] != kept["codeVerifier"]
        assert kept["redirectUri"] == REDIRECT_URI

    async def test_asks_for_the_default_scopes_with_consent(self, provider: FakeProvider) -> None:
        """The defaults give a refresh token: offline_access, prompt=consent."""
        config = LogtoConfig(endpoint=provider.endpoint, appId=APP_ID, resources=[API])

        query = query_of(await LogtoClient(config, MemoryStorage()).signIn(REDIRECT_URI))

        assert query["client_id"] == ["bookstore"]
        assert query["response_type"] == ["code"]
        assert query["scope"] == ["openid offline_access profile"]
        assert query["prompt"] == ["consent"]
        assert query["resource"] == ["https://books.example/api"]
        assert "interaction_mode" not in query

    async def test_says_each_scope_once(self, provider: FakeProvider) -> None:
        """Scopes may be names or members of the enums; organizations bring their resource."""
        config = LogtoConfig(
            endpoint=provider.endpoint,
            appId=APP_ID,
            scopes=["openid", "read", UserInfoScope.email, UserInfoScope.organizations],
        )

        query = query_of(await LogtoClient(config, MemoryStorage()).signIn(REDIRECT_URI))

        assert query["scope"] == [
            "openid offline_access profile read email urn:logto:scope:organizations"
        ]
        assert query["resource"] == ["urn:logto:resource:organizations"]

    async def test_carries_the_first_page(self, client: LogtoClient) -> None:
        """Each option has its parameter of the server."""
        query = query_of(
            await client.sign_in(
                REDIRECT_URI,
                first_screen=FirstScreen.identifier_sign_in,
                identifiers=[Identifier.email, "phone"],
                direct_sign_in=DirectSignInOption(
                    method=DirectSignInOptionMethod.social, target="discord"
                ),
                login_hint="ada@example.com",
                extra_params={"ui_locales": "de"},
            )
        )

        assert query["first_screen"] == ["identifier:sign_in"]
        assert query["identifier"] == ["email phone"]
        assert query["direct_sign_in"] == ["social:discord"]
        assert query["login_hint"] == ["ada@example.com"]
        assert query["ui_locales"] == ["de"]

    async def test_sign_up(self, client: LogtoClient) -> None:
        """interactionMode="signUp" is the tutorial's way to the page that creates an account."""
        query = query_of(await client.signIn(REDIRECT_URI, interactionMode="signUp"))

        assert query["interaction_mode"] == ["signUp"]

    @pytest.mark.parametrize("name", ["state", "nonce", "code_challenge", "redirect_uri"])
    async def test_extra_parameters_may_not_weaken_it(self, client: LogtoClient, name: str) -> None:
        """A parameter that protects the sign-in is not for callers to choose."""
        with pytest.raises(LogtoException, match=name):
            await client.signIn(REDIRECT_URI, extraParams={name: "chosen"})


class TestCallback:
    async def test_signs_the_user_in(self, provider: FakeProvider, client: LogtoClient) -> None:
        """A code becomes an ID token, a refresh token and an access token."""
        await client.handleSignInCallback(provider.authorize(await client.signIn(REDIRECT_URI)))

        assert client.isAuthenticated() is True
        assert client.getIdTokenClaims().sub == "user1"
        assert client.getIdTokenClaims().username == "ada"
        assert (client.getRefreshToken() or "").startswith("refresh-")
        user = await client.fetchUserInfo()
        assert (user.sub, user.email) == ("user1", "ada@example.com")
        assert user.model_dump(exclude_unset=True)["roles"] == ["reader"]

    async def test_tells_the_server_who_asks(
        self, provider: FakeProvider, client: LogtoClient
    ) -> None:
        """The secret goes into the Basic header, form-encoded (RFC 6749 section 2.3.1)."""
        await client.handleSignInCallback(provider.authorize(await client.signIn(REDIRECT_URI)))

        form = provider.forms[0]
        assert form["authorization"] == "Basic Ym9va3N0b3JlOnMzY3JldCUzQSUyRiUyQiUyNg=="
        assert "client_secret" not in form

    async def test_public_client_sends_its_name(self, provider: FakeProvider) -> None:
        """An application without a secret says client_id in the form."""
        config = LogtoConfig(endpoint=provider.endpoint, appId=APP_ID)
        client = LogtoClient(config, MemoryStorage())

        await client.handleSignInCallback(provider.authorize(await client.signIn(REDIRECT_URI)))

        assert provider.forms[0]["client_id"] == "bookstore"
        assert provider.forms[0]["authorization"] == ""

    async def test_synchronous_client(self, provider: FakeProvider, config: LogtoConfig) -> None:
        """The client without async does the same, in both spellings."""
        client = LogtoClientSync(config, MemoryStorage())

        def walk() -> None:
            client.handle_sign_in_callback(provider.authorize(client.sign_in(REDIRECT_URI)))
            assert client.isAuthenticated()
            assert client.fetch_user_info().username == "ada"
            assert client.getAccessTokenClaims("https://books.example/api").scopes == {
                "read",
                "write",
            }
            assert client.sign_out("http://localhost:3000/").startswith(
                f"{provider.issuer}/session/end?client_id=bookstore&post_logout_redirect_uri="
            )
            assert not client.is_authenticated()

        await asyncio.to_thread(walk)

    def test_new_event_loop_for_each_request(
        self, provider: FakeProvider, client: LogtoClient
    ) -> None:
        """Flask's async views run each in a loop of its own; the connections outlive them."""
        url = asyncio.run(client.signIn(REDIRECT_URI))
        asyncio.run(client.handleSignInCallback(provider.authorize(url)))

        assert asyncio.run(client.fetchUserInfo()).sub == "user1"


class TestSignOut:
    async def test_forgets_and_revokes(
        self, provider: FakeProvider, client: LogtoClient, storage: MemoryStorage
    ) -> None:
        """Nothing stays here, and the refresh token is worth nothing any more."""
        await client.handleSignInCallback(provider.authorize(await client.signIn(REDIRECT_URI)))
        refresh_token = client.getRefreshToken()

        url = await client.signOut("http://localhost:3000/")

        assert query_of(url) == {
            "client_id": ["bookstore"],
            "post_logout_redirect_uri": ["http://localhost:3000/"],
        }
        assert provider.revoked == [refresh_token]
        for key in ("idToken", "accessTokenMap", "refreshToken", "signInSession"):
            assert storage.get(key) is None

    async def test_works_when_revocation_does_not(
        self, provider: FakeProvider, client: LogtoClient
    ) -> None:
        """Signing out may not fail because the server is unwell."""
        await client.handleSignInCallback(provider.authorize(await client.signIn(REDIRECT_URI)))
        provider.answers["/token/revocation"] = (503, {})

        url = await client.sign_out()

        assert url == f"{provider.issuer}/session/end?client_id=bookstore"
        assert client.is_authenticated() is False


class TestWithoutUser:
    async def test_there_are_no_tokens(self, client: LogtoClient) -> None:
        """Nobody is signed in: no token, and an error where claims are asked for."""
        assert client.isAuthenticated() is False
        assert client.getIdToken() is None
        assert await client.getAccessToken("https://books.example/api") is None
        assert await client.getOrganizationToken("org1") is None
        with pytest.raises(LogtoException, match="ID Token not found"):
            client.getIdTokenClaims()
        with pytest.raises(LogtoException, match="not signed in"):
            await client.getAccessTokenClaims()
        with pytest.raises(LogtoException, match="not signed in"):
            await client.fetchUserInfo()

    async def test_server_that_is_down(self) -> None:
        """An unreachable server is a LogtoException like every other trouble."""
        config = LogtoConfig(endpoint="http://127.0.0.1:9", appId=APP_ID)

        with pytest.raises(LogtoException, match="could not be reached"):
            await LogtoClient(config, MemoryStorage()).signIn(REDIRECT_URI)
