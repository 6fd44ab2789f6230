"""OpenID Connect Back-Channel Logout 1.0: every application of a session hears that it ended."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from doorward.kit.http_client import HttpClient
from doorward.oidc.logout.back_channel import backchannel_logout
from doorward.outbox.store import list_letters
from doorward.outbox.tables import Letter, Message, Status
from doorward.outbox.worker import DeliveryFailed
from doorward.sessions.ending import BACKCHANNEL_LOGOUT
from doorward.storage import Snapshots
from doorward.users.accounts import delete_account, set_suspended
from doorward.users.tables import User
from tests.oidc.house import Browser, House, RegisteredClient
from tests.support.client_site import ClientSite, Page

EVENT = "http://schemas.openid.net/event/backchannel-logout"
PATH = "/logout"
ADDRESS = f"https://client.example{PATH}"


async def listener(house: House, address: str = ADDRESS, **metadata: Any) -> RegisteredClient:
    """Return a client that wants to hear of the end of sessions."""
    return await house.add_client(metadata={"backchannelLogoutUri": address, **metadata})


async def letters(house: House, *, wanted: int = 1, status: Status | None = None) -> list[Letter]:
    """Return the messages once there are `wanted` of a status; the worker looks every second."""
    found: list[Letter] = []
    for _ in range(100):
        every = await list_letters(house.db, tenant_id=house.tenant_id, kind=BACKCHANNEL_LOGOUT)
        found = [letter for letter in every if status in {None, letter.status}]
        if len(found) >= wanted:
            break
        await asyncio.sleep(0.05)
    assert len(found) == wanted, found
    return found


async def failed_letter(house: House) -> Letter:
    """Return the one message once an attempt to deliver it has failed."""
    for _ in range(100):
        (letter,) = await letters(house)
        if letter.failure is not None:
            break
        await asyncio.sleep(0.05)
    return letter


async def sign_out(browser: Browser, tokens: dict[str, Any]) -> None:
    answer = await browser.get("/oidc/session/end", id_token_hint=tokens["id_token"])
    assert answer.status_code == 303, answer.text


async def no_letters(house: House) -> bool:
    return not await list_letters(house.db, tenant_id=house.tenant_id, kind=BACKCHANNEL_LOGOUT)


class TestLogoutToken:
    @pytest.mark.parametrize("more", [{}, {"subjectType": "pairwise"}])
    async def test_claims(
        self, connected_house: House, site: ClientSite, more: dict[str, str]
    ) -> None:
        """Section 2.4: iss, sub, aud, iat, exp, jti and events; sid where required; typ
        logout+jwt; and no nonce (section 2.4: MUST NOT)."""
        house = connected_house
        site.pages[PATH] = Page()
        client = await listener(house, backchannelLogoutSessionRequired=True, **more)
        ada = await house.add_user("ada")
        browser = house.browser()
        tokens = await house.sign_in(client, ada, browser=browser)
        signed_in = await house.verify(tokens["id_token"], typ="jwt")

        await sign_out(browser, tokens)
        (letter,) = await letters(house, status=Status.DELIVERED)

        claims = await house.verify(site.forms[0]["logout_token"], typ="logout+jwt")
        assert claims == {
            "iss": house.issuer,
            "sub": signed_in["sub"],
            "aud": client.id,
            "iat": claims["iat"],
            "exp": claims["iat"] + 120,
            "jti": letter.id,
            "events": {EVENT: {}},
            "sid": signed_in["sid"],
        }
        assert (claims["sub"] == ada.id) is not bool(more)

    async def test_without_sid(self, connected_house: House, site: ClientSite) -> None:
        """Section 2.2: a client that does not require it gets no sid."""
        house = connected_house
        site.pages[PATH] = Page()
        client = await listener(house)
        browser = house.browser()
        tokens = await house.sign_in(client, await house.add_user("ada"), browser=browser)

        await sign_out(browser, tokens)
        await letters(house, status=Status.DELIVERED)

        assert "sid" not in await house.verify(site.forms[0]["logout_token"], typ="logout+jwt")

    async def test_signed_as_id_tokens(self, connected_house: House, site: ClientSite) -> None:
        """Section 2.6: the algorithm is that of the client's ID tokens."""
        house = connected_house
        site.pages[PATH] = Page()
        client = await listener(house, idTokenSignedResponseAlg="ES384")
        browser = house.browser()
        tokens = await house.sign_in(client, await house.add_user("ada"), browser=browser)

        await sign_out(browser, tokens)
        await letters(house, status=Status.DELIVERED)

        assert await house.verify(site.forms[0]["logout_token"], typ="logout+jwt")


class TestWhoHears:
    async def test_every_client_of_the_session(
        self, connected_house: House, site: ClientSite, ada_of: Any
    ) -> None:
        """Section 2.5: all that were signed in with this session, and nobody of another."""
        house, ada = connected_house, await ada_of(connected_house)
        site.pages[PATH] = Page()
        first, second, other, silent = [
            await listener(house),
            await listener(house),
            await listener(house),
            await house.add_client(),
        ]
        browser = house.browser()
        tokens = await house.sign_in(first, ada, browser=browser)
        await browser.authorize(second, prompt=None)
        await browser.authorize(second, prompt=None)
        await browser.authorize(silent, prompt=None)
        await house.sign_in(other, ada)

        await sign_out(browser, tokens)

        told = await letters(house, wanted=2, status=Status.DELIVERED)
        assert {letter.payload["clientId"] for letter in told} == {first.id, second.id}

    async def test_suspended(self, connected_house: House, ada_of: Any) -> None:
        """A suspension ends every session of the user."""
        house, ada = connected_house, await ada_of(connected_house)
        client = await listener(house)
        await house.sign_in(client, ada)
        await house.sign_in(client, ada)

        async with house.db.transaction(house.tenant_id) as tx:
            await set_suspended(
                tx,
                tenant_id=house.tenant_id,
                user_id=ada.id,
                is_suspended=True,
                now=house.clock.now(),
            )

        assert len(await letters(house, wanted=2)) == 2

    async def test_deleted(self, connected_house: House, site: ClientSite, ada_of: Any) -> None:
        """So does a deletion, and the token still names who it was."""
        house, ada = connected_house, await ada_of(connected_house)
        site.pages[PATH] = Page()
        await house.sign_in(await listener(house), ada)

        async with house.db.transaction(house.tenant_id) as tx:
            await delete_account(
                tx, tenant_id=house.tenant_id, user_id=ada.id, now=house.clock.now()
            )
        await letters(house, status=Status.DELIVERED)

        claims = await house.verify(site.forms[0]["logout_token"], typ="logout+jwt")
        assert claims["sub"] == ada.id

    async def test_another_user_takes_the_browser(
        self, connected_house: House, ada_of: Any
    ) -> None:
        """Two people share a browser: the session of the first ends when the second signs in."""
        house, ada = connected_house, await ada_of(connected_house)
        client, browser = await listener(house), house.browser()
        await house.sign_in(client, ada, browser=browser)

        await browser.authorize(client, user=await house.add_user("eve"), prompt="login")

        (letter,) = await letters(house)
        assert letter.payload["userId"] == ada.id

    async def test_nobody(self, connected_house: House, ada_of: Any) -> None:
        """Clients without an address, and those of a refused sign-out, are not told anything."""
        house, ada = connected_house, await ada_of(connected_house)
        silent, browser = await house.add_client(), house.browser()
        tokens = await house.sign_in(silent, ada, browser=browser)
        await sign_out(browser, tokens)

        assert await no_letters(house)

    async def test_deleted_client(self, connected_house: House, ada_of: Any) -> None:
        """A client that is gone by then is not called."""
        house, ada = connected_house, await ada_of(connected_house)
        client, browser = await listener(house), house.browser()
        tokens = await house.sign_in(client, ada, browser=browser)
        await house.remove_client(client)

        await browser.get("/oidc/session/end", id_token_hint=tokens["id_token"])

        assert await no_letters(house)


class TestAnswers:
    @pytest.mark.parametrize("status", [200, 204])
    async def test_heard(
        self, connected_house: House, site: ClientSite, ada_of: Any, status: int
    ) -> None:
        """Section 2.8."""
        await self._tell(connected_house, site, Page(status=status), await ada_of(connected_house))

        assert await letters(connected_house, status=Status.DELIVERED)

    @pytest.mark.parametrize("status", [500, 503, 429])
    async def test_again(
        self, connected_house: House, site: ClientSite, ada_of: Any, status: int
    ) -> None:
        """An application that is ill hears it later, with the same jti in a fresh token."""
        house = connected_house
        await self._tell(house, site, Page(status=status), await ada_of(house))
        letter = await failed_letter(house)
        assert letter.status == Status.WAITING
        assert letter.failure == f"the application answered {status}"
        site.pages[PATH] = Page()
        house.pass_time(minutes=5)

        await letters(house, status=Status.DELIVERED)

        first, second = [
            await house.verify(form["logout_token"], typ="logout+jwt") for form in site.forms
        ]
        assert first["jti"] == second["jti"]
        assert second["iat"] >= first["iat"] + 300

    @pytest.mark.parametrize("status", [400, 404, 302])
    async def test_refused(
        self, connected_house: House, site: ClientSite, ada_of: Any, status: int
    ) -> None:
        """Section 2.8: a refusal is one. A redirect is not followed, wherever it leads."""
        page = Page(status=status, headers={"location": "http://127.0.0.1/elsewhere"})
        await self._tell(connected_house, site, page, await ada_of(connected_house))

        (letter,) = await letters(connected_house, status=Status.DEAD)

        assert letter.failure == f"the application answered {status}"
        assert site.asked == [PATH]

    async def _tell(self, house: House, site: ClientSite, page: Page, ada: User) -> None:
        site.pages[PATH] = page
        browser = house.browser()
        await sign_out(browser, await house.sign_in(await listener(house), ada, browser=browser))


class TestForgery:
    @pytest.mark.parametrize(
        "address",
        [
            "http://127.0.0.1:1/logout",
            "http://localhost:1/logout",
            "http://2130706433/logout",
            "http://0x7f.1/logout",
            "http://0177.0.0.1/logout",
            "http://[::1]/logout",
            "http://[::ffff:127.0.0.1]/logout",
            "http://[fd00::1]/logout",
            "http://10.0.0.1/logout",
            "http://169.254.169.254/latest/meta-data/",
            "http://user@169.254.169.254/",
        ],
    )
    async def test_private_addresses(self, house: House, ada: User, address: str) -> None:
        """CWE-918: nobody makes the server call the inside of its network, in whatever form the
        address is written; the message is dead, and sign-out works."""
        client, browser = await listener(house, address), house.browser()

        await sign_out(browser, await house.sign_in(client, ada, browser=browser))

        (letter,) = await letters(house, status=Status.DEAD)
        assert letter.attempts == 1

    async def test_rebinding(self, house: House, ada: User) -> None:
        """A name that was public once and is private when it is called is not called: the check is
        made on the very address that would be dialled."""
        client = await listener(house, "https://rebound.example/logout")
        asked: list[str] = []

        async def resolve(host: str, port: int) -> list[str]:
            asked.append(host)
            return ["93.184.216.34", "10.0.0.1"]

        deliver = backchannel_logout(
            snapshots=Snapshots(house.db),
            clock=house.clock,
            sealer=house.sealer,
            http=HttpClient(resolve=resolve),
            issuers={house.tenant_id: house.issuer},
        )
        message = Message(
            tenant_id=house.tenant_id,
            id="a-message",
            kind=BACKCHANNEL_LOGOUT,
            payload={"clientId": client.id, "userId": ada.id, "sessionId": "a-session"},
            attempts=1,
            created_at=house.clock.now(),
        )

        with pytest.raises(DeliveryFailed) as refused:
            await deliver(message)

        assert refused.value.is_final
        assert asked == ["rebound.example"]

    async def test_a_logout_token_is_no_hint(
        self, connected_house: House, site: ClientSite, ada_of: Any
    ) -> None:
        """Section 2.4: a logout token is not taken for an ID token."""
        house, ada = connected_house, await ada_of(connected_house)
        site.pages[PATH] = Page()
        browser = house.browser()
        await sign_out(browser, await house.sign_in(await listener(house), ada, browser=browser))
        await letters(house, status=Status.DELIVERED)

        answer = await house.browser().get(
            "/oidc/session/end", id_token_hint=site.forms[0]["logout_token"]
        )

        assert answer.status_code == 400


@pytest.fixture
def ada_of() -> Any:
    """Return a function that makes Ada in a house."""
    return lambda house: house.add_user("ada")
