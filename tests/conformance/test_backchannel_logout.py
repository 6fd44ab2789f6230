"""OpenID Connect Back-Channel Logout 1.0."""

from __future__ import annotations

import time

from tests.conformance.callee import running_callee
from tests.conformance.plans import Run
from tests.conformance.provider import SIGNED_OUT, Account, Provider
from tests.conformance.relying_party import RelyingParty
from tests.conformance.verification import split_jws, verify_jws

EVENT = "http://schemas.openid.net/event/backchannel-logout"


def test_oidcc_backchannel_logout_discovery_endpoint_verification(rp: RelyingParty) -> None:
    """Section 2.1: discovery says that it is done, and with a sid."""
    assert rp.metadata["backchannel_logout_supported"] is True
    assert rp.metadata["backchannel_logout_session_supported"] is True


def test_oidcc_backchannel_rp_initiated_logout(
    provider: Provider, account: Account, run: Run
) -> None:
    """Section 2.4: who signs out at one client is signed out at the others; each is told so with a
    logout token of its own."""
    with running_callee() as callee:
        registration = provider.register(
            backchannelLogoutUri=f"{callee.url}/logout", backchannelLogoutSessionRequired=True
        )
        rp = RelyingParty(provider, registration, account=account, variant=run.variant)
        flow = rp.run()

        page = rp.sign_out(
            id_token_hint=flow.tokens["id_token"], post_logout_redirect_uri=SIGNED_OUT, state="s"
        )
        form = callee.await_post()

    # Section 2.5: one parameter, and it is a JWT of its own kind.
    assert page.location == f"{SIGNED_OUT}?state=s"
    assert form.keys() == {"logout_token"}
    header, _ = split_jws(form["logout_token"])
    assert header["typ"] == "logout+jwt"
    claims = verify_jws(form["logout_token"], provider.jwks(), algorithms=rp.algorithms)

    # Section 2.4 and 2.6: what it has to say, and must not say.
    now = time.time()
    assert claims["iss"] == rp.metadata["issuer"]
    assert claims["aud"] == registration.client_id
    assert now - 30 < claims["iat"] <= now + 5
    assert now < claims["exp"] <= claims["iat"] + 121
    assert claims["jti"]
    assert claims["events"] == {EVENT: {}}
    assert claims["sub"] == flow.id_token["sub"]
    assert claims["sid"] == flow.id_token["sid"]
    assert "nonce" not in claims
    assert not rp.is_signed_in()
    rp.close()
