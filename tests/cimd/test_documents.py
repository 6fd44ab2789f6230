"""CIMD section 5: fetching a document, keeping it, and refusing to be anybody's errand boy."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio

from doorward.cimd.config import KEY
from doorward.cimd.documents import ClientDocuments, lifetime
from doorward.errors import ServiceUnavailable
from doorward.kit.clock import ShiftedClock
from doorward.kit.edge import Edge
from doorward.kit.http_client import HttpClient, HttpResponse
from doorward.storage import Database, Snapshot, Snapshots, config_changed
from doorward.tenants.store import add_tenant, save_config
from tests.support.documents import NAME, DocumentHost, document_host

TENANT = "default"


def edge(client_ip: str = "192.0.2.7") -> Edge:
    return Edge(
        request_id="r",
        client_ip=client_ip,
        user_agent="",
        tenant_id=TENANT,
        endpoint="http://localhost:3001",
        issuer="http://localhost:3001/oidc",
        is_secure=False,
    )


@pytest.fixture
def host() -> Iterator[DocumentHost]:
    with document_host() as host:
        yield host


@pytest.fixture
def clock() -> ShiftedClock:
    return ShiftedClock()


@pytest_asyncio.fixture
async def snapshot(database: Database, clock: ShiftedClock) -> Snapshot:
    """A tenant that takes documents."""
    async with database.transaction(TENANT) as tx:
        await add_tenant(tx, tenant_id=TENANT, name="Default", tag="", now=clock.now())
        await save_config(tx, tenant_id=TENANT, key=KEY, value={"enabled": True}, now=clock.now())
        await config_changed(tx, TENANT)
    return await Snapshots(database).current(TENANT)


@pytest_asyncio.fixture
async def documents(host: DocumentHost, clock: ShiftedClock) -> AsyncIterator[ClientDocuments]:
    http = HttpClient(host_overrides={NAME: host.url})
    yield ClientDocuments(http=http, clock=clock, is_guarded=True)
    await http.close()


class TestCache:
    async def test_is_asked_once(
        self, documents: ClientDocuments, snapshot: Snapshot, host: DocumentHost
    ) -> None:
        """Section 5.2: the document is kept; many who ask at once wait for one answer."""
        client_id = host.serve_client()

        found = await asyncio.gather(
            *(documents.find(snapshot, client_id, edge=edge()) for _ in range(20))
        )

        assert {client.id for client in found if client} == {client_id}
        assert host.asked == ["/client"]

    async def test_is_asked_again_when_old(
        self,
        documents: ClientDocuments,
        snapshot: Snapshot,
        host: DocumentHost,
        clock: ShiftedClock,
    ) -> None:
        """Section 5: the contents may change."""
        client_id = host.serve_client(client_name="Before")
        await documents.find(snapshot, client_id, edge=edge())
        host.serve_client(client_name="After")

        clock.offset += timedelta(seconds=599)
        before = await documents.find(snapshot, client_id, edge=edge())
        clock.offset += timedelta(seconds=2)
        after = await documents.find(snapshot, client_id, edge=edge())

        assert [client.name for client in (before, after) if client] == ["Before", "After"]

    @pytest.mark.parametrize(
        ("headers", "seconds"),
        [
            ({}, 600),
            ({"cache-control": "max-age=3600"}, 3600),
            ({"cache-control": "public, MAX-AGE = 3600"}, 3600),
            ({"cache-control": "max-age=100, s-maxage=200"}, 200),
            ({"cache-control": "max-age=3600", "age": "600"}, 3000),
            ({"cache-control": "max-age=3600", "age": "later"}, 3600),
            ({"cache-control": "max-age=3600", "age": "99999"}, 60),
            ({"cache-control": "max-age=0"}, 60),
            ({"cache-control": "no-store"}, 60),
            ({"cache-control": "no-cache, max-age=3600"}, 60),
            ({"cache-control": "max-age=999999999"}, 86400),
            ({"cache-control": "max-age=99999999999999999999"}, 86400),
            ({"cache-control": "max-age=-5"}, 600),
            ({"cache-control": "x-max-age=5"}, 600),
        ],
    )
    def test_as_long_as_it_may_be(self, headers: dict[str, str], seconds: int) -> None:
        """Section 5.2 and RFC 9111: what the headers say, within a minute and a day."""
        assert lifetime(HttpResponse(status=200, headers=headers, body=b"")) == seconds

    async def test_a_host_that_is_away_for_a_while(
        self,
        documents: ClientDocuments,
        snapshot: Snapshot,
        host: DocumentHost,
        clock: ShiftedClock,
    ) -> None:
        """RFC 9111 section 4.2.4: the old document serves for an hour, and no longer."""
        client_id = host.serve_client()
        await documents.find(snapshot, client_id, edge=edge())
        host.serve("/client", {}, status=503)

        clock.offset += timedelta(seconds=700)
        assert await documents.find(snapshot, client_id, edge=edge())
        assert await documents.find(snapshot, client_id, edge=edge())
        clock.offset += timedelta(seconds=3600)
        assert await documents.find(snapshot, client_id, edge=edge()) is None
        assert len(host.asked) == 3

    async def test_a_document_that_was_withdrawn(
        self,
        documents: ClientDocuments,
        snapshot: Snapshot,
        host: DocumentHost,
        clock: ShiftedClock,
    ) -> None:
        """404 is an answer: the client is gone."""
        client_id = host.serve_client()
        await documents.find(snapshot, client_id, edge=edge())
        host.answers.clear()

        clock.offset += timedelta(seconds=700)

        assert await documents.find(snapshot, client_id, edge=edge()) is None

    async def test_errors_are_not_cached(
        self,
        documents: ClientDocuments,
        snapshot: Snapshot,
        host: DocumentHost,
        clock: ShiftedClock,
    ) -> None:
        """Section 5.2: an error is forgotten; the URL is only not asked again at once."""
        client_id = f"https://{NAME}/client"

        for _ in range(5):
            assert await documents.find(snapshot, client_id, edge=edge()) is None
        assert host.asked == ["/client"]
        assert documents.find_fault(client_id) == "the answer is 404, not 200"
        host.serve_client()
        clock.offset += timedelta(seconds=11)

        assert await documents.find(snapshot, client_id, edge=edge())
        assert documents.find_fault(client_id) is None


class TestAnswers:
    @pytest.mark.parametrize(
        "answer",
        [
            {"status": 201},
            {"status": 204},
            {"status": 301, "location": "https://client.example/elsewhere"},
            {"status": 307, "location": "https://client.example/elsewhere"},
            {"status": 404},
            {"status": 500},
            {"content_type": "text/html"},
            {"content_type": "text/plain; charset=utf-8"},
            {"content_type": ""},
            {"content_type": "image/json"},
        ],
    )
    async def test_only_200_and_json(
        self,
        documents: ClientDocuments,
        snapshot: Snapshot,
        host: DocumentHost,
        answer: dict[str, Any],
    ) -> None:
        """Section 5: any other status is an error, and a redirect MUST NOT be followed."""
        client_id = host.serve_client()
        content = host.answers["/client"].body
        host.serve_client("/elsewhere")
        host.serve("/client", content, **answer)

        assert await documents.find(snapshot, client_id, edge=edge()) is None
        assert host.asked == ["/client"]

    async def test_a_narrower_type(
        self, documents: ClientDocuments, snapshot: Snapshot, host: DocumentHost
    ) -> None:
        """Section 4: application/<something>+json is JSON too."""
        client_id = host.serve_client()
        host.serve("/client", host.answers["/client"].body, content_type="application/client+json")

        assert await documents.find(snapshot, client_id, edge=edge())

    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"{",
            b"\xff\xfe",
            b"[" * 10_000,
            b'{"client_id": "https://client.example/client"' + b" " * 10_300 + b"}",
        ],
    )
    async def test_not_json_or_huge(
        self,
        documents: ClientDocuments,
        snapshot: Snapshot,
        host: DocumentHost,
        content: bytes,
    ) -> None:
        """Section 8.7: at most 10 kB are read."""
        client_id = host.serve("/client", content)

        assert await documents.find(snapshot, client_id, edge=edge()) is None

    async def test_a_document_of_another(
        self, documents: ClientDocuments, snapshot: Snapshot, host: DocumentHost
    ) -> None:
        """Somebody serves the document of a known client at a URL of his own."""
        host.serve_client()
        stolen = host.serve("/mine", host.answers["/client"].body)

        assert await documents.find(snapshot, stolen, edge=edge()) is None


class TestLimits:
    async def test_of_one_address(
        self, documents: ClientDocuments, snapshot: Snapshot, host: DocumentHost
    ) -> None:
        """A stranger cannot have us ask for URL after URL; others are served on."""
        kept = host.serve_client()
        assert await documents.find(snapshot, kept, edge=edge())

        waits: list[int] = []
        for number in range(60):
            client_id = f"https://host{number}.{NAME}/client"
            try:
                await documents.find(snapshot, client_id, edge=edge())
            except ServiceUnavailable as error:
                waits.append(error.retry_after)

        assert len(waits) == 31
        assert all(0 < wait <= 61 for wait in waits)
        assert await documents.find(snapshot, kept, edge=edge())

    async def test_of_one_host(
        self, documents: ClientDocuments, snapshot: Snapshot, host: DocumentHost
    ) -> None:
        """Many strangers together cannot make us press on one host."""
        refused = 0
        for number in range(60):
            asking = edge(client_ip=f"192.0.2.{number}")
            try:
                await documents.find(snapshot, f"https://{NAME}/{number}", edge=asking)
            except ServiceUnavailable:
                refused += 1

        assert refused == 30
        assert len(host.asked) == 30

    async def test_a_known_client_outlasts_them(
        self,
        documents: ClientDocuments,
        snapshot: Snapshot,
        host: DocumentHost,
        clock: ShiftedClock,
    ) -> None:
        """Whoever uses up the limits of a host does not shut its clients out."""
        kept = host.serve_client()
        assert await documents.find(snapshot, kept, edge=edge())
        clock.offset += timedelta(seconds=700)
        for number in range(30):
            await documents.find(snapshot, f"https://{NAME}/{number}", edge=edge())

        assert await documents.find(snapshot, kept, edge=edge())
        assert host.asked.count("/client") == 1

    async def test_at_once(
        self, documents: ClientDocuments, snapshot: Snapshot, host: DocumentHost
    ) -> None:
        """No more than sixteen are on their way."""
        ids = [host.serve_client(f"/{number}") for number in range(20)]
        for number in range(20):
            host.serve(f"/{number}", {}, delay=0.3)

        found = await asyncio.gather(
            *(documents.find(snapshot, client_id, edge=edge()) for client_id in ids),
            return_exceptions=True,
        )

        assert sum(isinstance(one, ServiceUnavailable) for one in found) == 4


class TestGuard:
    @pytest.mark.parametrize(
        "client_id",
        [
            "https://127.0.0.1/client",
            "https://[::1]/client",
            "https://[::ffff:127.0.0.1]/client",
            "https://[::ffff:7f00:1]/client",
            "https://[64:ff9b::7f00:1]/client",
            "https://2130706433/client",
            "https://0x7f000001/client",
            "https://0177.0.0.1/client",
            "https://127.1/client",
            "https://0/client",
            "https://10.0.0.1/client",
            "https://169.254.169.254/latest/meta-data",
            "https://[fe80::1]/client",
            "https://localhost/client",
        ],
    )
    async def test_addresses_inside(
        self, documents: ClientDocuments, snapshot: Snapshot, client_id: str
    ) -> None:
        """Section 8.6, SSRF: no spelling of an address of the operator's network is dialled."""
        assert await documents.find(snapshot, client_id, edge=edge()) is None
        # What is inside is not told either.
        assert documents.find_fault(client_id) == "it cannot be fetched"

    async def test_a_name_that_turns_inside(
        self, snapshot: Snapshot, host: DocumentHost, clock: ShiftedClock
    ) -> None:
        """DNS rebinding: what is dialled is what was checked, and one inside among several will do
        to refuse them all."""
        asked: list[str] = []

        async def resolve(name: str, port: int) -> list[str]:
            asked.append(name)
            return ["93.184.215.14", "127.0.0.1"] if len(asked) == 1 else ["127.0.0.1"]

        documents = ClientDocuments(http=HttpClient(resolve=resolve), clock=clock, is_guarded=True)
        client_id = "https://rebinding.example/client"

        assert await documents.find(snapshot, client_id, edge=edge()) is None
        clock.offset += timedelta(seconds=11)
        assert await documents.find(snapshot, client_id, edge=edge()) is None
        assert asked == ["rebinding.example", "rebinding.example"]
        assert host.asked == []

    async def test_nothing_is_fetched_without_a_guard(
        self, snapshot: Snapshot, host: DocumentHost, clock: ShiftedClock
    ) -> None:
        """Outbound calls that may go inside are not for strangers to direct."""
        http = HttpClient(allow_private_addresses=True, host_overrides={NAME: host.url})
        documents = ClientDocuments(http=http, clock=clock, is_guarded=False)

        assert await documents.find(snapshot, host.serve_client(), edge=edge()) is None
        assert host.asked == []

    async def test_nothing_is_fetched_unless_switched_on(
        self,
        documents: ClientDocuments,
        host: DocumentHost,
        database: Database,
        clock: ShiftedClock,
    ) -> None:
        async with database.transaction("other") as tx:
            await add_tenant(tx, tenant_id="other", name="Other", tag="", now=clock.now())
        snapshot = await Snapshots(database).current("other")

        assert await documents.find(snapshot, host.serve_client(), edge=edge()) is None
        assert host.asked == []
