"""/register, and the first administrator of the console."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.sign_in.door import CHALLENGE, SOCIAL_ONLY, Door
from tests.support.bookstore import PASSWORD, REDIRECT_URI
from tests.support.databases import Kind, empty_database
from tests.support.management import management_api
from tests.support.pages import Page, Visitor
from tests.support.server import Server, running_server


class TestNewAccount:
    def test_is_made_and_signed_in(self, door: Door) -> None:
        page = door.arrive().follow("Create an account")

        page = page.submit({"username": "ada", "password": PASSWORD})

        assert page.location.startswith(REDIRECT_URI)
        (user,) = door.users()
        assert (user["username"], user["hasPassword"]) == ("ada", True)
        assert user["applicationId"] == door.bookstore.native.id

    def test_the_application_may_ask_for_it(self, door: Door) -> None:
        assert door.arrive(first_screen="register").path == "/register"
        assert door.arrive(interaction_mode="signUp").path == "/register"

    @pytest.mark.parametrize(
        ("password", "words"),
        [
            ("sh0rt!", "This password is too short. Minimum length: 8."),
            ("x" * 257, "This password is too long. Maximum length: 256."),
            ("ééééééééé-1", "This password has a character that cannot be used."),
            ("abcdef123456", "This password contains a sequence that is easy to guess."),
            ("charlotte1", "This password contains your own name or address."),
        ],
    )
    def test_the_password_policy_speaks(self, door: Door, password: str, words: str) -> None:
        page = door.arrive(first_screen="register")

        page = page.submit({"username": "charlotte", "password": password})

        assert page.status == 422
        assert words in page.text
        assert dict(page.form(holding="username").values)["username"] == "charlotte"
        assert password not in page.response.text
        assert door.users() == []

    @pytest.mark.parametrize(
        ("username", "words"),
        [
            ("reader0", "This username is taken."),
            ("1ada", "A username cannot begin with a digit."),
            ("ada lovelace", "Use letters, digits and underscores only."),
            ("ada@example.com", "Use letters, digits and underscores only."),
            ("a" * 129, "Length of the username: 1 to 128 characters."),
            ("", "Please fill in this field."),
        ],
    )
    def test_the_username_policy_speaks(self, door: Door, username: str, words: str) -> None:
        page = door.arrive(first_screen="register")

        page = page.submit({"username": username, "password": PASSWORD})

        assert page.status == 422
        assert words in page.text

    def test_case_counts_only_where_the_tenant_says_so(self, door: Door) -> None:
        policy = {"minLength": 1, "maxLength": 128, "caseSensitive": False}
        allowed = dict.fromkeys(("lowercase", "uppercase", "numbers", "underscore"), True)
        door.change(usernamePolicy={**policy, "allowedChars": allowed})

        page = door.arrive(first_screen="register")
        page = page.submit({"username": "READER0", "password": PASSWORD})

        assert "This username is taken." in page.text

    def test_the_terms_must_be_accepted_where_the_tenant_asks(self, door: Door) -> None:
        door.change(agreeToTermsPolicy="Manual", termsOfUseUrl="https://shop.example/terms")
        page = door.arrive(first_screen="register")

        refused = page.submit({"username": "ada", "password": PASSWORD})
        accepted = refused.submit({"username": "ada", "password": PASSWORD, "agree": "on"})

        assert "Please accept the terms to continue." in refused.text
        assert accepted.location.startswith(REDIRECT_URI)

    def test_twice_at_once_makes_one(self, door: Door) -> None:
        """Two people send the same name at the same moment."""
        pages = [door.arrive(first_screen="register") for _ in range(4)]

        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(lambda page: _send(page, "same"), pages))

        assert sorted(answers) == ["303", "422", "422", "422"]
        assert len(door.users()) == 1

    def test_twice_at_once_in_other_letters_makes_one(self, door: Door) -> None:
        """No index stands between Same and same; the registrations wait for each other."""
        policy = {"minLength": 1, "maxLength": 128, "caseSensitive": False}
        allowed = dict.fromkeys(("lowercase", "uppercase", "numbers", "underscore"), True)
        door.change(usernamePolicy={**policy, "allowedChars": allowed})
        pages = [door.arrive(first_screen="register") for _ in range(4)]

        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(_send, pages, ["same", "Same", "SAME", "sAME"]))

        assert sorted(answers) == ["303", "422", "422", "422"]
        assert len(door.users()) == 1


class TestClosed:
    def test_the_page_leads_to_sign_in(self, door: Door) -> None:
        door.change(signInMode="SignIn")

        page = door.arrive(first_screen="register")

        assert page.path == "/sign-in"
        assert "Create an account" not in page.text

    def test_a_form_that_is_sent_anyway_makes_nothing(self, door: Door) -> None:
        page = door.arrive(first_screen="register")
        door.change(signInMode="SignIn")

        page = page.submit({"username": "late", "password": PASSWORD})

        assert page.status == 403
        assert "This site does not offer that at the moment." in page.text
        assert door.users() == []

    def test_social_only_takes_no_user_name(self, door: Door) -> None:
        page = door.arrive(first_screen="register")
        door.offer_discord(signUp=SOCIAL_ONLY)

        page = page.submit({"username": "late", "password": PASSWORD})

        assert page.status == 403
        assert door.users() == []

    def test_register_only_shows_no_sign_in(self, door: Door) -> None:
        door.change(signInMode="Register")

        page = door.arrive()

        assert page.path == "/register"
        assert "Already have an account?" not in page.text


def _send(page: Page, username: str) -> str:
    form = page.form(holding="username")
    sent = dict(form.values) | {"username": username, "password": PASSWORD}
    url = str(page.response.url.join(form.action))
    return str(page.visitor.client.post(url, data=sent).status_code)


def arrive_at_console(server: Server) -> Page:
    query = {
        "client_id": "admin-console",
        "redirect_uri": f"{server.admin_endpoint}/console/callback",
        "response_type": "code",
        "scope": "openid",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        "first_screen": "register",
    }
    return Visitor().open(f"{server.admin_endpoint}/oidc/auth?{urlencode(query)}")


class TestFirstAdministrator:
    def test_of_many_who_race_one_wins(self, database_kind: Kind, tmp_path: Path) -> None:
        """Registration closes with the first; whoever comes with it at once is refused."""
        with (
            empty_database(database_kind, directory=tmp_path) as url,
            running_server(tmp_path, database_url=url) as server,
        ):
            pages = [arrive_at_console(server) for _ in range(6)]
            assert "Create the first administrator" in pages[0].text

            with ThreadPoolExecutor(6) as pool:
                names = [f"admin{number}" for number in range(6)]
                answers = list(pool.map(_send, pages, names))

            assert sorted(answers) == ["303", "403", "403", "403", "403", "403"]
            with management_api(server, tenant="admin") as api:
                (user,) = api.get("/api/users").json()
                roles = api.get(f"/api/users/{user['id']}/roles").json()
                mode = api.get("/api/sign-in-exp").json()["signInMode"]
            assert {role["name"] for role in roles} == {"user", "default:admin"}
            assert mode == "SignIn"
            assert arrive_at_console(server).path == "/sign-in"
