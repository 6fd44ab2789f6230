"""What is worth something: how it is come by, and the one door that it opens."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from doorward.users.tables import User
from tests.oidc.house import Browser, House, RegisteredClient, auth_params, code_form

MANAGEMENT = "https://default.logto.app/api"


@dataclass
class Scene:
    """A house, somebody who lives there, her client, and a client that is not hers."""

    house: House
    client: RegisteredClient
    user: User
    thief: RegisteredClient
    browser: Browser = field(init=False)

    def __post_init__(self) -> None:
        self.browser = self.house.browser()

    async def sign_in(self, **params: Any) -> dict[str, Any]:
        """Sign in with this scene's browser; return the token response."""
        return await self.house.sign_in(self.client, self.user, browser=self.browser, **params)


Make = Callable[[Scene], Awaitable[str]]
Use = Callable[[Scene, str, RegisteredClient, House], Awaitable[httpx.Response]]


@dataclass(frozen=True)
class Credential:
    """One kind of credential.

    `use` presents it at its own door as a client, in a house (the tenant). `is_bound` says whether
    only the client that got it may present it, `is_single_use` whether it opens the door once.
    """

    name: str
    make: Make
    use: Use
    is_bound: bool = True
    is_single_use: bool = False


def is_refused(answer: httpx.Response) -> bool:
    """Whether a door stayed shut: an error, or an answer that says nothing."""
    if answer.status_code == 200:
        inactive: bool = answer.content == b'{"active":false}'
        return inactive
    if answer.status_code in {302, 303}:
        # To the page that signs in, or back to the client with an error; never with anything else.
        location = answer.headers["location"]
        return location.startswith("/sign-in") or "error=" in location
    return 400 <= answer.status_code < 500


# Making


async def make_code(scene: Scene) -> str:
    answer = await scene.browser.authorize(scene.client, user=scene.user)
    return answer["code"]


async def make_refresh_token(scene: Scene) -> str:
    token: str = (await scene.sign_in())["refresh_token"]
    return token


async def make_access_token(scene: Scene) -> str:
    token: str = (await scene.sign_in())["access_token"]
    return token


async def make_id_token(scene: Scene) -> str:
    token: str = (await scene.sign_in())["id_token"]
    return token


async def make_session(scene: Scene) -> str:
    await scene.browser.authorize(scene.client, user=scene.user)
    value = scene.browser.http.cookies.get("_session_default")
    assert value is not None
    return value


# Presenting


async def exchange(_: Scene, value: str, client: RegisteredClient, house: House) -> httpx.Response:
    return await house.token(code_form(client, value))


async def refresh(_: Scene, value: str, client: RegisteredClient, house: House) -> httpx.Response:
    return await house.refresh(client, value)


async def ask_userinfo(
    _: Scene, value: str, client: RegisteredClient, house: House
) -> httpx.Response:
    return await house.userinfo(value)


async def hint(_: Scene, value: str, client: RegisteredClient, house: House) -> httpx.Response:
    """Whoever holds an ID token may name its subject: in a browser without a session that is worth
    a sign-in page and no more, so what counts is whether it is taken for one of ours."""
    return await house.new_http().get("/oidc/session/end", params={"id_token_hint": value})


async def arrive(_: Scene, value: str, client: RegisteredClient, house: House) -> httpx.Response:
    cookies = {f"_session_{house.tenant_id}": value}
    async with house.new_http() as http:
        http.cookies.update(cookies)
        return await http.get("/oidc/auth", params=auth_params(client, prompt="none"))


CREDENTIALS = (
    Credential("code", make_code, exchange, is_single_use=True),
    Credential("refresh_token", make_refresh_token, refresh),
    Credential("access_token", make_access_token, ask_userinfo, is_bound=False),
    Credential("id_token", make_id_token, hint, is_bound=False),
    Credential("session", make_session, arrive, is_bound=False),
)


# Doors that a credential of any kind may be tried at


async def introspect(
    _: Scene, value: str, client: RegisteredClient, house: House
) -> httpx.Response:
    form = {"token": value} | client.credentials
    return await house.http.post("/oidc/token/introspection", data=form)


async def post_userinfo(
    _: Scene, value: str, client: RegisteredClient, house: House
) -> httpx.Response:
    return await house.http.post("/oidc/me", data={"access_token": value})


async def manage(_: Scene, value: str, client: RegisteredClient, house: House) -> httpx.Response:
    header = {"authorization": f"Bearer {value}"}
    return await house.http.get("/api/applications", headers=header)


async def authenticate(
    _: Scene, value: str, client: RegisteredClient, house: House
) -> httpx.Response:
    form = {"grant_type": "client_credentials", "resource": MANAGEMENT}
    return await house.token(form | {"client_id": client.id, "client_secret": value})


async def hint_at_auth(
    _: Scene, value: str, client: RegisteredClient, house: House
) -> httpx.Response:
    params = auth_params(client, prompt="none", id_token_hint=value)
    return await house.new_http().get("/oidc/auth", params=params)


async def resume(_: Scene, value: str, client: RegisteredClient, house: House) -> httpx.Response:
    return await house.new_http().get(f"/oidc/auth/{value}")


DOORS: dict[str, Use] = {credential.name: credential.use for credential in CREDENTIALS} | {
    "introspection": introspect,
    "userinfo by POST": post_userinfo,
    "management API": manage,
    "client secret": authenticate,
    "hint at auth": hint_at_auth,
    "interaction": resume,
}

RIGHTFUL = {
    ("access_token", "introspection"),
    ("access_token", "userinfo by POST"),
    ("refresh_token", "introspection"),
    ("id_token", "hint at auth"),
}
"""Other doors that a credential does open, apart from its own."""
