"""What an application may choose of its ID tokens, userinfo and introspection: algorithm, form."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

import jwt
import msgspec
import pytest
from joserfc import jwe
from joserfc.jwk import ECKey, OKPKey, RSAKey

from doorward.keys.rotation import rotate_keys
from doorward.kit.jose import decode_base64url, encode_base64url
from doorward.users.tables import User
from tests.oidc.house import House, RegisteredClient, code_form

ALGORITHMS = ["RS256", "PS256", "ES256", "ES384", "ES512", "EdDSA"]
WEAK_KEY = {"kty": "RSA", "e": "AQAB", "n": encode_base64url(b"\xc1" * 128)}
HASHES = {"ES384": "sha384", "ES512": "sha512", "EdDSA": "sha512"}


def header(token: str) -> dict[str, Any]:
    fields: dict[str, Any] = msgspec.json.decode(decode_base64url(token.partition(".")[0]))
    return fields


async def published(house: House) -> list[str]:
    keys = (await house.http.get("/oidc/jwks")).json()["keys"]
    return [key["kid"] for key in keys]


def half_hash(value: str, algorithm: str) -> str:
    digest = hashlib.new(HASHES.get(algorithm, "sha256"), value.encode()).digest()
    return encode_base64url(digest[: len(digest) // 2])


class TestIdToken:
    @pytest.mark.parametrize("algorithm", ALGORITHMS)
    async def test_signed_by_the_algorithm_of_the_application(
        self, house: House, ada: User, algorithm: str
    ) -> None:
        """OpenID Connect Core section 2, Registration section 2: id_token_signed_response_alg;
        at_hash goes with it (section 3.1.3.6)."""
        client = await house.add_client(metadata={"idTokenSignedResponseAlg": algorithm})

        tokens = await house.sign_in(client, ada)
        await house.settle()

        assert header(tokens["id_token"])["alg"] == algorithm
        claims = await house.verify(tokens["id_token"], typ="jwt")
        assert claims["sub"] == ada.id
        assert claims["at_hash"] == half_hash(tokens["access_token"], algorithm)

    @pytest.mark.parametrize("algorithm", ALGORITHMS)
    async def test_an_independent_library_verifies_it(
        self, house: House, ada: User, algorithm: str
    ) -> None:
        """RFC 7517 section 4 and RFC 7518 section 6: the published key is all that PyJWT needs."""
        client = await house.add_client(metadata={"idTokenSignedResponseAlg": algorithm})
        token = (await house.sign_in(client, ada))["id_token"]
        await house.settle()
        published = (await house.http.get("/oidc/jwks")).json()

        (key,) = (
            jwk
            for jwk in jwt.PyJWKSet.from_dict(published).keys
            if jwk.key_id == header(token)["kid"]
        )
        claims = jwt.decode(
            token, key, algorithms=[algorithm], audience=client.id, issuer=house.issuer
        )

        assert claims["sub"] == ada.id
        assert all({"d", "p", "q", "k"}.isdisjoint(jwk) for jwk in published["keys"])

    async def test_the_other_applications_keep_theirs(
        self, house: House, web: RegisteredClient, ada: User
    ) -> None:
        """One application's wish changes nothing for the others, nor for access tokens."""
        await house.add_resource()
        client = await house.add_client(metadata={"idTokenSignedResponseAlg": "RS256"})
        resource = {"resource": "https://books.example/api", "scope": "openid read:books"}

        answer = await house.browser().authorize(client, user=ada, **resource)
        chosen = await house.exchange(client, answer["code"], resource="https://books.example/api")
        usual = await house.sign_in(web, ada)

        assert header(chosen["id_token"])["alg"] == "RS256"
        assert header(chosen["access_token"])["alg"] == "ES256"
        assert header(usual["id_token"])["alg"] == "ES256"

    async def test_a_new_default_leaves_the_choice_alone(self, house: House, ada: User) -> None:
        """Who asked for ES256 by name goes on with it when the tenant turns to RS256."""
        client = await house.add_client(metadata={"idTokenSignedResponseAlg": "ES256"})
        async with house.db.transaction("default") as tx:
            await rotate_keys(
                tx, tenant_id="default", algorithm="RS256", sealer=house.sealer, clock=house.clock
            )
        await house.settle()

        tokens = await house.sign_in(client, ada)

        assert header(tokens["id_token"])["alg"] == "ES256"
        keys = (await house.http.get("/oidc/jwks")).json()["keys"]
        assert sorted(key["alg"] for key in keys) == ["ES256", "ES256", "RS256"]

    async def test_nobody_meets_an_unknown_key_when_the_default_changes(
        self, house: House, ada: User
    ) -> None:
        """The set that begins with the change signs when the change is due, not before: a client
        with the JWKS of an hour ago verifies every ID token."""
        client = await house.add_client(metadata={"idTokenSignedResponseAlg": "ES256"})
        kids = [set(await published(house))]
        async with house.db.transaction("default") as tx:
            await rotate_keys(
                tx,
                tenant_id="default",
                algorithm="RS256",
                sealer=house.sealer,
                clock=house.clock,
                grace=timedelta(hours=2),
            )
        await house.settle()

        seen = []
        for _ in range(4):
            token = (await house.sign_in(client, ada))["id_token"]
            assert header(token)["alg"] == "ES256"
            assert header(token)["kid"] in kids[-1]
            seen.append(header(token)["kid"])
            kids.append(set(await published(house)))
            house.pass_time(hours=1)
        assert len(set(seen)) == 2


class TestEncryption:
    """RFC 7516, RFC 7518, OpenID Connect Core section 10.2."""

    @pytest.mark.parametrize(
        ("alg", "enc", "key"),
        [
            ("RSA-OAEP-256", None, RSAKey.generate_key(2048)),
            ("RSA-OAEP-256", "A256GCM", RSAKey.generate_key(2048)),
            ("ECDH-ES", "A128CBC-HS256", ECKey.generate_key("P-256")),
            ("ECDH-ES+A256KW", "A256GCM", ECKey.generate_key("P-384")),
            ("ECDH-ES", "A256GCM", OKPKey.generate_key("X25519")),
        ],
    )
    async def test_only_the_client_opens_it(
        self, house: House, ada: User, alg: str, enc: str | None, key: Any
    ) -> None:
        """RFC 7519 section 5.2: a signed JWT within, said by cty; the default enc is
        A128CBC-HS256 (Registration section 2)."""
        jwk = key.as_dict(private=False) | {"use": "enc", "kid": "the-client's"}
        other = ECKey.generate_key("P-256").as_dict(private=False) | {"use": "sig"}
        client = await house.add_client(
            metadata={
                "idTokenEncryptedResponseAlg": alg,
                "jwks": {"keys": [other, jwk]},
                **({"idTokenEncryptedResponseEnc": enc} if enc else {}),
            }
        )

        tokens = await house.sign_in(client, ada)

        fields = header(tokens["id_token"])
        assert (fields["alg"], fields["enc"]) == (alg, enc or "A128CBC-HS256")
        assert (fields["cty"], fields["kid"]) == ("JWT", "the-client's")
        opened = jwe.decrypt_compact(
            tokens["id_token"], key, algorithms=[alg, enc or "A128CBC-HS256"]
        )
        assert opened.plaintext is not None
        claims = await house.verify(opened.plaintext.decode(), typ="jwt")
        assert (claims["sub"], claims["aud"]) == (ada.id, client.id)

    @pytest.mark.parametrize(
        "metadata",
        [
            {"idTokenEncryptedResponseAlg": "RSA-OAEP-256"},
            {"idTokenEncryptedResponseAlg": "RSA-OAEP-256", "jwks": {"keys": []}},
            {
                "idTokenEncryptedResponseAlg": "RSA-OAEP-256",
                "jwks": {"keys": [ECKey.generate_key("P-256").as_dict(private=False)]},
            },
            {
                "idTokenEncryptedResponseAlg": "ECDH-ES",
                "jwks": {"keys": [{"kty": "EC", "crv": "P-256", "x": "AAAA", "y": "AAAA"}]},
            },
            {
                "idTokenEncryptedResponseAlg": "RSA-OAEP-256",
                "jwks": {"keys": [WEAK_KEY]},
            },
            {"idTokenEncryptedResponseAlg": "RSA1_5", "jwks": {"keys": []}},
            {"idTokenEncryptedResponseAlg": "dir", "jwks": {"keys": []}},
        ],
    )
    async def test_never_in_clear(self, house: House, ada: User, metadata: dict[str, Any]) -> None:
        """A client that wants it encrypted and has no fitting key gets none; its code stays good
        for the moment when it has."""
        client = await house.add_client(metadata=metadata)
        answer = await house.browser().authorize(client, user=ada)
        refused = await house.token(code_form(client, answer["code"]))

        assert refused.status_code == 400
        assert refused.json()["error"] == "invalid_request"
        assert "id_token" not in refused.json()


class TestUserinfo:
    async def test_signed(self, house: House, ada: User) -> None:
        """OpenID Connect Core section 5.3.2: application/jwt with iss and aud."""
        client = await house.add_client(metadata={"userinfoSignedResponseAlg": "RS256"})
        tokens = await house.sign_in(client, ada)

        answer = await house.userinfo(tokens["access_token"])
        await house.settle()

        assert answer.headers["content-type"] == "application/jwt"
        assert answer.headers["cache-control"] == "no-store"
        assert header(answer.text)["alg"] == "RS256"
        claims = await house.verify(answer.text, typ="userinfo+jwt")
        assert claims["sub"] == ada.id
        assert claims["iss"] == "http://localhost:3001/oidc"
        assert claims["aud"] == client.id
        assert claims["username"] == "ada"

    async def test_is_no_id_token_hint(self, house: House, ada: User) -> None:
        """RFC 8725 section 3.11: same key, same issuer, same audience, and yet another thing."""
        client = await house.add_client(metadata={"userinfoSignedResponseAlg": "ES256"})
        tokens = await house.sign_in(client, ada)
        signed = (await house.userinfo(tokens["access_token"])).text

        answer = await house.http.get("/oidc/session/end", params={"id_token_hint": signed})

        assert answer.status_code == 400


class TestIntrospection:
    """RFC 9701."""

    async def ask(
        self, house: House, client: RegisteredClient, token: str, accept: str
    ) -> tuple[str, str]:
        answer = await house.http.post(
            "/oidc/token/introspection",
            data={"token": token} | client.credentials,
            headers={"accept": accept},
        )
        assert answer.status_code == 200
        return answer.headers["content-type"], answer.text

    async def test_as_a_jwt(self, house: House, web: RegisteredClient, ada: User) -> None:
        """RFC 9701 sections 4 to 6: typ, iss, aud, iat and token_introspection; no sub and no exp
        beside it; signed with the algorithm that the caller registered."""
        api = await house.add_client(metadata={"introspectionSignedResponseAlg": "PS256"})
        tokens = await house.sign_in(web, ada)

        media_type, token = await self.ask(
            house, api, tokens["access_token"], "application/token-introspection+jwt"
        )
        await house.settle()

        assert media_type == "application/token-introspection+jwt"
        assert header(token)["alg"] == "PS256"
        claims = await house.verify(token, typ="token-introspection+jwt")
        assert claims.keys() == {"iss", "aud", "iat", "token_introspection"}
        assert (claims["iss"], claims["aud"]) == ("http://localhost:3001/oidc", api.id)
        assert abs(claims["iat"] - house.clock.seconds()) <= 5
        assert claims["token_introspection"]["active"] is True
        assert claims["token_introspection"]["sub"] == ada.id

    async def test_of_a_token_that_is_not_good(self, house: House, web: RegisteredClient) -> None:
        """RFC 9701 section 5: {"active": false} and nothing else, signed as well."""
        _, token = await self.ask(
            house, web, "x" * 64, "application/token-introspection+jwt, */*;q=0.1"
        )

        claims = await house.verify(token, typ="token-introspection+jwt")
        assert claims["token_introspection"] == {"active": False}

    @pytest.mark.parametrize(
        ("accept", "media_type"),
        [
            ("*/*", "application/json; charset=utf-8"),
            ("Application/Token-Introspection+JWT", "application/token-introspection+jwt"),
            (
                "application/json, application/token-introspection+jwt;q=0",
                "application/json; charset=utf-8",
            ),
            ("application/token-introspection+jwt; q=0.5", "application/token-introspection+jwt"),
        ],
    )
    async def test_json_unless_it_is_asked_for(
        self, house: House, web: RegisteredClient, ada: User, accept: str, media_type: str
    ) -> None:
        """RFC 9701 section 4, RFC 9110 section 12.5.1."""
        tokens = await house.sign_in(web, ada)

        answered, _ = await self.ask(house, web, tokens["access_token"], accept)

        assert answered == media_type
