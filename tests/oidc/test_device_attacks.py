"""Attacks on the device flow: on its codes, on the person, on the page that asks."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import bindparam

from doorward.device_codes.tables import device_codes
from doorward.interactions.tables import interactions
from doorward.users.tables import User
from tests.oidc.device_flow import (
    HTML,
    Device,
    add_device_client,
    answer,
    approve,
    form_of,
    open_page,
    refusal,
    sign_in_and_look,
)
from tests.oidc.house import House, RegisteredClient


class TestCodes:
    async def test_redeemed_twice(self, house: House, tv: RegisteredClient, ada: User) -> None:
        """A device code is used once; who comes second gets nothing and breaks nothing."""
        device = await Device.start(house, tv)
        await approve(house.browser(), device, user=ada)
        tokens = (await device.poll()).json()

        assert refusal(await device.poll()) == (400, "invalid_grant")
        assert await house.is_good(tokens["access_token"])

    async def test_parallel_polls(self, house: House, tv: RegisteredClient, ada: User) -> None:
        """Of many polls at once, one wins."""
        device = await Device.start(house, tv)
        await approve(house.browser(), device, user=ada)

        answers = await asyncio.gather(*(device.poll() for _ in range(12)))

        assert sorted(a.status_code for a in answers) == [200] + [400] * 11
        assert {a.json()["error"] for a in answers if a.status_code == 400} == {"invalid_grant"}

    async def test_parallel_answers(self, house: House, tv: RegisteredClient, ada: User) -> None:
        """Of a yes and a no at once, one counts."""
        device = await Device.start(house, tv)
        browser = house.browser()
        page = await sign_in_and_look(browser, device, user=ada)

        answers = await asyncio.gather(
            *(answer(browser, page, choice) for choice in ["approve", "refuse"] * 4)
        )

        assert sorted(a.status_code for a in answers) == [303] + [400] * 7

    async def test_another_client(self, house: House, tv: RegisteredClient, ada: User) -> None:
        """RFC 8628 section 3.4: a device code belongs to the client that got it."""
        device, other = await Device.start(house, tv), await add_device_client(house)
        await approve(house.browser(), device, user=ada)

        stolen = await house.token(device.form | {"client_id": other.id})

        assert refusal(stolen) == (400, "invalid_grant")
        assert (await device.poll()).status_code == 200

    async def test_another_tenant(
        self, house: House, admin_house: House, tv: RegisteredClient, ada: User
    ) -> None:
        """Neither code says anything to another tenant."""
        device, theirs = await Device.start(house, tv), await add_device_client(admin_house)
        await approve(house.browser(), device, user=ada)
        waiting = await Device.start(house, tv)

        stolen = await admin_house.token(device.form | {"client_id": theirs.id})
        page = await open_page(admin_house.browser(), waiting.user_code)

        assert refusal(stolen) == (400, "invalid_grant")
        assert page.status_code == 400

    @pytest.mark.parametrize("change", ["truncated", "padded", "user_code", "empty", "control"])
    async def test_mangled(
        self, house: House, tv: RegisteredClient, ada: User, change: str
    ) -> None:
        """Nothing but the device code itself is one."""
        device = await Device.start(house, tv)
        await approve(house.browser(), device, user=ada)
        value = device.codes["device_code"]
        changed = {
            "truncated": value[:-1],
            "padded": value + "=",
            "user_code": device.user_code,
            "empty": " ",
            "control": value + "\r\n",
        }[change]

        response = await device.poll(device_code=changed)

        assert refusal(response) == (400, "invalid_grant")


class TestApproval:
    async def test_approval_by_another_session(
        self, house: House, tv: RegisteredClient, ada: User
    ) -> None:
        """The form is of the session that entered the code: an attacker's form does not make a
        victim's browser approve, nor the other way round."""
        mallory = await house.add_user("mallory")
        device = await Device.start(house, tv)
        attacker, victim = house.browser(), house.browser()
        theirs = await sign_in_and_look(attacker, device, user=mallory)
        own = await Device.start(house, tv)
        await approve(victim, own, user=ada)

        forged = await answer(victim, theirs, "approve")

        assert forged.status_code == 400
        assert "xsrf token invalid" in forged.text
        assert refusal(await device.poll()) == (400, "authorization_pending")

    async def test_form_of_another_code(
        self, house: House, tv: RegisteredClient, ada: User
    ) -> None:
        """A form made for one device does not approve another."""
        one, other = await Device.start(house, tv), await Device.start(house, tv)
        browser = house.browser()
        page = await sign_in_and_look(browser, one, user=ada)

        swapped = form_of(page) | {"user_code": other.user_code, "choice": "approve"}
        forged = await browser.http.post("/device", data=swapped)

        assert forged.status_code == 400
        assert refusal(await other.poll()) == (400, "authorization_pending")

    @pytest.mark.parametrize("form", [{}, {"choice": "approve"}, {"xsrf": "x", "user_code": "x"}])
    async def test_forged_form(
        self, house: House, tv: RegisteredClient, ada: User, form: dict[str, str]
    ) -> None:
        """A form of another site lacks the signature; without a session there is nothing to do."""
        browser = house.browser()
        stranger = await browser.http.post("/device", data=form, headers=HTML)
        await approve(browser, await Device.start(house, tv), user=ada)

        forged = await browser.http.post("/device", data=form, headers=HTML)

        assert (stranger.status_code, forged.status_code) == (400, 400)

    async def test_brute_force(self, house: House, tv: RegisteredClient, ada: User) -> None:
        """RFC 8628 section 5.1: after 20 wrong codes a network is locked out, even with the right
        one; ten minutes later it may try again."""
        device = await Device.start(house, tv)
        await approve(house.browser(), await Device.start(house, tv), user=ada)
        for number in range(20):
            code = f"BCDF-GHJ{'BCDFGHJKLMNPQRSTVWXZ'[number]}"
            assert (await open_page(house.browser(), code)).status_code == 400

        locked = await open_page(house.browser(), device.user_code)
        house.pass_time(seconds=599)
        still = await open_page(house.browser(), device.user_code)
        house.pass_time(seconds=2)
        fresh = await Device.start(house, tv)
        later = await open_page(house.browser(), fresh.user_code)

        assert (locked.status_code, still.status_code) == (429, 429)
        assert 595 <= int(locked.headers["retry-after"]) <= 601
        assert "Too many attempts" in locked.text or "wait a while" in locked.text
        assert later.headers["location"].startswith("/sign-in?")

    async def test_guesses_of_a_session(
        self, house: House, tv: RegisteredClient, ada: User
    ) -> None:
        """Who is signed in has 10 tries, from wherever they come; and does not get past the lock
        with a form from before it."""
        device = await Device.start(house, tv)
        browser = house.browser()
        page = await sign_in_and_look(browser, device, user=ada)
        for _ in range(10):
            await open_page(browser, "BCDF-GHJK")

        locked = await answer(browser, page, "approve")

        assert locked.status_code == 429
        assert refusal(await device.poll()) == (400, "authorization_pending")

    async def test_pictures_of_other_sites(
        self, house: House, tv: RegisteredClient, ada: User
    ) -> None:
        """A page that embeds the address uses up nobody's tries."""
        browser = house.browser()
        for _ in range(30):
            await open_page(browser, "BCDF-GHJK", **{"sec-fetch-dest": "image"})

        device = await Device.start(house, tv)

        assert (await open_page(browser, device.user_code)).status_code == 303

    async def test_sign_in_of_another_browser(
        self, house: House, tv: RegisteredClient, ada: User
    ) -> None:
        """The sign-in of a device is finished by the browser that began it, once."""
        device = await Device.start(house, tv)
        browser = house.browser()
        await open_page(browser, device.user_code)
        uid = browser.waiting()["_legacy"]
        await browser.complete(ada, uid=uid)

        stolen = await house.browser().http.get(f"/oidc/auth/{uid}", headers=HTML)
        first = await browser.http.get(f"/oidc/auth/{uid}")
        again = await browser.http.get(f"/oidc/auth/{uid}", headers=HTML)

        assert (stolen.status_code, first.status_code, again.status_code) == (400, 303, 400)

    async def test_nothing_readable_is_stored(
        self, house: House, tv: RegisteredClient, ada: User
    ) -> None:
        """Neither code stands in the database, not even while a sign-in waits."""
        device = await Device.start(house, tv)
        await open_page(house.browser(), device.user_code)

        rows = []
        for table in (device_codes, interactions):
            query = table.select().where(table.c.tenant_id == bindparam("tenant_id"))
            rows += await house.db.all(query, tenant_id=house.tenant_id)

        assert len(rows) == 2
        assert device.user_code not in repr(rows)
        assert device.user_code.replace("-", "") not in repr(rows)
        assert device.codes["device_code"] not in repr(rows)
