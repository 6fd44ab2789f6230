"""The pages of the device flow in Chromium: what a person sees who lets a device in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.bookstore import PASSWORD, RESOURCE, Bookstore, open_bookstore
from tests.support.chromium import (
    ConsoleErrors,
    check_accessibility,
    fresh_context,
    take_screenshots,
)
from tests.support.management import management_api
from tests.support.server import Server

pytestmark = pytest.mark.browser

DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"


@pytest.fixture
def pictures(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Where screenshots go: --pictures, or a folder that goes with the test."""
    return Path(request.config.getoption("--pictures") or tmp_path)


@pytest.fixture(scope="module")
def bookstore(server: Server) -> Bookstore:
    return open_bookstore(server)


@pytest.fixture(scope="module")
def television(server: Server, bookstore: Bookstore) -> str:
    """The id of an application for devices; the reader may read books."""
    with management_api(server) as api:
        resource = next(r for r in api.get("/api/resources").json() if r["indicator"] == RESOURCE)
        scope = api.get(f"/api/resources/{resource['id']}/scopes").json()[0]
        role = {"name": "Reader", "description": "Reads", "scopeIds": [scope["id"]]}
        role_id = api.post("/api/roles", json=role).json()["id"]
        reader = api.get("/api/users?search=reader0").json()[0]
        api.post(f"/api/users/{reader['id']}/roles", json={"roleIds": [role_id]})
        made = api.post(
            "/api/applications",
            json={
                "name": "Bookstore TV",
                "type": "Native",
                "customClientMetadata": {"isDeviceFlow": True},
            },
        )
    id_: str = made.json()["id"]
    return id_


def ask(bookstore: Bookstore, client_id: str) -> dict[str, Any]:
    answer = httpx.post(
        f"{bookstore.issuer}/device/auth",
        data={
            "client_id": client_id,
            "scope": "openid profile email offline_access read:books",
            "resource": RESOURCE,
        },
    )
    codes: dict[str, Any] = answer.raise_for_status().json()
    return codes


def poll(bookstore: Bookstore, client_id: str, codes: dict[str, Any]) -> httpx.Response:
    form = {
        "grant_type": DEVICE_CODE,
        "client_id": client_id,
        "device_code": codes["device_code"],
    }
    return httpx.post(f"{bookstore.issuer}/token", data=form)


def look(page: Page, pictures: Path, name: str) -> None:
    check_accessibility(page)
    take_screenshots(page, pictures, name)


def test_walk(browser: Browser, bookstore: Bookstore, television: str, pictures: Path) -> None:
    """A wrong code, the right one, signing in, what is asked, and yes."""
    codes = ask(bookstore, television)
    with fresh_context(browser) as context:
        errors = ConsoleErrors(context)
        page = context.new_page()

        page.goto(codes["verification_uri"])
        expect(page.get_by_role("heading", level=1)).to_have_text("Connect a device")
        look(page, pictures, "device")
        page.get_by_label("Code").fill("BCDF-GHJK")
        page.get_by_role("button", name="Continue").click()
        expect(page.get_by_label("Code")).to_have_attribute("aria-invalid", "true")
        expect(page.get_by_label("Code")).to_have_value("BCDF-GHJK")
        look(page, pictures, "device-refused")

        page.get_by_label("Code").fill(codes["user_code"].lower().replace("-", ""))
        page.get_by_role("button", name="Continue").click()
        page.get_by_label("Username").fill("reader0")
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="Sign in", exact=True).click()

        expect(page.get_by_role("heading", level=1)).to_have_text("Connect this device?")
        expect(page.get_by_text(codes["user_code"])).to_be_visible()
        expect(page.get_by_text("See your email address")).to_be_visible()
        look(page, pictures, "device-confirm")
        assert poll(bookstore, television, codes).json()["error"] == "authorization_pending"
        page.get_by_role("button", name="Connect the device").click()

        expect(page.get_by_role("heading", level=1)).to_have_text("Your device is connected")
        look(page, pictures, "device-done")
        assert poll(bookstore, television, codes).status_code == 200
        # A refused code is answered 400, which Chromium notes.
        assert [m for m in errors.messages if "status of 400" not in m] == []


def test_link_with_the_code(
    browser: Browser, bookstore: Bookstore, television: str, pictures: Path
) -> None:
    """RFC 8628 section 5.4: behind a link that holds the code the person is asked all the same,
    and may refuse. In Arabic the page runs from right to left and the code does not."""
    codes = ask(bookstore, television)
    with fresh_context(browser) as context:
        page = context.new_page()
        page.goto(codes["verification_uri_complete"])
        page.get_by_label("Username").fill("reader0")
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="Sign in", exact=True).click()
        expect(page.get_by_text(codes["user_code"])).to_be_visible()

        page.locator(".languages summary").click()
        page.get_by_role("link", name="العربية").click()
        expect(page.locator("html")).to_have_attribute("dir", "rtl")
        expect(page.get_by_text(codes["user_code"])).to_be_visible()
        look(page, pictures, "device-confirm-ar")
        page.goto(codes["verification_uri_complete"])
        page.get_by_role("button", name="Refuse").click()

        expect(page.get_by_role("heading", level=1)).to_have_text("The device was refused")
        look(page, pictures, "device-turned-away")
        assert poll(bookstore, television, codes).json()["error"] == "access_denied"
