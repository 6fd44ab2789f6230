"""A house with a door: the whole ASGI application, what tests put into it, and its visitors.

    browser = house.browser()
    client = await house.add_client(redirect_uris=["https://app.example/callback"])
    ada = await house.add_user("ada")
    answer = await browser.authorize(client, user=ada)          # signs in if asked to
    tokens = await house.exchange(client, answer["code"])

A visitor signs in by completing the stored interaction, as the hosted pages do at their end; the
pages themselves have tests of their own.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx
from sqlalchemy import bindparam, select

from doorward.app import App
from doorward.applications import store as applications
from doorward.applications.tables import Application
from doorward.audit.tables import audit_logs
from doorward.interactions.store import complete_interaction, find_interaction
from doorward.kit.clock import ShiftedClock
from doorward.kit.crypto import Sealer
from doorward.kit.ids import new_id
from doorward.kit.jose import VerificationKey, decode
from doorward.resources import store as resources
from doorward.resources.tables import AuthorizationDetailsType, Resource, Scope
from doorward.roles import store as roles
from doorward.roles.tables import Role
from doorward.sessions.ending import end_sessions_of_user
from doorward.sign_in_experience.store import get_experience, save_experience
from doorward.storage import Database, config_changed
from doorward.storage.tenants import tenants
from doorward.tenants.store import save_config
from doorward.users import store as users
from doorward.users.tables import User

ENDPOINT = "http://localhost:3001"
ADMIN_ENDPOINT = "http://localhost:3002"
ISSUER = "http://localhost:3001/oidc"
CALLBACK = "https://app.example/callback"
SIGNED_OUT = "https://app.example/signed-out"
VERIFIER = "a-verifier-of-more-than-43-characters-0123456789"
SECRET = "the-only-secret"


def code_challenge(verifier: str = VERIFIER) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


@dataclass(frozen=True)
class RegisteredClient:
    """A client as its developer knows it."""

    id: str
    secret: str | None
    redirect_uri: str = CALLBACK

    @property
    def credentials(self) -> dict[str, str]:
        return {"client_id": self.id} | ({"client_secret": self.secret} if self.secret else {})


@dataclass
class House:
    """The application, a database connection of the test's own, and the clock that both read."""

    app: App
    db: Database
    clock: ShiftedClock
    sealer: Sealer
    tenant_id: str = "default"
    endpoint: str = ENDPOINT
    http: httpx.AsyncClient = field(init=False)

    def __post_init__(self) -> None:
        self.http = self.new_http()

    @property
    def issuer(self) -> str:
        return f"{self.endpoint}/oidc"

    def new_http(self) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(app=self.app, client=("192.0.2.7", 40000))
        return httpx.AsyncClient(transport=transport, base_url=self.endpoint)

    def browser(self) -> Browser:
        """Return a browser with a cookie jar of its own."""
        return Browser(self, self.new_http())

    def pass_time(self, **duration: float) -> None:
        """Turn the clock forward."""
        self.clock.offset += timedelta(**duration)

    # What exists

    async def add_client(
        self,
        type_: str = "Traditional",
        *,
        redirect_uris: tuple[str, ...] = (CALLBACK,),
        post_logout_redirect_uris: tuple[str, ...] = (SIGNED_OUT,),
        secrets: Mapping[str, datetime | None] | None = None,
        is_third_party: bool = False,
        metadata: Mapping[str, Any] | None = None,
        **custom: Any,
    ) -> RegisteredClient:
        """Store an application; `metadata` is more of oidcClientMetadata, in its camelCase."""
        id_ = new_id()
        is_public = type_ in {"SPA", "Native"}
        async with self.db.transaction(self.tenant_id) as tx:
            await applications.add_application(
                tx,
                tenant_id=self.tenant_id,
                application=Application(
                    id=id_,
                    name=f"The {type_} application",
                    description=None,
                    type=type_,
                    oidc_client_metadata={
                        "redirectUris": list(redirect_uris),
                        "postLogoutRedirectUris": list(post_logout_redirect_uris),
                        **(metadata or {}),
                    },
                    custom_client_metadata=custom,
                    custom_data={},
                    is_third_party=is_third_party,
                    created_at=self.clock.now(),
                ),
            )
            for value, expires_at in ({} if is_public else secrets or {SECRET: None}).items():
                await applications.add_secret(
                    tx,
                    tenant_id=self.tenant_id,
                    application_id=id_,
                    name=value,
                    value=value,
                    sealer=self.sealer,
                    created_at=self.clock.now(),
                    expires_at=expires_at,
                )
        return RegisteredClient(
            id_, None if is_public else SECRET, redirect_uris[0] if redirect_uris else ""
        )

    async def change_client(self, client: RegisteredClient, **changes: Any) -> None:
        async with self.db.transaction(self.tenant_id) as tx:
            await applications.update_application(
                tx, tenant_id=self.tenant_id, application_id=client.id, changes=changes
            )
            await config_changed(tx, self.tenant_id)
        await self.settle()

    async def remove_client(self, client: RegisteredClient) -> None:
        async with self.db.transaction(self.tenant_id) as tx:
            await applications.delete_application(
                tx, tenant_id=self.tenant_id, application_id=client.id
            )
            await config_changed(tx, self.tenant_id)
        await self.settle()

    async def add_user(self, username: str | None = "ada", **fields: Any) -> User:
        now = self.clock.now()
        values: dict[str, Any] = dict.fromkeys(User.__struct_fields__)
        values |= {
            "id": new_id(12),
            "username": username,
            "is_password_expired": False,
            "profile": {},
            "custom_data": {},
            "is_suspended": False,
            "created_at": now,
            "updated_at": now,
        }
        user = User(**values | fields)
        async with self.db.transaction(self.tenant_id) as tx:
            await users.add_user(tx, tenant_id=self.tenant_id, user=user)
        return user

    async def add_resource(
        self,
        indicator: str = "https://books.example/api",
        *,
        scopes: tuple[str, ...] = ("read:books", "write:books"),
        lifetime: int = 3600,
        is_default: bool = False,
        is_opaque: bool = False,
        detail_types: tuple[AuthorizationDetailsType, ...] = (),
        **demands: Any,
    ) -> dict[str, str]:
        """Store an API resource, `demands` of sign-ins with it; return its scopes' ids by name."""
        resource_id = new_id()
        ids = {name: new_id() for name in scopes}
        async with self.db.transaction(self.tenant_id) as tx:
            resource = Resource(
                resource_id,
                "Books",
                indicator,
                is_default,
                lifetime,
                "opaque" if is_opaque else "jwt",
                list(detail_types),
                **demands,
            )
            await resources.add_resource(tx, tenant_id=self.tenant_id, resource=resource)
            for name, id_ in ids.items():
                scope = Scope(id_, resource_id, name, None, self.clock.now())
                await resources.add_scope(tx, tenant_id=self.tenant_id, scope=scope)
            await config_changed(tx, self.tenant_id)
        return ids

    async def add_role(
        self, *, scope_ids: list[str], user: User | None = None, client: Any = None
    ) -> str:
        """Store a role with these scopes and give it to a user or an application."""
        role_id = new_id()
        type_ = "User" if client is None else "MachineToMachine"
        async with self.db.transaction(self.tenant_id) as tx:
            role = Role(role_id, f"role {role_id}", "A role", type_, False)
            await roles.add_role(tx, tenant_id=self.tenant_id, role=role)
            for scope_id in scope_ids:
                await roles.add_role_scope(
                    tx, tenant_id=self.tenant_id, role_id=role_id, scope_id=scope_id
                )
            if user is not None:
                await roles.add_user_role(
                    tx, tenant_id=self.tenant_id, user_id=user.id, role_id=role_id
                )
            if client is not None:
                await roles.add_application_role(
                    tx, tenant_id=self.tenant_id, application_id=client.id, role_id=role_id
                )
            await config_changed(tx, self.tenant_id)
        return role.name

    async def close_registration(self) -> None:
        """Let existing users sign in only."""
        async with self.db.transaction(self.tenant_id) as tx:
            stored = await get_experience(tx, tenant_id=self.tenant_id)
            await save_experience(
                tx, tenant_id=self.tenant_id, sign_in_mode="SignIn", document=stored.document
            )
            await config_changed(tx, self.tenant_id)
        await self.settle()

    async def demand(self, **policy: bool) -> None:
        """Demand something of all authorization requests."""
        async with self.db.transaction(self.tenant_id) as tx:
            await save_config(
                tx,
                tenant_id=self.tenant_id,
                key="authorizationRequests",
                value=policy,
                now=self.clock.now(),
            )
            await config_changed(tx, self.tenant_id)
        await self.settle()

    async def change_user(self, user: User, **changes: Any) -> None:
        async with self.db.transaction(self.tenant_id) as tx:
            await users.update_user(
                tx, tenant_id=self.tenant_id, user_id=user.id, now=self.clock.now(), **changes
            )

    async def find_user(self, user: User) -> User:
        """Return the user as stored now."""
        found = await users.find_user(self.db, tenant_id=self.tenant_id, user_id=user.id)
        assert found is not None
        return found

    async def end_sessions(self, user: User) -> None:
        """End every session of a user, as by another node."""
        async with self.db.transaction(self.tenant_id) as tx:
            await end_sessions_of_user(
                tx, tenant_id=self.tenant_id, user_id=user.id, now=self.clock.now()
            )

    async def settle(self) -> None:
        """Wait until a change of configuration made here, as by another node, is known.

        It is once the server looks at the database again: at a notice, or after a second.
        """
        query = select(tenants.c.config_version).where(tenants.c.id == bindparam("tenant_id"))
        row = await self.db.one(query, tenant_id=self.tenant_id)
        assert row is not None
        assert self.app._running is not None
        snapshots = self.app._running.oidc._provider.snapshots
        for _ in range(200):
            if (await snapshots.current(self.tenant_id)).version >= row["config_version"]:
                return
            await asyncio.sleep(0.01)
        raise AssertionError("the change is not known after two seconds")

    async def audit(self, key: str) -> list[dict[str, Any]]:
        """Return the payloads of the audit entries with this key, oldest first."""
        query = (
            select(audit_logs.c.payload)
            .where(audit_logs.c.tenant_id == bindparam("tenant_id"), audit_logs.c.key == key)
            .order_by(audit_logs.c.created_at, audit_logs.c.id)
        )
        return [row["payload"] for row in await self.db.all(query, tenant_id=self.tenant_id)]

    # What clients do

    async def token(self, form: Mapping[str, Any], **headers: str) -> httpx.Response:
        """Send a token request."""
        return await self.http.post("/oidc/token", data=form, headers=headers)

    async def push(self, client: RegisteredClient, **params: Any) -> httpx.Response:
        """Send a pushed authorization request; None leaves a parameter out."""
        return await self.http.post(
            "/oidc/request", data=auth_params(client, **params) | client.credentials
        )

    async def pushed(self, client: RegisteredClient, **params: Any) -> dict[str, str]:
        """Push an authorization request; return what the browser is sent with."""
        answer = await self.push(client, **params)
        assert answer.status_code == 201, answer.text
        return {"client_id": client.id, "request_uri": answer.json()["request_uri"]}

    async def exchange(self, client: RegisteredClient, code: str, **form: str) -> dict[str, Any]:
        """Return the token response of a code."""
        answer = await self.token(code_form(client, code) | form)
        assert answer.status_code == 200, answer.text
        tokens: dict[str, Any] = answer.json()
        return tokens

    async def refresh(
        self, client: RegisteredClient, refresh_token: str, **form: str
    ) -> httpx.Response:
        """Send a refresh token request."""
        return await self.token(
            {"grant_type": "refresh_token", "refresh_token": refresh_token}
            | client.credentials
            | form
        )

    async def sign_in(
        self, client: RegisteredClient, user: User, *, browser: Browser | None = None, **params: Any
    ) -> dict[str, Any]:
        """Sign a user in and return the token response."""
        answer = await (browser or self.browser()).authorize(client, user=user, **params)
        return await self.exchange(client, answer["code"])

    async def management(self) -> httpx.AsyncClient:
        """Return a client of the management API with a token of its own."""
        indicator = f"https://{self.tenant_id}.logto.app/api"
        resource = await resources.find_resource_by_indicator(
            self.db, tenant_id=self.tenant_id, indicator=indicator
        )
        assert resource is not None
        where = resources.ScopeFilter(resource_id=resource.id)
        scopes = await resources.list_scopes(self.db, tenant_id=self.tenant_id, where=where)
        machine = await self.add_client("MachineToMachine", redirect_uris=())
        await self.add_role(scope_ids=[scope.id for scope in scopes.entries], client=machine)
        form = {"grant_type": "client_credentials", "resource": indicator, "scope": "all"}
        answer = await self.token(form | machine.credentials)
        http = self.new_http()
        http.headers["authorization"] = f"Bearer {answer.json()['access_token']}"
        return http

    async def userinfo(self, access_token: str) -> httpx.Response:
        return await self.http.get("/oidc/me", headers={"authorization": f"Bearer {access_token}"})

    async def is_good(self, access_token: str) -> bool:
        return (await self.userinfo(access_token)).status_code == 200

    async def verify(self, token: str, *, typ: str) -> dict[str, Any]:
        """Return the claims of a JWT after checking it against the published keys."""
        keys = (await self.http.get("/oidc/jwks")).json()["keys"]
        verification_keys = {key["kid"]: VerificationKey.from_jwk(key) for key in keys}
        return decode(token, keys=verification_keys, typ=(typ,))


@dataclass
class Browser:
    """One person's browser."""

    house: House
    http: httpx.AsyncClient

    async def get(self, path: str, **params: Any) -> httpx.Response:
        return await self.http.get(path, params=params or None)

    async def request(self, client: RegisteredClient, **params: Any) -> httpx.Response:
        """Send an authorization request; None leaves a parameter out."""
        return await self.http.get("/oidc/auth", params=auth_params(client, **params))

    async def authorize(
        self, client: RegisteredClient, *, user: User | None = None, **params: Any
    ) -> dict[str, str]:
        """Send an authorization request, sign in as `user` if asked to, return the answer."""
        return await self._finish(await self.request(client, **params), user=user)

    async def follow(
        self, pushed: Mapping[str, str], *, user: User | None = None, **params: Any
    ) -> dict[str, str]:
        """Do the same with a request that was pushed before."""
        return await self._finish(await self.get("/oidc/auth", **pushed, **params), user=user)

    async def _finish(self, answer: httpx.Response, *, user: User | None) -> dict[str, str]:
        if answer.headers.get("location", "").startswith("/") and user is not None:
            uid = self.waiting()["_legacy"]
            await self.complete(user, uid=uid)
            answer = await self.http.get(f"/oidc/auth/{uid}")
        return answer_of(answer)

    def waiting(self) -> dict[str, str]:
        """Return what the interaction cookie holds."""
        name = f"_interaction_{self.house.tenant_id}"
        text = (self.http.cookies.get(name) or "").partition(".")[0]
        entries: dict[str, str] = json.loads(
            base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        )
        return entries

    async def complete(self, user: User, *, uid: str, amr: tuple[str, ...] = ("pwd",)) -> None:
        """Do what the hosted pages do when somebody has proved who they are."""
        house = self.house
        now = house.clock.now()
        interaction = await find_interaction(house.db, tenant_id=house.tenant_id, uid=uid, now=now)
        assert interaction is not None
        async with house.db.transaction(house.tenant_id) as tx:
            assert await complete_interaction(
                tx,
                tenant_id=house.tenant_id,
                interaction=interaction,
                user_id=user.id,
                authenticated_at=now,
                amr=list(amr),
            )


def auth_params(client: RegisteredClient, **params: Any) -> dict[str, Any]:
    """Return an ordinary authorization request, changed by `params`."""
    usual = {
        "client_id": client.id,
        "redirect_uri": client.redirect_uri,
        "response_type": "code",
        "scope": "openid profile offline_access",
        "prompt": "consent",
        "state": "the-state",
        "nonce": "the-nonce",
        "code_challenge": code_challenge(),
        "code_challenge_method": "S256",
    }
    return {name: value for name, value in (usual | params).items() if value is not None}


def code_form(client: RegisteredClient, code: str) -> dict[str, str]:
    """Return an ordinary token request for a code."""
    return {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": client.redirect_uri,
        "code_verifier": VERIFIER,
    } | client.credentials


def answer_of(response: httpx.Response) -> dict[str, str]:
    """Return the parameters that a redirect hands to the client."""
    assert response.status_code == 303, response.text
    parts = urlsplit(response.headers["location"])
    assert parts.netloc, response.headers["location"]
    return dict(parse_qsl(parts.query or parts.fragment))


def query_of(location: str) -> dict[str, list[str]]:
    return parse_qs(urlsplit(location).query)
