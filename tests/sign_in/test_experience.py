"""The Experience API: the same steps as the pages, with the codes of the reference."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.sign_in.door import SOCIAL_ONLY, Door, Program, check_refusal
from tests.support.bookstore import PASSWORD, REDIRECT_URI
from tests.support.discord import Person
from tests.support.pages import Visitor


class TestWithoutASession:
    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("PUT", ""),
            ("PUT", "/interaction-event"),
            ("GET", "/interaction"),
            ("POST", "/verification/password"),
            ("POST", "/verification/new-password-identity"),
            ("POST", "/verification/social/x/authorization-uri"),
            ("POST", "/verification/social/x/verify"),
            ("POST", "/identification"),
            ("POST", "/profile"),
            ("POST", "/submit"),
        ],
    )
    def test_is_refused(self, door: Door, method: str, path: str) -> None:
        """400 session.not_found, with OAuth's members besides."""
        body = {
            "interactionEvent": "SignIn",
            "identifier": {"type": "username", "value": "a"},
            "password": "b",
            "connectorData": {},
            "type": "username",
            "value": "a",
        }
        answer = httpx.request(method, f"{door.endpoint}/api/experience{path}", json=body)

        check_refusal(answer, 400, "session.not_found")
        assert answer.json()["error"] == "invalid_request"
        assert answer.json()["error_description"] == "session not found"

    def test_of_another_application_is_refused(self, door: Door) -> None:
        program = Program(door)
        program.visitor.client.headers["logto-app-id"] = door.bookstore.web.id

        answer = program.call("PUT", "", {"interactionEvent": "SignIn"})

        check_refusal(answer, 400, "session.not_found")

    @pytest.mark.parametrize(
        ("method", "path", "body"),
        [
            ("PUT", "/interaction-event", {"interactionEvent": "SignIn"}),
            ("GET", "/interaction", None),
            ("POST", "/identification", {}),
            ("POST", "/submit", {}),
            ("POST", "/profile", {"type": "username", "value": "ada"}),
        ],
    )
    def test_before_the_start(self, door: Door, method: str, path: str, body: object) -> None:
        answer = Program(door).call(method, path, body)

        check_refusal(answer, 404, "session.interaction_not_found")


class TestOrigin:
    @pytest.mark.parametrize("origin", ["https://evil.example", "http://sub.localhost:1", "null"])
    def test_a_page_of_another_origin_is_refused(self, door: Door, origin: str) -> None:
        """A form with enctype text/plain can carry JSON, and a neighbour's carries the cookie."""
        program = Program(door)
        url = f"{door.endpoint}/api/experience"
        headers = {"origin": origin, "content-type": "text/plain"}

        answer = program.visitor.client.put(
            url, content=b'{"interactionEvent":"SignIn"}', headers=headers
        )

        check_refusal(answer, 400, "session.csrf_token_mismatch")

    def test_a_page_of_this_origin_is_not(self, door: Door) -> None:
        program = Program(door)
        program.visitor.client.headers["origin"] = door.endpoint

        program.start()


class TestPassword:
    def test_signs_in(self, door: Door) -> None:
        program = Program(door)
        program.start()
        id_ = program.prove("password", program.password("reader0", PASSWORD))

        identified = program.call("POST", "/identification", {"verificationId": id_})

        assert identified.status_code == 204
        assert program.finish().location.startswith(f"{REDIRECT_URI}?code=")

    def test_what_is_known_may_be_seen(self, door: Door) -> None:
        """Never a digest."""
        program = Program(door)
        program.start()
        id_ = program.prove("password", program.password("reader0", PASSWORD))

        shown = program.call("GET", "/interaction")

        assert shown.json() == {
            "interactionEvent": "SignIn",
            "profile": {},
            "verificationRecords": [
                {
                    "id": id_,
                    "type": "Password",
                    "identifier": {"type": "username", "value": "reader0"},
                    "verified": True,
                }
            ],
        }

    def test_wrong_credentials(self, door: Door) -> None:
        program = Program(door)
        program.start()

        for username, password in (("reader0", "wrong"), ("nobody", PASSWORD)):
            answer = program.call(
                "POST", "/verification/password", program.password(username, password)
            )
            check_refusal(answer, 422, "session.invalid_credentials")

    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"identifier": "reader0", "password": "x"},
            {"identifier": {"type": "nickname", "value": "x"}, "password": "x"},
            {"identifier": {"type": "username", "value": ""}, "password": "x"},
            {"identifier": {"type": "username", "value": "x"}, "password": ""},
            {"identifier": {"type": "username", "value": "x\0"}, "password": "x"},
        ],
        ids=range(6),
    )
    def test_malformed(self, door: Door, body: object) -> None:
        program = Program(door)
        program.start()

        answer = program.call("POST", "/verification/password", body)

        check_refusal(answer, 400, "guard.invalid_input")

    def test_a_method_that_is_off(self, door: Door) -> None:
        program = Program(door)
        program.start()
        id_ = program.prove("password", program.password("reader0", PASSWORD))
        door.change(signIn={"methods": []})

        answer = program.call("POST", "/identification", {"verificationId": id_})

        check_refusal(answer, 422, "user.sign_in_method_not_enabled")

    def test_lockout(self, door: Door) -> None:
        door.change(sentinelPolicy={"maxAttempts": 2, "lockoutDuration": 60})
        program = Program(door)
        program.start()
        body = program.password("experienced", "wrong")
        for _ in range(2):
            program.call("POST", "/verification/password", body)

        answer = program.call("POST", "/verification/password", body)
        program.visitor.client.headers["accept-language"] = "de"
        german = program.call("POST", "/verification/password", body)

        check_refusal(answer, 400, "session.verification_blocked_too_many_attempts")
        assert answer.json()["message"] == ("Too many failed attempts. Please try again in 60 min.")
        assert german.json()["message"] == (
            "Zu viele Fehlversuche. Bitte versuchen Sie es in 60 Min. noch einmal."
        )

    def test_guesses_that_race_past_the_lock_gain_nothing(self, door: Door) -> None:
        """The right password was proven, then others filled the counter: no sign-in."""
        door.change(sentinelPolicy={"maxAttempts": 2, "lockoutDuration": 60})
        door.add_user(username="raced", password=PASSWORD)
        program = Program(door)
        program.start()
        id_ = program.prove("password", program.password("raced", PASSWORD))
        program.call("POST", "/identification", {"verificationId": id_})
        others = Program(door)
        others.start()
        for _ in range(2):
            others.call("POST", "/verification/password", others.password("raced", "wrong"))

        answer = program.call("POST", "/submit")

        check_refusal(answer, 400, "session.verification_blocked_too_many_attempts")


class TestIdentification:
    def test_order_of_the_checks(self, door: Door) -> None:
        """Section 4: id, record, event, method, and so on."""
        program = Program(door)
        program.start()

        check_refusal(program.call("POST", "/identification", {}), 400, "guard.invalid_input")
        unknown = program.call("POST", "/identification", {"verificationId": "x" * 21})
        check_refusal(unknown, 404, "session.verification_session_not_found")
        id_ = program.prove("password", program.password("reader0", PASSWORD))
        door.change(signInMode="Register", signIn={"methods": []})
        closed = program.call("POST", "/identification", {"verificationId": id_})
        check_refusal(closed, 403, "auth.forbidden")

    def test_another_user_in_the_same_flow(self, door: Door) -> None:
        door.add_user(username="second", password=PASSWORD)
        program = Program(door)
        program.start()
        first = program.prove("password", program.password("reader0", PASSWORD))
        assert program.call("POST", "/identification", {"verificationId": first}).is_success
        assert program.call("POST", "/identification", {"verificationId": first}).is_success
        second = program.prove("password", program.password("second", PASSWORD))

        answer = program.call("POST", "/identification", {"verificationId": second})

        check_refusal(answer, 409, "session.identity_conflict")

    def test_a_record_of_another_browser_is_unknown(self, door: Door) -> None:
        """A verification id is worth nothing outside its own interaction."""
        owner = Program(door)
        owner.start()
        id_ = owner.prove("password", owner.password("reader0", PASSWORD))
        thief = Program(door)
        thief.start()

        answer = thief.call("POST", "/identification", {"verificationId": id_})

        check_refusal(answer, 404, "session.verification_session_not_found")

    def test_a_new_identity_does_not_sign_in(self, door: Door) -> None:
        program = Program(door)
        program.start()
        id_ = program.prove("new-password-identity", program.password("fresh", PASSWORD))

        answer = program.call("POST", "/identification", {"verificationId": id_})

        check_refusal(answer, 422, "user.sign_in_method_not_enabled")
        assert door.users() == []

    def test_nobody_is_submitted(self, door: Door) -> None:
        program = Program(door)
        program.start()

        check_refusal(program.call("POST", "/submit"), 404, "session.identifier_not_found")

    def test_starting_again_forgets(self, door: Door) -> None:
        program = Program(door)
        program.start()
        id_ = program.prove("password", program.password("reader0", PASSWORD))
        program.call("POST", "/identification", {"verificationId": id_})
        program.start()

        check_refusal(program.call("POST", "/submit"), 404, "session.identifier_not_found")

    def test_submitting_twice_at_once_completes_once(self, door: Door) -> None:
        program = Program(door)
        program.start()
        id_ = program.prove("password", program.password("reader0", PASSWORD))
        program.call("POST", "/identification", {"verificationId": id_})

        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(lambda _: program.call("POST", "/submit"), range(4)))

        assert [answer.status_code for answer in answers].count(200) == 1
        assert {answer.status_code for answer in answers} <= {200, 400, 409}


class TestRegistration:
    def test_makes_the_account_at_identification(self, door: Door) -> None:
        program = Program(door)
        program.start("Register")
        id_ = program.prove("new-password-identity", program.password("ada", PASSWORD))

        made = program.call("POST", "/identification", {"verificationId": id_})

        assert (made.status_code, made.text) == (201, "Created")
        assert [user["username"] for user in door.users()] == ["ada"]
        assert program.finish().location.startswith(f"{REDIRECT_URI}?code=")

    def test_closed(self, door: Door) -> None:
        door.change(signInMode="SignIn")
        program = Program(door)
        program.start("Register")
        id_ = program.prove("new-password-identity", program.password("ada", PASSWORD))

        answer = program.call("POST", "/identification", {"verificationId": id_})

        check_refusal(answer, 403, "auth.forbidden")
        assert door.users() == []

    def test_social_only_takes_no_user_name(self, door: Door) -> None:
        """Neither as a new identity nor as a profile that is filled in bit by bit."""
        door.offer_discord(signUp=SOCIAL_ONLY)
        program = Program(door)
        program.start("Register")
        id_ = program.prove("new-password-identity", program.password("ada", PASSWORD))

        at_once = program.call("POST", "/identification", {"verificationId": id_})
        program.start("Register")
        for kind, value in (("username", "ada"), ("password", PASSWORD)):
            program.call("POST", "/profile", {"type": kind, "value": value})
        bit_by_bit = program.call("POST", "/identification", {})

        check_refusal(at_once, 403, "auth.forbidden")
        check_refusal(bit_by_bit, 403, "auth.forbidden")
        assert door.users() == []

    def test_switching_asks_whether_the_door_is_open(self, door: Door) -> None:
        door.change(signInMode="SignIn")
        program = Program(door)
        program.start()

        answer = program.call("PUT", "/interaction-event", {"interactionEvent": "Register"})

        check_refusal(answer, 403, "auth.forbidden")

    def test_password_policy(self, door: Door) -> None:
        program = Program(door)
        program.start("Register")

        answer = program.call(
            "POST", "/verification/new-password-identity", program.password("ada", "abc")
        )

        data = check_refusal(answer, 422, "password.rejected")
        assert data == [{"code": "password_rejected.too_short", "interpolation": {"min": 8}}]

    @pytest.mark.parametrize(
        ("username", "code"),
        [
            ("", "user.username_required"),
            ("1ada", "user.username_starts_with_number"),
            ("ada-lovelace", "user.username_invalid_charset_hard"),
            ("a" * 129, "user.username_too_long"),
            ("reader0", "user.username_already_in_use"),
        ],
    )
    def test_username_policy(self, door: Door, username: str, code: str) -> None:
        program = Program(door)
        program.start("Register")

        answer = program.call(
            "POST", "/verification/new-password-identity", program.password(username, PASSWORD)
        )

        check_refusal(answer, 422, code)

    def test_a_password_proof_makes_no_account(self, door: Door) -> None:
        program = Program(door)
        program.start("Register")
        id_ = program.prove("password", program.password("reader0", PASSWORD))

        answer = program.call("POST", "/identification", {"verificationId": id_})

        check_refusal(answer, 400, "session.verification_failed")


class TestSocial:
    @pytest.fixture(autouse=True)
    def _offered(self, door: Door) -> None:
        door.offer_discord()

    def test_only_what_is_offered(self, door: Door) -> None:
        """A provider that the tenant has set up and does not show signs nobody in, and nobody up,
        also when it was taken away while somebody was there."""
        program = Program(door)
        program.start()
        path = f"/verification/social/{door.connector_id}"
        redirect_uri = f"{door.endpoint}/callback/{door.connector_id}"
        begin = {"state": "a-state", "redirectUri": redirect_uri}
        begun = program.call("POST", f"{path}/authorization-uri", begin).json()
        door.change(socialSignInConnectorTargets=[])

        again = program.call("POST", f"{path}/authorization-uri", begin)
        answer = {"connectorData": {"code": "a-code"}, "verificationId": begun["verificationId"]}
        back = program.call("POST", f"{path}/verify", answer)

        check_refusal(again, 404, "entity.not_exists_with_id")
        check_refusal(back, 404, "entity.not_exists_with_id")

    def test_registers_and_signs_in_again(self, door: Door) -> None:
        door.offer_discord(signUp=SOCIAL_ONLY)
        first = Program(door)
        first.start("Register")
        id_ = first.discord()
        made = first.call("POST", "/identification", {"verificationId": id_})
        assert made.status_code == 201
        first.finish()
        second = Program(door)
        second.start()
        id_ = second.discord()

        answer = second.call("POST", "/identification", {"verificationId": id_})

        assert answer.status_code == 204
        assert second.finish().location.startswith(f"{REDIRECT_URI}?code=")
        assert len(door.users()) == 1

    def test_an_unknown_person(self, door: Door) -> None:
        """The account with the same verified address is named, masked, and linked on request."""
        user = door.add_user(username="nell", password=PASSWORD, primaryEmail="nelly@example.com")
        program = Program(door)
        program.start()
        id_ = program.discord()

        unknown = program.call("POST", "/identification", {"verificationId": id_})
        linked = program.call(
            "POST", "/identification", {"verificationId": id_, "linkSocialIdentity": True}
        )

        data = check_refusal(unknown, 404, "user.identity_not_exist")
        assert data == {"relatedUser": {"type": "email", "value": "nell****@example.com"}}
        assert linked.status_code == 204
        program.finish()
        assert "discord" in door.user(user["id"])["identities"]

    def test_linking_needs_a_verified_address(self, door: Door) -> None:
        door.add_user(username="nell", password=PASSWORD, primaryEmail="nelly@example.com")
        door.discord.person = Person(verified=False)
        program = Program(door)
        program.start()
        id_ = program.discord()

        answer = program.call(
            "POST", "/identification", {"verificationId": id_, "linkSocialIdentity": True}
        )

        assert check_refusal(answer, 404, "user.identity_not_exist") == {}

    def test_what_is_missing_may_be_added(self, door: Door) -> None:
        """Section 5: what was collected stays, and identification is called again without an id."""
        program = Program(door)
        program.start("Register")
        id_ = program.discord()

        missing = program.call("POST", "/identification", {"verificationId": id_})
        added = program.call("POST", "/profile", {"type": "username", "value": "nelly"})
        made = program.call("POST", "/identification", {})

        data = check_refusal(missing, 422, "user.missing_profile")
        assert data == {"missingProfile": ["username"]}
        assert (added.status_code, made.status_code) == (204, 201)
        (user,) = door.users()
        assert (user["username"], "discord" in user["identities"]) == ("nelly", True)

    def test_an_answer_counts_once(self, door: Door) -> None:
        program = Program(door)
        program.start()
        program.discord()
        path = f"/verification/social/{door.connector_id}/verify"

        answer = program.call("POST", path, {"connectorData": {"code": "again"}})

        check_refusal(answer, 400, "session.connector_validation_session_not_found")

    def test_state_and_redirect_are_needed(self, door: Door) -> None:
        program = Program(door)
        program.start()
        path = f"/verification/social/{door.connector_id}/authorization-uri"

        for body in ({}, {"state": "a"}, {"redirectUri": "https://a.example"}):
            check_refusal(program.call("POST", path, body), 400, "session.insufficient_info")

    def test_a_foreign_state_is_refused(self, door: Door) -> None:
        program = Program(door)
        program.start()
        path = f"/verification/social/{door.connector_id}"
        body = {"state": "mine", "redirectUri": f"{door.endpoint}/callback/{door.connector_id}"}
        program.call("POST", f"{path}/authorization-uri", body)
        data = {"connectorData": {"code": "a", "state": "theirs"}}

        answer = program.call("POST", f"{path}/verify", data)

        check_refusal(answer, 400, "session.connector_validation_session_not_found")


class TestProfile:
    def test_needs_an_identified_user_at_sign_in(self, door: Door) -> None:
        program = Program(door)
        program.start()

        answer = program.call("POST", "/profile", {"type": "username", "value": "ada"})

        check_refusal(answer, 404, "session.identifier_not_found")

    def test_what_the_user_has_is_not_replaced(self, door: Door) -> None:
        program = Program(door)
        program.start()
        id_ = program.prove("password", program.password("reader0", PASSWORD))
        program.call("POST", "/identification", {"verificationId": id_})

        name = program.call("POST", "/profile", {"type": "username", "value": "other"})
        password = program.call("POST", "/profile", {"type": "password", "value": PASSWORD})

        check_refusal(name, 422, "user.username_exists_in_profile")
        check_refusal(password, 422, "user.password_exists_in_profile")

    def test_a_social_identity_is_added(self, door: Door) -> None:
        door.offer_discord()
        user = door.add_user(username="adder", password=PASSWORD)
        program = Program(door)
        program.start()
        id_ = program.prove("password", program.password("adder", PASSWORD))
        program.call("POST", "/identification", {"verificationId": id_})
        social = program.discord()

        answer = program.call("POST", "/profile", {"type": "social", "verificationId": social})
        wrong = program.call("POST", "/profile", {"type": "social", "verificationId": id_})

        assert answer.status_code == 204
        check_refusal(wrong, 404, "session.verification_session_not_found")
        program.finish()
        assert "discord" in door.user(user["id"])["identities"]


class TestTwoDoors:
    def test_a_page_goes_on_where_a_program_stopped(self, door: Door) -> None:
        """One interaction, one state: what the API collected, the page asks the rest of."""
        door.offer_discord()
        visitor = Visitor()
        program = Program(door, visitor)
        program.start("Register")
        program.call("POST", "/identification", {"verificationId": program.discord()})

        page = visitor.open(f"{door.endpoint}/missing-profile")
        page = page.submit({"username": "nelly"})

        assert page.location.startswith(f"{REDIRECT_URI}?code=")
        assert [user["username"] for user in door.users()] == ["nelly"]
