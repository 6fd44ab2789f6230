"""The token endpoint in the flows that have a code: PKCE, reuse, refresh tokens."""

from __future__ import annotations

import time

import pytest

from tests.conformance.conftest import Clients
from tests.conformance.plans import Variant, list_runs
from tests.conformance.provider import Account, Provider
from tests.conformance.relying_party import Flow, RelyingParty
from tests.conformance.verification import verify_jws


@pytest.fixture(scope="module", autouse=True)
def aged(
    provider: Provider, clients: Clients, account: Account
) -> dict[Variant, tuple[Flow, float]]:
    """Codes that were used when the module began, for the test that waits until they are old."""
    flows = {}
    for variant in {
        run.variant for run in list_runs() if run.module == "oidcc-codereuse-30seconds"
    }:
        rp = RelyingParty(provider, clients.of(variant), account=account, variant=variant)
        flows[variant] = (rp.run(), time.monotonic())
        rp.close()
    return flows


def test_oidcc_ensure_request_with_valid_pkce_succeeds(rp: RelyingParty) -> None:
    """RFC 7636 section 4: challenge in front, verifier at the token endpoint."""
    flow = rp.run(
        # The pair of RFC 7636 appendix B.
        code_challenge="E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        code_challenge_method="S256",
        form={"code_verifier": "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"},
    )

    assert flow.tokens["access_token"]


def test_oidcc_codereuse(rp: RelyingParty) -> None:
    """RFC 6749 section 4.1.2: a code works once."""
    flow = rp.run()

    again = rp.exchange(flow)

    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")


def test_oidcc_refresh_token(rp: RelyingParty, second_rp: RelyingParty) -> None:
    """OpenID Connect Core section 12: new tokens of the same person, for the same client only."""
    first = rp.run(scope="openid offline_access", prompt="consent")
    rp.wait_for_next_second()

    # RFC 6749 section 10.4: bound to the client. The attempt must not cost the owner anything.
    stolen = second_rp.refresh(first.tokens["refresh_token"])
    answer = rp.refresh(first.tokens["refresh_token"])

    assert (stolen.status_code, stolen.json()["error"]) == (400, "invalid_grant")
    assert answer.status_code == 200, answer.text
    tokens = answer.json()
    assert tokens["access_token"] != first.tokens["access_token"]
    claims = verify_jws(tokens["id_token"], rp.provider.jwks(), algorithms=rp.algorithms)
    # Section 12.2: the same issuer, subject, audience and auth_time; issued later.
    for name in ("iss", "sub", "aud", "auth_time"):
        assert claims.get(name) == first.id_token.get(name)
    assert claims["iat"] > first.id_token["iat"]
    assert claims.get("nonce") in {None, first.request["nonce"]}
    assert rp.userinfo(Flow(first.request, {}, tokens, claims))["sub"] == rp.account.id


def test_oidcc_codereuse_30seconds(
    rp: RelyingParty, aged: dict[Variant, tuple[Flow, float]]
) -> None:
    """RFC 6749 section 4.1.2: used again after 30 s, and its tokens are revoked with it."""
    flow, used_at = aged[rp.variant]
    time.sleep(max(0.0, used_at + 31 - time.monotonic()))

    again = rp.exchange(flow)

    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    header = {"authorization": f"Bearer {flow.tokens['access_token']}"}
    assert rp.http.get(rp.metadata["userinfo_endpoint"], headers=header).status_code == 401
