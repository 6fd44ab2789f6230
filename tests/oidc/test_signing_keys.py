"""Keys over time: who signs, what is published, and that no client ever meets an unknown key."""

from __future__ import annotations

import asyncio
from collections import deque
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from doorward.app import create_app
from doorward.keys import store
from doorward.keys.ring import signing_key
from doorward.keys.rotation import apply_policy, rotate_keys
from doorward.keys.schedule import rotate_due_keys
from doorward.keys.tables import KeyPolicy
from doorward.kit.jose import VerificationKey, decode, decode_base64url
from doorward.storage import Snapshots
from doorward.sweep import sweep
from tests.oidc.house import House, RegisteredClient

Jwks = dict[str, VerificationKey]


async def published(house: House) -> Jwks:
    keys = (await house.http.get("/oidc/jwks")).json()["keys"]
    return {key["kid"]: VerificationKey.from_jwk(key) for key in keys}


async def rotate(house: House, *, hours: float = 0, algorithm: str = "ES256") -> str:
    async with house.db.transaction(house.tenant_id) as tx:
        kid = await rotate_keys(
            tx,
            tenant_id=house.tenant_id,
            algorithm=algorithm,
            sealer=house.sealer,
            clock=house.clock,
            grace=timedelta(hours=hours),
        )
    await house.settle()
    return kid


async def set_period(house: House, days: int) -> None:
    async with house.db.transaction(house.tenant_id) as tx:
        await apply_policy(
            tx,
            tenant_id=house.tenant_id,
            policy=KeyPolicy(rotation_period_in_days=days),
            sealer=house.sealer,
            clock=house.clock,
        )
    await house.settle()


@pytest.fixture
async def machine(house: House) -> RegisteredClient:
    await house.add_resource()
    return await house.add_client("MachineToMachine", redirect_uris=())


async def access_token(house: House, machine: RegisteredClient) -> str:
    form = {"grant_type": "client_credentials", "resource": "https://books.example/api"}
    answer = await house.token(form | machine.credentials)
    assert answer.status_code == 200, answer.text
    token: str = answer.json()["access_token"]
    return token


async def signing_kid(house: House, machine: RegisteredClient) -> str:
    keys = await published(house)
    token = await access_token(house, machine)
    decode(token, keys=keys, typ=("at+jwt",))
    return str(header(token)["kid"])


def header(token: str) -> dict[str, Any]:
    fields: dict[str, Any] = msgspec.json.decode(decode_base64url(token.partition(".")[0]))
    return fields


class TestSchedule:
    async def test_a_client_that_cached_the_keys_an_hour_ago_never_fails(
        self, house: House, machine: RegisteredClient
    ) -> None:
        """Five days with a new key every two: each token verifies with the JWKS of an hour ago,
        and, for the hour that it lives, with the one of now."""
        await set_period(house, 2)
        cached = deque([await published(house)] * 3, maxlen=3)
        living: deque[str] = deque(maxlen=3)
        signers: set[str] = set()

        for _ in range(5 * 48):
            if await rotate_due_keys(house.db, sealer=house.sealer, clock=house.clock):
                await house.settle()
            living.append(await access_token(house, machine))
            decode(living[-1], keys=cached[0], typ=("at+jwt",))
            now = await published(house)
            for token in living:
                decode(token, keys=now, typ=("at+jwt",))
            signers.add(str(header(living[-1])["kid"]))
            cached.append(now)
            house.pass_time(minutes=30)

        assert len(signers) == 3

    async def test_many_processes_publish_one_key(
        self, house: House, machine: RegisteredClient
    ) -> None:
        """Whoever asks second finds the question answered."""
        house.pass_time(days=89, hours=1)

        counts = await asyncio.gather(
            *(rotate_due_keys(house.db, sealer=house.sealer, clock=house.clock) for _ in range(5))
        )

        keys = await store.list_keys(house.db, tenant_id="default")
        assert (sum(counts), len(keys)) == (2, 2)  # one for each of the two tenants

    async def test_nothing_is_due_before_its_time(self, house: House) -> None:
        house.pass_time(days=88)
        assert await rotate_due_keys(house.db, sealer=house.sealer, clock=house.clock) == 0

    async def test_a_period_of_zero_means_by_hand(self, house: House) -> None:
        await set_period(house, 0)
        house.pass_time(days=400)

        await rotate_due_keys(house.db, sealer=house.sealer, clock=house.clock)

        assert len(await published(house)) == 1

    async def test_a_server_that_slept_for_a_year_goes_on(
        self, house: House, machine: RegisteredClient
    ) -> None:
        """No next key was made in time: the old one signs until its successor was published."""
        before = await signing_kid(house, machine)
        house.pass_time(days=365)

        await rotate_due_keys(house.db, sealer=house.sealer, clock=house.clock)
        await house.settle()

        assert await signing_kid(house, machine) == before
        assert len(await published(house)) == 2
        house.pass_time(hours=24)
        assert await signing_kid(house, machine) != before


class TestPromotion:
    async def test_at_the_deadline_without_a_write(
        self, house: House, machine: RegisteredClient
    ) -> None:
        """Two nodes promote the key at the same instant; nobody wrote anything for it."""
        old = await signing_kid(house, machine)
        new = await rotate(house, hours=2)
        other = create_app(house.app.settings, clock=house.clock)
        await other.start()
        node = House(other, house.db, house.clock, house.sealer)

        house.pass_time(hours=1, minutes=59)
        assert [await signing_kid(each, machine) for each in (house, node)] == [old, old]
        house.pass_time(minutes=2)
        assert [await signing_kid(each, machine) for each in (house, node)] == [new, new]
        await other.stop()

    async def test_an_algorithm_changes_at_its_time(
        self, house: House, machine: RegisteredClient
    ) -> None:
        await rotate(house, hours=1, algorithm="RS256")
        assert header(await access_token(house, machine))["alg"] == "ES256"

        house.pass_time(hours=1, seconds=1)

        assert header(await access_token(house, machine))["alg"] == "RS256"


class TestRetirement:
    async def test_a_key_leaves_when_its_tokens_are_over(
        self, house: House, machine: RegisteredClient
    ) -> None:
        """The longest token of the tenant lives two days: so long its key is published."""
        await house.add_resource("https://slow.example", lifetime=2 * 86400)
        old = await signing_kid(house, machine)
        await rotate(house)

        house.pass_time(days=2, minutes=59)
        assert old in await published(house)
        house.pass_time(minutes=2)
        assert old not in await published(house)

    async def test_an_id_token_of_a_retired_key_is_still_a_hint(
        self, house: House, web: RegisteredClient, ada: Any
    ) -> None:
        """OpenID Connect RP-Initiated Logout section 2: the OP should accept an expired one."""
        browser = house.browser()
        tokens = await house.sign_in(web, ada, browser=browser)
        await rotate(house)
        house.pass_time(days=10)

        hint = {"id_token_hint": tokens["id_token"], "client_id": web.id}
        answer = await browser.get("/oidc/session/end", **hint)

        assert header(tokens["id_token"])["kid"] not in await published(house)
        assert answer.status_code == 303

    async def test_the_sweep_takes_it_a_month_later(
        self, house: House, machine: RegisteredClient
    ) -> None:
        await rotate(house)
        house.pass_time(days=33)

        await sweep(house.db, clock=house.clock)

        assert len(await store.list_keys(house.db, tenant_id="default")) == 1

    async def test_rotating_without_end_keeps_eight(self, house: House) -> None:
        for _ in range(12):
            await rotate(house)
            house.pass_time(seconds=1)
        assert len(await store.list_keys(house.db, tenant_id="default")) == 9


class TestKeySets:
    async def test_the_first_use_makes_the_keys_once(self, house: House) -> None:
        """Ten at once ask for an algorithm that nobody asked for before: one key."""
        snapshots = Snapshots(house.db, clock=house.clock)

        async def ask() -> str:
            snapshot = await snapshots.current("default")
            return (await signing_key(snapshot, "PS256", sealer=house.sealer)).kid

        kids = await asyncio.gather(*(ask() for _ in range(10)))
        await house.settle()

        assert len(set(kids)) == 1
        assert kids[0] in await published(house)

    async def test_an_unknown_algorithm_is_the_default_one(self, house: House) -> None:
        snapshot = await Snapshots(house.db, clock=house.clock).current("default")
        key = await signing_key(snapshot, "none", sealer=house.sealer)
        assert key.algorithm == "ES256"

    async def test_sets_rotate_by_schedule_too(self, house: House) -> None:
        snapshot = await Snapshots(house.db, clock=house.clock).current("default")
        await signing_key(snapshot, "EdDSA", sealer=house.sealer)
        house.pass_time(days=89, hours=1)

        await rotate_due_keys(house.db, sealer=house.sealer, clock=house.clock)

        stored = await store.list_keys(house.db, tenant_id="default")
        assert sorted(key.key_set for key in stored) == ["EdDSA", "EdDSA", "default", "default"]
