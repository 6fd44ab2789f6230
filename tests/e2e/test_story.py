"""The story: from the first visit of the console to "Continue with Discord", in a real browser.

One administrator and one reader walk it together, each in a browser profile of their own. Every
page on the way is held to WCAG 2.2 AA and photographed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.chromium import (
    ConsoleErrors,
    check_accessibility,
    fresh_context,
    take_screenshots,
)
from tests.support.discord import FakeDiscord
from tests.support.ports import free_port
from tests.support.samples import Sample, running_sample
from tests.support.server import Server

pytestmark = [pytest.mark.browser, pytest.mark.slow]

ADMINISTRATOR = ("ada", "Zebra-Lantern-42-Quill")
READER = ("grace", "Copper-Window-88-Moth")


@dataclass(frozen=True)
class Credentials:
    """What the guide shows of the new application."""

    app_id: str
    app_secret: str


@dataclass
class Walk:
    """Who walks where."""

    server: Server
    discord: FakeDiscord
    pictures: Path
    home: str
    administrator: Page
    reader: Page

    def look(self, page: Page, name: str) -> None:
        """Hold a page to the rules and photograph it."""
        check_accessibility(page)
        take_screenshots(page, self.pictures, name)


@contextmanager
def two_people(browser: Browser) -> Iterator[tuple[Page, Page, ConsoleErrors]]:
    """Give the administrator's and the reader's window, and what their pages complain of."""
    with fresh_context(browser) as one, fresh_context(browser) as other:
        errors = ConsoleErrors(one, other)
        yield one.new_page(), other.new_page(), errors


def test_the_story(
    server: Server,
    discord: FakeDiscord,
    browser: Browser,
    pictures: Path,
    tmp_path: Path,
) -> None:
    """Everything the tutorial promises happens, in its order."""
    port = free_port()
    with two_people(browser) as (administrator, reader, errors):
        home = f"http://localhost:{port}/"
        walk = Walk(server, discord, pictures, home, administrator, reader)

        # 2. The first visit of the console makes the first administrator, and only them.
        create_first_administrator(walk)
        check_registration_is_closed(walk, browser)

        # 3. The gallery, the new application, its guide.
        credentials = create_bookstore(walk)

        # 4. The tutorial's application.
        environment = {
            "LOGTO_ENDPOINT": server.endpoint,
            "LOGTO_APP_ID": credentials.app_id,
            "LOGTO_APP_SECRET": credentials.app_secret,
        }
        with running_sample(
            "flask_web", port=port, directory=tmp_path, environment=environment
        ) as sample:
            # 5. An account with a password: created, signed out of, signed in to again.
            create_account(walk, sample)
            sign_out(walk)
            sign_in_with_password(walk)
            sign_out(walk)

            # 6. and 7. Discord, registered and switched on.
            connector_id = add_discord(walk)
            switch_to_social_only(walk)

            # 8. "Continue with Discord", twice the same person.
            continue_with_discord(walk, screen="discord-first")
            check_user_in_console(walk, connector_id)
            sign_out(walk)
            continue_with_discord(walk, screen="discord-again")
            check_one_discord_user(walk)
        # A form that was refused is answered 422, which Chromium notes; of Doorward's own pages
        # nothing else may be noted.
        own = (server.endpoint, server.admin_endpoint)
        noted = [m for m in errors.messages if m.startswith(own) and "status of 422" not in m]
        assert noted == [], "\n".join(noted)


def create_first_administrator(walk: Walk) -> None:
    page = walk.administrator
    page.goto(f"{walk.server.admin_endpoint}/console")
    expect(page.get_by_role("heading", level=1)).to_have_text("Welcome to Doorward")
    walk.look(page, "welcome")
    page.get_by_role("link", name="Create the first administrator").click()

    # A password that the policy refuses keeps what was typed and says why.
    name, password = ADMINISTRATOR
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password", exact=True).fill("short")
    expect(page.get_by_text("Weak")).to_be_visible()
    page.get_by_role("button", name="Create account").click()
    expect(page.get_by_text("This password is too short.")).to_be_visible()
    expect(page.get_by_label("Username")).to_have_value(name)
    walk.look(page, "first-administrator-refused")

    page.get_by_label("Password", exact=True).fill(password)
    expect(page.get_by_text("Strong")).to_be_visible()
    page.get_by_role("button", name="Create account").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Get started")
    walk.look(page, "get-started")


def check_registration_is_closed(walk: Walk, browser: Browser) -> None:
    with fresh_context(browser) as stranger:
        page = stranger.new_page()
        page.goto(f"{walk.server.admin_endpoint}/console")

        expect(page.get_by_role("button", name="Sign in")).to_be_visible()
        expect(page.get_by_text("Create an account")).to_have_count(0)
        walk.look(page, "console-sign-in")


def create_bookstore(walk: Walk) -> Credentials:
    page = walk.administrator
    page.get_by_role("link", name="View all").click()
    walk.look(page, "gallery")

    # The quick filter leaves the frameworks of one type.
    page.get_by_label(re.compile("^Single-page|^SPA")).check()
    expect(page.get_by_role("link", name="Flask")).to_be_hidden()
    page.get_by_label(re.compile("^Single-page|^SPA")).uncheck()
    page.get_by_label(re.compile("^Traditional web")).check()
    page.get_by_role("link", name="Flask").click()
    page.get_by_label("Name").fill("Bookstore")
    walk.look(page, "new-application")
    page.get_by_role("button", name="Create application").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Congratulations, Bookstore is ready")
    walk.look(page, "guide")
    code = "\n".join(page.locator("pre code").all_inner_texts())
    assert walk.server.endpoint in code
    credentials = Credentials(
        app_id=found(r"appId=\"([a-z0-9]{21})\"", code),
        app_secret=found(r"appSecret=\"(\w+)\"", code),
    )

    # The redirect URIs are saved from inside the guide.
    save_uri(page, "redirect_uris", f"{walk.home}callback")
    save_uri(page, "post_logout_redirect_uris", walk.home)
    page.get_by_role("link", name="Finish and done").last.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Bookstore")
    expect(page.get_by_label("Redirect URIs 1", exact=True)).to_have_value(f"{walk.home}callback")
    walk.look(page, "application-settings")
    page.get_by_role("link", name="Endpoints and credentials").click()
    expect(page.get_by_text(f"{walk.server.issuer}/auth")).to_be_visible()
    walk.look(page, "application-credentials")
    return credentials


def save_uri(page: Page, which: str, uri: str) -> None:
    form = page.locator(f"#{which}-form")
    form.locator("input[type=url]:visible").first.fill(uri)
    form.get_by_role("button", name="Save").click()
    expect(page.locator(f"#{which}-form").get_by_text("Saved")).to_be_visible()


def create_account(walk: Walk, sample: Sample) -> None:
    page, (name, password) = walk.reader, READER
    page.goto(sample.url)
    expect(page.get_by_text("Not authenticated")).to_be_visible()
    page.get_by_role("link", name="Create account").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Create your account")
    walk.look(page, "register")
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Create account").click()

    expect(page.get_by_text("Authenticated", exact=True)).to_be_visible()
    check_tokens_fit(page)


def check_tokens_fit(page: Page) -> None:
    """The Flask session is one cookie: browsers keep 4096 bytes of it, name and value together."""
    (cookie,) = [c for c in page.context.cookies() if c["name"] == "session"]
    assert len(cookie["name"]) + len(cookie["value"]) < 4096


def sign_out(walk: Walk) -> None:
    page = walk.reader
    page.get_by_role("link", name="Sign out").click()
    confirm = page.get_by_role("button", name="Sign out")
    expect(confirm.or_(page.get_by_text("Not authenticated"))).to_be_visible()
    if confirm.is_visible():
        walk.look(page, "sign-out")
        confirm.click()
    expect(page.get_by_text("Not authenticated")).to_be_visible()


def sign_in_with_password(walk: Walk) -> None:
    page, (name, password) = walk.reader, READER
    page.get_by_role("link", name="Sign in").click()

    # Both sessions have ended: the page asks again, and a wrong password tells nothing.
    expect(page.get_by_role("heading", level=1)).to_have_text("Welcome back")
    walk.look(page, "sign-in")
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password", exact=True).fill("Not-The-Password-1")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("The username or password is not correct.")).to_be_visible()
    walk.look(page, "sign-in-refused")
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in").click()

    expect(page.get_by_text("Authenticated", exact=True)).to_be_visible()


def add_discord(walk: Walk) -> str:
    page = walk.administrator
    app = walk.discord.register()
    page.get_by_role("link", name="Connectors").click()
    walk.look(page, "connectors-empty")
    page.get_by_role("link", name="Add social connector").first.click()
    walk.look(page, "connector-gallery")
    page.get_by_role("link", name="Discord").click()
    callback = page.get_by_text(
        re.compile(rf"^{re.escape(walk.server.endpoint)}/callback/[a-z0-9]{{12}}$")
    ).first
    connector_id = callback.inner_text().rpartition("/")[2]
    walk.discord.allow_redirect(app, callback.inner_text())
    page.get_by_label("Client ID").fill(app.client_id)
    page.get_by_label("Client secret").fill(app.client_secret)
    walk.look(page, "connector-new")
    page.get_by_role("button", name="Save and Done").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Discord")
    expect(page.locator("header.head").get_by_text(connector_id)).to_be_visible()
    walk.look(page, "connector-details")
    return connector_id


def switch_to_social_only(walk: Walk) -> None:
    page = walk.administrator
    page.get_by_role("link", name="Sign-in experience").click()
    walk.look(page, "sign-in-experience")
    page.get_by_role("link", name="Sign-up and sign-in").click()
    page.get_by_label("Sign-up identifier").select_option(label="Not applicable")
    page.get_by_role("button", name="Add Discord").click()
    walk.look(page, "sign-up-and-sign-in")
    page.get_by_role("button", name="Save changes").click()
    preview = page.frame_locator("iframe").first
    expect(preview.get_by_role("button", name="Continue with Discord")).to_be_visible()
    walk.look(page, "sign-up-and-sign-in-saved")


def continue_with_discord(walk: Walk, *, screen: str) -> None:
    page = walk.reader
    page.get_by_role("link", name="Sign in").click()
    walk.look(page, screen)
    page.get_by_role("button", name="Continue with Discord").click()
    expect(page).to_have_url(re.compile(r"^https://discord\.com/oauth2/authorize\?"))
    page.get_by_role("button", name="Authorize").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("nelly")
    expect(page.get_by_text("nelly@example.com")).to_be_visible()
    expect(page.get_by_text("Authenticated", exact=True)).to_be_visible()
    avatar = page.locator("main img")
    expect(avatar).to_have_attribute(
        "src",
        "https://cdn.discordapp.com/avatars/80351110224678912/8342729096ea3675442027381ff50dfe.png",
    )
    check_tokens_fit(page)


def check_user_in_console(walk: Walk, connector_id: str) -> None:
    page = walk.administrator
    page.get_by_role("link", name="User management").click()
    expect(page.get_by_role("row", name=re.compile("nelly"))).to_have_count(1)
    walk.look(page, "users")
    page.get_by_role("link", name="nelly").click()
    expect(page.get_by_text("80351110224678912")).to_be_visible()
    expect(page.get_by_text("nelly@example.com").first).to_be_visible()
    walk.look(page, "user-details")


def check_one_discord_user(walk: Walk) -> None:
    page = walk.administrator
    page.get_by_role("link", name="User management").click()
    expect(page.get_by_role("row", name=re.compile("nelly"))).to_have_count(1)


def found(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    assert match, f"{pattern} is not in\n{text}"
    return match[1]
