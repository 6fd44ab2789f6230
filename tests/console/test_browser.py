"""Every page of the console in Chromium: accessible, without a complaint of the browser, and never
wider than a phone."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.console.conftest import ADMINISTRATOR
from tests.support.chromium import check_accessibility, fresh_context
from tests.support.management import management_api
from tests.support.server import Server

pytestmark = pytest.mark.browser

IDENTITY = {"name": "nelly", "email": "nelly.the.long.elephant@discord.example.com"}


@pytest.fixture(scope="module")
def state(server: Server, browser: Browser) -> Iterator[dict[str, object]]:
    """The cookies of a signed-in administrator; the tenant holds one thing of each kind."""
    with fresh_context(browser) as context:
        page = context.new_page()
        page.goto(server.admin_endpoint)
        page.get_by_role("link", name="Create the first administrator").click()
        name, password = ADMINISTRATOR
        page.get_by_label("Username").fill(name)
        page.get_by_label("Password", exact=True).fill(password)
        page.get_by_role("button", name="Create account").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Get started")
        fill(server)
        yield context.storage_state()  # type: ignore[misc]


def fill(server: Server) -> None:
    with management_api(server) as api:
        for type_, name in (("Traditional", "Bookstore"), ("MachineToMachine", "Nightly")):
            api.post("/api/applications", json={"name": name, "type": type_}).raise_for_status()
        config = {"clientId": "157", "clientSecret": "s3cret"}
        body = {"connectorId": "discord-universal", "config": config}
        api.post("/api/connectors", json=body).raise_for_status()
        api.patch("/api/sign-in-exp", json={"socialSignInConnectorTargets": ["discord"]})
        user = api.post("/api/users", json={"username": "ada", "name": "Ada"}).json()
        identity = {"userId": "80351110224678912", "details": IDENTITY}
        api.put(f"/api/users/{user['id']}/identities/discord", json=identity)
        token = {"name": "nightly-backup"}
        api.post(f"/api/users/{user['id']}/personal-access-tokens", json=token)
        resource = {"name": "Books", "indicator": "https://books.example/api"}
        id_ = api.post("/api/resources", json=resource).json()["id"]
        api.post(f"/api/resources/{id_}/scopes", json={"name": "read:books"})
        role = {"name": "Reader", "description": "May read", "type": "User"}
        api.post("/api/roles", json=role).raise_for_status()


def paths(server: Server) -> list[str]:
    """Every kind of page, with the ids of what `fill` made."""
    with management_api(server) as api:
        application = api.get("/api/applications").json()[0]["id"]
        connector = api.get("/api/connectors").json()[0]["id"]
        user = api.get("/api/users").json()[0]["id"]
        resource = api.get("/api/resources").json()[0]["id"]
        role = next(r["id"] for r in api.get("/api/roles").json() if r["name"] == "Reader")
    return [
        "get-started",
        "applications",
        "applications/gallery",
        "applications/new/flask",
        "applications/new/other",
        f"applications/{application}",
        f"applications/{application}/credentials",
        f"applications/{application}/guide?new=1",
        "connectors",
        "connectors/social/gallery",
        f"connectors/{connector}",
        "sign-in-experience/branding",
        "sign-in-experience/sign-up-and-sign-in",
        "users",
        "users?q=nobody",
        f"users/{user}",
        f"users/{user}/sessions",
        "client-access",
        f"users/{user}/personal-access-tokens",
        "api-resources",
        f"api-resources/{resource}",
        "roles",
        f"roles/{role}",
        "signing-keys",
        "search?q=a",
    ]


@pytest.mark.parametrize(("size", "scheme"), [("wide", "light"), ("phone", "dark")])
def test_pages(
    server: Server, browser: Browser, state: dict[str, object], size: str, scheme: str
) -> None:
    """Accessible, quiet, and never wider than the window."""
    with fresh_context(browser, size=size, scheme=scheme, storage_state=state) as context:
        page = context.new_page()
        said: list[str] = []
        page.on("console", lambda message: said.append(f"{page.url} {message.text}"))
        page.on("pageerror", lambda error: said.append(f"{page.url} {error}"))
        for path in paths(server):
            answer = page.goto(f"{server.admin_endpoint}/console/{path}")

            assert answer is not None
            assert answer.status == 200, path
            check_accessibility(page)
            assert (
                page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]
            ), path  # type: ignore[index]
        assert said == []


def widths(page: Page) -> list[int]:
    """Return by how much the page and each of its tables are wider than the place they have."""
    found: list[int] = page.evaluate(
        "[document.documentElement, ...document.querySelectorAll('.table, .hero')]"
        ".map((box) => box.scrollWidth - box.clientWidth)"
    )
    return found


@pytest.mark.parametrize("size", ["wide", "phone"])
def test_long_words(server: Server, browser: Browser, state: dict[str, object], size: str) -> None:
    """Names of one long word break; they push nothing out of sight."""
    word = "W" * 80
    with management_api(server) as api:
        body = {"name": word, "description": word, "type": "Traditional"}
        id_ = api.post("/api/applications", json=body).json()["id"]
        api.post(f"/api/applications/{id_}/secrets", json={"name": word}).raise_for_status()
    try:
        with fresh_context(browser, size=size, storage_state=state) as context:
            page = context.new_page()
            for path in (
                "",
                f"/{id_}",
                f"/{id_}/credentials",
                f"/{id_}/guide",
                f"/{id_}/guide?new",
            ):
                page.goto(f"{server.admin_endpoint}/console/applications{path}")

                assert set(widths(page)) == {0}, path
    finally:
        with management_api(server) as api:
            api.delete(f"/api/applications/{id_}")


def test_tables_on_a_phone(server: Server, browser: Browser, state: dict[str, object]) -> None:
    """Every cell of every table is in sight, each with the heading of its column."""
    with fresh_context(browser, size="phone", storage_state=state) as context:
        page = context.new_page()
        for path in paths(server):
            page.goto(f"{server.admin_endpoint}/console/{path}")

            assert set(widths(page)) == {0}, path
            unnamed = page.locator("td:not(:first-child, [data-label]):not(:has(> .button))")
            assert unnamed.filter(has_text=re.compile(r"\S")).count() == 0, path


def test_picture_that_is_gone(server: Server, browser: Browser, state: dict[str, object]) -> None:
    """Where a picture cannot be loaded, there is the first letter of the name."""
    with management_api(server) as api:
        body = {"name": "Zoe", "avatar": "https://pictures.example/gone.png"}
        id_ = api.post("/api/users", json=body).json()["id"]
        try:
            with fresh_context(browser, storage_state=state) as context:
                page = context.new_page()
                page.goto(f"{server.admin_endpoint}/console/users/{id_}")

                expect(page.locator(".head .tile")).to_have_text("Z")
        finally:
            api.delete(f"/api/users/{id_}")


def test_new_token(server: Server, browser: Browser, state: dict[str, object]) -> None:
    """A personal access token is shown, ready to be copied, when it is made."""
    with management_api(server) as api:
        user = api.get("/api/users").json()[0]["id"]
    with fresh_context(browser, storage_state=state) as context:
        page = context.new_page()
        page.goto(f"{server.admin_endpoint}/console/users/{user}/personal-access-tokens")
        page.get_by_role("button", name="Add token").click()
        page.get_by_label("Name").fill("reports")
        check_accessibility(page)
        page.get_by_role("dialog").get_by_role("button", name="Add token").click()

        expect(page.get_by_role("heading", name="The token reports")).to_be_visible()
        expect(page.get_by_text(re.compile("^pat_"))).to_be_visible()
        check_accessibility(page)


def test_live_preview(server: Server, browser: Browser, state: dict[str, object]) -> None:
    """The preview follows the form while nothing is saved; leaving warns of what would be lost."""
    with fresh_context(browser, storage_state=state) as context:
        page = context.new_page()
        page.goto(f"{server.admin_endpoint}/console/sign-in-experience/sign-up-and-sign-in")
        preview = page.frame_locator("iframe")
        expect(preview.get_by_role("button", name="Continue with Discord")).to_be_visible()

        page.get_by_role("button", name="Remove: Discord").click()
        expect(preview.get_by_role("button", name="Continue with Discord")).to_have_count(0)
        expect(page.get_by_text("Unsaved changes")).to_be_visible()
        page.get_by_role("button", name="Add Discord").click()
        expect(preview.get_by_role("button", name="Continue with Discord")).to_be_visible()

        page.get_by_label("Language").select_option("de")
        expect(preview.get_by_role("button", name=re.compile("Discord"))).to_contain_text("Weiter")


def test_dialog_keeps_what_was_typed(
    server: Server, browser: Browser, state: dict[str, object]
) -> None:
    """A dialog whose form was refused opens again, filled in and marked."""
    with fresh_context(browser, storage_state=state) as context:
        page: Page = context.new_page()
        page.goto(f"{server.admin_endpoint}/console/users")
        page.get_by_role("button", name="Create user").click()
        dialog = page.locator("#new-user")
        dialog.get_by_label("Username").fill("grace")
        dialog.get_by_label("Password", exact=True).fill("short")
        dialog.get_by_role("button", name="Create user").click()

        dialog = page.locator("#new-user")
        expect(dialog).to_be_visible()
        expect(dialog.get_by_label("Username")).to_have_value("grace")
        expect(dialog.get_by_text("too short")).to_be_visible()
        check_accessibility(page)
