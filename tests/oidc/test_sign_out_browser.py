"""Session management and front-channel logout in Chromium, across origins."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, expect
from playwright.sync_api import Page as Window

from tests.support.bookstore import PASSWORD, Application, Bookstore, open_bookstore
from tests.support.chromium import ConsoleErrors, check_accessibility, fresh_context
from tests.support.client_site import ClientSite, Page, running_site
from tests.support.management import management_api
from tests.support.server import Server

pytestmark = pytest.mark.browser

LOOKS = [("wide", "light"), ("wide", "dark"), ("phone", "light"), ("phone", "dark")]
ASK = """
([iframe, message]) => new Promise((resolve) => {
  const frame = document.createElement("iframe");
  addEventListener("message", ({data, origin}) => resolve([data, origin]));
  frame.addEventListener("load", () => setTimeout(
    () => frame.contentWindow.postMessage(message, new URL(iframe).origin), 300));
  setTimeout(() => resolve(["no answer", ""]), 5000);
  frame.src = iframe;
  document.body.append(frame);
})
"""

POST = """
([action, fields]) => {
  const form = Object.assign(document.createElement("form"), {method: "post", action});
  for (const [name, value] of Object.entries(fields))
    form.append(Object.assign(document.createElement("input"), {type: "hidden", name, value}));
  document.body.append(form);
  form.submit();
}
"""


@pytest.fixture(scope="module")
def bookstore(server: Server) -> Bookstore:
    return open_bookstore(server)


@dataclass(frozen=True)
class Client:
    """An application with pages of its own: another port of the same host is another origin, but a
    site that shares cookies over plain http."""

    application: Application
    site: ClientSite
    url: str


@pytest.fixture(scope="module")
def client(server: Server, bookstore: Bookstore) -> Iterator[Client]:
    """An application that wants to hear of a sign-out in a frame."""
    with running_site() as site:
        yield register(server, site)


def register(server: Server, site: ClientSite) -> Client:
    url = site.url.replace("127.0.0.1", "localhost")
    with management_api(server) as api:
        metadata = {
            "redirectUris": [f"{url}/callback"],
            "postLogoutRedirectUris": [f"{url}/bye"],
            "frontchannelLogoutUri": f"{url}/front",
        }
        body = {"name": "Reading list", "type": "Traditional", "oidcClientMetadata": metadata}
        answer = api.post("/api/applications", json=body)
        answer.raise_for_status()
    return Client(Application(answer.json()["id"], ""), site, url)


def serve(client: Client, *, delay: float = 0.0) -> None:
    """Let the application's pages be there; that of the frame after `delay` seconds."""
    html = {"content-type": "text/html"}
    client.site.asked.clear()
    client.site.fallback = Page(b"<!doctype html><title>client</title>", headers=html)
    client.site.delays = {"/front": delay}


def post(page: Window, client: Client, action: str, fields: dict[str, str]) -> None:
    """Let a page of another site send a form."""
    page.goto(client.site.url)
    page.evaluate(POST, [action, fields])


def sign_in(page: Window, bookstore: Bookstore, client: Client) -> str:
    """Sign in to the client and return the session_state that it got."""
    page.goto(
        bookstore.authorization_url(client.application, redirect_uri=f"{client.url}/callback")
    )
    page.locator("[name=identifier]").fill("reader0")
    page.locator("#password").fill(PASSWORD)
    page.locator("button[type=submit]").first.click()
    page.wait_for_url(f"{client.url}/callback**")
    return parse_qs(urlsplit(page.url).query)["session_state"][0]


def test_check_session_iframe(page: Window, bookstore: Bookstore, client: Client) -> None:
    """Session Management 1.0 section 3.2: unchanged while signed in, changed afterwards; error for
    what is no message of the specification. The answer comes from the provider's origin."""
    serve(client)
    state = sign_in(page, bookstore, client)
    iframe = f"{bookstore.issuer}/session/check"

    def ask(message: object) -> list[str]:
        answer: list[str] = page.evaluate(ASK, [iframe, message])
        return answer

    assert ask(f"{client.application.id} {state}") == ["unchanged", bookstore.endpoint]
    assert ask(f"{client.application.id}x {state}")[0] == "changed"
    for odd in (
        "",
        client.application.id,
        f"{client.application.id} {state} x",
        f"{client.application.id} x",
        1,
        {"a": 1},
        None,
    ):
        assert ask(odd)[0] == "error", odd

    page.context.clear_cookies()
    assert ask(f"{client.application.id} {state}")[0] == "changed"


def test_a_form_of_another_site(page: Window, bookstore: Bookstore, client: Client) -> None:
    """It comes without the session's cookie, and is answered as the same request by GET is: asked
    for a sign-out, the person decides; asked to sign in, they are signed in already."""
    serve(client)
    sign_in(page, bookstore, client)

    post(page, client, f"{bookstore.issuer}/session/end", {})
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign out?")
    silent = {
        "client_id": client.application.id,
        "redirect_uri": f"{client.url}/callback",
        "response_type": "code",
        "scope": "openid",
        "prompt": "none",
    }
    post(page, client, f"{bookstore.issuer}/auth", silent)
    page.wait_for_url(f"{client.url}/callback**")
    assert "code" in parse_qs(urlsplit(page.url).query)

    leave = {
        "client_id": client.application.id,
        "post_logout_redirect_uri": f"{client.url}/bye",
        "state": "a state & more",
    }
    post(page, client, f"{bookstore.issuer}/session/end", leave)
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url(f"{client.url}/bye**")
    assert parse_qs(urlsplit(page.url).query) == {"state": ["a state & more"]}
    post(page, client, f"{bookstore.issuer}/auth", silent)
    page.wait_for_url(f"{client.url}/callback?error=login_required**")


@pytest.mark.parametrize(("size", "scheme"), LOOKS)
def test_front_channel(
    browser: Browser, bookstore: Bookstore, client: Client, size: str, scheme: str
) -> None:
    """The application's address is loaded in a frame with iss and sid, then the browser goes on."""
    with fresh_context(browser, size=size, scheme=scheme) as context:
        errors = ConsoleErrors(context)
        serve(client)
        page = context.new_page()
        sign_in(page, bookstore, client)

        page.goto(
            f"{bookstore.issuer}/session/end?client_id={client.application.id}"
            f"&post_logout_redirect_uri={client.url}/bye"
        )
        page.get_by_role("button", name="Sign out").click()
        page.wait_for_url(f"{client.url}/bye")

        (front,) = [path for path in client.site.asked if path.startswith("/front")]
        query = parse_qs(urlsplit(front).query)
        assert query["iss"] == [bookstore.issuer]
        assert len(query["sid"][0]) == 21
        assert errors.messages == []


@pytest.mark.parametrize(("size", "scheme"), LOOKS)
def test_an_application_that_hangs(
    browser: Browser, bookstore: Bookstore, client: Client, size: str, scheme: str
) -> None:
    """The page says what is going on and is accessible meanwhile; nobody is kept for long."""
    with fresh_context(browser, size=size, scheme=scheme) as context:
        page = context.new_page()
        serve(client, delay=6)
        sign_in(page, bookstore, client)

        page.goto(
            f"{bookstore.issuer}/session/end?client_id={client.application.id}"
            f"&post_logout_redirect_uri={client.url}/bye"
        )
        page.get_by_role("button", name="Sign out").click(no_wait_after=True)
        expect(page.get_by_role("heading", level=1)).to_have_text("Signing you out")
        expect(page.get_by_role("link", name="Continue")).to_be_visible()
        check_accessibility(page)

        page.wait_for_url(f"{client.url}/bye")
