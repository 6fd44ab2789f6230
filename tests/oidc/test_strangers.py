"""RFC 6819 section 4.4.1.11: a stranger cannot fill the disk with requests."""

from __future__ import annotations

import asyncio

from doorward.users.tables import User
from tests.oidc.device_flow import add_device_client
from tests.oidc.house import House, RegisteredClient

HUGE = "n" * 7500
AT_ONCE = 60


async def exhaust(house: House, client: RegisteredClient) -> int:
    """Begin sign-ins with huge requests until one is refused; return how many were stored."""
    stored = 0
    while stored < 2000:
        answers = await asyncio.gather(
            *(house.browser().request(client, nonce=HUGE) for _ in range(AT_ONCE))
        )
        stored += sum(answer.status_code == 303 for answer in answers)
        if any(answer.status_code == 503 for answer in answers):
            return stored
    return stored


class TestBudget:
    async def test_of_an_address(self, house: House, web: RegisteredClient, ada: User) -> None:
        """Eight megabytes a minute, then 503 with the time to wait; whoever is signed in, and a
        client that proves itself, go on."""
        browser, spa = house.browser(), await house.add_client("SPA")
        await browser.authorize(web, user=ada)

        stored = await exhaust(house, web)

        assert 900 < stored < 1100
        begun = await house.browser().request(web, nonce=HUGE)
        pushed = await house.push(spa, nonce=HUGE)
        assert (begun.status_code, pushed.status_code) == (503, 503)
        assert begun.json()["error"] == "temporarily_unavailable"
        assert 1 <= int(begun.headers["retry-after"]) <= 60
        assert "code=" in (await browser.request(web)).headers["location"]
        assert (await house.push(web, nonce=HUGE)).status_code == 201
        house.pass_time(seconds=61)
        assert (await house.browser().request(web, nonce=HUGE)).status_code == 303

    async def test_of_a_device(self, house: House, web: RegisteredClient) -> None:
        """RFC 8628 section 3.1: a public client's id is enough to ask for codes."""
        device = await add_device_client(house)
        form = {"client_id": device.id, "scope": HUGE}

        await exhaust(house, web)

        assert (await house.http.post("/oidc/device/auth", data=form)).status_code == 503
        house.pass_time(seconds=61)
        assert (await house.http.post("/oidc/device/auth", data=form)).status_code == 200

    async def test_of_a_user(self, house: House, web: RegisteredClient, ada: User) -> None:
        """Somebody with an account, which may be one's own work, has a budget too: not that of the
        address, for whom others there may have used it up."""
        ben, browser, other = await house.add_user("ben"), house.browser(), house.browser()
        await browser.authorize(web, user=ada)
        await other.authorize(web, user=ben)
        again = {"prompt": "login", "nonce": HUGE}

        await exhaust(house, web)
        answers = await asyncio.gather(*(browser.request(web, **again) for _ in range(1100)))

        assert 900 < sum(answer.status_code == 303 for answer in answers) < 1100
        assert {answer.status_code for answer in answers} == {303, 503}
        assert (await other.request(web, **again)).status_code == 303

    async def test_people_behind_one_address(self, house: House, web: RegisteredClient) -> None:
        """A crowd that signs in at once is no attack."""
        answers = await asyncio.gather(*(house.browser().request(web) for _ in range(500)))

        assert {answer.status_code for answer in answers} == {303}
