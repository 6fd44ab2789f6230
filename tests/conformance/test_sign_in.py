"""OpenID Connect Core section 3.1.2.1: prompt, max_age and id_token_hint, in every flow."""

from __future__ import annotations

import time

from tests.conformance.relying_party import RelyingParty


def test_oidcc_prompt_login(rp: RelyingParty) -> None:
    """OpenID Connect Core section 3.1.2.1: login asks again, session or not."""
    first = rp.run(max_age="10000")
    rp.wait_for_next_second()

    second = rp.run(prompt="login", max_age="10000")

    assert rp.asked == 2
    assert second.id_token["sub"] == first.id_token["sub"]
    assert second.id_token["auth_time"] > first.id_token["auth_time"]


def test_oidcc_prompt_none_not_logged_in(rp: RelyingParty) -> None:
    """OpenID Connect Core section 3.1.2.6: login_required, and no page is shown."""
    answer = rp.authorize(prompt="none")

    assert answer["error"] == "login_required"
    assert rp.asked == 0


def test_oidcc_prompt_none_logged_in(rp: RelyingParty) -> None:
    """OpenID Connect Core section 3.1.2.1: with a session, none gives the same person at once."""
    first = rp.run(max_age="10000")

    second = rp.run(prompt="none", max_age="10000")

    assert rp.asked == 1
    assert second.id_token["sub"] == first.id_token["sub"]
    assert second.id_token["auth_time"] == first.id_token["auth_time"]


def test_oidcc_max_age_1(rp: RelyingParty) -> None:
    """OpenID Connect Core section 3.1.2.1: an older sign-in must be renewed, and auth_time said."""
    first = rp.run()
    time.sleep(1.1)

    second = rp.run(max_age="1")

    assert rp.asked == 2
    assert second.id_token["sub"] == first.id_token["sub"]
    assert time.time() - second.id_token["auth_time"] < 5


def test_oidcc_max_age_10000(rp: RelyingParty) -> None:
    """OpenID Connect Core section 3.1.2.1: a young session is good enough."""
    first = rp.run(max_age="10000")

    second = rp.run(max_age="10000")

    assert rp.asked == 1
    assert second.id_token["sub"] == first.id_token["sub"]
    assert second.id_token["auth_time"] == first.id_token["auth_time"]


def test_oidcc_id_token_hint(rp: RelyingParty) -> None:
    """OpenID Connect Core section 3.1.2.1: with the hint of who is signed in, none succeeds."""
    first = rp.run()
    hint = first.tokens.get("id_token") or first.answer.get("id_token", "")

    second = rp.run(prompt="none", id_token_hint=hint)

    assert second.id_token["sub"] == first.id_token["sub"]
