"""What the flow of one sign-in has learnt so far. Stored in the interaction, never in the browser.

    FlowState ── event           SignIn or Register
              ├─ records         what was proven, at most one of each type, the newest
              ├─ profile         what a new account is to have, or an existing one to gain
              ├─ user_id         who it is, once identified
              └─ offer           a social identity whose address belongs to an account: link them?

A social state and a password are kept as hashes only.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, ClassVar, TypeVar

import msgspec

from doorward.errors import RequestError
from doorward.kit.ids import new_id
from doorward.users.passwords import PasswordDigest
from doorward.users.registration import NewIdentity


class InteractionEvent(StrEnum):
    """What a person is about to do."""

    SIGN_IN = "SignIn"
    REGISTER = "Register"


class Identifier(msgspec.Struct, frozen=True):
    """What somebody calls themselves by: `type` is username, email or phone."""

    type: str
    value: str


class SocialPerson(msgspec.Struct, frozen=True, kw_only=True):
    """Who a provider says the person is; `email` only if the provider vouches for it."""

    id: str
    name: str | None
    avatar: str | None
    email: str | None
    raw: dict[str, Any]


class _Record(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """A proof, or the beginning of one."""

    id: str = msgspec.field(default_factory=new_id)
    creates_user: ClassVar[bool] = False


class PasswordRecord(_Record, frozen=True, kw_only=True, tag="Password"):
    """A right password for `identifier`."""

    identifier: Identifier
    user_id: str


class NewPasswordRecord(_Record, frozen=True, kw_only=True, tag="NewPasswordIdentity"):
    """A user name and a password for an account that is to be made."""

    identifier: Identifier
    password: PasswordDigest
    creates_user: ClassVar[bool] = True


class SocialRecord(_Record, frozen=True, kw_only=True, tag="Social"):
    """A visit at a provider: begun when `person` is None, else come back from.

    `state_hash` is that of the state parameter which the provider must hand back; it is taken out
    before the answer is looked at, so that an answer counts once.
    """

    connector_id: str
    target: str
    redirect_uri: str
    state_hash: str | None
    person: SocialPerson | None = None
    creates_user: ClassVar[bool] = True


Record = PasswordRecord | NewPasswordRecord | SocialRecord
R = TypeVar("R", PasswordRecord, NewPasswordRecord, SocialRecord)


class PendingProfile(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the account gets when the flow is done."""

    username: str | None = None
    email: str | None = None
    password: PasswordDigest | None = None
    name: str | None = None
    avatar: str | None = None
    identity: NewIdentity | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing is pending."""
        return self == PendingProfile()


class LinkOffer(msgspec.Struct, frozen=True):
    """An account that a social identity could be added to; `account` is its masked address."""

    user_id: str
    account: str


class FlowState(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Everything of the above. Changes make a new value: `msgspec.structs.replace`."""

    event: InteractionEvent | None = None
    records: tuple[Record, ...] = ()
    profile: PendingProfile = PendingProfile()
    user_id: str | None = None
    offer: LinkOffer | None = None

    def with_record(self, record: Record) -> FlowState:
        """Return the state with a record in place of the older one of its type."""
        others = tuple(known for known in self.records if type(known) is not type(record))
        return msgspec.structs.replace(self, records=(*others, record))

    def find_record(self, type_: type[R]) -> R | None:
        """Return the record of a type."""
        return next((known for known in self.records if isinstance(known, type_)), None)

    def get_record(self, verification_id: str) -> Record:
        """Return the record with this id.

        Raises:
            RequestError: 404 session.verification_session_not_found.
        """
        for record in self.records:
            if record.id == verification_id:
                return record
        raise RequestError("session.verification_session_not_found", status=404)


def parse_state(stored: dict[str, Any]) -> FlowState:
    """Return the state of a stored interaction; an empty one when nothing happened yet."""
    return msgspec.convert(stored, FlowState)


def dump_state(state: FlowState) -> dict[str, Any]:
    """Return what is stored of a state."""
    dumped: dict[str, Any] = msgspec.to_builtins(state)
    return dumped
