"""A device without a keyboard, and the person who lets it in, for the tests of the device flow.

device = await Device.start(house, client)
assert (await device.poll()).json()["error"] == "authorization_pending"
await approve(browser, device, user=ada)
tokens = (await device.poll()).json()
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import httpx

from doorward.users.tables import User
from tests.oidc.house import Browser, House, RegisteredClient

DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
HTML = {"accept": "text/html"}


@dataclass
class Device:
    """A device that has asked for codes."""

    house: House
    client: RegisteredClient
    codes: dict[str, Any]

    @classmethod
    async def start(cls, house: House, client: RegisteredClient, **params: Any) -> Device:
        form = {"client_id": client.id, "scope": "openid profile offline_access"} | params
        answer = await house.http.post("/oidc/device/auth", data=form)
        assert answer.status_code == 200, answer.text
        return cls(house, client, answer.json())

    @property
    def user_code(self) -> str:
        code: str = self.codes["user_code"]
        return code

    @property
    def form(self) -> dict[str, str]:
        return {
            "grant_type": DEVICE_CODE,
            "device_code": self.codes["device_code"],
            "client_id": self.client.id,
        }

    async def poll(self, **params: str) -> httpx.Response:
        return await self.house.token(self.form | params)


async def add_device_client(house: House, **custom: Any) -> RegisteredClient:
    return await house.add_client("Native", redirect_uris=(), isDeviceFlow=True, **custom)


async def open_page(browser: Browser, user_code: str, **headers: str) -> httpx.Response:
    return await browser.http.get(
        "/device", params={"user_code": user_code}, headers=HTML | headers
    )


async def sign_in_and_look(browser: Browser, device: Device, *, user: User) -> httpx.Response:
    """Enter the code, sign in if asked to, and return the page that asks."""
    page = await open_page(browser, device.user_code)
    if page.status_code == 303:
        uid = browser.waiting()["_legacy"]
        await browser.complete(user, uid=uid)
        back = await browser.http.get(f"/oidc/auth/{uid}")
        assert back.status_code == 303, back.text
        page = await browser.http.get(back.headers["location"])
    assert page.status_code == 200, page.text
    return page


def form_of(page: httpx.Response) -> dict[str, str]:
    return dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', page.text))


async def answer(browser: Browser, page: httpx.Response, choice: str) -> httpx.Response:
    return await browser.http.post("/device", data=form_of(page) | {"choice": choice})


async def approve(browser: Browser, device: Device, *, user: User) -> None:
    page = await sign_in_and_look(browser, device, user=user)
    done = await answer(browser, page, "approve")
    assert done.headers["location"] == "/device/success", done.text


def refusal(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["error"]
