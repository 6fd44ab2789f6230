"""Access tokens are refreshed in time, and a refresh token is never sent twice at once."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from logto import LogtoClient, LogtoClientSync, LogtoConfig, LogtoException, MemoryStorage

from tests.sdk.fake_provider import APP_ID, REDIRECT_URI, FakeProvider

BOOKS = "https://books.example/api"
SHOP = "https://shop.example/api"


async def sign_in(provider: FakeProvider, client: LogtoClient) -> None:
    await client.handleSignInCallback(provider.authorize(await client.signIn(REDIRECT_URI)))


def copy_of(storage: MemoryStorage) -> MemoryStorage:
    """The session as a second request brings it, sent before the first was answered."""
    copy = MemoryStorage()
    copy.set("idToken", storage.get("idToken"))
    copy.set("refreshToken", storage.get("refreshToken"))
    copy.set("accessTokenMap", storage.get("accessTokenMap"))
    return copy


class TestAccessToken:
    async def test_is_kept_until_it_is_about_to_expire(
        self, provider: FakeProvider, client: LogtoClient, storage: MemoryStorage
    ) -> None:
        """A token is used for as long as it lasts, less a minute."""
        await sign_in(provider, client)

        first = await client.getAccessToken(BOOKS)
        second = await client.getAccessToken(BOOKS)

        assert first == second
        assert provider.hits["/token"] == 2
        assert (await client.getAccessTokenClaims(BOOKS)).aud == "https://books.example/api"
        kept = json.loads(storage.get("accessTokenMap") or "")["x"]
        assert sorted(kept) == ["", "https://books.example/api"]
        assert time.time() + 3500 < kept[BOOKS]["expiresAt"] < time.time() + 3545

    async def test_is_replaced_when_it_has_expired(
        self, provider: FakeProvider, client: LogtoClient, storage: MemoryStorage
    ) -> None:
        """An expired token leaves the storage at the next write, so that sessions stay small."""
        await sign_in(provider, client)
        expired = {"x": {BOOKS: {"token": "old", "expiresAt": int(time.time()) - 1}}}
        storage.set("accessTokenMap", json.dumps(expired))

        assert await client.getAccessToken(SHOP) != "old"

        kept = json.loads(storage.get("accessTokenMap") or "")["x"]
        assert list(kept) == ["https://shop.example/api"]

    async def test_survives_nonsense_in_the_storage(
        self, provider: FakeProvider, client: LogtoClient, storage: MemoryStorage
    ) -> None:
        """What cannot be read is as good as nothing."""
        await sign_in(provider, client)
        storage.set("accessTokenMap", "{nonsense")

        assert await client.getAccessToken(BOOKS)

    async def test_of_an_organization(self, provider: FakeProvider, client: LogtoClient) -> None:
        """An organization token is asked for with organization_id, not with resource."""
        await sign_in(provider, client)

        claims = await client.getOrganizationTokenClaims("org1")

        assert claims.aud == "urn:logto:organization:org1"
        assert provider.forms[-1]["organization_id"] == "org1"
        assert "resource" not in provider.forms[-1]

    async def test_of_an_organization_without_the_scope(self, provider: FakeProvider) -> None:
        """The server would refuse; saying so here names the setting that is missing."""
        config = LogtoConfig(endpoint=provider.endpoint, appId=APP_ID)

        with pytest.raises(LogtoException, match="need the scope"):
            await LogtoClient(config, MemoryStorage()).getOrganizationToken("org1")

    async def test_refused(self, provider: FakeProvider, client: LogtoClient) -> None:
        """What the server says is there to be acted upon."""
        await sign_in(provider, client)
        provider.answers["/token"] = (403, {"error": "access_denied", "error_description": "no"})

        with pytest.raises(LogtoException, match="access_denied: no") as caught:
            await client.getOrganizationToken("org1")

        assert (caught.value.error, caught.value.status) == ("access_denied", 403)

    async def test_opaque_has_no_claims(self, provider: FakeProvider, client: LogtoClient) -> None:
        """The token for userinfo is opaque."""
        await sign_in(provider, client)

        with pytest.raises(LogtoException, match="opaque"):
            await client.getAccessTokenClaims()


class TestManyAtOnce:
    async def test_same_resource(self, provider: FakeProvider, client: LogtoClient) -> None:
        """RFC 9700 section 4.14.2: fifty callers, one refresh, no reuse of a rotated token."""
        await sign_in(provider, client)
        provider.delay = 0.1

        got = await asyncio.gather(*[client.getAccessToken(BOOKS) for _ in range(50)])

        assert len(set(got)) == 1
        assert provider.hits["/token"] == 2
        assert client.getRefreshToken() == f"refresh-{provider.server.server_port}-1"

    async def test_several_resources(self, provider: FakeProvider, client: LogtoClient) -> None:
        """Each resource costs one refresh, one after the other, each with the newest token."""
        await sign_in(provider, client)
        provider.delay = 0.05

        wanted = [BOOKS, SHOP, ""] * 10
        storage_forgets_userinfo(client)
        got = await asyncio.gather(*[client.getAccessToken(resource) for resource in wanted])

        assert len(set(got)) == 3
        assert provider.hits["/token"] == 4
        assert await client.getAccessToken("https://third.example/api")

    async def test_requests_with_an_older_cookie(
        self, provider: FakeProvider, config: LogtoConfig, storage: MemoryStorage
    ) -> None:
        """A browser's parallel requests bring the same cookie; the late ones get the new tokens."""
        await sign_in(provider, LogtoClient(config, storage))
        sessions = [copy_of(storage) for _ in range(4)]

        got = []
        for session in sessions:  # one after the other: the first refresh is over long ago
            got.append(await LogtoClient(config, session).getAccessToken(BOOKS))

        assert len(set(got)) == 1
        assert {s.get("refreshToken") for s in sessions} == {
            f"refresh-{provider.server.server_port}-1"
        }
        assert await LogtoClient(config, sessions[3]).getAccessToken(SHOP)
        assert await LogtoClient(config, sessions[0]).getAccessToken("https://third.example/api")

    async def test_threads_and_event_loops(
        self, provider: FakeProvider, config: LogtoConfig, storage: MemoryStorage
    ) -> None:
        """Threads, event loops, both clients: it is still one refresh."""
        await sign_in(provider, LogtoClient(config, storage))
        provider.delay = 0.1
        together = threading.Barrier(8)

        def synchronous() -> str | None:
            together.wait()
            return LogtoClientSync(config, copy_of(storage)).get_access_token(BOOKS)

        def asynchronous() -> str | None:
            together.wait()
            return asyncio.run(LogtoClient(config, copy_of(storage)).getAccessToken(BOOKS))

        def walk() -> set[str | None]:
            with ThreadPoolExecutor(8) as threads:
                work = [synchronous, asynchronous] * 4
                return {future.result() for future in [threads.submit(one) for one in work]}

        assert len(await asyncio.to_thread(walk)) == 1
        assert provider.hits["/token"] == 2

    async def test_a_caller_who_gives_up(
        self, provider: FakeProvider, client: LogtoClient, config: LogtoConfig
    ) -> None:
        """A cancelled request neither fails the others nor loses the new refresh token."""
        await sign_in(provider, client)
        provider.delay = 0.2
        impatient = asyncio.create_task(client.getAccessToken(BOOKS))
        patient = asyncio.create_task(client.getAccessToken(BOOKS))
        await asyncio.sleep(0.05)
        impatient.cancel()

        assert await patient

        with pytest.raises(asyncio.CancelledError):
            await impatient
        assert provider.hits["/token"] == 2

    async def test_the_only_caller_gives_up(
        self, provider: FakeProvider, client: LogtoClient
    ) -> None:
        """The refresh goes on without him; the next caller finds its answer."""
        await sign_in(provider, client)
        provider.delay = 0.2
        impatient = asyncio.create_task(client.getAccessToken(BOOKS))
        await asyncio.sleep(0.05)
        impatient.cancel()
        await asyncio.sleep(0.4)

        assert await client.getAccessToken(BOOKS)

        assert provider.hits["/token"] == 2

    async def test_server_that_does_not_rotate(
        self, provider: FakeProvider, client: LogtoClient, storage: MemoryStorage
    ) -> None:
        """Without rotation there is nothing to remember: a new token is a new request."""
        await sign_in(provider, client)
        provider.rotate = False
        first = await client.getAccessToken(BOOKS)
        storage.delete("accessTokenMap")

        assert await client.getAccessToken(BOOKS) != first
        assert client.getRefreshToken() == f"refresh-{provider.server.server_port}-0"

    async def test_two_users(self, provider: FakeProvider, config: LogtoConfig) -> None:
        """Users share a client and a pool, never a token."""
        clients = [LogtoClient(config, MemoryStorage()) for _ in range(2)]
        for client in clients:
            await sign_in(provider, client)
        provider.delay = 0.05

        got = await asyncio.gather(*[client.getAccessToken(BOOKS) for client in clients])

        assert len(set(got)) == 2

    async def test_failure_is_everybodys(self, provider: FakeProvider, client: LogtoClient) -> None:
        """When the server refuses, each caller hears of it, and a later one may try again."""
        await sign_in(provider, client)
        provider.answers["/token"] = (400, {"error": "invalid_grant"})

        got = await asyncio.gather(
            *[client.getAccessToken(BOOKS) for _ in range(3)], return_exceptions=True
        )

        assert [type(one) for one in got] == [LogtoException] * 3
        del provider.answers["/token"]
        assert await client.getAccessToken(BOOKS)


def storage_forgets_userinfo(client: LogtoClient) -> None:
    client._session.storage.delete("accessTokenMap")
