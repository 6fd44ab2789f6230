"""draft-ietf-oauth-client-id-metadata-document-02 (CIMD), through the front door."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from doorward.app import create_app
from doorward.cimd.config import KEY
from doorward.consents import store
from doorward.kit.clock import ShiftedClock
from doorward.kit.crypto import Sealer
from doorward.settings import Settings
from doorward.storage import Database, config_changed
from doorward.tenants.store import save_config
from doorward.users.tables import User
from tests.oidc.authorization.test_consent import ask, decide
from tests.oidc.house import House, RegisteredClient, answer_of
from tests.support.documents import NAME, DocumentHost, document_host

CALLBACK = f"https://{NAME}/callback"


@pytest.fixture
def host() -> Iterator[DocumentHost]:
    with document_host() as host:
        yield host


@pytest_asyncio.fixture
async def house(
    database_url: str, database: Database, tmp_path: Path, host: DocumentHost
) -> AsyncIterator[House]:
    """The application, with `client.example` on loopback and the guard on for all others."""
    settings = Settings(
        data_dir=tmp_path, database_url=database_url, dev_host_overrides={NAME: host.url}
    )
    clock = ShiftedClock()
    app = create_app(settings, clock=clock)
    await app.start()
    house = House(app, database, clock, Sealer(settings.master_key()))
    await switch(house, is_on=True)
    yield house
    await app.stop()


async def switch(house: House, *, is_on: bool) -> None:
    async with house.db.transaction(house.tenant_id) as tx:
        await save_config(
            tx,
            tenant_id=house.tenant_id,
            key=KEY,
            value={"enabled": is_on},
            now=house.clock.now(),
        )
        await config_changed(tx, house.tenant_id)
    await house.settle()


def client_of(client_id: str, redirect_uri: str = CALLBACK) -> RegisteredClient:
    return RegisteredClient(client_id, None, redirect_uri)


async def request(house: House, client_id: str, **params: Any) -> httpx.Response:
    return await house.browser().request(client_of(client_id), **params)


def is_known(answer: httpx.Response) -> bool:
    """Whether the client was found: whatever is wrong from there on is told by redirect."""
    return answer.status_code == 303


async def discovery(house: House) -> dict[str, Any]:
    metadata: dict[str, Any] = (
        await house.http.get("/oidc/.well-known/oauth-authorization-server")
    ).json()
    return metadata


class TestSwitch:
    async def test_off(self, house: House, host: DocumentHost) -> None:
        """Nothing is fetched, nothing announced, nobody known."""
        await switch(house, is_on=False)

        answer = await request(house, host.serve_client())

        assert answer.status_code == 400
        assert answer.json()["error"] == "invalid_client"
        assert host.asked == []
        assert "client_id_metadata_document_supported" not in await discovery(house)

    async def test_on(self, house: House, host: DocumentHost) -> None:
        """CIMD section 6: announced, and done."""
        answer = await request(house, host.serve_client())

        assert is_known(answer)
        assert host.asked == ["/client"]
        assert (await discovery(house))["client_id_metadata_document_supported"] is True


class TestClients:
    async def test_the_whole_id_is_the_client(self, house: House, host: DocumentHost) -> None:
        """An id of 2,048 characters is stored whole; another with the same beginning is another."""
        long = "/" + "x" * (2048 - len(f"https://{NAME}/"))
        first, second = host.serve_client(long[:-1] + "a"), host.serve_client(long[:-1] + "b")
        assert len(first) == 2048

        for client_id in (first, second):
            assert is_known(await request(house, client_id))

    async def test_pkce_is_required(self, house: House, host: DocumentHost) -> None:
        """RFC 9700 section 2.1.1."""
        answer = await request(
            house,
            host.serve_client(),
            scope="openid",
            code_challenge=None,
            code_challenge_method=None,
        )

        assert answer_of(answer)["error"] == "invalid_request"

    async def test_exact_redirect_uris(self, house: House, host: DocumentHost) -> None:
        """CIMD section 4.2: simple string comparison; a refusal does not redirect."""
        client_id = host.serve_client()

        for uri in (
            f"https://{NAME}/callback/",
            f"https://{NAME}/callback?x",
            f"https://{NAME}:443/callback",
            f"https://{NAME.upper()}/callback",
            "https://evil.example/callback",
        ):
            answer = await request(house, client_id, redirect_uri=uri)
            assert answer.status_code == 400
            assert answer.json()["error"] == "invalid_redirect_uri"

    async def test_loopback_ports(self, house: House, host: DocumentHost) -> None:
        """RFC 8252 section 7.3: a program on the device does not choose its port."""
        client_id = host.serve_client(redirect_uris=["http://127.0.0.1/callback"])

        good = await request(house, client_id, redirect_uri="http://127.0.0.1:51004/callback")
        bad = await request(house, client_id, redirect_uri="http://127.0.0.2:51004/callback")

        assert is_known(good)
        assert bad.status_code == 400

    async def test_why_a_document_is_refused(self, house: House, host: DocumentHost) -> None:
        """The developer of the client reads it in the answer."""
        client_id = host.serve_client(remove="redirect_uris")

        answer = await request(house, client_id)

        assert answer.status_code == 400
        assert "redirect_uris must name at least one URI" in answer.json()["error_description"]

    async def test_too_much(self, house: House) -> None:
        """Who makes us fetch too much is told to wait, and nobody sees a 500."""
        answers = [
            await request(house, f"https://h{number}.invalid/client") for number in range(31)
        ]

        assert {answer.status_code for answer in answers[:30]} == {400}
        assert answers[30].status_code == 503
        assert int(answers[30].headers["retry-after"]) > 0

    async def test_it_has_no_secret(self, house: House, host: DocumentHost) -> None:
        """CIMD section 4.1: whatever it sends as a secret is refused."""
        answer = await house.token(
            {
                "grant_type": "refresh_token",
                "refresh_token": "x",
                "client_id": host.serve_client(),
                "client_secret": "anything",
            }
        )

        assert answer.status_code == 401
        assert answer.json()["error"] == "invalid_client"

    async def test_flows_that_it_may_not_use(self, house: House, host: DocumentHost) -> None:
        """Whatever its document says."""
        client_id = host.serve_client(grant_types=["client_credentials"])

        answer = await house.token({"grant_type": "client_credentials", "client_id": client_id})

        assert answer.status_code == 400
        assert answer.json()["error"] == "unauthorized_client"

    @pytest.mark.parametrize(
        "client_id",
        [
            "https://127.0.0.1/client",
            "https://[::ffff:7f00:1]/client",
            "https://2130706433/client",
            "https://169.254.169.254/latest/meta-data/",
            "https://client.example/../client",
            "https://client.example#client",
            "https://ada@client.example/client",
            "https://clıent.example/client",
            "https://" + "x" * 5000,
            "https://",
        ],
    )
    async def test_attacks(self, house: House, host: DocumentHost, client_id: str) -> None:
        """SSRF and look-alikes: refused, without a redirect, and without a word from inside."""
        host.serve_client()

        answer = await request(house, client_id)

        assert answer.status_code == 400
        assert answer.json()["error"] == "invalid_client"
        assert host.asked == []


class TestConsent:
    """Always a third party: nothing without a page, and no more than the ceiling."""

    async def test_the_whole_flow(self, house: House, host: DocumentHost, ada: User) -> None:
        """Code, tokens, userinfo, refresh: the URL is the client everywhere."""
        await allow(house, "profile")
        client = client_of(host.serve_client("/" + "x" * 1000))
        browser = house.browser()

        page = await ask(browser, client, ada)
        told = answer_of(await decide(browser, page, "allow"))
        tokens = await house.exchange(client, told["code"])

        assert (await house.verify(tokens["id_token"], typ="jwt"))["aud"] == client.id
        assert await house.is_good(tokens["access_token"])
        renewed = await house.refresh(client, tokens["refresh_token"])
        assert renewed.status_code == 200

    async def test_the_page_says_whose_document_it_is(
        self, house: House, host: DocumentHost, ada: User
    ) -> None:
        """CIMD section 8: a name is anybody's to choose, the host is not."""
        await allow(house, "profile")
        client = client_of(host.serve_client(client_name="Your Bank <b>"))
        browser = house.browser()

        shown = await browser.get(await ask(browser, client, ada))

        assert NAME in shown.text
        assert "Your Bank &lt;b&gt;" in shown.text

    async def test_a_host_that_looks_like_another(self, house: House, host: DocumentHost) -> None:
        """A homograph: what is shown is the host in ASCII, never the letters that it stands for."""
        found = await house.http.get(
            "/oidc/auth", params={"client_id": "https://аpple.example/client"}
        )

        assert found.status_code == 400
        assert "invalid_client" in found.text

    async def test_asked_each_time(self, house: House, host: DocumentHost, ada: User) -> None:
        """The document may say something else today, so yesterday's consent says nothing."""
        await allow(house, "profile")
        client = client_of(host.serve_client())
        browser = house.browser()
        await decide(browser, await ask(browser, client, ada), "allow")

        again = await browser.request(client, prompt=None, scope="openid profile")
        silent = await browser.request(client, prompt="none", scope="openid profile")

        assert again.headers["location"].startswith("/consent?")
        assert answer_of(silent)["error"] in {"consent_required", "interaction_required"}

    async def test_the_ceiling(self, house: House, host: DocumentHost) -> None:
        """Nothing beyond what an administrator lets such clients ask for."""
        client = client_of(host.serve_client())
        browser = house.browser()

        refused = await browser.request(client, scope="openid profile")
        await allow(house, "profile")
        asked = await browser.request(client, scope="openid profile")

        assert answer_of(refused)["error"] == "invalid_scope"
        assert asked.headers["location"].startswith("/")

    async def test_a_document_that_changed_meanwhile(
        self, house: House, host: DocumentHost, ada: User
    ) -> None:
        """The redirect URI is looked at again when the person comes back from the page."""
        await allow(house, "profile")
        client = client_of(host.serve_client())
        browser = house.browser()
        page = await ask(browser, client, ada)
        host.serve_client(redirect_uris=[f"https://{NAME}/elsewhere"])
        house.pass_time(seconds=700)

        answer = await decide(browser, page, "allow")

        assert answer.status_code == 400
        assert answer.json()["error"] == "invalid_redirect_uri"

    async def test_switched_off_meanwhile(
        self, house: House, host: DocumentHost, ada: User
    ) -> None:
        """Tokens of such clients end with the switch."""
        await allow(house, "profile")
        client = client_of(host.serve_client())
        browser = house.browser()
        told = answer_of(await decide(browser, await ask(browser, client, ada), "allow"))
        tokens = await house.exchange(client, told["code"])
        await switch(house, is_on=False)

        assert (await house.refresh(client, tokens["refresh_token"])).status_code == 401
        assert not await house.is_good(tokens["access_token"])

    async def test_a_token_of_another_document(
        self, house: House, host: DocumentHost, ada: User
    ) -> None:
        """What one client was given is of no use to another, not even of the same host."""
        await allow(house, "profile")
        mine, other = client_of(host.serve_client()), client_of(host.serve_client("/client2"))
        browser = house.browser()
        told = answer_of(await decide(browser, await ask(browser, mine, ada), "allow"))
        tokens = await house.exchange(mine, told["code"])

        stolen = await house.refresh(other, tokens["refresh_token"])

        assert stolen.status_code == 400
        assert stolen.json()["error"] == "invalid_grant"


async def allow(house: House, user_scope: str) -> None:
    async with house.db.transaction(house.tenant_id) as tx:
        await store.add_cimd_user_scope(tx, tenant_id=house.tenant_id, user_scope=user_scope)
        await config_changed(tx, house.tenant_id)
    await house.settle()
