"""What is asked, what of it was allowed, and what is left to ask."""

from __future__ import annotations

from datetime import UTC, datetime

from doorward.consents.asked import Asked, disallowed_scopes, is_asked_anew
from doorward.consents.ceiling import Ceiling
from doorward.consents.store import merged
from doorward.consents.tables import Consent

NOW = datetime(2026, 11, 24, tzinfo=UTC)
BOOKS, FILMS = "https://books.example/api", "https://films.example/api"
ASKED = Asked(("openid", "profile"), {BOOKS: ("read", "write"), FILMS: ("read",)})


class TestAsked:
    def test_minus_nothing(self) -> None:
        """Without a consent everything is missing, even when nothing has a name."""
        assert ASKED.minus(None) == ASKED
        assert Asked((), {}).minus(None) == Asked((), {})

    def test_minus(self) -> None:
        """A scope allowed for one resource is not allowed for another of the same name."""
        consent = Consent(("openid",), {BOOKS: ("read",)}, NOW)

        assert ASKED.minus(consent) == Asked(("profile",), {BOOKS: ("write",), FILMS: ("read",)})

    def test_minus_everything(self) -> None:
        more = Consent(
            ("openid", "profile", "email"), {BOOKS: ("read", "write"), FILMS: ("read",)}, NOW
        )

        assert ASKED.minus(more) is None

    def test_within(self) -> None:
        consent = Consent(("profile", "email"), {FILMS: ("read", "write")}, NOW)

        assert ASKED.within(consent) == Asked(("profile",), {FILMS: ("read",)})


class TestConsent:
    def test_merged(self) -> None:
        """What is allowed is added to what was."""
        known = Consent(("openid",), {BOOKS: ("read",)}, datetime(2026, 1, 1, tzinfo=UTC))
        consent = Consent(("openid", "email"), {BOOKS: ("write",), FILMS: ("read",)}, NOW)

        assert merged(known, now=NOW, consent=consent) == Consent(
            ("openid", "email"), {BOOKS: ("read", "write"), FILMS: ("read",)}, NOW
        )


class TestCeiling:
    def test_disallowed(self) -> None:
        """openid and offline_access may always be asked for; names of APIs are not judged here."""
        ceiling = Ceiling(frozenset({"profile"}), {})

        assert disallowed_scopes(ceiling, "openid offline_access profile email read:books") == [
            "email"
        ]
        assert ceiling.of_resource(BOOKS) == frozenset()


def test_asked_anew() -> None:
    """RFC 8252 section 8.6, prompt=consent, and RFC 9396: details are of one request."""
    assert is_asked_anew(prompts={"consent"}, is_unproven=False, has_details=False)
    assert is_asked_anew(prompts=(), is_unproven=True, has_details=False)
    assert is_asked_anew(prompts=(), is_unproven=False, has_details=True)
    assert not is_asked_anew(prompts={"login"}, is_unproven=False, has_details=False)
