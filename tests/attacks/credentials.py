"""What is worth something: how it is come by, and the one door that it opens."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx

from doorward.users.tables import User
from tests.oidc.device_flow import DEVICE_CODE, Device, add_device_client, approve
from tests.oidc.house import Browser, House, RegisteredClient, auth_params, code_form
from tests.oidc.test_token_exchange import exchange as exchange_token
from tests.oidc.test_token_exchange import personal_token, subject_token

MANAGEMENT = "https://default.logto.app/api"


@dataclass
class Scene:
    """A house, somebody who lives there, her client, and a client that is not hers."""

    house: House
    client: RegisteredClient
    user: User
    thief: RegisteredClient
    device: RegisteredClient | None = None
    registered: str = "nobody"
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


async def make_request_uri(scene: Scene) -> str:
    await scene.sign_in()
    form = auth_params(scene.client) | scene.client.credentials
    answer = await scene.house.http.post("/oidc/request", data=form)
    uri: str = answer.json()["request_uri"]
    return uri


async def make_device_code(scene: Scene) -> str:
    scene.device = scene.device or await add_device_client(scene.house)
    device = await Device.start(scene.house, scene.device)
    await approve(scene.house.browser(), device, user=scene.user)
    code: str = device.codes["device_code"]
    return code


async def make_personal_access_token(scene: Scene) -> str:
    expires_at = scene.house.clock.now() + timedelta(days=30)
    return await personal_token(scene.house, scene.user, expires_at=expires_at)


async def make_subject_token(scene: Scene) -> str:
    return await subject_token(scene.house, scene.user)


async def make_initial_access_token(scene: Scene) -> str:
    api = await scene.house.management()
    path = "/api/configs/client-registration"
    (await api.patch(path, json={"mode": "initialAccessToken"})).raise_for_status()
    made = await api.post(f"{path}/initial-access-tokens", json={"name": "One", "uses": 1})
    token: str = made.raise_for_status().json()["value"]
    return token


async def make_registration_access_token(scene: Scene) -> str:
    made = await register(scene, await make_initial_access_token(scene), scene.client, scene.house)
    scene.registered = made.json()["client_id"]
    token: str = made.json()["registration_access_token"]
    return token


# Presenting


async def register(_: Scene, value: str, client: RegisteredClient, house: House) -> httpx.Response:
    header = {"authorization": f"Bearer {value}"}
    metadata = {"redirect_uris": ["https://app.example/callback"]}
    return await house.http.post("/oidc/reg", json=metadata, headers=header)


async def read_registration(
    scene: Scene, value: str, client: RegisteredClient, house: House
) -> httpx.Response:
    header = {"authorization": f"Bearer {value}"}
    return await house.http.get(f"/oidc/reg/{scene.registered}", headers=header)


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


async def follow(
    scene: Scene, value: str, client: RegisteredClient, house: House
) -> httpx.Response:
    """The browser of the person who is signed in, who would get a code at once."""
    http = scene.browser.http if house is scene.house else house.new_http()
    return await http.get("/oidc/auth", params={"client_id": client.id, "request_uri": value})


async def poll(scene: Scene, value: str, client: RegisteredClient, house: House) -> httpx.Response:
    device = scene.device if client is scene.client and scene.device else client
    form = {"grant_type": DEVICE_CODE, "device_code": value}
    return await house.token(form | device.credentials)


def exchange_as(kind: str) -> Use:
    """Return the door of token exchange for subject tokens of a kind."""

    async def use(_: Scene, value: str, client: RegisteredClient, house: House) -> httpx.Response:
        return await exchange_token(house, client, value, kind, scope="openid")

    return use


CREDENTIALS = (
    Credential("request_uri", make_request_uri, follow, is_single_use=True),
    Credential("device_code", make_device_code, poll, is_single_use=True),
    Credential(
        "personal_access_token",
        make_personal_access_token,
        exchange_as("urn:logto:token-type:personal_access_token"),
        is_bound=False,
    ),
    Credential(
        "subject_token",
        make_subject_token,
        exchange_as("urn:logto:token-type:impersonation_token"),
        is_bound=False,
        is_single_use=True,
    ),
    Credential(
        "initial_access_token",
        make_initial_access_token,
        register,
        is_bound=False,
        is_single_use=True,
    ),
    Credential(
        "registration_access_token",
        make_registration_access_token,
        read_registration,
        is_bound=False,
    ),
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
    "token exchange": exchange_as("urn:ietf:params:oauth:token-type:access_token"),
}

RIGHTFUL = {
    ("access_token", "introspection"),
    ("access_token", "userinfo by POST"),
    ("refresh_token", "introspection"),
    ("id_token", "hint at auth"),
    ("access_token", "token exchange"),
    ("subject_token", "token exchange"),
}
"""Other doors that a credential does open, apart from its own."""
