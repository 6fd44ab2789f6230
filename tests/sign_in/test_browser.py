"""Hosted pages in Chromium: accessible, quiet, light, in both themes, widths and directions."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Response, expect

from tests.support.bookstore import PASSWORD, Application, Bookstore, open_bookstore
from tests.support.chromium import ConsoleErrors, check_accessibility, fresh_context
from tests.support.management import management_api
from tests.support.server import Server

pytestmark = pytest.mark.browser

LOOKS = [("wide", "light"), ("wide", "dark"), ("phone", "light"), ("phone", "dark")]
SIGN_IN_BUDGET = 20 * 1024


@pytest.fixture(scope="module")
def bookstore(server: Server) -> Iterator[Bookstore]:
    """Applications, a reader, and Discord on the sign-in page."""
    bookstore = open_bookstore(server)
    with management_api(server) as api:
        config = {"clientId": "157", "clientSecret": "s3cret"}
        body = {"connectorId": "discord-universal", "config": config}
        api.post("/api/connectors", json=body).raise_for_status()
        experience = {
            "socialSignInConnectorTargets": ["discord"],
            "termsOfUseUrl": "https://books.example/terms",
            "privacyPolicyUrl": "https://books.example/privacy",
        }
        api.patch("/api/sign-in-exp", json=experience).raise_for_status()
    return bookstore


def open_sign_in(page: Page, bookstore: Bookstore, **parameters: str) -> None:
    page.goto(bookstore.authorization_url(bookstore.web, prompt="login", **parameters))
    page.wait_for_load_state("networkidle")


def fill_in(page: Page) -> None:
    page.get_by_label("Username").fill("reader0")
    page.get_by_label("Password", exact=True).fill(PASSWORD)


def weigh(page: Page) -> list[Response]:
    answers: list[Response] = []
    page.on("response", lambda answer: answers.append(answer))
    return answers


def weight_of(answers: list[Response]) -> int:
    bodies = [answer.body() for answer in answers if answer.status == 200]
    return sum(len(gzip.compress(body)) for body in bodies)


@pytest.mark.parametrize(("size", "scheme"), LOOKS)
def test_pages(browser: Browser, bookstore: Bookstore, size: str, scheme: str) -> None:
    """Sign-in, a refused password, registration, a refused account, an unknown session, the
    address by itself."""
    with fresh_context(browser, size=size, scheme=scheme) as context:
        errors = ConsoleErrors(context)
        page = context.new_page()

        open_sign_in(page, bookstore)
        expect(page.get_by_role("heading", level=1)).to_have_text("Welcome back")
        expect(page.get_by_role("button", name="Continue with Discord")).to_be_visible()
        check_page(page)

        page.get_by_label("Username").fill("reader0")
        page.get_by_label("Password", exact=True).fill("wrong-password-1")
        page.get_by_role("button", name="Sign in", exact=True).click()
        expect(page.get_by_role("alert")).to_be_visible()
        expect(page.get_by_label("Username")).to_have_value("reader0")
        check_page(page)

        page.get_by_role("link", name="Create an account").click()
        check_page(page)
        page.get_by_label("Username").fill("1reader")
        page.get_by_label("Password", exact=True).fill("aaaaaaaa")
        page.get_by_role("button", name="Create account").click()
        expect(page.get_by_label("Username")).to_have_attribute("aria-invalid", "true")
        check_page(page)

        context.clear_cookies()
        page.goto(f"{bookstore.endpoint}/sign-in")
        check_page(page)
        page.goto(bookstore.endpoint)
        expect(page.get_by_role("heading", level=1)).to_have_text("People sign in here")
        check_page(page)

        # A refused form is answered with its status, and browsers note that.
        refused = [said for said in errors.messages if "status of 4" not in said]
        assert refused == []


def test_a_second_click(browser: Browser, bookstore: Bookstore) -> None:
    """Pressed twice over a slow line, the form is sent once: the answer that a browser would drop
    is the one that signs in."""
    with fresh_context(browser, size="wide", scheme="light") as context:
        page = context.new_page()
        open_sign_in(page, bookstore)
        fill_in(page)
        line = {"offline": False, "latency": 400, "downloadThroughput": -1, "uploadThroughput": -1}
        context.new_cdp_session(page).send("Network.emulateNetworkConditions", line)
        posts: list[str] = []
        page.on("request", lambda sent: posts.append(sent.url) if sent.method == "POST" else None)
        twice = "button => { button.click(); setTimeout(() => button.click(), 150); }"

        with page.expect_request(lambda request: "code=" in request.url):
            page.get_by_role("button", name="Sign in", exact=True).evaluate(twice)

        assert len(posts) == 1


@pytest.mark.parametrize(("size", "scheme"), LOOKS)
def test_select_account(browser: Browser, bookstore: Bookstore, size: str, scheme: str) -> None:
    """Somebody is signed in, and is asked who goes on."""
    with fresh_context(browser, size=size, scheme=scheme) as context:
        errors = ConsoleErrors(context)
        page = context.new_page()
        open_sign_in(page, bookstore)
        fill_in(page)
        with page.expect_request(lambda request: "code=" in request.url):
            page.get_by_role("button", name="Sign in", exact=True).click()

        # Nobody answers at the callback, so the first page goes on loading.
        page = context.new_page()
        page.goto(bookstore.authorization_url(bookstore.web, prompt="select_account"))

        expect(page.get_by_role("heading", level=1)).to_have_text("Choose an account")
        expect(page.get_by_text("reader0")).to_be_visible()
        check_page(page)
        page.get_by_role("button", name="Use another account").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Welcome back")
        assert [said for said in errors.messages if "select-account" in said] == []


@pytest.fixture(scope="module")
def partner(server: Server, bookstore: Bookstore) -> str:
    """A third party's application with a name of its own, and much to ask for."""
    with management_api(server) as api:
        resource = api.post(
            "/api/resources", json={"name": "Bookshelf", "indicator": "https://shelf.example/api"}
        ).json()
        scopes = [
            api.post(f"/api/resources/{resource['id']}/scopes", json=scope).json()["id"]
            for scope in (
                {"name": "read:shelf", "description": "See the books that you have"},
                {"name": "write:shelf", "description": "Put books on your shelf and take them off"},
            )
        ]
        role = api.post(
            "/api/roles", json={"name": "Reader", "description": "Reads", "scopeIds": scopes}
        ).json()
        (reader,) = api.get("/api/users?search=reader0").json()
        api.post(f"/api/users/{reader['id']}/roles", json={"roleIds": [role["id"]]})
        application = api.post(
            "/api/applications",
            json={
                "name": "acme-sync",
                "type": "Traditional",
                "isThirdParty": True,
                "oidcClientMetadata": {
                    "redirectUris": ["https://acme.example/callback"],
                    "postLogoutRedirectUris": [],
                },
            },
        ).json()
        path = f"/api/applications/{application['id']}"
        api.put(
            f"{path}/sign-in-experience",
            json={
                "displayName": "Acme Sync",
                "termsOfUseUrl": "https://acme.example/terms",
                "privacyPolicyUrl": "https://acme.example/privacy",
            },
        ).raise_for_status()
        api.post(
            f"{path}/user-consent-scopes",
            json={"userScopes": ["profile", "email"], "resourceScopes": scopes},
        ).raise_for_status()
    return str(application["id"])


def open_consent(page: Page, bookstore: Bookstore, partner: str, **parameters: str) -> None:
    """Sign in, and be asked."""
    page.goto(
        bookstore.authorization_url(
            Application(partner, ""),
            redirect_uri="https://acme.example/callback",
            scope="openid profile email offline_access read:shelf write:shelf",
            resource="https://shelf.example/api",
            prompt="consent",
            **parameters,
        )
    )
    page.locator("[name=identifier]").fill("reader0")
    page.locator("#password").fill(PASSWORD)
    page.locator("button[type=submit]").first.click()
    page.wait_for_url("**/consent?**")
    page.wait_for_load_state("networkidle")


@pytest.mark.parametrize(("size", "scheme"), LOOKS)
def test_consent(
    browser: Browser, bookstore: Bookstore, partner: str, size: str, scheme: str
) -> None:
    """The page that asks for consent, in each look; a no leads back to the application."""
    with fresh_context(browser, size=size, scheme=scheme) as context:
        errors = ConsoleErrors(context)
        page = context.new_page()
        answers: list[str] = []
        context.route(
            "https://acme.example/**",
            lambda route: (answers.append(route.request.url), route.fulfill(body="back")),
        )

        open_consent(page, bookstore, partner)

        expect(page.get_by_role("heading", level=1)).to_have_text("Acme Sync asks for access")
        expect(page.get_by_text("Put books on your shelf and take them off")).to_be_visible()
        check_page(page)
        page.get_by_role("button", name="Do not allow").click()
        page.wait_for_url("https://acme.example/**")

        assert "error=access_denied" in answers[0]
        assert errors.messages == []


def test_consent_right_to_left(page: Page, bookstore: Bookstore, partner: str) -> None:
    """Arabic: the signs stand on the right of the words."""
    open_consent(page, bookstore, partner, ui_locales="ar")

    sign = page.locator(".rights .icon").first.bounding_box()
    words = page.locator(".rights span").first.bounding_box()
    assert sign is not None
    assert words is not None
    assert sign["x"] > words["x"]
    check_page(page)


def check_page(page: Page) -> None:
    check_accessibility(page)
    assert page.viewport_size
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= page.viewport_size["width"], page.url


def test_budget(page: Page, bookstore: Bookstore) -> None:
    """HTML, style sheet, scripts and pictures of a first visit: 20 KB in all, gzipped."""
    answers = weigh(page)

    open_sign_in(page, bookstore)

    assert {urlsplit(answer.url).netloc for answer in answers} == {urlsplit(page.url).netloc}
    assert weight_of(answers) <= SIGN_IN_BUDGET


def test_window_of_its_own(page: Page, bookstore: Bookstore) -> None:
    """Who signs in in a window that an application opened, be it after an error, comes back to
    where the application can tell the page that opened it."""
    callback = "**/callback?**"
    page.context.route("https://books.example/", lambda route: route.fulfill(body="Books"))
    page.context.route(callback, lambda route: route.fulfill(body="Back", content_type="text/html"))
    page.goto("https://books.example/")
    url = bookstore.authorization_url(bookstore.web, prompt="login")
    with page.expect_popup() as opened:
        page.evaluate("(url) => { window.open(url) }", url)
    window = opened.value
    window.get_by_label("Username").wait_for()
    window.goto(f"{bookstore.endpoint}/no-such-page")
    window.go_back()

    fill_in(window)
    window.get_by_role("button", name="Sign in", exact=True).click()
    window.wait_for_url(callback)

    assert window.evaluate("window.opener !== null")


def test_files_are_sent_compressed_and_cached(page: Page, bookstore: Bookstore) -> None:
    """A second visit asks for the page alone."""
    answers = weigh(page)

    open_sign_in(page, bookstore)

    files = [answer for answer in answers if "/static/" in answer.url]
    assert files
    for file in files:
        headers = file.all_headers()
        assert headers["cache-control"] == "public, max-age=31536000, immutable", file.url
        assert headers.get("content-encoding") == "gzip" or len(file.body()) < 400, file.url


def test_right_to_left(page: Page, bookstore: Bookstore) -> None:
    """Arabic runs from right to left: the eye is on the left of the password."""
    open_sign_in(page, bookstore, ui_locales="ar")

    assert page.locator("html").get_attribute("dir") == "rtl"
    eye = page.locator(".reveal > button").bounding_box()
    field = page.locator("#password").bounding_box()
    assert eye is not None
    assert field is not None
    assert eye["x"] < field["x"] + field["width"] / 2
    check_accessibility(page)


def test_a_password_can_be_shown(page: Page, bookstore: Bookstore) -> None:
    """The button says what it does, and whether it did."""
    open_sign_in(page, bookstore)
    page.get_by_label("Password", exact=True).fill("open-sesame-1")

    page.get_by_role("button", name="Show password").click()

    expect(page.locator("#password")).to_have_attribute("type", "text")
    expect(page.get_by_role("button", name="Show password")).to_have_attribute(
        "aria-pressed", "true"
    )


def test_strength_is_told_while_typing(page: Page, bookstore: Bookstore) -> None:
    """Rules tick themselves off, and the meter says a word."""
    open_sign_in(page, bookstore)
    page.get_by_role("link", name="Create an account").click()
    password = page.get_by_label("Password", exact=True)

    password.fill("aaa")
    expect(page.locator("[data-words]")).to_have_text("Weak")
    expect(page.locator("[data-rule=length][data-met]")).to_have_count(0)

    password.fill("Silent-Harbour-19-boats")
    expect(page.locator("[data-words]")).to_have_text("Strong")
    expect(page.locator("[data-rule=length][data-met]")).to_have_count(1)


def test_a_brand_without_contrast_stays_readable(
    server: Server, page: Page, bookstore: Bookstore
) -> None:
    """Yellow buttons get dark text, and links a yellow that can be read on white."""
    with management_api(server) as api:
        color = api.get("/api/sign-in-exp").json()["color"]
        bright = color | {"primaryColor": "#ffe600", "isDarkModeEnabled": False}
        api.patch("/api/sign-in-exp", json={"color": bright}).raise_for_status()

        open_sign_in(page, bookstore)
        check_accessibility(page)

        api.patch("/api/sign-in-exp", json={"color": color}).raise_for_status()


def test_custom_css_styles_and_cannot_run(server: Server, page: Page, bookstore: Bookstore) -> None:
    """An administrator's CSS is applied; what leaves the style element stays text inside it."""
    css = "h1 { letter-spacing: 3px } </style><script>document.title = 'pwned'</script>"
    with management_api(server) as api:
        api.patch("/api/sign-in-exp", json={"customCss": css}).raise_for_status()

        open_sign_in(page, bookstore)

        spacing = page.evaluate("getComputedStyle(document.querySelector('h1')).letterSpacing")
        title = page.title()
        api.patch("/api/sign-in-exp", json={"customCss": None}).raise_for_status()
    assert spacing == "3px"
    assert title == "Sign in · Bookstore"
