"""A credential in the hands of another client, another tenant, or nobody."""

from __future__ import annotations

import httpx
import pytest

from tests.attacks.credentials import CREDENTIALS, Credential, Scene, is_refused
from tests.oidc.device_flow import add_device_client
from tests.oidc.house import House, RegisteredClient

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"])
BOUND = [credential for credential in CREDENTIALS if credential.is_bound]


def named(credential: Credential) -> str:
    return credential.name


class TestStrangers:
    @pytest.mark.parametrize("credential", BOUND, ids=named)
    async def test_another_client(self, scene: Scene, credential: Credential) -> None:
        """RFC 6749 sections 4.1.3 and 6: bound to the client that it was issued to. The thief gets
        nothing and the owner loses nothing."""
        value = await credential.make(scene)
        public = await scene.house.add_client("SPA")
        without_secret = RegisteredClient(scene.client.id, None, scene.client.redirect_uri)

        thieves = [scene.thief, public, without_secret, await add_device_client(scene.house)]
        if credential.name == "request_uri":
            thieves.remove(without_secret)  # in a browser no client proves who it is
        for client in thieves:
            answer = await credential.use(scene, value, client, scene.house)
            assert is_refused(answer)
            assert answer.json()["error"] in {
                "invalid_grant",
                "invalid_client",
                "invalid_request_uri",
                "unauthorized_client",
            }

        assert not is_refused(await credential.use(scene, value, scene.client, scene.house))

    @pytest.mark.parametrize("credential", CREDENTIALS, ids=named)
    async def test_another_tenant(
        self, scene: Scene, admin_house: House, credential: Credential
    ) -> None:
        """A credential of one tenant is unknown in another, whoever presents it."""
        value = await credential.make(scene)
        neighbour = await admin_house.add_client()

        for client in (neighbour, scene.client):
            assert is_refused(await credential.use(scene, value, client, admin_house))

        assert not is_refused(await credential.use(scene, value, scene.client, scene.house))


class TestIntrospection:
    @pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
    async def test_strangers_learn_nothing(self, scene: Scene, kind: str) -> None:
        """RFC 7662 section 4: no answer tells whether a token exists to who may not ask."""
        token = (await scene.sign_in())[kind]
        public = await scene.house.add_client("SPA")
        answers: list[httpx.Response] = []

        for client in (
            public,
            RegisteredClient(scene.client.id, None),
            RegisteredClient(scene.client.id, "wrong"),
            RegisteredClient("nobody", "nothing"),
        ):
            for value in (token, "made-up"):
                form = {"token": value} | client.credentials
                answers.append(await scene.house.http.post("/oidc/token/introspection", data=form))

        # The same bytes for a real token and for a made-up one.
        for real, made_up in zip(answers[::2], answers[1::2], strict=True):
            assert (real.status_code, real.content) == (made_up.status_code, made_up.content)
            assert is_refused(real)

    async def test_revocation_by_strangers(self, scene: Scene) -> None:
        """RFC 7009 section 2.1: only the client that a token was issued to can revoke it."""
        tokens = await scene.sign_in()
        public = await scene.house.add_client("SPA")

        for client in (scene.thief, public, RegisteredClient(scene.client.id, None)):
            for kind in ("access_token", "refresh_token"):
                form = {"token": tokens[kind]} | client.credentials
                await scene.house.http.post("/oidc/token/revocation", data=form)

        assert await scene.house.is_good(tokens["access_token"])
        assert (await scene.house.refresh(scene.client, tokens["refresh_token"])).is_success
