"""Signing in with Discord, from the button back to the application, and the attacks on it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import httpx
import pytest

from tests.sign_in.door import SOCIAL_ONLY, Door, check_refusal
from tests.support.bookstore import PASSWORD, REDIRECT_URI
from tests.support.discord import Fault, Person
from tests.support.pages import Page, Visitor


def is_signed_in(page: Page) -> bool:
    return page.response.is_redirect and page.location.startswith(f"{REDIRECT_URI}?code=")


class TestNewPerson:
    def test_becomes_a_user_with_name_picture_and_address(self, door: Door) -> None:
        door.offer_discord(signUp=SOCIAL_ONLY)

        page = door.continue_with_discord(door.arrive())

        assert is_signed_in(page)
        (user,) = door.users()
        assert user["name"] == "nelly"
        assert user["avatar"].startswith("https://cdn.discordapp.com/avatars/80351110224678912/")
        assert user["primaryEmail"] == "nelly@example.com"
        assert user["identities"]["discord"]["userId"] == "80351110224678912"
        assert user["hasPassword"] is False

    def test_is_the_same_user_the_second_time(self, door: Door) -> None:
        door.offer_discord(signUp=SOCIAL_ONLY)
        door.continue_with_discord(door.arrive())
        door.discord.person = Person(username="renamed", email="other@example.com")

        page = door.continue_with_discord(door.arrive(first_screen="register"))

        assert is_signed_in(page)
        (user,) = door.users()
        assert (user["name"], user["primaryEmail"]) == ("nelly", "nelly@example.com")

    def test_follows_the_provider_where_the_connector_says_so(self, door: Door) -> None:
        """syncProfile: name and picture; the address never."""
        door.offer_discord(signUp=SOCIAL_ONLY)
        door.continue_with_discord(door.arrive())
        door.sync_profile(True)
        door.discord.person = Person(username="renamed", email="other@example.com")

        door.continue_with_discord(door.arrive())

        (user,) = door.users()
        assert (user["name"], user["primaryEmail"]) == ("renamed", "nelly@example.com")

    def test_an_unverified_address_is_not_taken(self, door: Door) -> None:
        door.offer_discord(signUp=SOCIAL_ONLY)
        door.discord.person = Person(verified=False)

        door.continue_with_discord(door.arrive())

        assert [user["primaryEmail"] for user in door.users()] == [None]

    def test_is_refused_where_no_account_may_be_made(self, door: Door) -> None:
        door.offer_discord(signInMode="SignIn")

        page = door.continue_with_discord(door.arrive())

        assert "This Discord account cannot be used for a new account here." in page.text
        assert page.follow("Back to sign-in").path == "/sign-in"
        assert door.users() == []

    def test_gives_what_the_tenant_requires_besides(self, door: Door) -> None:
        """A user name is asked for; the password requirement is met by the identity."""
        door.offer_discord()

        page = door.continue_with_discord(door.arrive())
        assert page.path == "/missing-profile"
        assert door.users() == []
        taken = page.submit({"username": "reader0"})
        done = taken.submit({"username": "nelly"})

        assert "This username is taken." in taken.text
        assert is_signed_in(done)
        assert [user["username"] for user in door.users()] == ["nelly"]

    def test_is_not_asked_where_the_tenant_skips_it(self, door: Door) -> None:
        door.offer_discord(socialSignIn={"skipRequiredIdentifiers": True})

        page = door.continue_with_discord(door.arrive())

        assert is_signed_in(page)

    def test_a_suspended_user_stays_outside(self, door: Door) -> None:
        door.offer_discord(signUp=SOCIAL_ONLY)
        door.continue_with_discord(door.arrive())
        (user,) = door.users()
        door.api.patch(f"/api/users/{user['id']}/is-suspended", json={"isSuspended": True})

        page = door.continue_with_discord(door.arrive())

        assert (page.status, "This account is suspended" in page.text) == (401, True)


class TestAnAddressThatIsKnown:
    def test_is_never_linked_in_silence(self, door: Door) -> None:
        """Who owns the address at Discord is asked first; the account shows masked."""
        door.offer_discord(signUp=SOCIAL_ONLY)
        user = door.add_user(username="nell", password=PASSWORD, primaryEmail="nelly@example.com")

        page = door.continue_with_discord(door.arrive())

        assert page.path == "/social/link"
        assert "nell****@example.com" in page.text
        assert "nelly@example.com" not in page.text
        assert door.user(user["id"])["identities"] == {}

    def test_is_linked_on_a_yes(self, door: Door) -> None:
        door.offer_discord(signUp=SOCIAL_ONLY)
        user = door.add_user(username="nell", password=PASSWORD, primaryEmail="Nelly@example.com")

        page = door.continue_with_discord(door.arrive()).submit(button="Add to this account")

        assert is_signed_in(page)
        assert door.user(user["id"])["identities"]["discord"]["userId"] == "80351110224678912"
        assert len(door.users()) == 1

    def test_an_account_with_another_identity_is_not_offered(self, door: Door) -> None:
        """It could not take a second one of this provider: somebody new is somebody new."""
        door.offer_discord(signUp=SOCIAL_ONLY)
        user = door.add_user(username="nell", password=PASSWORD, primaryEmail="nelly@example.com")
        door.continue_with_discord(door.arrive()).submit(button="Add to this account")
        door.discord.person = Person(id="90351110224678912")

        page = door.continue_with_discord(door.arrive())

        assert is_signed_in(page)
        assert door.user(user["id"])["identities"]["discord"]["userId"] == "80351110224678912"
        assert len(door.users()) == 2

    def test_stays_with_its_account_on_a_no(self, door: Door) -> None:
        door.offer_discord(signUp=SOCIAL_ONLY)
        door.add_user(username="nell", password=PASSWORD, primaryEmail="nelly@example.com")

        page = door.continue_with_discord(door.arrive()).submit(button="Create a separate account")

        assert is_signed_in(page)
        addresses = {user["username"]: user["primaryEmail"] for user in door.users()}
        assert addresses == {"nell": "nelly@example.com", None: None}

    def test_is_linked_at_once_where_the_tenant_says_so(self, door: Door) -> None:
        door.offer_discord(signUp=SOCIAL_ONLY, socialSignIn={"automaticAccountLinking": True})
        user = door.add_user(username="nell", password=PASSWORD, primaryEmail="nelly@example.com")

        page = door.continue_with_discord(door.arrive())

        assert is_signed_in(page)
        assert "discord" in door.user(user["id"])["identities"]

    def test_an_unverified_one_links_nothing(self, door: Door) -> None:
        """Anybody can type a victim's address into a profile at Discord."""
        door.offer_discord(signUp=SOCIAL_ONLY, socialSignIn={"automaticAccountLinking": True})
        user = door.add_user(username="nell", password=PASSWORD, primaryEmail="nelly@example.com")
        door.discord.person = Person(verified=False)

        door.continue_with_discord(door.arrive())

        assert door.user(user["id"])["identities"] == {}
        assert len(door.users()) == 2

    def test_a_suspended_account_is_not_entered_by_linking(self, door: Door) -> None:
        door.offer_discord(signUp=SOCIAL_ONLY)
        user = door.add_user(username="nell", password=PASSWORD, primaryEmail="nelly@example.com")
        door.api.patch(f"/api/users/{user['id']}/is-suspended", json={"isSuspended": True})

        page = door.continue_with_discord(door.arrive()).submit(button="Add to this account")

        assert page.status == 401
        assert door.user(user["id"])["identities"] == {}

    def test_an_answer_without_a_question_links_nothing(self, door: Door) -> None:
        """The form of /social/link, sent before any provider was visited."""
        door.offer_discord()
        page = door.arrive()
        token = dict(page.form(holding="identifier").values)["csrf"]

        answer = page.visitor.send(
            "post", f"{door.endpoint}/social/link", [("csrf", token), ("choice", "link")]
        )

        assert answer.path == "/sign-in"


class TestTheAnswerOfTheProvider:
    def test_counts_only_in_the_browser_that_asked(self, door: Door) -> None:
        """RFC 6749 section 10.12: an attacker sends the victim a link to the attacker's answer."""
        door.offer_discord(signUp=SOCIAL_ONLY)
        attacker = door.arrive().submit(button="Continue with Discord")
        callback = door.consent(attacker)

        victim = door.arrive().visitor.open(callback)

        assert victim.status == 400
        assert "This page has expired" in victim.text
        assert door.users() == []

    def test_counts_once(self, door: Door) -> None:
        door.offer_discord()
        page = door.arrive().submit(button="Continue with Discord")
        callback = door.consent(page)
        assert page.visitor.open(callback).path == "/missing-profile"
        asked = len(door.discord.requests)

        again = page.visitor.open(callback)

        assert again.status == 400
        assert again.follow("Go back").path == "/sign-in"
        assert len(door.discord.requests) == asked

    def test_counts_once_of_many_at_once(self, door: Door) -> None:
        """The state is spent before the provider is asked: one of all is heard."""
        door.offer_discord(signUp=SOCIAL_ONLY)
        page = door.arrive().submit(button="Continue with Discord")
        callback, cookies = door.consent(page), page.visitor.client.cookies
        asked = len(door.discord.requests)

        with ThreadPoolExecutor(8) as threads:
            answers = [
                threads.submit(httpx.get, callback, cookies=cookies, timeout=20) for _ in range(8)
            ]
            statuses = sorted(answer.result().status_code for answer in answers)

        assert statuses[0] == 303
        assert all(400 <= status < 500 for status in statuses[1:])
        assert len(door.discord.requests) == asked + 2  # the token, and whose it is
        assert len(door.users()) == 1

    def test_needs_the_state_that_was_sent(self, door: Door) -> None:
        door.offer_discord(signUp=SOCIAL_ONLY)
        page = door.arrive().submit(button="Continue with Discord")
        callback = door.consent(page)
        query = dict(parse_qsl(urlsplit(callback).query)) | {"state": "another"}

        answer = page.visitor.open(f"{callback.partition('?')[0]}?{urlencode(query)}")

        assert answer.status == 400
        assert door.users() == []

    def test_is_that_of_the_connector_that_was_asked(self, door: Door) -> None:
        """Mix-up, RFC 9700 section 4.4: the answer arrives at another connector's address."""
        door.offer_discord(signUp=SOCIAL_ONLY)
        page = door.arrive().submit(button="Continue with Discord")
        callback = door.consent(page).replace(door.connector_id, "anotherone12")

        assert page.visitor.open(callback).status == 400
        assert door.users() == []

    def test_has_our_callback_as_its_address(self, door: Door) -> None:
        door.offer_discord()

        address = door.arrive().submit(button="Continue with Discord").location

        query = parse_qs(urlsplit(address).query)
        assert address.startswith("https://discord.com/oauth2/authorize?")
        assert query["redirect_uri"] == [f"{door.endpoint}/callback/{door.connector_id}"]
        assert len(query["state"][0]) >= 43

    def test_may_come_as_a_form(self, door: Door) -> None:
        """A cross-site POST brings no cookie: the browser is asked to come again by GET."""
        door.offer_discord(signUp=SOCIAL_ONLY)
        page = door.arrive().submit(button="Continue with Discord")
        address, _, query = door.consent(page).partition("?")
        with Visitor() as without_cookie:
            answer = without_cookie.client.post(address, data=dict(parse_qsl(query)))

        assert answer.status_code == 303
        assert is_signed_in(page.visitor.open(f"{door.endpoint}{answer.headers['location']}"))

    @pytest.mark.parametrize("query", ["", "?code=a", "?state=", "?state=a%00b&code=%00"])
    def test_out_of_the_blue_is_a_page(self, door: Door, query: str) -> None:
        page = Visitor().open(f"{door.endpoint}/callback/{door.connector_id}{query}")

        assert (page.status, "This page has expired" in page.text) == (400, True)


class TestRefusals:
    @pytest.mark.parametrize(
        ("fault", "words"),
        [
            (Fault.EXPIRED_CODE, "has expired or was used before"),
            (Fault.UNAUTHORIZED, "did not confirm your identity"),
            (Fault.RATE_LIMITED, "Please try again in 65 seconds."),
            (Fault.RATE_LIMITED_USER, "Please try again in 65 seconds."),
            (Fault.BROKEN, "cannot be reached at the moment"),
        ],
    )
    def test_end_on_a_clear_page_and_leave_nothing(
        self, door: Door, fault: Fault, words: str
    ) -> None:
        door.offer_discord(signUp=SOCIAL_ONLY)
        door.discord.faults.add(fault)

        page = door.continue_with_discord(door.arrive())

        assert "Signing in with Discord did not work" in page.text
        assert words in page.text
        assert door.users() == []
        door.discord.faults.clear()
        page = door.continue_with_discord(page.follow("Back to sign-in"))
        assert is_signed_in(page)

    def test_saying_no_at_discord(self, door: Door) -> None:
        door.offer_discord(signUp=SOCIAL_ONLY)

        page = door.continue_with_discord(door.arrive(), decision="Cancel")

        assert "You did not allow the access." in page.text
        assert page.follow("Back to sign-in").path == "/sign-in"

    def test_a_button_that_is_not_shown_does_nothing(self, door: Door) -> None:
        """The connector exists, but the tenant does not offer it."""
        page = door.arrive()
        token = dict(page.form(holding="identifier").values)["csrf"]
        sent = [("csrf", token), ("connector_id", door.connector_id)]

        answer = page.visitor.send("post", f"{door.endpoint}/sign-in/social", sent)

        assert answer.status == 400


class TestDirectSignIn:
    def test_goes_straight_to_the_provider(self, door: Door) -> None:
        door.offer_discord()

        page = door.arrive(direct_sign_in="social:discord")

        assert page.location.startswith("https://discord.com/oauth2/authorize?")

    def test_falls_back_when_the_provider_is_not_offered(self, door: Door) -> None:
        page = door.arrive(direct_sign_in="social:discord", first_screen="register")

        assert page.path == "/register"

    def test_falls_back_when_the_method_is_not_there(self, door: Door) -> None:
        """Enterprise sign-in does not exist here; a request for it ends on an ordinary page."""
        page = door.arrive(direct_sign_in="sso:acme")

        assert page.path == "/sign-in"


class TestManagementApi:
    """POST /api/connectors/{id}/authorization-uri and /api/users/{id}/identities: an operator's
    program sends a person to the provider and links who comes back."""

    def link(self, door: Door, user_id: str, **changes: object) -> httpx.Response:
        """Go to Discord, come back, and hand over what came back with `changes`."""
        redirect_uri = f"{door.endpoint}/callback/{door.connector_id}"
        asked = door.api.post(
            f"/api/connectors/{door.connector_id}/authorization-uri",
            json={"state": "a-state", "redirectUri": redirect_uri},
        )
        with Visitor() as person:
            address = asked.json()["redirectTo"].replace("https://discord.com", door.discord.url)
            callback = person.open(address).submit(button="Authorize").location
        data = dict(parse_qsl(urlsplit(callback).query)) | {"redirectUri": redirect_uri} | changes
        return door.api.post(
            f"/api/users/{user_id}/identities",
            json={"connectorId": door.connector_id, "connectorData": data},
        )

    def test_links_who_came_back(self, door: Door) -> None:
        user = door.add_user(username="nell")

        answer = self.link(door, user["id"])

        assert answer.status_code == 200
        identity = answer.json()["discord"]
        assert identity["userId"] == "80351110224678912"
        assert identity["details"]["email"] == "nelly@example.com"
        assert identity["details"]["rawData"]["username"] == "nelly"
        assert door.user(user["id"])["identities"]["discord"] == identity
        assert door.user(user["id"])["primaryEmail"] is None
        door.offer_discord()
        assert is_signed_in(door.continue_with_discord(door.arrive()))
        assert len(door.users()) == 1

    def test_somebody_elses_identity(self, door: Door) -> None:
        """One Discord account is one user's; the other keeps what they had."""
        owner, other = door.add_user(username="nell"), door.add_user(username="eve")
        self.link(door, owner["id"])

        answer = self.link(door, other["id"])

        check_refusal(answer, 422, "user.identity_already_in_use")
        assert door.user(other["id"])["identities"] == {}
        assert "discord" in door.user(owner["id"])["identities"]

    @pytest.mark.parametrize(
        ("changes", "status", "code"),
        [
            ({"code": "invented"}, 401, "connector.social_auth_code_invalid"),
            ({"redirectUri": ""}, 400, "session.insufficient_info"),
            ({"redirectUri": 1}, 400, "session.insufficient_info"),
            ({"code": ["a"]}, 400, "connector.insufficient_request_parameters"),
        ],
        ids=str,
    )
    def test_refused(self, door: Door, changes: dict[str, object], status: int, code: str) -> None:
        user = door.add_user(username="nell")

        answer = self.link(door, user["id"], **changes)

        check_refusal(answer, status, code)
        assert door.user(user["id"])["identities"] == {}

    def test_unknown_user_or_connector(self, door: Door) -> None:
        user = door.add_user(username="nell")
        body = {"connectorId": "nothing", "connectorData": {"code": "a", "redirectUri": "b"}}

        no_connector = door.api.post(f"/api/users/{user['id']}/identities", json=body)
        no_user = door.api.post("/api/users/nobody/identities", json=body)

        check_refusal(no_connector, 404, "entity.not_exists_with_id")
        check_refusal(no_user, 404, "entity.not_exists_with_id")
