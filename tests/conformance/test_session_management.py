"""OpenID Connect Session Management 1.0."""

from __future__ import annotations

import base64
import hashlib
from urllib.parse import urlsplit

from tests.conformance.provider import SIGNED_OUT
from tests.conformance.relying_party import RelyingParty

ORIGIN = "https://rp.example"


def browser_state(rp: RelyingParty) -> str:
    """The one cookie of the browser that the provider's frame may read."""
    (value,) = [
        cookie.value
        for cookie in rp.visitor.cookies
        if "session" in cookie.name and not cookie.has_nonstandard_attr("HttpOnly")
    ] or [""]
    return value or ""


def is_unchanged(rp: RelyingParty, session_state: str) -> bool:
    """Do what the frame does when the client's page asks it (section 3.2)."""
    digest, _, salt = session_state.partition(".")
    text = f"{rp.registration.client_id} {ORIGIN} {browser_state(rp)} {salt}"
    computed = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest())
    return computed.rstrip(b"=").decode() == digest


def test_oidcc_session_management_discovery_endpoint_verification(rp: RelyingParty) -> None:
    """Section 3.3: discovery names the frame, over https, and any page may frame it."""
    url = rp.metadata["check_session_iframe"]

    answer = rp.http.get(url)

    assert urlsplit(url).scheme == "https"
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert "x-frame-options" not in answer.headers
    assert "frame-ancestors" not in answer.headers["content-security-policy"]


def test_oidcc_session_management_rp_initiated_logout(rp: RelyingParty) -> None:
    """Sections 2 and 3.2: session_state comes with the answer, fits client, origin and session,
    and fits no longer once the person has signed out."""
    flow = rp.run()
    state = flow.answer["session_state"]
    assert " " not in state

    is_unchanged_before = is_unchanged(rp, state)
    again = rp.run(prompt="none")
    is_unchanged_again = is_unchanged(rp, again.answer["session_state"])
    rp.sign_out(
        id_token_hint=flow.tokens["id_token"], post_logout_redirect_uri=SIGNED_OUT, state="s"
    )

    assert (is_unchanged_before, is_unchanged_again) == (True, True)
    assert not is_unchanged(rp, state)
    assert not rp.is_signed_in()
