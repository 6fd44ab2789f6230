"""Open redirects: addresses that look like a registered one, at every door that redirects."""

from __future__ import annotations

import html
from urllib.parse import urlsplit

import httpx
import pytest

from tests.attacks.credentials import Scene
from tests.oidc.house import CALLBACK, SIGNED_OUT, auth_params

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"])

LOOPBACK = "http://127.0.0.1/callback"
LIKE_LOOPBACK = [
    "http://127.0.0.1.evil.example:51004/callback",
    "http://127.0.0.1@evil.example:51004/callback",
    "http://127.0.0.1:51004@evil.example/callback",
    "http://evil.example\\@127.0.0.1:51004/callback",
    "http://evil.example#@127.0.0.1:51004/callback",
    "http://127.0.0.2:51004/callback",
    "http://127.1:51004/callback",
    "http://0.0.0.0:51004/callback",
    "http://2130706433:51004/callback",
    "http://0x7f.0.0.1:51004/callback",
    "http://0177.0.0.1:51004/callback",
    "http://[::1]:51004/callback",
    "http://[::ffff:127.0.0.1]:51004/callback",
    "http://localhost:51004/callback",
    "http://127.0.0.1.:51004/callback",
    "https://127.0.0.1:51004/callback",
    "http://127.0.0.1:99999/callback",
    "http://127.0.0.1:-1/callback",
    "http://127.0.0.1:0/callback",
    "http://127.0.0.1:51004/callback/",
    "http://127.0.0.1:51004/callback/../evil",
    "http://127.0.0.1:51004/%63allback",
    "http://127.0.0.1:51004//evil.example/callback",
    "http://127.0.0.1:51004/callback?next=evil",
    "http://127.0.0.1:51004/callback#evil",
    "http://127.0.0.1:51004/callback\t",
]


def lookalikes(registered: str) -> list[str]:
    """Return what a careless comparison would take for `registered`."""
    path = urlsplit(registered).path
    return [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        f"https://app.example.evil.example{path}",
        f"https://app.example@evil.example{path}",
        f"https://app.example:pw@evil.example{path}",
        f"https://evil.example#https://app.example{path}",
        f"https://evil.example?https://app.example{path}",
        f"https://evil.example\\@app.example{path}",
        f"https://evil.example%00.app.example{path}",
        f"https://evilapp.example{path}",
        f"https://app.example.{path}",
        f"https://APP.EXAMPLE{path}",
        f"https://app.example:443{path}",
        f"https://app.example:8443{path}",
        f"http://app.example{path}",
        f"https://app.example{path}/",
        f"https://app.example{path}/../../evil",
        f"https://app.example{path}/..%2f..%2fevil",
        f"https://app.example{path}%2f..",
        f"https://app.example{path};evil",
        f"https://app.example{path}?next=https://evil.example",
        f"https://app.example{path}#",
        f"https://app.example{path}#code=stolen",
        f"https://app.example{path}%0d%0alocation:%20https://evil.example",
        f" https://app.example{path}",
        f"https://app.example{path} ",
        f"https://\u0430pp.example{path}",
        f"https://app\u3002example{path}",
        "https://*.example/",
        "javascript:alert(1)//app.example",
        "data:text/html,<script>alert(1)</script>",
        "vbscript:msgbox(1)",
        "file:///etc/passwd",
        "blob:https://app.example/1",
        "http://127.0.0.1.evil.example/callback",
        "http://localhost.evil.example/callback",
        "http://2130706433/callback",
        "http://[::ffff:127.0.0.1]/callback",
        "",
    ]


def leads_out(answer: httpx.Response) -> bool:
    """Whether an answer takes a browser to an address that was not registered."""
    location = answer.headers.get("location", "")
    if location and urlsplit(location).netloc not in {"", "localhost:3001"}:
        return True
    return "evil" in html.unescape(answer.text).partition("<form")[2]


class TestOpenRedirect:
    @pytest.mark.parametrize("response_mode", ["query", "fragment", "form_post"])
    async def test_redirect_uri(self, scene: Scene, response_mode: str) -> None:
        """RFC 9700 sections 4.1 and 4.11.2: exact comparison, or nobody is sent anywhere."""
        followed = []

        for uri in lookalikes(CALLBACK)[:-1]:
            for changes in ({}, {"response_type": "nonsense"}, {"prompt": "none"}):
                params = auth_params(
                    scene.client, redirect_uri=uri, response_mode=response_mode, **changes
                )
                for accept in ("text/html", "application/json"):
                    answer = await scene.browser.http.get(
                        "/oidc/auth", params=params, headers={"accept": accept}
                    )
                    if answer.status_code != 400 or leads_out(answer):
                        followed.append((uri, answer.status_code))

        assert followed == []

    async def test_loopback(self, scene: Scene) -> None:
        """RFC 8252 section 8.3: of a program on a device the port alone is free."""
        native = await scene.house.add_client("Native", redirect_uris=(LOOPBACK,))
        followed = []

        for uri in LIKE_LOOPBACK:
            answer = await scene.browser.request(native, redirect_uri=uri)
            if answer.status_code != 400 or leads_out(answer):
                followed.append((uri, answer.status_code))

        assert followed == []
        good = await scene.browser.request(native, redirect_uri="http://127.0.0.1:51004/callback")
        assert good.status_code == 303

    async def test_post_logout_redirect_uri(self, scene: Scene) -> None:
        """RP-Initiated Logout section 3: exact comparison, with a session and without."""
        tokens = await scene.sign_in()
        followed = []

        for browser in (scene.house.browser(), scene.browser):
            for uri in lookalikes(SIGNED_OUT)[:-1]:
                for who in ({"client_id": scene.client.id}, {"id_token_hint": tokens["id_token"]}):
                    answer = await browser.get(
                        "/oidc/session/end", post_logout_redirect_uri=uri, **who
                    )
                    if answer.status_code != 400 or leads_out(answer):
                        followed.append((uri, answer.status_code))

        assert followed == []
        assert await scene.house.is_good(tokens["access_token"])

    async def test_nobody_vouches(self, scene: Scene) -> None:
        """Without a client the address is ignored, registered by somebody or not."""
        for uri in [SIGNED_OUT, *lookalikes(SIGNED_OUT)]:
            answer = await scene.house.browser().get(
                "/oidc/session/end", post_logout_redirect_uri=uri
            )
            assert not leads_out(answer)


class TestReflection:
    @pytest.mark.parametrize(
        "payload",
        [
            '"><script>alert(1)</script>',
            "'onload=alert(1) x='",
            "</title><img src=x onerror=alert(1)>",
            "<b>{{ 7 * 7 }}",
        ],
    )
    async def test_what_a_request_says_is_text(self, scene: Scene, payload: str) -> None:
        """RFC 6749 section 10.14: pages show and carry what a request says, and never run it: the
        answer by form post, the error page, the page that asks about signing out."""
        browser, client = scene.browser, scene.client
        headers = {"accept": "text/html"}
        await scene.sign_in()

        pages = [
            await browser.http.get("/oidc/auth", params=params, headers=headers)
            for params in (
                auth_params(client, state=payload, response_mode="form_post"),
                auth_params(client, state=payload, response_mode="form_post", response_type="no"),
                auth_params(client, client_id=payload),
                auth_params(client, redirect_uri=payload),
                auth_params(client) | {payload: "a"},
            )
        ]
        pages.append(
            await browser.http.get("/oidc/session/end", params={"state": payload}, headers=headers)
        )
        pages.append(await browser.http.get(f"/oidc/auth/{payload}", headers=headers))

        for page in pages:
            assert payload not in page.text
            assert "<b>49" not in html.unescape(page.text)
            if "html" in page.headers.get("content-type", ""):
                policy = page.headers["content-security-policy"]
                assert "'unsafe-inline'" not in policy
                # RFC 9700 section 4.16: nobody may frame these pages.
                assert "frame-ancestors 'none'" in policy
