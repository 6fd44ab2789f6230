"""Answers and tokens that an attacker made, changed or took from elsewhere sign nobody in."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey
from logto import AccessTokenVerifier, LogtoClient, LogtoConfig, LogtoException, MemoryStorage

from tests.sdk.fake_provider import APP_ID, REDIRECT_URI, FakeProvider, new_key, sign_properly

API = "https://books.example/api"


async def sign_in(provider: FakeProvider, client: LogtoClient, **changes: str | None) -> None:
    await client.handleSignInCallback(
        provider.authorize(await client.signIn(REDIRECT_URI), **changes)
    )


async def refused(
    provider: FakeProvider, client: LogtoClient, match: str, **changes: str | None
) -> LogtoException:
    """The sign-in fails with these words, and nothing of it is kept."""
    with pytest.raises(LogtoException, match=match) as caught:
        await sign_in(provider, client, **changes)

    assert client.isAuthenticated() is False
    assert client.getRefreshToken() is None
    assert await client.getAccessToken() is None
    return caught.value


def part(value: Mapping[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


class TestCallback:
    @pytest.mark.parametrize("state", ["tampered", "", None])
    async def test_wrong_state(
        self, provider: FakeProvider, client: LogtoClient, state: str | None
    ) -> None:
        """RFC 6749 section 10.12: an answer that this browser did not ask for."""
        await refused(provider, client, "state", state=state)

        assert provider.hits["/token"] == 0

    async def test_wrong_state_leaves_the_real_sign_in_alone(
        self, provider: FakeProvider, client: LogtoClient
    ) -> None:
        """A forged callback does not end the sign-in that is under way."""
        url = await client.signIn(REDIRECT_URI)
        with pytest.raises(LogtoException, match="state"):
            await client.handleSignInCallback(provider.authorize(url, state="forged"))

        await client.handleSignInCallback(provider.authorize(url))

        assert client.isAuthenticated()

    async def test_state_twice(self, provider: FakeProvider, client: LogtoClient) -> None:
        """RFC 6749 section 3.1: no parameter may be repeated."""
        callback = provider.authorize(await client.signIn(REDIRECT_URI))

        with pytest.raises(LogtoException, match="state"):
            await client.handleSignInCallback(callback + "&state=another")

    async def test_answer_of_another_server(
        self, provider: FakeProvider, client: LogtoClient
    ) -> None:
        """RFC 9207 section 2.4: the mix-up attack."""
        await refused(provider, client, "iss", iss="https://evil.example/oidc")

        assert provider.hits["/token"] == 0

    async def test_missing_issuer(self, provider: FakeProvider, client: LogtoClient) -> None:
        """RFC 9207 section 2.4: a server that announces `iss` always sends it."""
        await refused(provider, client, "iss", iss=None)

    async def test_missing_issuer_of_a_server_that_never_sends_it(
        self, provider: FakeProvider, client: LogtoClient
    ) -> None:
        """Older servers do not know the parameter."""
        provider.metadata = {"authorization_response_iss_parameter_supported": False}

        await sign_in(provider, client, iss=None)

        assert client.isAuthenticated()

    async def test_callback_twice(self, provider: FakeProvider, client: LogtoClient) -> None:
        """A sign-in is answered once."""
        callback = provider.authorize(await client.signIn(REDIRECT_URI))
        await client.handleSignInCallback(callback)

        with pytest.raises(LogtoException, match="no sign-in"):
            await client.handleSignInCallback(callback)

    async def test_refusal_of_the_user(self, provider: FakeProvider, client: LogtoClient) -> None:
        """What the server says is there to be acted upon."""
        error = await refused(
            provider,
            client,
            "access_denied",
            code=None,
            error="access_denied",
            error_description="The user said no",
        )

        assert (error.error, error.error_description) == ("access_denied", "The user said no")
        assert str(error) == "access_denied: The user said no"

    async def test_code_of_another_sign_in(
        self, provider: FakeProvider, client: LogtoClient, config: LogtoConfig
    ) -> None:
        """RFC 7636: a code that was injected does not fit the verifier."""
        attacker = LogtoClient(config, MemoryStorage())
        stolen = provider.authorize(await attacker.signIn(REDIRECT_URI))
        code = stolen.split("code=")[1].split("&")[0]

        error = await refused(provider, client, "bad code", code=code)

        assert (error.error, error.status) == ("invalid_grant", 400)


class FromNow(int):
    """Seconds from the moment a test runs, which is minutes after it was collected."""


def at_this_moment(claims: dict[str, Any]) -> dict[str, Any]:
    now = int(time.time())
    return {n: now + int(v) if isinstance(v, FromNow) else v for n, v in claims.items()}


class TestClaimsOfAnIdToken:
    @pytest.mark.parametrize(
        ("claims", "match"),
        [
            ({"nonce": "another"}, "nonce"),
            ({"nonce": "absent"}, "nonce"),
            ({"iss": "https://evil.example/oidc"}, "iss"),
            ({"aud": "another-app"}, "aud"),
            ({"aud": ["another-app", "third"]}, "aud"),
            ({"aud": [APP_ID, "another-app"]}, "no azp"),
            ({"aud": [APP_ID, "another-app"], "azp": "another-app"}, "azp"),
            ({"azp": "another-app"}, "azp"),
            ({"exp": FromNow(-120)}, "expired"),
            ({"iat": FromNow(600)}, "future"),
            ({"exp": "absent"}, "lacks claims"),
            ({"iat": "absent"}, "lacks claims"),
            ({"sub": "absent"}, "lacks claims"),
            ({"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}, "at_hash"),
        ],
    )
    async def test_wrong(
        self, provider: FakeProvider, client: LogtoClient, claims: dict[str, Any], match: str
    ) -> None:
        """OpenID Connect Core section 3.1.3.7: each claim is checked."""
        provider.claims = at_this_moment(claims)

        await refused(provider, client, match)

    @pytest.mark.parametrize(
        "claims",
        [
            {"aud": [APP_ID]},
            {"aud": [APP_ID, "another-app"], "azp": APP_ID},
            {"exp": FromNow(-20)},
            {"iat": FromNow(20)},
        ],
    )
    async def test_right(
        self, provider: FakeProvider, client: LogtoClient, claims: dict[str, Any]
    ) -> None:
        """Clocks may differ a little, and the audience may be a list."""
        provider.claims = at_this_moment(claims)

        await sign_in(provider, client)

        assert client.isAuthenticated()

    async def test_another_user_at_refresh(
        self, provider: FakeProvider, client: LogtoClient, storage: MemoryStorage
    ) -> None:
        """OpenID Connect Core section 12.2: refreshing never changes who is signed in."""
        await sign_in(provider, client)
        storage.delete("accessTokenMap")
        provider.id_token_on_refresh, provider.claims = True, {"sub": "mallory"}

        with pytest.raises(LogtoException, match="another user"):
            await client.getAccessToken()

        assert client.getIdTokenClaims().sub == "user1"


def sign_with_none(provider: FakeProvider, claims: dict[str, Any]) -> str:
    return f"{part({'alg': 'none', 'kid': provider.keys[0].kid})}.{part(claims)}."


def sign_with_the_public_key_as_secret(provider: FakeProvider, claims: dict[str, Any]) -> str:
    secret = provider.keys[0].as_pem(private=False)
    signed = f"{part({'alg': 'HS256', 'kid': provider.keys[0].kid})}.{part(claims)}"
    digest = hmac.new(secret, signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"


def sign_with_another_key(provider: FakeProvider, claims: dict[str, Any]) -> str:
    header = {"alg": "ES256", "kid": provider.keys[0].kid}
    return jwt.encode(header, claims, ECKey.generate_key("P-256"))


def sign_with_an_unknown_key(provider: FakeProvider, claims: dict[str, Any]) -> str:
    key = new_key()
    return jwt.encode({"alg": "ES256", "kid": key.kid}, claims, key)


def sign_with_an_embedded_key(provider: FakeProvider, claims: dict[str, Any]) -> str:
    key = new_key()
    return jwt.encode({"alg": "ES256", "jwk": key.as_dict(private=False)}, claims, key)


def sign_with_an_rsa_key_under_the_known_name(
    provider: FakeProvider, claims: dict[str, Any]
) -> str:
    header = {"alg": "RS256", "kid": provider.keys[0].kid}
    return jwt.encode(header, claims, RSAKey.generate_key(2048))


def sign_then_change_the_user(provider: FakeProvider, claims: dict[str, Any]) -> str:
    header, _, signature = sign_properly(provider, claims).split(".")
    return f"{header}.{part(claims | {'sub': 'admin'})}.{signature}"


def sign_then_strip(provider: FakeProvider, claims: dict[str, Any]) -> str:
    header, payload, _ = sign_properly(provider, claims).split(".")
    return f"{header}.{payload}."


def sign_with_an_extension(provider: FakeProvider, claims: dict[str, Any]) -> str:
    signed = sign_properly(provider, claims).split(".")
    known = {"alg": "ES256", "kid": provider.keys[0].kid, "crit": ["odd"], "odd": 1}
    return ".".join([part(known), *signed[1:]])


def not_a_token(provider: FakeProvider, claims: dict[str, Any]) -> str:
    return "..."


class TestSignatureOfAnIdToken:
    @pytest.mark.parametrize(
        "sign",
        [
            sign_with_none,
            sign_with_the_public_key_as_secret,
            sign_with_another_key,
            sign_with_an_unknown_key,
            sign_with_an_embedded_key,
            sign_with_an_rsa_key_under_the_known_name,
            sign_then_change_the_user,
            sign_then_strip,
            sign_with_an_extension,
            not_a_token,
        ],
    )
    async def test_forged(self, provider: FakeProvider, client: LogtoClient, sign: Any) -> None:
        """RFC 8725 section 3: nothing in a token decides how it is verified."""
        provider.sign = sign

        await refused(provider, client, "signed|signature|JWT|opaque")

    async def test_algorithm_that_the_server_does_not_announce(
        self, provider: FakeProvider, client: LogtoClient
    ) -> None:
        """What the server says it signs with is the whole list."""
        provider.metadata = {"id_token_signing_alg_values_supported": ["ES384"]}

        await refused(provider, client, "signature")

    @pytest.mark.parametrize("sign", [sign_with_none, sign_with_the_public_key_as_secret])
    async def test_announced_but_worthless(
        self, provider: FakeProvider, client: LogtoClient, sign: Any
    ) -> None:
        """RFC 8725 section 3.1: a discovery document cannot talk the client into it, either."""
        provider.metadata = {"id_token_signing_alg_values_supported": ["none", "HS256", "ES256"]}
        provider.sign = sign

        await refused(provider, client, "refused")


class TestKeyRotation:
    async def test_new_key_is_fetched(self, provider: FakeProvider, config: LogtoConfig) -> None:
        """A sign-in after a rotation works at once; the keys were cached before."""
        await sign_in(provider, LogtoClient(config, MemoryStorage()))
        provider.keys.insert(0, new_key())

        client = LogtoClient(config, MemoryStorage())
        await sign_in(provider, client)

        assert client.isAuthenticated()
        assert provider.hits["/jwks"] == 2

    async def test_invented_keys_cause_no_traffic(
        self, provider: FakeProvider, config: LogtoConfig
    ) -> None:
        """However many tokens name unknown keys, the keys are fetched once more only."""
        verifier = AccessTokenVerifier(provider.endpoint, resource=API)
        await verifier.verify(provider.access_token(API))
        forged = sign_with_an_unknown_key(provider, {"iss": provider.issuer})

        for _ in range(20):
            with pytest.raises(LogtoException, match="does not publish"):
                await verifier.verify(forged)

        assert provider.hits["/jwks"] == 2

    async def test_symmetric_and_odd_keys_are_ignored(
        self, provider: FakeProvider, client: LogtoClient
    ) -> None:
        """RFC 7517 section 5: what is not understood is left out, and is no way in."""
        known = provider.keys[0].as_dict(private=False)
        odd = [{"kty": "oct", "kid": "o", "k": "AAAA"}, {"kty": "?"}, 7, known | {"use": "enc"}]
        provider.answers["/jwks"] = (200, {"keys": [*odd, known]})

        await sign_in(provider, client)

        assert client.isAuthenticated()


class TestDiscovery:
    async def test_another_issuer(self, provider: FakeProvider, client: LogtoClient) -> None:
        """OpenID Connect Discovery section 4.3: a document speaks for its own issuer only."""
        provider.metadata = {"issuer": "https://bank.example/oidc"}

        with pytest.raises(LogtoException, match="the issuer https://bank"):
            await client.signIn(REDIRECT_URI)

    @pytest.mark.parametrize("answer", [(500, {}), (200, {}), (404, {"error": 1})])
    async def test_nonsense(
        self, provider: FakeProvider, client: LogtoClient, answer: tuple[int, dict[str, Any]]
    ) -> None:
        """No answer of the server makes anything but a LogtoException."""
        provider.answers["/.well-known/openid-configuration"] = answer

        with pytest.raises(LogtoException):
            await client.signIn(REDIRECT_URI)

    async def test_answer_without_end(self, provider: FakeProvider, client: LogtoClient) -> None:
        """An answer is read up to a megabyte."""
        endless = {"x": "x" * 2_000_000}
        provider.answers["/.well-known/openid-configuration"] = (200, endless)

        with pytest.raises(LogtoException, match="longer than"):
            await client.signIn(REDIRECT_URI)


class TestAccessTokenVerifier:
    async def test_right(self, provider: FakeProvider) -> None:
        """A token for this API passes, without a request once the keys are known."""
        verifier = AccessTokenVerifier(provider.endpoint, resource=API)

        claims = await verifier.verify(provider.access_token(API))
        await verifier.verify(provider.access_token(API))

        assert (claims.sub, claims.scopes) == ("user1", {"read", "write"})
        assert provider.hits == {"/.well-known/openid-configuration": 1, "/jwks": 1}

    @pytest.mark.parametrize(
        ("claims", "match"),
        [
            ({"typ": "JWT"}, "typ"),  # an ID token of the same server
            ({"iss": "https://evil.example/oidc"}, "iss"),
            ({"aud": "https://other.example/api"}, "aud"),
            ({"exp": 1}, "expired"),
            ({"sub": 7}, "lacks claims"),
        ],
    )
    async def test_wrong(self, provider: FakeProvider, claims: dict[str, Any], match: str) -> None:
        """RFC 9068 section 4."""
        verifier = AccessTokenVerifier(provider.endpoint, resource=API)

        with pytest.raises(LogtoException, match=match):
            await verifier.verify(provider.access_token(API, **claims))

    @pytest.mark.parametrize("token", ["", "opaque", "a.b.c", "...", "é.é.é", "e30.e30.e30"])
    async def test_nonsense(self, provider: FakeProvider, token: str) -> None:
        """Whatever a request carries is refused with a LogtoException."""
        with pytest.raises(LogtoException):
            await AccessTokenVerifier(provider.endpoint, resource=API).verify(token)
