"""`next_step`: what comes next, from the state and the policy alone."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from doorward.sign_in.flow import (
    NOBODY,
    Account,
    CompleteProfile,
    CreateAccount,
    LinkAccount,
    Start,
    Submit,
    next_step,
)
from doorward.sign_in.state import (
    FlowState,
    InteractionEvent,
    LinkOffer,
    PendingProfile,
    SocialPerson,
    SocialRecord,
    dump_state,
    parse_state,
)
from doorward.sign_in_experience.document import Experience, parse_experience
from doorward.users.registration import NewIdentity

DOCUMENT: dict[str, Any] = {
    "color": {"primaryColor": "#000", "isDarkModeEnabled": False, "darkPrimaryColor": "#fff"},
    "branding": {},
    "languageInfo": {"autoDetect": True, "fallbackLanguage": "en"},
    "signIn": {"methods": []},
    "signUp": {"identifiers": ["username"], "password": True, "verify": False},
}
IDENTITY = NewIdentity("discord", "80351110224678912", {})
FULL = Account(
    has_username=True, has_email=True, has_phone=True, has_password=True, has_identity=True
)


def experience(**changes: Any) -> Experience:
    document = copy.deepcopy(DOCUMENT) | changes
    return parse_experience(document, sign_in_mode="SignInAndRegister")


def social_record() -> SocialRecord:
    person = SocialPerson(id="1", name=None, avatar=None, email=None, raw={})
    return SocialRecord(
        connector_id="c", target="discord", redirect_uri="r", state_hash=None, person=person
    )


REGISTERING = FlowState(event=InteractionEvent.REGISTER)


class TestNextStep:
    def test_nobody_is_known(self) -> None:
        assert next_step(FlowState(), experience()) == Start()
        assert next_step(REGISTERING, experience()) == Start()

    def test_a_link_is_offered(self) -> None:
        state = FlowState(offer=LinkOffer(user_id="u", account="a****@example.com"))

        assert next_step(state, experience()) == LinkAccount()

    def test_a_new_account_lacks_what_is_required(self) -> None:
        state = FlowState(
            event=InteractionEvent.REGISTER, profile=PendingProfile(identity=IDENTITY)
        )

        assert next_step(state, experience()) == CompleteProfile(("username",))

    def test_a_new_account_is_complete(self) -> None:
        profile = PendingProfile(identity=IDENTITY, username="nelly")
        state = FlowState(event=InteractionEvent.REGISTER, profile=profile)

        assert next_step(state, experience()) == CreateAccount()

    def test_somebody_is_known_and_complete(self) -> None:
        state = FlowState(event=InteractionEvent.SIGN_IN, user_id="u")

        assert next_step(state, experience(), account=FULL) == Submit()

    def test_somebody_is_known_and_incomplete(self) -> None:
        state = FlowState(event=InteractionEvent.SIGN_IN, user_id="u")

        step = next_step(state, experience(), account=NOBODY)

        assert step == CompleteProfile(("username", "password"))

    @pytest.mark.parametrize(
        ("sign_up", "missing"),
        [
            ({"identifiers": [], "password": False, "verify": False}, None),
            (
                {"identifiers": ["email", "phone"], "password": False, "verify": True},
                ("emailOrPhone",),
            ),
            (
                {
                    "identifiers": ["username"],
                    "password": True,
                    "verify": True,
                    "secondaryIdentifiers": [{"identifier": "email", "verify": True}],
                },
                ("username", "email"),
            ),
        ],
    )
    def test_what_is_required(self, sign_up: Any, missing: tuple[str, ...] | None) -> None:
        """Section 6; a password requirement is met by a social identity."""
        state = FlowState(
            event=InteractionEvent.REGISTER, profile=PendingProfile(identity=IDENTITY)
        )

        step = next_step(state, experience(signUp=sign_up))

        assert step == (CompleteProfile(missing) if missing else CreateAccount())

    def test_social_may_skip_it(self) -> None:
        state = FlowState(
            event=InteractionEvent.REGISTER, profile=PendingProfile(identity=IDENTITY)
        ).with_record(social_record())
        policy = experience(socialSignIn={"skipRequiredIdentifiers": True})

        assert next_step(state, policy) == CreateAccount()


class TestState:
    def test_survives_the_database(self) -> None:
        state = FlowState(
            event=InteractionEvent.SIGN_IN, profile=PendingProfile(identity=IDENTITY), user_id="u"
        ).with_record(social_record())

        assert parse_state(dump_state(state)) == state

    def test_keeps_one_record_of_a_type(self) -> None:
        newer = social_record()

        state = FlowState().with_record(social_record()).with_record(newer)

        assert state.records == (newer,)
