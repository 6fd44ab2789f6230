"""Attacks on the way of an authorization request: what comes between client, browser and us."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from doorward.kit.jose import JoseError, SigningKey
from tests.attacks.credentials import Scene
from tests.attacks.test_redirects import lookalikes
from tests.oidc.assertions import jwks
from tests.oidc.house import (
    CALLBACK,
    VERIFIER,
    House,
    RegisteredClient,
    answer_of,
    auth_params,
    code_challenge,
    code_form,
)

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"])

KEY = SigningKey.generate("ES256")
OTHER_VERIFIER = "another-verifier-of-more-than-43-characters-012345"
ALL_TYPES = ["code", "code id_token", "code id_token token", "id_token", "id_token token"]
PAYLOADS = [
    '"><script>alert(1)</script>',
    "'><img src=x onerror=alert(1)>",
    "</form><form action=https://evil.example/>",
    "javascript:alert(1)",
    "\r\nlocation: https://evil.example",
    "{{ 7*7 }}{% raw %}",
    "\u202e\u2028",
]


def request_object(house: House, client: RegisteredClient, **changes: Any) -> str:
    now = house.clock.seconds()
    claims = auth_params(client) | {"iss": client.id, "aud": house.issuer, "exp": now + 60}
    return KEY.encode(claims | changes, typ="oauth-authz-req+jwt")


async def redeem(scene: Scene, code: str, verifier: str | None) -> str | None:
    """Return the error of an exchange with this verifier; None when there are tokens."""
    form = code_form(scene.client, code) | {"code_verifier": verifier}
    answer = await scene.house.token({k: v for k, v in form.items() if v is not None})
    error: str | None = answer.json().get("error")
    return error


class TestRedirects:
    async def test_pushed(self, scene: Scene) -> None:
        """RFC 9126 section 2.4: a client that proved itself gets no other address for it."""
        accepted = []
        for uri in lookalikes(CALLBACK)[:-1]:
            answer = await scene.house.push(scene.client, redirect_uri=uri)
            if answer.status_code != 400 or answer.json()["error"] != "invalid_request":
                accepted.append((uri, answer.status_code))

        assert accepted == []

    async def test_signed(self, scene: Scene) -> None:
        """RFC 9101 section 10: a signature vouches for the client, not for its address."""
        client = await scene.house.add_client(metadata={"jwks": jwks(KEY)})
        followed = []
        for uri in lookalikes(CALLBACK)[:-1]:
            value = request_object(scene.house, client, redirect_uri=uri)
            answer = await scene.browser.get("/oidc/auth", client_id=client.id, request=value)
            if answer.status_code != 400 or "location" in answer.headers:
                followed.append((uri, answer.status_code))

        assert followed == []

    async def test_two_requests_at_once(self, scene: Scene) -> None:
        """The address of the plain request does not get the answer of the signed one."""
        client = await scene.house.add_client(
            redirect_uris=(CALLBACK, "https://app.example/other"), metadata={"jwks": jwks(KEY)}
        )
        await scene.browser.authorize(client, user=scene.user)

        answer = await scene.browser.get(
            "/oidc/auth",
            client_id=client.id,
            request=request_object(scene.house, client),
            redirect_uri="https://app.example/other",
        )

        assert answer.headers["location"].startswith(f"{CALLBACK}?")
        assert "code" in answer_of(answer)


class TestMixUp:
    """RFC 9700 section 4.4: a client that talks to several providers must know who answers."""

    @pytest.mark.parametrize("response_type", [*ALL_TYPES, "none"])
    @pytest.mark.parametrize("is_refused", [False, True])
    async def test_who_answers(self, scene: Scene, response_type: str, is_refused: bool) -> None:
        """RFC 9207 section 2: iss is in each answer, also in refusals, once."""
        client = await scene.house.add_client(metadata={"responseTypes": ALL_TYPES})
        await scene.browser.authorize(client, user=scene.user)
        changes = {"prompt": "login none"} if is_refused else {}

        answer = await scene.browser.request(client, response_type=response_type, **changes)

        parts = urlsplit(answer.headers["location"])
        pairs = parse_qsl(parts.query or parts.fragment)
        assert [value for name, value in pairs if name == "iss"] == [scene.house.issuer]
        assert any(name == "error" for name, _ in pairs) == is_refused

    async def test_tenants_do_not_speak_for_each_other(
        self, scene: Scene, admin_house: House
    ) -> None:
        """JARM section 2.4: issuer and audience are those of the very request."""
        other = await admin_house.add_client()
        answer = answer_of(
            await admin_house.browser().request(other, response_mode="jwt", prompt="none")
        )

        claims = await admin_house.verify(answer["response"], typ="jwt")

        assert (claims["iss"], claims["aud"]) == (admin_house.issuer, other.id)
        with pytest.raises(JoseError):
            await scene.house.verify(answer["response"], typ="jwt")


class TestCodeInjection:
    async def test_a_stolen_code_in_a_sign_in_of_the_thief(self, scene: Scene) -> None:
        """RFC 9700 section 4.5: the thief puts it in the place of his own, at the same client; its
        verifier is that of his request."""
        stolen = await scene.browser.authorize(scene.client, user=scene.user)

        assert await redeem(scene, stolen["code"], OTHER_VERIFIER) == "invalid_grant"

    async def test_the_code_of_a_thief_in_a_sign_in_of_somebody(self, scene: Scene) -> None:
        """RFC 9700 section 4.7: a forged callback would sign somebody in as the thief; the verifier
        is that of the request which their browser began."""
        thief = await scene.house.add_user("thief")
        own = await scene.house.browser().authorize(
            scene.client, user=thief, code_challenge=code_challenge(OTHER_VERIFIER)
        )

        assert await redeem(scene, own["code"], VERIFIER) == "invalid_grant"

    async def test_what_the_nonce_shows(self, scene: Scene) -> None:
        """RFC 9700 section 4.5.3.2: a client that relies on it finds that of the code's request."""
        browser = scene.browser
        stolen = await browser.authorize(scene.client, user=scene.user, nonce="of-the-victim")
        await browser.authorize(scene.client, user=scene.user, nonce="of-the-thief")

        tokens = await scene.house.exchange(scene.client, stolen["code"])

        claims = await scene.house.verify(tokens["id_token"], typ="jwt")
        assert claims["nonce"] == "of-the-victim"


class TestPkceDowngrade:
    async def test_challenge_stripped(self, scene: Scene) -> None:
        """RFC 9700 section 4.8.2: somebody between takes the challenge out of the request; the
        client, which sends its verifier, gets no tokens for that code."""
        answer = await scene.browser.authorize(
            scene.client, user=scene.user, code_challenge=None, code_challenge_method=None
        )

        assert await redeem(scene, answer["code"], VERIFIER) == "invalid_grant"

    async def test_verifier_left_out(self, scene: Scene) -> None:
        """RFC 7636 section 4.6: a stolen code is worth nothing without the verifier."""
        answer = await scene.browser.authorize(scene.client, user=scene.user)

        assert await redeem(scene, answer["code"], None) == "invalid_grant"

    async def test_weaker_method(self, scene: Scene) -> None:
        """RFC 7636 section 7.2: S256 is not turned into plain, by name or by omission."""
        for method in ("plain", None):
            answer = await scene.browser.request(scene.client, code_challenge_method=method)
            assert answer_of(answer)["error"] == "invalid_request"

    async def test_pushed_challenge(self, scene: Scene) -> None:
        """RFC 9126 section 7.4: what was pushed cannot be changed on the way."""
        pushed = await scene.house.pushed(scene.client)

        answer = await scene.browser.follow(
            pushed, user=scene.user, code_challenge="A" * 43, code_challenge_method="S256"
        )

        assert await redeem(scene, answer["code"], VERIFIER) is None


class TestPages:
    @pytest.mark.parametrize("mode", ["form_post", "form_post.jwt"])
    async def test_nothing_runs(self, scene: Scene, mode: str) -> None:
        """Form Post Response Mode section 4: what is reflected into the page that submits itself
        stays text, and the page may be neither framed nor sent elsewhere."""
        await scene.browser.authorize(scene.client, user=scene.user)
        for payload in PAYLOADS:
            for changes in ({}, {"prompt": payload}, {"max_age": payload}):
                answer = await scene.browser.request(
                    scene.client, state=payload, response_mode=mode, **changes
                )
                _check_page(answer, payload)

    async def test_a_name_of_markup(self, scene: Scene) -> None:
        """What people call themselves is text on the page that asks who goes on."""
        for payload in PAYLOADS[:3]:
            user = await scene.house.add_user(None, name=payload)
            browser = scene.house.browser()
            await browser.authorize(scene.client, user=user)

            answer = await browser.request(scene.client, prompt="select_account")
            page = await browser.get(answer.headers["location"])

            assert payload not in page.text
            assert "frame-ancestors 'none'" in page.headers["content-security-policy"]


def _check_page(answer: httpx.Response, payload: str) -> None:
    policy = answer.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy
    assert "form-action" in policy
    assert "evil.example" not in policy
    assert "unsafe" not in policy
    assert answer.headers["cache-control"] == "no-store"
    assert f'action="{CALLBACK}"' in answer.text
    if any(character in payload for character in "<>\"'"):
        assert payload not in answer.text
