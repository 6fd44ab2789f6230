"""What our own keys have signed, or seem to have: good for one purpose, refused everywhere else.

Each token here has every claim that the door wants. What keeps it out is its type, its algorithm,
its key or its header alone.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

import pytest
import pytest_asyncio

from doorward.keys.ring import current_keys
from doorward.kit.jose import SigningKey, encode_base64url
from doorward.storage import Snapshots
from tests.attacks.credentials import (
    DOORS,
    MANAGEMENT,
    Scene,
    hint,
    hint_at_auth,
    introspect,
    is_refused,
    manage,
)
from tests.oidc.house import House

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"])

TYPES = (
    "at+jwt",
    "logout+jwt",
    "userinfo+jwt",
    "token-introspection+jwt",
    "oauth-authz-req+jwt",
    "dpop+jwt",
    "secevent+jwt",
    "",
)


@pytest_asyncio.fixture
async def key(house: House) -> SigningKey:
    """The key that signs for the tenant."""
    snapshot = await Snapshots(house.db, clock=house.clock).current(house.tenant_id)
    return (await current_keys(snapshot, sealer=house.sealer)).current


def id_token_claims(scene: Scene) -> dict[str, Any]:
    now = scene.house.clock.seconds()
    return {
        "iss": scene.house.issuer,
        "sub": scene.user.id,
        "aud": scene.client.id,
        "iat": now,
        "exp": now + 600,
    }


def management_claims(scene: Scene) -> dict[str, Any]:
    return id_token_claims(scene) | {
        "aud": MANAGEMENT,
        "client_id": scene.client.id,
        "scope": "all",
        "jti": "a-token",
    }


def part(value: Any) -> str:
    return encode_base64url(json.dumps(value).encode())


class TestTypes:
    """RFC 8725 section 3.11, RFC 9068 section 4, OpenID Connect Back-Channel Logout section 2.4."""

    async def test_the_right_one_is_taken(self, scene: Scene, key: SigningKey) -> None:
        """So that what follows is refused for its type and for nothing else."""
        good_hint, good_token = key.encode(id_token_claims(scene)), management_claims(scene)
        at = key.encode(good_token, typ="at+jwt")

        assert not is_refused(await hint(scene, good_hint, scene.client, scene.house))
        assert not is_refused(await manage(scene, at, scene.client, scene.house))

    @pytest.mark.parametrize("typ", TYPES)
    async def test_as_an_id_token_hint(self, scene: Scene, key: SigningKey, typ: str) -> None:
        token = key.encode(id_token_claims(scene), typ=typ)

        assert is_refused(await hint(scene, token, scene.client, scene.house))
        assert is_refused(await hint_at_auth(scene, token, scene.client, scene.house))

    @pytest.mark.parametrize("typ", ["JWT", *TYPES[1:]])
    async def test_at_the_management_api(self, scene: Scene, key: SigningKey, typ: str) -> None:
        """An ID token, a logout token and the rest as an access token."""
        token = key.encode(management_claims(scene), typ=typ)

        assert is_refused(await manage(scene, token, scene.client, scene.house))


Forge = Callable[[SigningKey, dict[str, Any], str], str]


def unsigned(key: SigningKey, claims: dict[str, Any], typ: str) -> str:
    """RFC 8725 section 2.1: alg none."""
    return f"{part({'alg': 'none', 'typ': typ, 'kid': key.kid})}.{part(claims)}."


def unsigned_with_signature(key: SigningKey, claims: dict[str, Any], typ: str) -> str:
    """The same, with a signature that was made for something else."""
    return unsigned(key, claims, typ) + key.encode({}).rpartition(".")[2]


def under_another_name(key: SigningKey, claims: dict[str, Any], typ: str) -> str:
    """RFC 8725 section 3.1: our own signature, under the name of another algorithm."""
    signed = f"{part({'alg': 'none', 'typ': typ, 'kid': key.kid})}.{part(claims)}".encode()
    return f"{signed.decode()}.{encode_base64url(key._sign(signed))}"


def with_public_key(key: SigningKey, claims: dict[str, Any], typ: str) -> str:
    """RFC 8725 section 2.1: HS256 under the public key."""
    signed = f"{part({'alg': 'HS256', 'typ': typ, 'kid': key.kid})}.{part(claims)}"
    mac = hmac.digest(json.dumps(key.public_jwk).encode(), signed.encode(), hashlib.sha256)
    return f"{signed}.{encode_base64url(mac)}"


def with_own_key(key: SigningKey, claims: dict[str, Any], typ: str) -> str:
    """A key of the attacker's own under our kid."""
    own = SigningKey.from_pem(SigningKey.generate("ES256").to_pem(), algorithm="ES256", kid=key.kid)
    return own.encode(claims, typ=typ)


def with_enclosed_key(key: SigningKey, claims: dict[str, Any], typ: str) -> str:
    """RFC 7515 section 4.1.3: a key that the token brings along."""
    own = SigningKey.generate("ES256")
    header = {"alg": "ES256", "typ": typ, "kid": own.kid, "jwk": own.public_jwk}
    signed = f"{part(header)}.{part(claims)}".encode()
    return f"{signed.decode()}.{encode_base64url(own._sign(signed))}"


def with_unknown_extension(key: SigningKey, claims: dict[str, Any], typ: str) -> str:
    """RFC 7515 section 4.1.11: an extension that MUST be understood, under our own key."""
    header = {"alg": "ES256", "typ": typ, "kid": key.kid, "crit": ["b64"], "b64": True}
    signed = f"{part(header)}.{part(claims)}".encode()
    return f"{signed.decode()}.{encode_base64url(key._sign(signed))}"


def truncated(key: SigningKey, claims: dict[str, Any], typ: str) -> str:
    return key.encode(claims, typ=typ)[:-4]


def without_signature(key: SigningKey, claims: dict[str, Any], typ: str) -> str:
    return key.encode(claims, typ=typ).rpartition(".")[0] + "."


def encrypted_looking(key: SigningKey, claims: dict[str, Any], typ: str) -> str:
    """Five parts, as a JWE has them."""
    return key.encode(claims, typ=typ) + ".AAAA.AAAA"


FORGERIES = (
    unsigned,
    unsigned_with_signature,
    under_another_name,
    with_public_key,
    with_own_key,
    with_enclosed_key,
    with_unknown_extension,
    truncated,
    without_signature,
    encrypted_looking,
)


@pytest.mark.parametrize("forge", FORGERIES, ids=lambda forge: forge.__name__)
class TestForgeries:
    async def test_as_an_id_token_hint(self, scene: Scene, key: SigningKey, forge: Forge) -> None:
        token = forge(key, id_token_claims(scene), "JWT")

        assert is_refused(await hint(scene, token, scene.client, scene.house))
        assert is_refused(await hint_at_auth(scene, token, scene.client, scene.house))

    async def test_at_the_management_api(self, scene: Scene, key: SigningKey, forge: Forge) -> None:
        token = forge(key, management_claims(scene), "at+jwt")

        assert is_refused(await manage(scene, token, scene.client, scene.house))
        assert is_refused(await introspect(scene, token, scene.client, scene.house))


class TestAnswers:
    """Signed userinfo, signed introspection and opaque tokens of APIs, at every door there is."""

    async def test_signed_userinfo(self, scene: Scene) -> None:
        client = await scene.house.add_client(metadata={"userinfoSignedResponseAlg": "ES256"})
        tokens = await scene.house.sign_in(client, scene.user)
        signed = (await scene.house.userinfo(tokens["access_token"])).text

        await self.refuse_everywhere(scene, signed)

    async def test_signed_introspection(self, scene: Scene) -> None:
        """RFC 9701 section 8.1: it must not serve as an access token."""
        tokens = await scene.sign_in()
        answer = await scene.house.http.post(
            "/oidc/token/introspection",
            data={"token": tokens["access_token"]} | scene.client.credentials,
            headers={"accept": "application/token-introspection+jwt"},
        )

        await self.refuse_everywhere(scene, answer.text)

    async def test_an_opaque_token_of_a_machine(self, scene: Scene) -> None:
        await scene.house.add_resource(is_opaque=True)
        machine = await scene.house.add_client("MachineToMachine", redirect_uris=())
        form = {"grant_type": "client_credentials", "resource": "https://books.example/api"}
        answer = await scene.house.token(form | machine.credentials)

        await self.refuse_everywhere(scene, answer.json()["access_token"], but=("introspection",))

    async def refuse_everywhere(
        self, scene: Scene, value: str, *, but: tuple[str, ...] = ()
    ) -> None:
        opened = [
            name
            for name, use in DOORS.items()
            if name not in but
            and not is_refused(await use(scene, value, scene.client, scene.house))
        ]
        assert opened == []
