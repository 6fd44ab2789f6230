"""Who enters the console, and who does not."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.console.conftest import ADMINISTRATOR
from tests.support.management import management_api
from tests.support.pages import Visitor
from tests.support.server import Server, running_server

Enter = Callable[..., Visitor]
PASSWORD = "Green-Meadow-42-calm"


@pytest.fixture(scope="module")
def admin_api(server_on_each: Server, administrator: Visitor) -> Iterator[httpx.Client]:
    """The management API of the tenant `admin`, whose first administrator exists."""
    with management_api(server_on_each, tenant="admin") as api:
        yield api


def make_user(admin_api: httpx.Client, name: str) -> str:
    """Return the id of a new user of the admin tenant, without any role."""
    answer = admin_api.post("/api/users", json={"username": name, "password": PASSWORD})
    answer.raise_for_status()
    user_id: str = answer.json()["id"]
    return user_id


def administrator_role(admin_api: httpx.Client) -> str:
    roles = admin_api.get("/api/roles", params={"search": "default:admin"}).json()
    return next(role["id"] for role in roles if role["name"] == "default:admin")


def sessions_of(visitor: Visitor) -> list[str]:
    return [c.value or "" for c in visitor.cookies if c.name == "_console_admin" and c.value]


class TestFirstVisit:
    def test_welcome(self, tmp_path: Path) -> None:
        """The first visitor becomes the administrator; then registration is closed."""
        with running_server(tmp_path) as server, Visitor() as first, Visitor() as second:
            console = f"{server.admin_endpoint}/console"

            page = first.open(server.admin_endpoint)
            assert page.path == "/console/welcome"
            page = page.follow("Create the first administrator")
            name, password = ADMINISTRATOR
            page = page.submit({"username": name, "password": password})
            assert page.path == "/console/get-started"

            # Nobody is welcomed any more, and nobody can register.
            assert second.open(f"{console}/welcome").path == "/sign-in"
            page = second.open(f"{console}/sign-in?first_screen=register")
            assert page.path == "/sign-in"
            assert "Create an account" not in page.text

    def test_two_at_once(self, tmp_path: Path) -> None:
        """Of two who have the registration form open, one becomes the administrator."""
        with running_server(tmp_path) as server, Visitor() as first, Visitor() as second:
            pages = [
                visitor.open(f"{server.admin_endpoint}/console").follow(
                    "Create the first administrator"
                )
                for visitor in (first, second)
            ]
            outcomes = [
                page.submit({"username": f"admin_{i}", "password": PASSWORD})
                for i, page in enumerate(pages)
            ]

            assert outcomes[0].path == "/console/get-started"
            assert outcomes[1].path != "/console/get-started"
            with management_api(server, tenant="admin") as api:
                assert [user["username"] for user in api.get("/api/users").json()] == ["admin_0"]


class TestPlace:
    @pytest.mark.parametrize(
        "path",
        ["", "/welcome", "/sign-in", "/callback?code=x", "/applications", "/users", "/sign-out"],
    )
    def test_only_on_the_admin_tenant(self, server_on_each: Server, path: str) -> None:
        """On every other tenant there is no console at all."""
        for method in ("GET", "POST"):
            answer = httpx.request(method, f"{server_on_each.endpoint}/console{path}")
            assert answer.status_code in {404, 405}, method
            assert "set-cookie" not in answer.headers

    def test_pages_ask_to_sign_in(self, server_on_each: Server, enter: Enter) -> None:
        """Without a session every page leads to the sign-in page, and nothing is shown."""
        enter()
        for path in ("/get-started", "/applications", "/users", "/signing-keys", "/search?q=a"):
            with Visitor() as stranger:
                page = stranger.open(f"{server_on_each.admin_endpoint}/console{path}")
                assert page.path == "/sign-in"

    def test_invented_session(self, server_on_each: Server) -> None:
        """A cookie that we never set opens nothing."""
        answer = httpx.get(
            f"{server_on_each.admin_endpoint}/console/users",
            headers={"cookie": "_console_admin=" + "A" * 43},
        )

        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/console/sign-in")


class TestHeaders:
    def test_page(self, server_on_each: Server, enter: Enter) -> None:
        """Pages are not kept, not framed, and run no code but ours."""
        visitor = enter()
        answer = visitor.client.get(f"{server_on_each.admin_endpoint}/console/users")

        policy = answer.headers["content-security-policy"]
        assert answer.headers["cache-control"] == "no-store"
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["x-content-type-options"] == "nosniff"

    def test_cookie(self, enter: Enter) -> None:
        """The session's cookie is out of reach of scripts and of other sites."""
        visitor = enter()

        (cookie,) = [c for c in visitor.cookies if c.name == "_console_admin"]
        assert cookie.has_nonstandard_attr("HttpOnly")
        assert cookie.get_nonstandard_attr("SameSite", "").lower() == "lax"
        assert cookie.path == "/"
        assert not cookie.domain_specified

    def test_https(self, tmp_path: Path) -> None:
        """Over https the cookies have the prefix __Host- and are Secure."""
        settings = {
            "DOORWARD_ENDPOINT": "https://id.example.com",
            "DOORWARD_ADMIN_ENDPOINT": "https://console.example.com",
        }
        with running_server(tmp_path, settings=settings) as server:
            answer = httpx.get(
                f"http://127.0.0.1:{server.admin_port}/console/sign-in?first_screen=register",
                headers={"host": "console.example.com"},
            )

        cookie = answer.headers["set-cookie"]
        assert cookie.startswith("__Host-_console_sign_in_admin=")
        assert "Secure" in cookie
        assert "HttpOnly" in cookie
        assert answer.headers["location"].startswith("https://console.example.com/oidc/auth?")


class TestAuthorizationRequest:
    def test_other_name_of_this_machine(self, server_on_each: Server, enter: Enter) -> None:
        """Who opens 127.0.0.1 is led to the endpoint's name, where the answer will come back to."""
        enter()
        answer = httpx.get(f"http://127.0.0.1:{server_on_each.admin_port}/console/sign-in?x=1")

        assert answer.status_code == 303
        address = f"{server_on_each.admin_endpoint}/console/sign-in?x=1"
        assert answer.headers["location"] == address

    @pytest.mark.parametrize("host", ["evil.example", "[", "localhost:1:2", ""])
    def test_malformed_host(self, server_on_each: Server, enter: Enter, host: str) -> None:
        """Any other host is no reason to redirect, nor to fail."""
        enter()
        answer = httpx.get(
            f"http://127.0.0.1:{server_on_each.admin_port}/console/sign-in",
            headers={"host": host},
        )

        assert answer.status_code in {303, 400}
        assert "evil" not in answer.headers.get("location", "")

    def test_request(self, server_on_each: Server, enter: Enter) -> None:
        """Each sign-in has its own state, nonce and S256 challenge, and names the resource."""
        enter()
        address = f"{server_on_each.admin_endpoint}/console/sign-in"
        first, second = (
            parse_qs(urlsplit(httpx.get(address).headers["location"]).query) for _ in range(2)
        )

        assert first["client_id"] == ["admin-console"]
        assert first["resource"] == ["https://default.logto.app/api"]
        assert first["code_challenge_method"] == ["S256"]
        assert first["redirect_uri"] == [f"{server_on_each.admin_endpoint}/console/callback"]
        for name in ("state", "nonce", "code_challenge"):
            assert len(first[name][0]) == 43
            assert first[name] != second[name]

    @pytest.mark.parametrize(
        "target",
        [
            "https://evil.example/",
            "//evil.example/",
            "/\\evil.example",
            "/console/\\..\\evil",
            "/console/\t/evil.example",
            "/consoleX",
            "javascript:alert(1)",
            "/oidc/session/end",
            "/console/\u212a\U0001f6aa",
        ],
    )
    def test_return_to_stays_here(self, server_on_each: Server, enter: Enter, target: str) -> None:
        """After signing in nobody is sent to an address that a link brought along."""
        visitor = enter()
        address = httpx.URL(
            f"{server_on_each.admin_endpoint}/console/sign-in", params={"return_to": target}
        )

        page = visitor.open(str(address))

        assert page.url == f"{server_on_each.admin_endpoint}/console/get-started"

    def test_return_to(self, server_on_each: Server, enter: Enter) -> None:
        """Who opened a page without a session comes back to it, its query included."""
        visitor = enter()
        visitor.client.cookies.delete("_console_admin")

        page = visitor.open(f"{server_on_each.admin_endpoint}/console/users?q=ada&page=1")

        assert page.url == f"{server_on_each.admin_endpoint}/console/users?q=ada&page=1"

    def test_form_without_session(self, server_on_each: Server, enter: Enter) -> None:
        """Who sent a form after the session had ended comes back to its page, and is told."""
        visitor = enter()
        page = visitor.open(f"{server_on_each.admin_endpoint}/console/users?q=ada")
        visitor.client.cookies.delete("_console_admin")

        page = page.submit({"username": "grace", "password": PASSWORD}, button="Create user")

        assert page.url == f"{server_on_each.admin_endpoint}/console/users?q=ada"
        assert "Not saved: your session had ended." in page.text
        again = visitor.open(page.url)
        assert "Not saved" not in again.text

    def test_refused_form_without_session(self, server_on_each: Server, enter: Enter) -> None:
        """A refused form stands at an address without a page: its page is come back to."""
        visitor = enter()
        users = f"{server_on_each.admin_endpoint}/console/users"
        page = visitor.open(users).submit(
            {"username": "refused", "name": "Refused", "password": PASSWORD}, button="Create user"
        )
        user = page.url
        page = page.submit({"password": "short"}, button="Reset password")
        assert (page.status, page.url) == (422, f"{user}/password")
        visitor.client.cookies.delete("_console_admin")

        page = page.submit({"password": PASSWORD}, button="Reset password")

        assert page.url == user
        assert "Not saved: your session had ended." in page.text

    @pytest.mark.parametrize(
        "referer", ["", "https://evil.example/", "http://[", "//evil.example/console/users"]
    )
    def test_form_from_elsewhere(self, server_on_each: Server, enter: Enter, referer: str) -> None:
        """A form of another site leads to no address but one of the console."""
        visitor = enter()
        visitor.client.cookies.delete("_console_admin")
        console = f"{server_on_each.admin_endpoint}/console"

        answer = visitor.client.post(f"{console}/users", headers={"referer": referer})
        page = visitor.open(str(httpx.URL(console).join(answer.headers["location"])))

        assert page.url in {f"{console}/get-started", f"{console}/users"}

    def test_sign_out_without_session(self, server_on_each: Server, enter: Enter) -> None:
        """Signing out edits nothing, so that nothing is called lost."""
        visitor = enter()
        page = visitor.open(f"{server_on_each.admin_endpoint}/console/users")
        visitor.client.cookies.delete("_console_admin")

        page = page.submit(button="Sign out")

        assert "Not saved" not in page.text


class TestCallback:
    def capture(self, server: Server, visitor: Visitor) -> str:
        """Return the address of a callback that was not opened yet."""
        address = f"{server.admin_endpoint}/console/sign-in"
        response = visitor.client.get(address)
        while "/console/callback" not in (response.headers.get("location") or ""):
            response = visitor.client.get(
                httpx.URL(str(response.url)).join(response.headers["location"])
            )
        location: str = response.headers["location"]
        return location

    def test_another_browser(self, server_on_each: Server, enter: Enter) -> None:
        """Login CSRF: an attacker's answer does nothing in the victim's browser."""
        attacker = enter()
        callback = self.capture(server_on_each, attacker)

        with Visitor() as victim:
            victim.open(f"{server_on_each.admin_endpoint}/console")  # has a sign-in of its own
            page = victim.open(callback)

            assert page.status == 400
            assert "does not belong to a sign-in of this window" in page.text
            assert sessions_of(victim) == []

    @pytest.mark.parametrize(
        ("pattern", "replacement"),
        [
            (r"state=[^&]+", "state=invented"),
            (r"&?iss=[^&]+", ""),
            (r"iss=[^&]+", "iss=https%3A%2F%2Fevil.example%2Foidc"),
            (r"code=[^&]+", "code=invented"),
        ],
    )
    def test_changed_answer(
        self, server_on_each: Server, enter: Enter, pattern: str, replacement: str
    ) -> None:
        """A wrong state, a missing or foreign issuer, an invented code: no new session."""
        visitor = enter()
        before = sessions_of(visitor)
        callback = self.capture(server_on_each, visitor)

        page = visitor.open(re.sub(pattern, replacement, callback))

        assert page.status == 400
        assert sessions_of(visitor) == before

    def test_replay(self, server_on_each: Server, enter: Enter) -> None:
        """The answer works once: the pending sign-in is gone, and so is the code."""
        visitor = enter()
        callback = self.capture(server_on_each, visitor)
        assert visitor.open(callback).path == "/console/get-started"

        assert visitor.open(callback).status == 400

    def test_refusal_of_the_provider(self, server_on_each: Server, enter: Enter) -> None:
        """An error of the provider ends on a page with a way back."""
        visitor = enter()
        callback = self.capture(server_on_each, visitor)

        page = visitor.open(re.sub(r"code=[^&]+", "error=access_denied", callback))

        assert page.status == 400
        assert ("Sign in", "/console/sign-in") in page.links

    def test_fixation(self, server_on_each: Server, enter: Enter) -> None:
        """A session token that somebody put there before signing in is worth nothing after."""
        enter()
        with Visitor() as visitor:
            visitor.client.cookies.set("_console_admin", "F" * 43, domain="localhost.local")
            page = visitor.open(f"{server_on_each.admin_endpoint}/console")
            name, password = ADMINISTRATOR
            page.submit({"identifier": name, "password": password})

            assert "F" * 43 not in sessions_of(visitor)[-1:]
        answer = httpx.get(
            f"{server_on_each.admin_endpoint}/console/users",
            headers={"cookie": "_console_admin=" + "F" * 43},
        )
        assert answer.status_code == 303

    def test_old_session_ends(self, server_on_each: Server, enter: Enter) -> None:
        """Signing in again replaces the session; the old token is dead."""
        visitor = enter()
        (old,) = sessions_of(visitor)

        visitor.open(f"{server_on_each.admin_endpoint}/console/sign-in")

        assert sessions_of(visitor) != [old]
        answer = httpx.get(
            f"{server_on_each.admin_endpoint}/console/users",
            headers={"cookie": f"_console_admin={old}"},
        )
        assert answer.status_code == 303


class TestSignOut:
    def test_both_sessions_end(self, server_on_each: Server, enter: Enter) -> None:
        """After signing out the console asks again, and the old cookies open nothing."""
        visitor = enter()
        (token,) = sessions_of(visitor)

        page = visitor.open(f"{server_on_each.admin_endpoint}/console/users").submit(
            button="Sign out"
        )

        assert page.path == "/sign-in"
        answer = httpx.get(
            f"{server_on_each.admin_endpoint}/console/users",
            headers={"cookie": f"_console_admin={token}"},
        )
        assert answer.headers["location"].startswith("/console/sign-in")

    def test_session_of_the_provider(self, server_on_each: Server, enter: Enter) -> None:
        """When the session at the provider ends, the console's ends with it."""
        visitor = enter()
        (token,) = sessions_of(visitor)
        page = visitor.open(f"{server_on_each.admin_endpoint}/oidc/session/end")
        page.submit(button="Sign out")

        answer = httpx.get(
            f"{server_on_each.admin_endpoint}/console/users",
            headers={"cookie": f"_console_admin={token}"},
        )

        assert answer.headers["location"].startswith("/console/sign-in")


class TestRoles:
    def test_user_without_a_role(self, server_on_each: Server, admin_api: httpx.Client) -> None:
        """A user of the admin tenant who is no administrator stays outside."""
        make_user(admin_api, "plain_user")
        with Visitor() as visitor:
            page = visitor.open(f"{server_on_each.admin_endpoint}/console")
            page = page.submit({"identifier": "plain_user", "password": PASSWORD})

            assert page.status == 403
            assert "You cannot enter here" in page.text
            assert "Use another account" in [words for words, _ in page.links]
            assert sessions_of(visitor) == []

    def test_role_taken_away(
        self, server_on_each: Server, admin_api: httpx.Client, enter: Enter
    ) -> None:
        """A role that is taken away counts at the next click, not at the next sign-in."""
        user_id, role_id = make_user(admin_api, "former"), administrator_role(admin_api)
        admin_api.post(f"/api/users/{user_id}/roles", json={"roleIds": [role_id]})
        visitor = enter("former", PASSWORD)
        users = f"{server_on_each.admin_endpoint}/console/users"
        assert visitor.open(users).status == 200

        admin_api.delete(f"/api/users/{user_id}/roles/{role_id}").raise_for_status()

        assert visitor.open(users).status == 403

    def test_suspended(self, server_on_each: Server, admin_api: httpx.Client, enter: Enter) -> None:
        """A suspended administrator is outside at once."""
        user_id, role_id = make_user(admin_api, "suspended"), administrator_role(admin_api)
        admin_api.post(f"/api/users/{user_id}/roles", json={"roleIds": [role_id]})
        visitor = enter("suspended", PASSWORD)

        body = {"isSuspended": True}
        admin_api.patch(f"/api/users/{user_id}/is-suspended", json=body).raise_for_status()

        answer = visitor.client.get(f"{server_on_each.admin_endpoint}/console/users")
        assert answer.status_code in {303, 403}
        assert "Users" not in answer.text


class TestForgery:
    """CSRF: a form that is not from a page of this session changes nothing."""

    @pytest.fixture
    def visitor(self, enter: Enter) -> Visitor:
        return enter()

    def rotate(self, server: Server, visitor: Visitor, csrf: str, **headers: str) -> int:
        answer = visitor.client.post(
            f"{server.admin_endpoint}/console/signing-keys/rotate",
            data={"csrf": csrf},
            headers=headers,
        )
        return answer.status_code

    def token(self, server: Server, visitor: Visitor) -> str:
        page = visitor.open(f"{server.admin_endpoint}/console/signing-keys")
        return dict(page.form(button="Rotate keys").values)["csrf"]

    def keys(self, server: Server) -> list[str]:
        jwks = httpx.get(f"{server.issuer}/jwks").json()
        return [key["kid"] for key in jwks["keys"]]

    def test_without_token(self, server_on_each: Server, visitor: Visitor) -> None:
        """No token, an invented one, or that of another session is refused."""
        before = self.keys(server_on_each)
        (own,) = sessions_of(visitor)

        assert self.rotate(server_on_each, visitor, "") == 403
        assert self.rotate(server_on_each, visitor, "A" * 43) == 403
        assert self.rotate(server_on_each, visitor, own) == 403
        assert self.keys(server_on_each) == before

    def test_token_of_another_session(
        self, server_on_each: Server, visitor: Visitor, enter: Enter
    ) -> None:
        """The token of another administrator's session does not help."""
        other = self.token(server_on_each, enter())

        assert self.rotate(server_on_each, visitor, other) == 403

    @pytest.mark.parametrize(
        "headers",
        [
            {"origin": "https://evil.example"},
            {"origin": "null"},
            {"sec-fetch-site": "cross-site"},
            {"sec-fetch-site": "same-site"},
            {"sec-fetch-site": "none"},
        ],
    )
    def test_other_site(
        self, server_on_each: Server, visitor: Visitor, headers: dict[str, str]
    ) -> None:
        """With the right token, but from another site: refused all the same."""
        token = self.token(server_on_each, visitor)

        assert self.rotate(server_on_each, visitor, token, **headers) == 403

    def test_tenants_on_one_host_are_apart(self, server_on_each: Server, visitor: Visitor) -> None:
        """A page of the tenant `default`, on the same host and another port, is another site."""
        token = self.token(server_on_each, visitor)

        origin = {"origin": server_on_each.endpoint}
        assert self.rotate(server_on_each, visitor, token, **origin) == 403

    def test_own_page(self, server_on_each: Server, visitor: Visitor) -> None:
        """What a page of ours sends is done."""
        before = self.keys(server_on_each)
        token = self.token(server_on_each, visitor)

        headers = {"origin": server_on_each.admin_endpoint, "sec-fetch-site": "same-origin"}
        assert self.rotate(server_on_each, visitor, token, **headers) == 303
        assert len(self.keys(server_on_each)) == len(before) + 1

    def test_get_changes_nothing(self, server_on_each: Server, visitor: Visitor) -> None:
        """What changes things is no GET."""
        before = self.keys(server_on_each)

        visitor.client.get(f"{server_on_each.admin_endpoint}/console/signing-keys/rotate")

        assert self.keys(server_on_each) == before
