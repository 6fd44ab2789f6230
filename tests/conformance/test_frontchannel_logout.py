"""OpenID Connect Front-Channel Logout 1.0."""

from __future__ import annotations

import html
import re
from urllib.parse import parse_qs, urlsplit

from tests.conformance.plans import Run
from tests.conformance.provider import SIGNED_OUT, Account, Provider
from tests.conformance.relying_party import RelyingParty

ADDRESS = "https://rp.example/frontchannel"


def test_oidcc_frontchannel_logout_discovery_endpoint_verification(rp: RelyingParty) -> None:
    """Section 3.1: discovery says that it is done, and with a sid."""
    assert rp.metadata["frontchannel_logout_supported"] is True
    assert rp.metadata["frontchannel_logout_session_supported"] is True


def test_oidcc_frontchannel_rp_initiated_logout(
    provider: Provider, account: Account, run: Run
) -> None:
    """Section 3: the browser loads the client's address in a frame, with issuer and session, and
    goes on to the address after sign-out."""
    registration = provider.register(
        frontchannelLogoutUri=ADDRESS, frontchannelLogoutSessionRequired=True
    )
    rp = RelyingParty(provider, registration, account=account, variant=run.variant)
    flow = rp.run()

    page = rp.sign_out(
        id_token_hint=flow.tokens["id_token"], post_logout_redirect_uri=SIGNED_OUT, state="s"
    )

    (frame,) = re.findall(r'<iframe\b[^>]*\bsrc="([^"]*)"', page.response.text)
    parts = urlsplit(html.unescape(frame))
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == ADDRESS
    assert parse_qs(parts.query) == {
        "iss": [rp.metadata["issuer"]],
        "sid": [flow.id_token["sid"]],
    }
    assert f"{SIGNED_OUT}?state=s" in html.unescape(page.response.text)
    policy = page.response.headers["content-security-policy"]
    assert "frame-src 'self' https://rp.example;" in policy
    assert not rp.is_signed_in()
    rp.close()
