"""OpenID Connect Core: the modules that Basic, Implicit, Hybrid and their Form Post twins share."""

from __future__ import annotations

import json
from typing import Any

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
    "birthdate": "1915-12-10",
    "zoneinfo": "Europe/London",
    "locale": "en-GB",
}


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


def test_oidcc_ensure_request_without_nonce_fails(rp: RelyingParty) -> None:
    """OpenID Connect Core sections 3.2.2.1 and 3.3.2.11: an ID token in front needs a nonce."""
    request = rp.request(nonce=None)

    answer = rp.receive(rp.open(request), request)

    assert answer["error"] == "invalid_request"


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
    """OpenID Connect Core section 6.2: refused; objects without a signature are not on offer."""
    request = rp.request(request_uri="https://rp.example/request.jwt")

    answer = rp.receive(rp.open(request), request)

    assert answer["error"] == "invalid_request_uri"
    assert "none" not in rp.metadata["request_object_signing_alg_values_supported"]


def test_oidcc_unsigned_request_object_supported_correctly_or_rejected_as_unsupported(
    rp: RelyingParty,
) -> None:
    """OpenID Connect Core section 6.1: refused; objects without a signature are not on offer."""
    request = rp.request()
    inside = unsigned({**request, "nonce": "another-nonce"})

    answer = rp.receive(rp.open({**request, "request": inside}), request)

    assert answer["error"] == "invalid_request_object"
    assert "none" not in rp.metadata["request_object_signing_alg_values_supported"]
