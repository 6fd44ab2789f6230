"""OpenID Connect Core: the modules that Basic, Implicit, Hybrid and their Form Post twins share."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.conformance.plans import Variant, list_runs
from tests.conformance.provider import Account, Provider, Registration
from tests.conformance.relying_party import Flow, RelyingParty
from tests.conformance.verification import split_jws, to_base64url, verify_jws

PROFILE_CLAIMS = {
    "name": "Ada Lovelace",
    "family_name": "Lovelace",
    "given_name": "Ada",
    "middle_name": "Byron",
    "nickname": "ada",
    "preferred_username": "countess",
    "profile": "https://ada.example/",
    "picture": "https://ada.example/portrait.png",
    "website": "https://ada.example/home",
    "gender": "female",
    "birthdate": "1815-12-10",
    "zoneinfo": "Europe/London",
    "locale": "en-GB",
}


@pytest.fixture(scope="module", autouse=True)
def aged(
    provider: Provider, registration: Registration, account: Account
) -> Iterator[dict[Variant, tuple[Flow, float]]]:
    """Codes that were used when the module began, for the test that waits until they are old."""
    flows = {}
    for variant in {
        run.variant for run in list_runs() if run.module == "oidcc-codereuse-30seconds"
    }:
        rp = RelyingParty(provider, registration, account=account, variant=variant)
        flows[variant] = (rp.run(), time.monotonic())
        rp.close()
    return flows


def unsigned(claims: dict[str, Any]) -> str:
    """Return a request object with alg none (OpenID Connect Core section 6.1)."""
    parts = [to_base64url(json.dumps(part).encode()) for part in ({"alg": "none"}, claims)]
    return ".".join([*parts, ""])


def claims_of(rp: RelyingParty, flow: Flow) -> dict[str, Any]:
    """Return what the scopes of a flow tell: by userinfo, or by ID token where it is all there is.

    OpenID Connect Core section 5.4.
    """
    if rp.variant.response_type == "id_token":
        return flow.id_token
    return rp.userinfo(flow)


# The whole flow


def test_oidcc_server(rp: RelyingParty) -> None:
    """A flow in which every answer is verified; the person at userinfo is that of the ID token."""
    flow = rp.run()

    if rp.variant.response_type != "id_token":
        assert rp.userinfo(flow)["sub"] == rp.account.id
    assert flow.id_token["sub"] == rp.account.id


def test_oidcc_server_client_secret_post(rp: RelyingParty) -> None:
    """RFC 6749 section 2.3.1: the secret may also travel in the form."""
    assert rp.run().tokens["access_token"]


def test_oidcc_response_type_missing(rp: RelyingParty) -> None:
    """RFC 6749 section 4.1.2.1: invalid_request, at the redirect URI or on a page."""
    request = rp.request(response_type=None)

    page = rp.open(request)

    if page.response.is_redirect:
        assert "error=invalid_request" in page.location
        assert f"state={request['state']}" in page.location
    elif page.status == 200:
        sent = dict(page.forms[0].values)
        assert (sent["error"], sent["state"]) == ("invalid_request", request["state"])
    else:
        assert page.status == 400


# The ID token


def test_oidcc_idtoken_signature(rp: RelyingParty) -> None:
    """The kid of the header leads to the one published key that verifies the signature."""
    flow = rp.run()
    token = flow.tokens.get("id_token") or flow.answer["id_token"]
    header, _ = split_jws(token)
    kids = [key["kid"] for key in rp.provider.jwks()["keys"]]

    verify_jws(token, rp.provider.jwks(), algorithms=rp.algorithms)

    assert kids.count(header["kid"]) == 1
    assert header["alg"] != "none"


def test_oidcc_idtoken_unsigned(rp: RelyingParty) -> None:
    """Nobody can ask for ID tokens without a signature: the algorithm is not on offer."""
    assert "none" not in rp.metadata["id_token_signing_alg_values_supported"]


# Userinfo


def test_oidcc_userinfo_get(rp: RelyingParty) -> None:
    """OpenID Connect Core section 5.3.1: GET with the token in the header."""
    assert rp.userinfo(rp.run(), way="get")["sub"] == rp.account.id


def test_oidcc_userinfo_post_header(rp: RelyingParty) -> None:
    """RFC 6750 section 2.1: POST with the token in the header."""
    assert rp.userinfo(rp.run(), way="post header")["sub"] == rp.account.id


def test_oidcc_userinfo_post_body(rp: RelyingParty) -> None:
    """RFC 6750 section 2.2: POST with the token in the form."""
    assert rp.userinfo(rp.run(), way="post body")["sub"] == rp.account.id


# Nonce


def test_oidcc_ensure_request_without_nonce_succeeds_for_code_flow(rp: RelyingParty) -> None:
    """OpenID Connect Core section 3.1.2.1: the nonce is optional; then the token has none."""
    assert "nonce" not in rp.run(nonce=None).id_token


# Scopes


def test_oidcc_scope_profile(rp: RelyingParty) -> None:
    """OpenID Connect Core section 5.4: every claim of `profile`, with its type of section 5.1."""
    claims = claims_of(rp, rp.run(scope="openid profile"))

    assert {name: claims.get(name) for name in PROFILE_CLAIMS} == PROFILE_CLAIMS
    assert isinstance(claims["updated_at"], int)
    assert "email" not in claims


def test_oidcc_scope_email(rp: RelyingParty) -> None:
    """OpenID Connect Core section 5.4."""
    claims = claims_of(rp, rp.run(scope="openid email"))

    assert claims["email"] == f"{rp.account.username}@mail.example"
    assert claims["email_verified"] is True
    assert "name" not in claims


def test_oidcc_scope_address(rp: RelyingParty) -> None:
    """OpenID Connect Core section 5.1.1: the address is an object."""
    claims = claims_of(rp, rp.run(scope="openid address"))

    assert claims["address"]["formatted"] == "12 St James's Square, London"
    assert claims["address"]["locality"] == "London"
    assert claims["address"]["country"] == "United Kingdom"


def test_oidcc_scope_phone(rp: RelyingParty) -> None:
    """OpenID Connect Core section 5.4."""
    claims = claims_of(rp, rp.run(scope="openid phone"))

    assert claims["phone_number"].startswith("4420791")
    assert claims["phone_number_verified"] is True


def test_oidcc_scope_all(rp: RelyingParty) -> None:
    """All standard scopes at once."""
    claims = claims_of(rp, rp.run(scope="openid profile email address phone"))

    assert {*PROFILE_CLAIMS, "email", "address", "phone_number"} <= claims.keys()


def test_oidcc_ensure_other_scope_order_succeeds(rp: RelyingParty) -> None:
    """RFC 6749 section 3.3: the order of scopes does not matter."""
    flow = rp.run(scope="email openid")

    assert claims_of(rp, flow)["email"] == f"{rp.account.username}@mail.example"


# Parameters that change nothing here, or change a page


def test_oidcc_display_page(rp: RelyingParty) -> None:
    """OpenID Connect Core section 3.1.2.1: display must not cause an error."""
    assert rp.run(display="page").id_token["sub"] == rp.account.id


def test_oidcc_display_popup(rp: RelyingParty) -> None:
    """OpenID Connect Core section 3.1.2.1: display must not cause an error."""
    assert rp.run(display="popup").id_token["sub"] == rp.account.id


def test_oidcc_ensure_request_with_unknown_parameter_succeeds(rp: RelyingParty) -> None:
    """RFC 6749 section 3.1: unrecognized request parameters MUST be ignored."""
    assert rp.run(extra="foobar").id_token["sub"] == rp.account.id


def test_oidcc_login_hint(rp: RelyingParty) -> None:
    """OpenID Connect Core section 3.1.2.1: a hint may be of any form."""
    assert rp.run(login_hint="ada@mail.example").id_token["sub"] == rp.account.id


def test_oidcc_ui_locales(rp: RelyingParty) -> None:
    """OpenID Connect Core section 3.1.2.1: no error if a locale is unknown; a known one counts."""
    page = rp.open(rp.request(ui_locales="xx de en"))

    assert '<html lang="de' in page.response.text
    assert rp.run(ui_locales="se").id_token["sub"] == rp.account.id


def test_oidcc_claims_locales(rp: RelyingParty) -> None:
    """OpenID Connect Core section 5.2: no error if a locale is unknown."""
    assert rp.run(claims_locales="se").id_token["sub"] == rp.account.id


def test_oidcc_ensure_request_with_acr_values_succeeds(rp: RelyingParty) -> None:
    """OpenID Connect Core section 3.1.2.1: acr_values are a wish; an unknown one is no error."""
    assert rp.run(acr_values="1 2").id_token["sub"] == rp.account.id


def test_oidcc_claims_essential(rp: RelyingParty) -> None:
    """OpenID Connect Core section 5.5.1: an essential claim that we lack is no error."""
    place = "id_token" if rp.variant.response_type == "id_token" else "userinfo"
    claims = f'{{"{place}": {{"name": {{"essential": true}}}}}}'

    flow = rp.run(claims=claims)

    if rp.metadata["claims_parameter_supported"]:
        assert claims_of(rp, flow)["name"] == "Ada Lovelace"


# Prompt, max_age and hints


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
    rp.wait_for_next_second()
    rp.wait_for_next_second()

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


# Redirect URI, method, request objects


def test_oidcc_ensure_registered_redirect_uri(rp: RelyingParty) -> None:
    """RFC 6749 section 3.1.2.4: a page says what is wrong; nobody is sent to a strange address."""
    page = rp.open(rp.request(redirect_uri="https://rp.example/callback/elsewhere"))

    assert page.status == 400
    assert "location" not in page.response.headers
    assert "redirect_uri" in page.text
    assert page.forms == []


def test_oidcc_ensure_post_request_succeeds(rp: RelyingParty) -> None:
    """OpenID Connect Core section 3.1.2.1: the request may be a POST."""
    assert rp.run(method="post").id_token["sub"] == rp.account.id


def test_oidcc_request_uri_unsigned_supported_correctly_or_rejected_as_unsupported(
    rp: RelyingParty,
) -> None:
    """OpenID Connect Core section 6.2: request_uri_not_supported where it is not on offer."""
    request = rp.request(request_uri="https://rp.example/request.jwt")

    answer = rp.receive(rp.open(request), request)

    assert answer["error"] in {"request_uri_not_supported", "invalid_request_uri"}


def test_oidcc_unsigned_request_object_supported_correctly_or_rejected_as_unsupported(
    rp: RelyingParty,
) -> None:
    """OpenID Connect Core section 6.1: request_not_supported where it is not on offer."""
    request = rp.request()
    inside = unsigned({**request, "nonce": "another-nonce"})

    answer = rp.receive(rp.open({**request, "request": inside}), request)

    assert answer["error"] in {"request_not_supported", "invalid_request_object"}


# Code, PKCE, refresh token


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
