"""/sign-in with a password, and the attacks on it."""

from __future__ import annotations

import time
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.sign_in.door import Door, Program
from tests.support.bookstore import PASSWORD, REDIRECT_URI
from tests.support.pages import Page, Visitor

PHONE_AND_PASSWORD = {
    "identifier": "phone",
    "password": True,
    "verificationCode": False,
    "isPasswordPrimary": True,
}
WRONG = "The username or password is not correct."


def send(page: Page, fields: dict[str, str], **headers: str) -> httpx.Response:
    """Post the password form as it is, with other headers or fields."""
    form = page.form(holding="identifier")
    sent = dict(form.values) | {"identifier": "reader0", "password": PASSWORD} | fields
    url = page.response.url.join(form.action)
    return page.visitor.client.post(str(url), data=sent, headers=headers)


class TestSigningIn:
    def test_a_right_password_leads_back_to_the_application(self, door: Door) -> None:
        page = door.arrive()
        assert page.path == "/sign-in"

        page = page.submit({"identifier": "reader0", "password": PASSWORD})

        assert page.location.startswith(REDIRECT_URI)
        assert parse_qs(urlsplit(page.location).query)["state"] == ["a-state"]

    def test_the_answer_to_the_form_is_a_303(self, door: Door) -> None:
        """RFC 9700 section 4.12: a 307 would send the password on to the application; and a reload
        does not send it again."""
        answer = send(door.arrive(), {})

        assert answer.status_code == 303
        assert urlsplit(answer.headers["location"]).path.startswith("/oidc/auth/")

    def test_the_login_hint_is_filled_in(self, door: Door) -> None:
        page = door.arrive(login_hint="reader0")

        assert dict(page.form(holding="identifier").values)["identifier"] == "reader0"

    def test_the_last_sign_in_is_noted(self, door: Door) -> None:
        user = door.add_user(username="noted", password=PASSWORD)

        door.arrive().submit({"identifier": "noted", "password": PASSWORD})

        assert user["lastSignInAt"] is None
        assert door.user(user["id"])["lastSignInAt"] is not None


class TestWrongCredentials:
    @pytest.mark.parametrize(
        ("identifier", "password"),
        [("reader0", "wrong"), ("nobody", PASSWORD), ("reader0", "x" * 4000)],
        ids=["wrong-password", "unknown-user", "long-password"],
    )
    def test_nobody_learns_whether_an_account_exists(
        self, door: Door, identifier: str, password: str
    ) -> None:
        """The same words, the same status; what was typed stays, the password does not."""
        page = door.arrive().submit({"identifier": identifier, "password": password})

        assert (page.status, page.path) == (422, "/sign-in")
        assert WRONG in page.text
        values = dict(page.form(holding="identifier").values)
        assert values["identifier"] == identifier
        assert password not in page.response.text

    def test_an_unknown_user_costs_the_same_time(self, door: Door) -> None:
        """OWASP Authentication Cheat Sheet: the time must not tell either."""
        page = door.arrive()

        def took(identifier: str) -> float:
            began = time.perf_counter()
            send(page, {"identifier": identifier, "password": "wrong"})
            return time.perf_counter() - began

        # In turn, and the fastest of each: whatever else the machine does only adds.
        pairs = [(took("reader0"), took("nobody")) for _ in range(15)]
        known, unknown = (min(times) for times in zip(*pairs, strict=True))

        assert 0.5 < unknown / known < 2

    def test_a_second_try_on_the_same_page_works(self, door: Door) -> None:
        page = door.arrive().submit({"identifier": "reader0", "password": "wrong"})

        page = page.submit({"identifier": "reader0", "password": PASSWORD})

        assert page.location.startswith(REDIRECT_URI)

    def test_empty_fields_are_named(self, door: Door) -> None:
        page = door.arrive().submit({"identifier": "", "password": ""})

        assert page.status == 422
        assert page.text.count("Please fill in this field.") == 2

    @pytest.mark.parametrize("identifier", ["a\0b", "\ud83d", "' OR 1=1 --", "x" * 60_000])
    def test_odd_names_are_nobody(self, door: Door, identifier: str) -> None:
        encoded = identifier.encode(errors="surrogatepass")
        page = door.arrive()
        token = dict(page.form(holding="identifier").values)["csrf"]
        data = {"identifier": encoded, "password": "wrong", "csrf": token}

        answer = page.visitor.client.post(page.url, data=data)

        assert answer.status_code == 422

    @pytest.mark.parametrize("identifier", ["@." * 15_000 + " x", "(" * 20_000 + "x", "@" * 20_000])
    def test_long_names_are_nobody_at_once(self, door: Door, identifier: str) -> None:
        """What looks like an address in a thousand ways is not tried in all of them."""
        methods = [PHONE_AND_PASSWORD | {"identifier": kind} for kind in ("email", "phone")]
        door.change(signIn={"methods": methods})

        answer = send(door.arrive(), {"identifier": identifier})

        assert answer.status_code == 422
        assert answer.elapsed < timedelta(seconds=5)

    def test_a_suspended_user_learns_it_only_with_the_password(self, door: Door) -> None:
        user = door.add_user(username="shut", password=PASSWORD)
        path = f"/api/users/{user['id']}/is-suspended"
        assert door.api.patch(path, json={"isSuspended": True}).status_code == 200

        stranger = door.arrive().submit({"identifier": "shut", "password": "wrong"})
        owner = door.arrive().submit({"identifier": "shut", "password": PASSWORD})

        assert WRONG in stranger.text
        assert (owner.status, "This account is suspended" in owner.text) == (401, True)

    def test_a_method_that_is_off_is_not_shown(self, door: Door) -> None:
        door.change(signIn={"methods": []})

        page = door.arrive()

        assert not page.forms
        assert "Signing in is not set up yet." in page.text


class TestLockout:
    def test_too_many_failures_lock_the_identifier(self, door: Door) -> None:
        """Section 12: a locked identifier is refused with the right password too."""
        door.change(sentinelPolicy={"maxAttempts": 3, "lockoutDuration": 60})
        door.add_user(username="guessed", password=PASSWORD)
        page = door.arrive()
        for _ in range(3):
            page = page.submit({"identifier": "guessed", "password": "wrong"})

        page = page.submit({"identifier": "Guessed", "password": PASSWORD})

        assert page.status == 400
        assert "Please wait a while before you try again." in page.text

    @pytest.mark.parametrize("is_known", [True, False])
    def test_a_number_written_otherwise(self, door: Door, is_known: bool) -> None:
        """A phone number has one counter, however it is written, and whether or not it is known:
        blanks and hyphens give no further guesses."""
        door.change(
            sentinelPolicy={"maxAttempts": 3, "lockoutDuration": 60},
            signIn={"methods": [PHONE_AND_PASSWORD]},
        )
        if is_known:
            door.add_user(primaryPhone="15551234567", password=PASSWORD)
        page, program = door.arrive(), Program(door)
        program.start()
        for typed in ("+1 555 123 4567", "1-555-123-4567"):
            page = page.submit({"identifier": typed, "password": "wrong"})
        spelt = {"type": "phone", "value": "(1) 555 1234567"}
        program.call("POST", "/verification/password", {"identifier": spelt, "password": "wrong"})

        page = page.submit({"identifier": "1 5551234567", "password": PASSWORD})

        assert page.status == 400
        assert "Please wait a while before you try again." in page.text

    def test_an_unknown_user_is_locked_alike(self, door: Door) -> None:
        """The lock must not tell who exists."""
        door.change(sentinelPolicy={"maxAttempts": 2, "lockoutDuration": 60})
        page = door.arrive()
        for _ in range(3):
            page = page.submit({"identifier": "nobody-at-all", "password": "wrong"})

        assert page.status == 400

    def test_others_are_not_locked(self, door: Door) -> None:
        door.change(sentinelPolicy={"maxAttempts": 2, "lockoutDuration": 60})
        page = door.arrive()
        for _ in range(3):
            page = page.submit({"identifier": "victim", "password": "wrong"})

        page = page.submit({"identifier": "reader0", "password": PASSWORD})

        assert page.location.startswith(REDIRECT_URI)


class TestForgedForms:
    def test_without_the_token(self, door: Door) -> None:
        answer = send(door.arrive(), {"csrf": ""})

        assert answer.status_code == 400
        assert "This page has expired" in answer.text

    def test_with_the_token_of_another_sign_in(self, door: Door) -> None:
        """The attacker opens a page of their own and plants its token in the victim's browser."""
        foreign = dict(door.arrive().form(holding="identifier").values)["csrf"]

        assert send(door.arrive(), {"csrf": foreign}).status_code == 400

    @pytest.mark.parametrize(
        "headers",
        [
            {"origin": "https://evil.example"},
            {"origin": "null"},
            {"sec-fetch-site": "cross-site"},
            {"sec-fetch-site": "same-site"},
        ],
        ids=str,
    )
    def test_sent_from_another_site(self, door: Door, headers: dict[str, str]) -> None:
        assert send(door.arrive(), {}, **headers).status_code == 400

    def test_without_the_cookie(self, door: Door) -> None:
        """The token alone is worth nothing: the interaction is the browser's."""
        page = door.arrive()
        page.visitor.client.cookies.clear()

        answer = send(page, {})

        assert answer.status_code == 303
        assert answer.headers["location"] == "/unknown-session"

    def test_with_an_altered_cookie(self, door: Door) -> None:
        page = door.arrive()
        (cookie,) = page.visitor.cookies
        page.visitor.client.cookies.clear()
        page.visitor.client.cookies.set(cookie.name, f"{cookie.value}x", domain="localhost.local")

        assert send(page, {}).headers["location"] == "/unknown-session"


class TestImportedPassword:
    def test_is_hashed_anew_at_the_first_sign_in(self, door: Door) -> None:
        """What another system hashed with MD5 is not kept any longer than needed."""
        digest = "3cb4e732631f47e6eb961f34554b7cde"
        user = door.add_user(username="ada", passwordDigest=digest, passwordAlgorithm="MD5")
        path = f"/api/users/{user['id']}?includePasswordHash=true"
        refused = door.arrive().submit({"identifier": "ada", "password": "Correct horse"})
        assert refused.status == 422
        assert door.api.get(path).json()["passwordAlgorithm"] == "MD5"

        page = door.arrive().submit({"identifier": "ada", "password": "correct horse"})

        assert page.location.startswith(f"{REDIRECT_URI}?code=")
        assert door.api.get(path).json()["passwordAlgorithm"] == "Argon2id"
        again = door.arrive().submit({"identifier": "ada", "password": "correct horse"})
        assert again.location.startswith(f"{REDIRECT_URI}?code=")


class TestTheInteraction:
    def test_a_page_without_one_says_so(self, door: Door) -> None:
        page = Visitor().open(f"{door.endpoint}/sign-in")

        assert page.path == "/unknown-session"
        assert "This sign-in is no longer open" in page.text

    def test_the_page_looks_and_speaks_like_the_tenant(self, door: Door) -> None:
        """Its logo and terms are there, and its language can be changed."""
        door.change(
            branding={"logoUrl": "https://shop.example/logo.svg"},
            termsOfUseUrl="https://shop.example/terms",
            languageInfo={"autoDetect": False, "fallbackLanguage": "fr"},
        )

        page = Visitor().open(f"{door.endpoint}/unknown-session")
        german = page.follow("Deutsch")

        assert (page.status, german.status) == (400, 400)
        assert "https://shop.example/logo.svg" in page.response.text
        assert "https://shop.example/terms" in page.response.text
        assert "Cette connexion" in page.text
        assert '<html lang="de"' in german.response.text

    def test_the_tenant_may_send_strangers_elsewhere(self, door: Door) -> None:
        door.change(unknownSessionRedirectUrl="https://shop.example/start")

        page = Visitor().open(f"{door.endpoint}/sign-in")

        assert page.location == "https://shop.example/start"

    def test_the_address_alone(self, door: Door) -> None:
        """Says what it is for, in the reader's language, and nothing of tenant or server."""
        page = Visitor().open(f"{door.endpoint}/?ui_locales=de")

        assert page.status == 200
        assert "Hier melden sich Menschen an" in page.text
        assert "console" not in page.response.text
        assert str(door.server.admin_port) not in page.response.text

    def test_the_address_alone_of_a_tenant_that_sends_strangers_elsewhere(self, door: Door) -> None:
        door.change(unknownSessionRedirectUrl="https://shop.example/start")

        assert Visitor().open(door.endpoint).location == "https://shop.example/start"

    def test_the_address_alone_of_the_console(self, door: Door) -> None:
        answer = httpx.get(door.server.admin_endpoint)

        assert (answer.status_code, answer.headers["location"]) == (303, "/console")

    def test_a_page_names_its_application(self, door: Door) -> None:
        """Another application's interaction in the same browser is not taken for it."""
        page = door.arrive()

        other = page.visitor.open(f"{door.endpoint}/sign-in?app_id={door.bookstore.web.id}")

        assert other.path == "/unknown-session"

    def test_a_finished_one_is_over(self, door: Door) -> None:
        page = door.arrive()
        page.submit({"identifier": "reader0", "password": PASSWORD})

        again = page.submit({"identifier": "reader0", "password": PASSWORD})

        assert again.path == "/unknown-session"

    def test_two_windows_of_two_applications_go_on(self, door: Door) -> None:
        visitor = Visitor()
        native = door.arrive(visitor)
        web = visitor.open(door.bookstore.authorization_url(door.bookstore.web))

        native = native.submit({"identifier": "reader0", "password": PASSWORD})
        web = web.submit({"identifier": "reader0", "password": PASSWORD})

        assert native.location.startswith(REDIRECT_URI)
        assert web.location.startswith(REDIRECT_URI)


class TestPages:
    def test_headers(self, door: Door) -> None:
        """RFC 6749 section 10.13: the page where people sign in is never in a frame."""
        headers = door.arrive().response.headers

        assert headers["cache-control"] == "no-store"
        assert headers["x-frame-options"] == "DENY"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert "http://localhost:3000" in headers["content-security-policy"]

    def test_an_unknown_address_is_a_page(self, door: Door) -> None:
        page = Visitor().open(f"{door.endpoint}/nothing-here")

        assert (page.status, "Page not found" in page.text) == (404, True)

    def test_a_large_form_is_refused(self, door: Door) -> None:
        answer = send(door.arrive(), {"identifier": "x" * 70_000})

        assert answer.status_code == 413
        assert "text/html" in answer.headers["content-type"]

    @pytest.mark.parametrize(
        "content", [b"\xff\xfe", b"a=1&" * 200, b"{}"], ids=["bytes", "many", "json"]
    )
    def test_what_is_no_form_is_refused(self, door: Door, content: bytes) -> None:
        page = door.arrive()

        answer = page.visitor.client.post(page.url, content=content)

        assert answer.status_code == 400

    def test_the_language_follows_browser_and_request(self, door: Door) -> None:
        visitor = Visitor()
        visitor.client.headers["accept-language"] = "de-AT,de;q=0.9"

        german = door.arrive(visitor)
        french = door.arrive(ui_locales="fr")

        assert '<html lang="de"' in german.response.text
        assert '<html lang="fr"' in french.response.text
        assert "cache-control" in french.response.headers
