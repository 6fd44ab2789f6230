"""Requests that cost nothing to send and much to answer: refused, or answered at once.

The time of the processor is measured, not that of the clock, so that a busy machine changes
nothing; what is asserted is far from what an honest answer takes, and from what the attack took.
"""

from __future__ import annotations

import json
import time

import pytest

from doorward.kit.jose import SigningKey
from tests.attacks.credentials import Scene
from tests.oidc.assertions import assertion_claims, form, jwks, mac_jwt
from tests.oidc.house import code_form
from tests.oidc.test_wire_rules import told

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"])

KEY = SigningKey.generate("ES256")
JSON = {"content-type": "application/json"}
BRIEF = 0.25
# Around the depth at which parsers of JSON give up, and far from it on both sides.
DEPTHS = (90, 500, 800, 900, 940, 960, 980, 985, 990, 995, 1000, 1100, 5000)


def nested(depth: int) -> str:
    return "[" * depth + "]" * depth


class TestMany:
    async def test_members_of_a_body(self, scene: Scene) -> None:
        """Thousands of resources would each be compared with all others."""
        resources = json.dumps([f"r{number}" for number in range(6000)])
        bodies = [
            f'{{"resource": {resources}}}',
            json.dumps({f"p{number}": "x" for number in range(3000)}),
        ]

        for path in ("/oidc/token", "/oidc/request", "/oidc/token/introspection"):
            for body in bodies:
                began = time.process_time()
                answer = await scene.house.http.post(path, content=body, headers=JSON)
                assert time.process_time() - began < BRIEF
                assert answer.status_code == 400
                assert told(answer)["error_description"] == "too many parameters"

    async def test_scopes_of_a_refresh(self, scene: Scene) -> None:
        """RFC 6749 section 6: each scope asked for is looked for among those granted."""
        granted = " ".join(f"s{number}" for number in range(1500))
        tokens = await scene.sign_in(scope=f"openid offline_access {granted}")
        scope = " ".join(f"{number}" for number in range(9000))

        began = time.process_time()
        answer = await scene.house.refresh(scene.client, tokens["refresh_token"], scope=scope)

        assert time.process_time() - began < BRIEF
        assert answer.json()["error"] == "invalid_scope"

    @pytest.mark.parametrize("name", ["scope", "prompt", "acr_values", "ui_locales", "resource"])
    async def test_words_of_a_parameter(self, scene: Scene, name: str) -> None:
        """Lists that a request may hold, as long as a body may be."""
        form_ = code_form(scene.client, "x") | {name: " ".join(f"w{n}" for n in range(8000))}

        for path in ("/oidc/auth", "/oidc/request", "/oidc/token", "/oidc/device/auth"):
            began = time.process_time()
            answer = await scene.house.http.post(path, data=form_)
            assert time.process_time() - began < BRIEF
            assert answer.status_code in {303, 400}


class TestLong:
    async def test_queries(self, scene: Scene) -> None:
        """RFC 9110 section 15.5.15: no longer than a body may be."""
        for path in ("/oidc/auth", "/oidc/session/end", "/oidc/device", "/oidc/me"):
            answer = await scene.house.http.get(f"{path}?scope={'a+' * 29_000}")
            assert answer.status_code == 414
            assert answer.json()["error"] == "invalid_request"

    async def test_languages(self, scene: Scene) -> None:
        """RFC 5646: a tag is shortened part by part, and this one has nothing but parts."""
        tag = "-" * 50_000
        html = {"accept": "text/html"}

        for sent in ({"data": {"ui_locales": tag}}, {"headers": {"accept-language": tag}}):
            sent["headers"] = html | sent.get("headers", {})
            began = time.process_time()
            answer = await scene.house.http.post("/oidc/auth", **sent)
            assert time.process_time() - began < BRIEF
            assert answer.status_code == 400

    @pytest.mark.parametrize(
        "pattern",
        [
            "https://app.example/*a*a*a*/end",
            "https://x*a*a*a*.preview.example.com/callback",
        ],
    )
    async def test_redirect_uris(self, scene: Scene, pattern: str) -> None:
        """Wildcards of a preview's address, against a text that nearly fits in many ways."""
        client = await scene.house.add_client(redirect_uris=(pattern,))
        address = pattern.replace("x*a*a*a*", "x" + "a" * 50_000 + "%").replace(
            "*a*a*a*/end", "a" * 50_000
        )

        began = time.process_time()
        answer = await scene.house.http.post(
            "/oidc/auth", data={"client_id": client.id, "redirect_uri": address}
        )

        assert time.process_time() - began < BRIEF
        assert answer.json()["error"] == "invalid_redirect_uri"


class TestDepth:
    """RFC 8259 section 9: a parser may limit the depth, and so must who hands on what it read."""

    async def test_bodies(self, scene: Scene) -> None:
        """JSON in place of a form, and the metadata of a client (RFC 7591)."""
        api = await scene.house.management()
        await api.patch("/api/configs/client-registration", json={"mode": "open"})
        bodies = [
            body
            for depth in DEPTHS
            for body in (
                nested(depth),
                f'{{"scope": {nested(depth)}}}',
                f'{{"resource": {nested(depth)}}}',
                f'{{"jwks": {nested(depth)}}}',
                f'{{"redirect_uris": ["https://app.example/"], "jwks": {{"a": {nested(depth)}}}}}',
            )
        ]

        for path in ("/oidc/token", "/oidc/request", "/oidc/reg"):
            for body in bodies:
                answer = await scene.house.http.post(path, content=body, headers=JSON)
                assert answer.status_code in {400, 429}, body[:60]

    async def test_parameters(self, scene: Scene) -> None:
        """OpenID Connect Core section 5.5, RFC 9396 section 2: parameters that are JSON."""
        for depth in DEPTHS:
            for name in ("claims", "authorization_details"):
                for value in (nested(depth), f'{{"id_token": {{"acr": {nested(depth)}}}}}'):
                    answer = await scene.house.push(scene.client, **{name: value})
                    assert answer.status_code == 400

    async def test_signed_by_the_client(self, scene: Scene) -> None:
        """RFC 9101, RFC 7523: whoever may register a client may sign what it likes."""
        house = scene.house
        client = await house.add_client(
            metadata={"jwks": jwks(KEY), "tokenEndpointAuthMethod": "private_key_jwt"}
        )

        for depth in DEPTHS:
            deep = json.loads(nested(min(depth, 900)))
            for changes in ({"claims": deep}, {"authorization_details": deep}, {"aud": deep}):
                claims = assertion_claims(house, client, **changes)
                value = KEY.encode(claims, typ="oauth-authz-req+jwt")
                answer = await house.http.get(
                    "/oidc/auth", params={"client_id": client.id, "request": value}
                )
                assert answer.status_code == 400
                answer = await house.token(code_form(client, "x") | form(KEY.encode(claims)))
                assert answer.status_code in {400, 401}


class TestNumbers:
    @pytest.mark.parametrize("name", ["exp", "nbf", "iat"])
    @pytest.mark.parametrize("value", [10**400, -(10**400), 1e300, -1e300, 2**63, 2**53 + 0.5])
    async def test_times(self, scene: Scene, name: str, value: float) -> None:
        """RFC 7519 section 2: a NumericDate may be any number of JSON, and some are no times."""
        house, secret = scene.house, "a-secret-of-thirty-two-characters"
        metadata = {"tokenEndpointAuthMethod": "client_secret_jwt"}
        client = await house.add_client(secrets={secret: None}, metadata=metadata)
        now = house.clock.seconds()
        claims = assertion_claims(house, client, nbf=now - 1.5, iat=now - 1.5, exp=now + 60.5)

        assertion = form(mac_jwt(claims | {name: value}, secret.encode()))
        answer = await house.token(code_form(client, "x") | {"client_secret": ""} | assertion)

        assert (answer.status_code, told(answer)["error"]) == (401, "invalid_client")
