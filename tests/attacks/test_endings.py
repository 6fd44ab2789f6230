"""A credential after its time: after sign-out, suspension, deletion, expiry."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from doorward.users.store import delete_user
from tests.attacks.credentials import (
    CREDENTIALS,
    Scene,
    arrive,
    exchange,
    is_refused,
)

# Those of developers are no person's, and an ID token opens nothing.
OF_NOBODY = {"id_token", "initial_access_token", "registration_access_token"}
WORTH_SOMETHING = [credential for credential in CREDENTIALS if credential.name not in OF_NOBODY]
End = Callable[[Scene], Awaitable[None]]


async def suspend(scene: Scene) -> None:
    await scene.house.change_user(scene.user, is_suspended=True)


async def delete(scene: Scene) -> None:
    house = scene.house
    async with house.db.transaction(house.tenant_id) as tx:
        await delete_user(tx, tenant_id=house.tenant_id, user_id=scene.user.id)


async def delete_client(scene: Scene) -> None:
    for client in filter(None, (scene.client, scene.device)):
        await scene.house.remove_client(client)


async def wait_a_year(scene: Scene) -> None:
    scene.house.pass_time(days=366)


class TestEndings:
    @pytest.mark.parametrize("end", [suspend, delete, delete_client, wait_a_year])
    async def test_after_the_end(self, scene: Scene, end: End) -> None:
        """Disabling a person or a client takes effect at once, for everything that they hold."""
        values = {credential: await credential.make(scene) for credential in WORTH_SOMETHING}

        await end(scene)

        for credential, value in values.items():
            answer = await credential.use(scene, value, scene.client, scene.house)
            assert is_refused(answer), credential.name


class TestSignOut:
    async def test_what_lives_with_the_session_dies_with_it(self, scene: Scene) -> None:
        """OpenID Connect Core section 11: without offline_access nothing outlives the session. A
        code that was on its way is worth nothing either."""
        house = scene.house
        client = scene.client = await house.add_client(alwaysIssueRefreshToken=True)
        tokens = await scene.sign_in(prompt=None, scope="openid")
        code = (await scene.browser.authorize(client, prompt=None, scope="openid"))["code"]
        session = scene.browser.http.cookies["_session_default"]

        left = await scene.browser.get("/oidc/session/end", id_token_hint=tokens["id_token"])

        assert left.status_code == 303
        assert not await house.is_good(tokens["access_token"])
        assert is_refused(await house.refresh(client, tokens["refresh_token"]))
        assert is_refused(await exchange(scene, code, client, house))
        assert is_refused(await arrive(scene, session, client, house))

    async def test_what_was_given_for_later_stays(self, scene: Scene) -> None:
        """OpenID Connect Core section 11: offline_access is asked for to outlive the session."""
        tokens = await scene.sign_in()

        await scene.browser.get("/oidc/session/end", id_token_hint=tokens["id_token"])

        assert (await scene.house.refresh(scene.client, tokens["refresh_token"])).is_success
