"""OpenID Connect Front-Channel Logout 1.0: the sign-out page loads each application's address."""

from __future__ import annotations

import html
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from doorward.users.tables import User
from tests.oidc.house import SIGNED_OUT, House

ADDRESS = "https://app.example/front"


async def listener(house: House, address: str = ADDRESS) -> Any:
    return await house.add_client(metadata={"frontchannelLogoutUri": address})


def frames_of(answer: httpx.Response) -> list[str]:
    return [html.unescape(src) for src in re.findall(r'<iframe src="([^"]*)"', answer.text)]


async def test_frames(house: House, ada: User) -> None:
    """Section 3: every application of the session that has an address is loaded with iss and sid;
    the browser then goes on, with the client's state."""
    first, second = await listener(house), await listener(house, "https://two.example/out?a=b")
    await listener(house, "https://three.example/never")
    browser = house.browser()
    tokens = await house.sign_in(first, ada, browser=browser)
    await browser.authorize(second, prompt=None)
    sid = (await house.verify(tokens["id_token"], typ="jwt"))["sid"]

    answer = await browser.get(
        "/oidc/session/end",
        id_token_hint=tokens["id_token"],
        post_logout_redirect_uri=SIGNED_OUT,
        state="the-state",
    )

    assert answer.status_code == 200
    one, two = frames_of(answer)
    assert one.startswith(f"{ADDRESS}?")
    assert two.startswith("https://two.example/out?a=b&")
    for frame in (one, two):
        query = parse_qs(urlsplit(frame).query)
        assert (query["iss"], query["sid"]) == ([house.issuer], [sid])
    assert f'href="{SIGNED_OUT}?state=the-state"' in answer.text
    assert (await browser.authorize(first, prompt="none"))["error"] == "login_required"


async def test_policy(house: House, ada: User) -> None:
    """Frames are allowed for just these applications, and the page itself is never framed."""
    client, browser = await listener(house), house.browser()
    tokens = await house.sign_in(client, ada, browser=browser)

    answer = await browser.get("/oidc/session/end", id_token_hint=tokens["id_token"])

    policy = answer.headers["content-security-policy"]
    assert "frame-src 'self' https://app.example;" in policy
    assert "frame-ancestors 'none'" in policy
    assert 'sandbox="allow-scripts allow-same-origin"' in answer.text


async def test_nobody_to_tell(house: House, ada: User) -> None:
    """Without such an application there is no page between."""
    client, browser = await house.add_client(), house.browser()
    tokens = await house.sign_in(client, ada, browser=browser)

    answer = await browser.get("/oidc/session/end", id_token_hint=tokens["id_token"])

    assert answer.status_code == 303


async def test_script_address(house: House, ada: User) -> None:
    """A javascript: address would run as a page of ours; it is never loaded."""
    client, browser = await listener(house, "javascript:alert(document.domain)"), house.browser()
    tokens = await house.sign_in(client, ada, browser=browser)

    answer = await browser.get("/oidc/session/end", id_token_hint=tokens["id_token"])

    assert answer.status_code == 303
