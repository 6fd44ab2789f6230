"""/select-account: going on as who is signed in, or as somebody else (OpenID Connect Core section
3.1.2.1, prompt=select_account)."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

from tests.sign_in.door import Door
from tests.support.bookstore import PASSWORD, REDIRECT_URI
from tests.support.pages import Page, Visitor


def sign_in(door: Door, visitor: Visitor, username: str = "reader0", **parameters: str) -> Page:
    page = door.arrive(visitor, **parameters)
    return page.submit({"identifier": username, "password": PASSWORD})


def answer_of(page: Page) -> dict[str, str]:
    assert page.location.startswith(REDIRECT_URI), page
    return dict(parse_qsl(urlsplit(page.location).query))


def session_of(visitor: Visitor) -> str | None:
    return next((c.value for c in visitor.cookies if c.name == "_session_default"), None)


class TestChoosing:
    def test_nobody_is_signed_in(self, door: Door) -> None:
        """There is nobody to choose, so the person signs in."""
        page = sign_in(door, Visitor(), prompt="select_account")

        assert "code" in answer_of(page)

    def test_go_on(self, door: Door) -> None:
        """The session answers as it is: neither renewed nor younger."""
        visitor = Visitor()
        sign_in(door, visitor)
        before = session_of(visitor)

        page = door.arrive(visitor, prompt="select_account")
        shown, path = page.text, page.path
        page = page.submit(button="Continue")

        assert path == "/select-account"
        assert "reader0" in shown
        assert "code" in answer_of(page)
        assert session_of(visitor) == before

    def test_use_another(self, door: Door) -> None:
        """The other person gets a session of their own, and the first one's ends."""
        door.add_user(username="second", password=PASSWORD)
        visitor = Visitor()
        sign_in(door, visitor)
        before = session_of(visitor)

        page = door.arrive(visitor, prompt="select_account").submit(button="Use another account")
        path = page.path
        page = page.submit({"identifier": "second", "password": PASSWORD})

        assert path == "/sign-in"
        assert "code" in answer_of(page)
        assert session_of(visitor) not in {None, before}

    def test_each_time(self, door: Door) -> None:
        """The question is asked at each request that wants it asked."""
        visitor = Visitor()
        sign_in(door, visitor)
        for _ in range(2):
            page = door.arrive(visitor, prompt="select_account")
            assert page.path == "/select-account"
            page.submit(button="Continue")

    def test_with_login(self, door: Door) -> None:
        """Where a sign-in is demanded, going on without one is not offered."""
        visitor = Visitor()
        sign_in(door, visitor)

        assert door.arrive(visitor, prompt="login select_account").path == "/sign-in"

    def test_not_with_none(self, door: Door) -> None:
        """OpenID Connect Core section 3.1.2.1: none with any other value is an error."""
        page = door.arrive(Visitor(), prompt="none select_account")

        assert answer_of(page)["error"] == "invalid_request"


class TestAttacks:
    def test_going_on_where_a_sign_in_is_demanded(self, door: Door) -> None:
        """The page is opened by hand to get round a sign-in: no code comes of it."""
        visitor = Visitor()
        sign_in(door, visitor)
        door.arrive(visitor, prompt="login select_account")

        page = visitor.open(f"{door.endpoint}/select-account").submit(button="Continue")

        assert answer_of(page)["error"] == "login_required"

    def test_where_nobody_asked(self, door: Door) -> None:
        """Opened by hand in another sign-in, the page leads to signing in."""
        visitor = Visitor()
        sign_in(door, visitor)
        door.arrive(visitor, prompt="login")

        assert visitor.open(f"{door.endpoint}/select-account").path == "/sign-in"

    def test_without_the_session(self, door: Door) -> None:
        """An interaction cookie alone, from a browser whose session is gone, is worth nothing."""
        visitor = Visitor()
        sign_in(door, visitor)
        page = door.arrive(visitor, prompt="select_account")
        visitor.client.cookies.delete("_session_default")

        page = page.submit(button="Continue")

        assert answer_of(page)["error"] == "login_required"

    def test_suspended_meanwhile(self, door: Door) -> None:
        user = door.add_user(username="gone", password=PASSWORD)
        visitor = Visitor()
        sign_in(door, visitor, "gone")
        page = door.arrive(visitor, prompt="select_account")
        door.api.patch(f"/api/users/{user['id']}/is-suspended", json={"isSuspended": True})

        page = page.submit(button="Continue")

        assert page.path == "/sign-in"

    def test_form_of_another_site(self, door: Door) -> None:
        """Nobody else makes a person go on: the form carries a token of this very sign-in."""
        visitor = Visitor()
        sign_in(door, visitor)
        page = door.arrive(visitor, prompt="select_account")
        url = str(page.response.url)

        bare = visitor.client.post(url, data={"choice": "continue"})
        foreign = visitor.client.post(
            url,
            data=dict(page.forms[-1].values) | {"choice": "continue"},
            headers={"origin": "https://evil.example"},
        )

        assert {bare.status_code, foreign.status_code} == {400}

    def test_never_framed(self, door: Door) -> None:
        """Against clickjacking: a frame could hide what is being confirmed."""
        visitor = Visitor()
        sign_in(door, visitor)
        headers = door.arrive(visitor, prompt="select_account").response.headers

        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["cache-control"] == "no-store"
