"""RFC 8628 from both ends: the device that polls, and the person who lets it in."""

from __future__ import annotations

import re
from typing import Any

import pytest

from doorward.consents import store as consents
from doorward.storage import config_changed
from doorward.users.tables import User
from tests.oidc.device_flow import (
    DEVICE_CODE,
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

BOOKS = "https://books.example/api"


class TestDeviceAuthorization:
    async def test_answer(self, house: House, tv: RegisteredClient) -> None:
        """RFC 8628 sections 3.2 and 5.2: what the device is told; a code of 256 bits among it."""
        codes = (await Device.start(house, tv)).codes

        assert re.fullmatch(
            "[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}", codes["user_code"]
        )
        assert len(codes["device_code"]) == 43
        assert codes["verification_uri"] == "http://localhost:3001/device"
        assert codes["verification_uri_complete"] == (
            f"http://localhost:3001/device?user_code={codes['user_code']}"
        )
        assert (codes["expires_in"], codes["interval"]) == (600, 5)

    async def test_no_cache_and_discovery(self, house: House, tv: RegisteredClient) -> None:
        """RFC 8628 section 4: discovery names the endpoint; what it answers is kept by nobody."""
        metadata = (await house.http.get("/oidc/.well-known/openid-configuration")).json()

        response = await house.http.post("/oidc/device/auth", data={"client_id": tv.id})

        assert metadata["device_authorization_endpoint"] == "http://localhost:3001/oidc/device/auth"
        assert DEVICE_CODE in metadata["grant_types_supported"]
        assert response.headers["cache-control"] == "no-store"

    async def test_parameters(self, house: House, tv: RegisteredClient) -> None:
        """RFC 8628 section 3.1: POST alone; unknown parameters are ignored, and those without a
        value count as omitted."""
        form = {"client_id": tv.id, "unheard_of": "1", "scope": "", "resource": ""}

        posted = await house.http.post("/oidc/device/auth", data=form)
        got = await house.http.get("/oidc/device/auth", params=form)

        assert posted.status_code == 200
        assert got.status_code in {404, 405}
        assert "device_code" not in got.text

    @pytest.mark.parametrize("type_", ["Native", "SPA", "Traditional", "MachineToMachine"])
    async def test_only_devices(self, house: House, type_: str) -> None:
        """Other applications may neither begin nor redeem: the person would see no redirect URI."""
        client = await house.add_client(type_)

        begun = await house.http.post("/oidc/device/auth", data=client.credentials)
        redeemed = await house.token(
            {"grant_type": DEVICE_CODE, "device_code": "x"} | client.credentials
        )

        assert refusal(begun) == refusal(redeemed) == (400, "unauthorized_client")

    async def test_devices_have_no_other_flow(self, house: House, tv: RegisteredClient) -> None:
        """An application for devices gets no code by redirect."""
        browser = house.browser()

        answered = await browser.http.get(
            "/oidc/auth",
            params={"client_id": tv.id, "redirect_uri": "https://app.example/callback"},
        )

        assert answered.status_code == 400

    @pytest.mark.parametrize(
        ("form", "status", "error"),
        [
            ({}, 400, "invalid_request"),
            ({"client_id": "nobody"}, 401, "invalid_client"),
            ({"client_id": "{tv}", "client_secret": "guess"}, 401, "invalid_client"),
            ({"client_id": "{tv}", "resource": "https://unknown.example"}, 400, "invalid_target"),
            ({"client_id": "{tv}", "scope": "x" * 9000}, 400, "invalid_request"),
            ({"client_id": "{tv}", "scope": ["openid", "email"]}, 400, "invalid_request"),
        ],
    )
    async def test_refusals(
        self, house: House, tv: RegisteredClient, form: dict[str, Any], status: int, error: str
    ) -> None:
        """RFC 8628 section 3.2 and RFC 6749 section 5.2."""
        sent = {
            name: value.replace("{tv}", tv.id) if isinstance(value, str) else value
            for name, value in form.items()
        }

        assert refusal(await house.http.post("/oidc/device/auth", data=sent)) == (status, error)


class TestApproval:
    async def test_whole_story(self, house: House, tv: RegisteredClient, ada: User) -> None:
        """RFC 8628 section 3: pending, then tokens of the person who approved; they refresh."""
        device = await Device.start(house, tv)
        browser = house.browser()

        before = await device.poll()
        await approve(browser, device, user=ada)
        tokens = (await device.poll()).json()

        assert refusal(before) == (400, "authorization_pending")
        claims = await house.verify(tokens["id_token"], typ="jwt")
        assert (claims["sub"], claims["aud"], claims["amr"]) == (ada.id, tv.id, ["pwd"])
        assert claims["acr"] == "urn:doorward:acr:password"
        assert tokens["scope"] == "openid profile offline_access"
        assert (await house.userinfo(tokens["access_token"])).json()["username"] == "ada"
        assert (await house.refresh(tv, tokens["refresh_token"])).status_code == 200
        (entry,) = await house.audit("ExchangeTokenBy.DeviceCode")
        assert (entry["userId"], entry["applicationId"]) == (ada.id, tv.id)

    async def test_the_page_says_who_asks_for_what(
        self, house: House, tv: RegisteredClient, ada: User
    ) -> None:
        """RFC 8628 sections 3.3 and 5.4: the code to compare, the application, the account, the
        scopes, of an API only those that the person's roles grant."""
        ids = await house.add_resource()
        await house.add_role(scope_ids=[ids["read:books"]], user=ada)
        device = await Device.start(
            house,
            tv,
            scope="openid email read:books write:books",
            resource="https://books.example/api",
        )

        page = await sign_in_and_look(house.browser(), device, user=ada)

        assert device.user_code in page.text
        assert "The Native application" in page.text
        assert "ada" in page.text
        assert "See your email address" in page.text
        assert "read:books" in page.text
        assert "write:books" not in page.text
        assert page.headers["cache-control"] == "no-store"
        assert "frame-ancestors 'none'" in page.headers["content-security-policy"]

    async def test_token_for_an_api(self, house: House, tv: RegisteredClient, ada: User) -> None:
        """RFC 8707: the resource of the device request, with the scopes that roles grant."""
        ids = await house.add_resource()
        await house.add_role(scope_ids=[ids["read:books"]], user=ada)
        device = await Device.start(
            house, tv, scope="read:books write:books", resource="https://books.example/api"
        )
        await approve(house.browser(), device, user=ada)

        other = await device.poll(resource="https://other.example")
        tokens = (await device.poll()).json()

        assert refusal(other) == (400, "invalid_target")
        claims = await house.verify(tokens["access_token"], typ="at+jwt")
        assert (claims["aud"], claims["scope"]) == ("https://books.example/api", "read:books")
        assert "refresh_token" not in tokens

    async def test_confirmation_always_happens(
        self, house: House, tv: RegisteredClient, ada: User
    ) -> None:
        """RFC 8628 sections 3.3.1 and 5.4: also who is signed in, and follows a link with the code,
        is asked. Looking approves nothing."""
        browser = house.browser()
        await browser.authorize(await house.add_client(), user=ada)
        device = await Device.start(house, tv)

        page = await open_page(browser, device.user_code)
        waiting = await device.poll()
        done = await answer(browser, page, "approve")

        assert page.status_code == 200
        assert device.user_code in page.text
        assert refusal(waiting) == (400, "authorization_pending")
        assert done.headers["location"] == "/device/success"
        assert (await device.poll()).status_code == 200

    async def test_refused(self, house: House, tv: RegisteredClient, ada: User) -> None:
        """RFC 8628 section 3.5: access_denied, for good."""
        device = await Device.start(house, tv)
        browser = house.browser()
        page = await sign_in_and_look(browser, device, user=ada)

        done = await answer(browser, page, "refuse")
        last = await browser.http.get(done.headers["location"])
        too_late = await answer(browser, page, "approve")

        assert "The device was refused" in last.text
        assert too_late.status_code == 400
        assert refusal(await device.poll()) == (400, "access_denied")
        assert refusal(await device.poll()) == (400, "access_denied")

    async def test_another_account(self, house: House, tv: RegisteredClient, ada: User) -> None:
        """Who shares a browser signs in as themselves, and is asked again."""
        bob = await house.add_user("bob")
        device = await Device.start(house, tv)
        browser = house.browser()
        page = await sign_in_and_look(browser, device, user=ada)

        leaving = await answer(browser, page, "switch")
        uid = browser.waiting()["_legacy"]
        await browser.complete(bob, uid=uid)
        back = await browser.http.get(f"/oidc/auth/{uid}")
        page = await browser.http.get(back.headers["location"])
        await answer(browser, page, "approve")

        assert leaving.headers["location"].startswith("/sign-in?")
        tokens = (await device.poll()).json()
        assert (await house.verify(tokens["id_token"], typ="jwt"))["sub"] == bob.id

    async def test_default_max_age(self, house: House, ada: User) -> None:
        """OpenID Connect Registration section 2: an application may want its users to have signed
        in recently; who just did is asked, and an answer that comes too late is not taken."""
        client = await add_device_client(house, metadata={"defaultMaxAge": 100})
        browser = house.browser()
        await browser.authorize(await house.add_client(), user=ada)
        house.pass_time(seconds=101)
        device = await Device.start(house, client)

        again = await open_page(browser, device.user_code)
        page = await sign_in_and_look(browser, device, user=ada)
        house.pass_time(seconds=101)
        late = await answer(browser, page, "approve")

        assert again.headers["location"].startswith("/sign-in?")
        assert late.headers["location"].startswith("/sign-in?")
        assert refusal(await device.poll()) == (400, "authorization_pending")

    async def test_forms_of_the_code(self, house: House, tv: RegisteredClient, ada: User) -> None:
        """RFC 8628 section 6.1: case and punctuation do not matter; the long path works too."""
        device = await Device.start(house, tv)
        browser = house.browser()
        await browser.authorize(await house.add_client(), user=ada)

        typed = device.user_code.lower().replace("-", " ")
        page = await browser.get("/oidc/device", user_code=typed)

        assert device.user_code in page.text

    async def test_session_of_the_person(
        self, house: House, tv: RegisteredClient, ada: User
    ) -> None:
        """Without offline_access the device's tokens end with the session that approved."""
        device = await Device.start(house, tv, scope="openid")
        browser = house.browser()
        await approve(browser, device, user=ada)
        tokens = (await device.poll()).json()
        assert await house.is_good(tokens["access_token"])

        asked = await browser.get("/oidc/session/end")
        await browser.http.post("/oidc/session/end/confirm", data=form_of(asked) | {"logout": "x"})

        assert not await house.is_good(tokens["access_token"])
        assert "refresh_token" not in tokens


class TestThirdParties:
    async def test_ceiling_and_consent(self, house: House, ada: User) -> None:
        """An application of a third party asks for no more than its ceiling; what the person allows
        is remembered, and taking it back counts."""
        ids = await house.add_resource()
        await house.add_role(scope_ids=list(ids.values()), user=ada)
        client = await add_device_client(house, is_third_party=True)
        async with house.db.transaction(house.tenant_id) as tx:
            await consents.add_user_scope(
                tx, tenant_id=house.tenant_id, application_id=client.id, user_scope="email"
            )
            await consents.add_resource_scope(
                tx, tenant_id=house.tenant_id, application_id=client.id, scope_id=ids["read:books"]
            )
            await config_changed(tx, house.tenant_id)
        await house.settle()
        asked = {"scope": "openid email read:books write:books", "resource": BOOKS}
        too_much = await house.http.post(
            "/oidc/device/auth", data={"client_id": client.id, "scope": "openid profile"}
        )
        one, other = [await Device.start(house, client, **asked) for _ in range(2)]
        browser = house.browser()

        page = await sign_in_and_look(browser, one, user=ada)
        await answer(browser, page, "approve")
        await approve(browser, other, user=ada)
        tokens = (await one.poll(resource=BOOKS)).json()
        async with house.db.transaction(house.tenant_id) as tx:
            await consents.withdraw_consent(
                tx, tenant_id=house.tenant_id, user_id=ada.id, client_id=client.id
            )
        taken_back = await other.poll()

        assert refusal(too_much) == (400, "invalid_scope")
        assert "write:books" not in page.text
        assert tokens["scope"] == "read:books"
        assert refusal(taken_back) == (400, "access_denied")

    async def test_what_changed_is_asked_again(
        self, house: House, tv: RegisteredClient, ada: User
    ) -> None:
        """The answer is to what the page said: a role that came meanwhile is asked for first."""
        ids = await house.add_resource()
        device = await Device.start(house, tv, scope="openid read:books", resource=BOOKS)
        browser = house.browser()
        page = await sign_in_and_look(browser, device, user=ada)
        await house.add_role(scope_ids=[ids["read:books"]], user=ada)

        again = await answer(browser, page, "approve")
        forged = await browser.http.post(
            "/device",
            data=form_of(page) | {"asked": form_of(again)["asked"], "choice": "approve"},
        )
        waiting = await device.poll()
        done = await answer(browser, again, "approve")

        assert "read:books" in again.text
        assert forged.status_code == 400
        assert refusal(waiting) == (400, "authorization_pending")
        assert done.headers["location"] == "/device/success"


class TestPolling:
    async def test_slow_down(self, house: House, tv: RegisteredClient) -> None:
        """RFC 8628 section 3.5: after slow_down the interval is 5 seconds longer, this and every
        later time, and it is enforced."""
        device = await Device.start(house, tv)

        async def poll_after(seconds: float) -> str:
            house.pass_time(seconds=seconds)
            error: str = (await device.poll()).json()["error"]
            return error

        assert await poll_after(0) == "authorization_pending"
        assert await poll_after(5) == "authorization_pending"
        assert await poll_after(1) == "slow_down"
        assert await poll_after(5) == "slow_down"
        assert await poll_after(10) == "slow_down"
        assert await poll_after(20) == "authorization_pending"
        assert await poll_after(10) == "slow_down"
        assert await poll_after(25) == "authorization_pending"

    async def test_expired(self, house: House, tv: RegisteredClient, ada: User) -> None:
        """RFC 8628 section 3.5: expired_token after 600 seconds, approved or not; by then its user
        code is worth nothing."""
        device, approved = await Device.start(house, tv), await Device.start(house, tv)
        browser = house.browser()
        await approve(browser, approved, user=ada)
        house.pass_time(seconds=601)

        page = await open_page(browser, device.user_code)

        assert page.status_code == 400
        assert refusal(await device.poll()) == (400, "expired_token")
        assert refusal(await approved.poll()) == (400, "expired_token")

    async def test_missing(self, house: House, tv: RegisteredClient) -> None:
        """RFC 8628 section 3.4: device_code is required."""
        response = await house.token({"grant_type": DEVICE_CODE, "client_id": tv.id})

        assert refusal(response) == (400, "invalid_request")

    async def test_suspended_meanwhile(self, house: House, tv: RegisteredClient, ada: User) -> None:
        """A token is worth what its user still is."""
        device = await Device.start(house, tv)
        await approve(house.browser(), device, user=ada)
        await house.change_user(ada, is_suspended=True)

        assert refusal(await device.poll()) == (400, "invalid_grant")

    async def test_client_gone(self, house: House, tv: RegisteredClient, ada: User) -> None:
        """A client that was deleted gets nothing, and its code shows no page."""
        device = await Device.start(house, tv)
        await house.remove_client(tv)
        browser = house.browser()

        page = await open_page(browser, device.user_code)

        assert page.status_code == 400
        assert refusal(await device.poll()) == (401, "invalid_client")


class TestPages:
    @pytest.mark.parametrize("path", ["/device", "/oidc/device"])
    async def test_asks_for_the_code(self, house: House, path: str) -> None:
        """RFC 8628 section 3.3: a short address, and a field."""
        page = await house.http.get(path, headers=HTML)

        assert page.status_code == 200
        assert 'name="user_code"' in page.text
        assert 'method="get" action="/device"' in page.text

    async def test_language_menu(self, house: House, tv: RegisteredClient, ada: User) -> None:
        """A language chosen on the page goes along: to the sign-in, back from it, to the end."""
        device = await Device.start(house, tv)
        browser = house.browser()
        first = await browser.http.get("/device", headers=HTML)
        assert '<a href="/device?ui_locales=de" hreflang="de"' in first.text

        german = await browser.http.get("/device?ui_locales=de", headers=HTML)
        leaving = await browser.http.get(
            "/device", params=form_of(german) | {"user_code": device.user_code}, headers=HTML
        )
        uid = browser.waiting()["_legacy"]
        await browser.complete(ada, uid=uid)
        back = await browser.http.get(f"/oidc/auth/{uid}")
        page = await browser.http.get(back.headers["location"])
        done = await answer(browser, page, "approve")
        last = await browser.http.get(done.headers["location"])

        assert "ui_locales=de" in leaving.headers["location"]
        assert '<html lang="de"' in page.text
        assert done.headers["location"] == "/device/success?ui_locales=de"
        assert '<html lang="de"' in last.text

    @pytest.mark.parametrize("typed", ["x", "<script>alert(1)</script>", "BCDF-GHJA", "😀" * 50])
    async def test_keeps_what_was_typed(self, house: House, typed: str) -> None:
        """A code that cannot be one is no guess: nothing is counted, and nothing is run."""
        for _ in range(25):
            page = await house.http.get("/device", params={"user_code": typed}, headers=HTML)

        assert page.status_code == 400
        assert "<script>alert" not in page.text
        assert 'aria-invalid="true"' in page.text

    @pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS"])
    async def test_other_methods(self, house: House, method: str) -> None:
        """Only GET and POST are there."""
        assert (await house.http.request(method, "/device")).status_code == 404
