"""FAPI 2.0 Security Profile, final."""

from __future__ import annotations

import json
import time

from tests.conformance.fapi import FapiParty, Key, Spoil, new_key, register_fapi
from tests.conformance.plans import Run
from tests.conformance.provider import Account, Provider
from tests.conformance.relying_party import Flow
from tests.conformance.test_core import PROFILE_CLAIMS
from tests.conformance.verification import thumbprint, to_base64url
from tests.support.pages import Page


def is_shown_as_error(page: Page) -> bool:
    """Whether the authorization endpoint refused on a page of its own."""
    return page.status == 400 and "location" not in page.response.headers


# What works


def test_fapi2_discovery_end_point_verification(party: FapiParty) -> None:
    """Section 5.3.2: what a client has to know to keep to the profile."""
    metadata = party.metadata

    assert metadata["pushed_authorization_request_endpoint"].startswith("https://")
    assert "private_key_jwt" in metadata["token_endpoint_auth_methods_supported"]
    assert {"ES256", "PS256"} & set(metadata["token_endpoint_auth_signing_alg_values_supported"])
    assert metadata["code_challenge_methods_supported"] == ["S256"]
    assert metadata["authorization_response_iss_parameter_supported"] is True
    if party.variant.sender_constrain == "dpop":
        assert {"ES256", "PS256"} <= set(metadata["dpop_signing_alg_values_supported"])
        assert not any(a.startswith("HS") for a in metadata["dpop_signing_alg_values_supported"])
    else:
        assert metadata["tls_client_certificate_bound_access_tokens"] is True


def test_fapi2_happy_flow(party: FapiParty, other: FapiParty) -> None:
    """Two clients in turn: pushed, signed in, exchanged, used."""
    for each in (party, other):
        flow = each.run()
        assert each.holds(flow)
        assert "refresh_token" not in flow.tokens


def test_fapi2_user_rejects_authentication(provider: Provider, account: Account, run: Run) -> None:
    """RFC 6749 section 4.1.2.1: access_denied, told to the client; a yes to the same is a yes."""
    registration, key = register_fapi(provider, run.variant, is_third_party=True)
    party = FapiParty(provider, registration, account=account, variant=run.variant, key=key)
    request = party.request(scope="openid profile")
    page = party.open_pushed(party.pushed(request))
    asked = page.submit({"identifier": account.username, "password": account.password})

    answer = party.receive(asked.submit(button="Do not allow"), request)

    assert answer["error"] == "access_denied"
    again = party.open_pushed(party.pushed(request))
    flow = Flow(request, party.receive(again.submit(button="Allow"), request))
    party.verify_tokens(flow, party.exchange(flow))
    assert party.holds(flow)
    party.close()


def test_fapi2_ensure_authorization_request_without_state_success(party: FapiParty) -> None:
    """RFC 6749 section 4.1.1: state is optional; PKCE protects."""
    flow = party.run(state=None)

    assert "state" not in flow.answer


def test_fapi2_ensure_authorization_request_without_nonce_success(party: FapiParty) -> None:
    """OpenID Connect Core section 3.1.2.1: nonce is optional in the code flow."""
    assert "nonce" not in party.run(nonce=None).id_token


def test_fapi2_ensure_authorization_request_with_64_char_nonce_success(party: FapiParty) -> None:
    """Section 5.3.2.2: at least 64 characters of nonce are taken."""
    assert party.run(nonce="n" * 64).id_token["nonce"] == "n" * 64


def test_fapi2_ensure_other_scope_order_succeeds(party: FapiParty) -> None:
    """RFC 6749 section 3.3."""
    assert party.holds(party.run(scope="email openid"))


def test_fapi2_test_claims_parameter_identity_claims(party: FapiParty) -> None:
    """OpenID Connect Core section 5.5: claims asked for by name come, scope or not, and are
    the same in the ID token and at userinfo."""
    asked = dict.fromkeys((*PROFILE_CLAIMS, "email", "email_verified", "address"))
    claims = json.dumps({"id_token": asked, "userinfo": asked})

    flow = party.run(claims=claims)

    answer = party.ask(flow.access_token).json()
    for name in asked:
        assert flow.id_token[name] == answer[name], name
    for name, value in PROFILE_CLAIMS.items():
        assert answer[name] == value


def test_fapi2_access_token_type_header_case_sensitivity(party: FapiParty) -> None:
    """RFC 9110 section 11.1: the name of a scheme is case-insensitive."""
    flow = party.run()
    scheme = party.variant.token_type

    for spelled in (scheme.lower(), scheme.upper(), scheme):
        assert party.ask(flow.access_token, scheme=spelled).status_code == 200


def test_fapi2_ensure_authorization_request_with_long_nonce(party: FapiParty) -> None:
    """A long nonce comes back whole, or the request is refused."""
    nonce = "n" * 384

    assert party.run(nonce=nonce).id_token["nonce"] == nonce


def test_fapi2_ensure_authorization_request_with_long_state(party: FapiParty) -> None:
    """A long state comes back whole, or the request is refused."""
    state = "s" * 384

    assert party.run(state=state).answer["state"] == state


def test_fapi2_par_without_duplicate_parameters(party: FapiParty) -> None:
    """RFC 9101 section 5: client_id and request_uri are all that the browser has to carry."""
    assert party.holds(party.run())


def test_fapi2_ensure_different_nonce_inside_and_outside_request_object(party: FapiParty) -> None:
    """RFC 9101 section 6.3: a nonce that the browser brings does not replace the pushed one."""
    request = party.request()

    page = party.sign_in(party.open_pushed(party.pushed(request), nonce="from-the-browser"))

    flow = Flow(request, party.receive(page, request))
    party.verify_tokens(flow, party.exchange(flow))
    assert flow.id_token["nonce"] == request["nonce"]


def test_fapi2_ensure_different_state_inside_and_outside_request_object(party: FapiParty) -> None:
    """RFC 9101 section 6.3: nor does a state."""
    request = party.request()

    page = party.sign_in(party.open_pushed(party.pushed(request), state="from-the-browser"))

    assert party.receive(page, request)["state"] == request["state"]


def test_fapi2_state_only_outside_request_object_not_used(party: FapiParty) -> None:
    """RFC 9101 section 6.3: what stands beside the reference in the browser does not count."""
    request = party.request(state=None)

    page = party.sign_in(party.open_pushed(party.pushed(request), state="from-the-browser"))

    assert "state" not in party.receive(page, request)


# DPoP


def test_fapi2_check_dpop_proof_nbf_exp(party: FapiParty) -> None:
    """RFC 9449 section 4.3: a proof may say when it is good; it counts."""
    now = int(time.time())
    flow = party.start()
    good = Spoil(proof={"nbf": now - 10, "exp": now + 30})

    party.verify_tokens(flow, party.exchange(flow, spoil=good))

    stale = Spoil(proof={"exp": now - 300})
    assert party.ask(flow.access_token, spoil=stale).status_code == 401


def test_fapi2_ensure_dpop_proof_with_iat_10seconds_before_succeeds(party: FapiParty) -> None:
    """Section 5.3.3.1: clocks differ by 10 s."""
    flow = party.start()

    party.verify_tokens(flow, party.exchange(flow, spoil=shifted(-10)))

    assert party.ask(flow.access_token, spoil=shifted(-10)).status_code == 200


def test_fapi2_ensure_dpop_proof_with_iat_10seconds_after_succeeds(party: FapiParty) -> None:
    """Section 5.3.3.1: clocks differ by 10 s."""
    flow = party.start()

    party.verify_tokens(flow, party.exchange(flow, spoil=shifted(10)))

    assert party.ask(flow.access_token, spoil=shifted(10)).status_code == 200


def shifted(seconds: int) -> Spoil:
    return Spoil(proof={"iat": int(time.time()) + seconds})


def test_fapi2_ensure_mismatched_dpop_jkt_fails(party: FapiParty) -> None:
    """RFC 9449 section 10.1: the proof of a pushed request and its dpop_jkt are of one key."""
    answer = party.push(party.request(dpop_jkt=thumbprint(new_key().jwk)), spoil=Spoil())

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_fapi2_ensure_token_endpoint_fails_with_mismatched_dpop_proof_jkt(party: FapiParty) -> None:
    """RFC 9449 section 10.1: a code bound by the proof of the pushed request is for that key."""
    flow = party.start(spoil=Spoil())

    answer = party.exchange(flow, spoil=Spoil(proof_key=new_key()))

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


def test_fapi2_ensure_token_endpoint_fails_with_mismatched_dpop_jkt(party: FapiParty) -> None:
    """RFC 9449 section 10: a code bound by dpop_jkt is for that key."""
    flow = party.start(dpop_jkt=thumbprint(party.dpop_key.jwk))

    answer = party.exchange(flow, spoil=Spoil(proof_key=new_key()))

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


def test_fapi2_ensure_dpopproof_at_par_endpoint_binding_success(party: FapiParty) -> None:
    """RFC 9449 section 10.1: a proof with the pushed request binds the code to its key."""
    flow = party.start(spoil=Spoil())

    party.verify_tokens(flow, party.exchange(flow))

    assert party.holds(flow)


def test_fapi2_ensure_dpop_auth_code_binding_success(party: FapiParty) -> None:
    """RFC 9449 section 10: dpop_jkt binds the code to the key that it names."""
    flow = party.start(dpop_jkt=thumbprint(party.dpop_key.jwk))

    party.verify_tokens(flow, party.exchange(flow))

    assert party.holds(flow)


def test_fapi2_dpop_negative_tests(party: FapiParty) -> None:
    """RFC 9449 section 4.3, check by check, at a protected resource."""
    flow = party.run()
    now = int(time.time())
    url = party.metadata["userinfo_endpoint"]
    private = {**party.dpop_key.jwk, "d": to_text(party.dpop_key)}
    spoilt = {
        "no proof": Spoil(has_proof=False),
        "another key": Spoil(proof_key=new_key()),
        "typ": Spoil(proof_header={"typ": "jwt"}),
        "no jwk": Spoil(proof_header={"jwk": None}),
        "another jwk": Spoil(proof_header={"jwk": new_key().jwk}),
        "private jwk": Spoil(proof_header={"jwk": private}),
        "alg none": Spoil(proof_header={"alg": "none"}),
        "htm": Spoil(proof={"htm": "POST"}),
        "no htm": Spoil(proof={"htm": None}),
        "htu": Spoil(proof={"htu": url + "/elsewhere"}),
        "no htu": Spoil(proof={"htu": None}),
        "old": Spoil(proof={"iat": now - 3600}),
        "ahead": Spoil(proof={"iat": now + 3600}),
        "no iat": Spoil(proof={"iat": None}),
        "no jti": Spoil(proof={"jti": None}),
        "no ath": Spoil(proof={"ath": None}),
        "ath": Spoil(proof={"ath": "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo"}),
    }

    taken = [
        name
        for name, spoil in spoilt.items()
        if party.ask(flow.access_token, spoil=spoil).status_code != 401
    ]

    assert taken == []
    as_bearer = party.ask(flow.access_token, scheme="Bearer", spoil=Spoil(has_proof=False))
    assert as_bearer.status_code == 401
    once = Spoil(proof={"jti": "the-same-twice"})
    assert party.ask(flow.access_token, spoil=once).status_code == 200
    assert party.ask(flow.access_token, spoil=once).status_code == 401
    assert party.holds(flow)


def to_text(key: Key) -> str:
    number = key.private.private_numbers().private_value
    return to_base64url(number.to_bytes(32, "big"))


# The authorization request


def test_fapi2_ensure_request_object_without_redirect_uri_fails(party: FapiParty) -> None:
    """Section 5.3.2.2: the redirect URI is part of the pushed request."""
    answer = party.push(party.request(redirect_uri=None))

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_fapi2_ensure_redirect_uri_in_authorization_request(party: FapiParty) -> None:
    """Section 5.3.2.2: nor does it count beside the reference."""
    answer = party.push(party.request(redirect_uri=""))

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_fapi2_ensure_registered_redirect_uri(party: FapiParty) -> None:
    """RFC 9126 section 2.3: refused when it is pushed."""
    answer = party.push(party.request(redirect_uri="https://rp.example/elsewhere"))

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_fapi2_plain_fapi_tolerate_unregistered_redirect_uri(party: FapiParty) -> None:
    """RFC 9126 section 2.4 lets a provider take an address that nobody registered; we do not."""
    elsewhere = f"{party.registration.redirect_uri}/elsewhere"

    answer = party.push(party.request(redirect_uri=elsewhere))

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_fapi2_ensure_unsigned_authorization_request_without_using_par_fails(
    party: FapiParty,
) -> None:
    """Section 5.3.2.2: requests that were not pushed are refused."""
    request = party.request()

    page = party.open(request)

    if page.response.is_redirect:
        assert party.receive(page, request)["error"] == "invalid_request"
    else:
        assert is_shown_as_error(page)


def test_fapi2_ensure_response_type_code_idtoken_fails(party: FapiParty) -> None:
    """Section 5.3.2.2: response_type code and no other."""
    answer = party.push(party.request(response_type="code id_token"))

    assert (answer.status_code, answer.json()["error"]) == (400, "unauthorized_client")


def test_fapi2_ensure_response_type_token_fails(party: FapiParty) -> None:
    """Section 5.3.2.2: response_type code and no other."""
    answer = party.push(party.request(response_type="token"))

    assert (answer.status_code, answer.json()["error"]) == (400, "unsupported_response_type")


# Pushed requests


def test_fapi2_par_ensure_reused_request_uri_prior_to_auth_completion_succeeds(
    party: FapiParty,
) -> None:
    """Section 5.3.2.2, note: a page may be loaded again before somebody has signed in."""
    request = party.request()
    request_uri = party.pushed(request)
    party.open_pushed(request_uri)

    answer = party.receive(party.sign_in(party.open_pushed(request_uri)), request)

    party.verify_tokens(flow := Flow(request, answer), party.exchange(flow))


def test_fapi2_par_attempt_reuse_request_uri(party: FapiParty) -> None:
    """Section 5.3.2.2: once it is answered, a request_uri is used up."""
    request = party.request()
    request_uri = party.pushed(request)
    party.receive(party.sign_in(party.open_pushed(request_uri)), request)

    page = party.open_pushed(request_uri)

    assert is_shown_as_error(page)
    assert "invalid_request_uri" in page.text


def test_fapi2_par_attempt_to_use_expired_request_uri(party: FapiParty) -> None:
    """RFC 9126 section 4: an expired request_uri is worth nothing."""
    request_uri = party.pushed(party.request())
    party.provider.let_pass("pushed_requests", seconds=600)

    page = party.open_pushed(request_uri)

    assert is_shown_as_error(page)
    assert "invalid_request_uri" in page.text


def test_fapi2_par_attempt_to_use_request_uri_for_different_client(
    party: FapiParty, other: FapiParty
) -> None:
    """RFC 9126 section 2.2: bound to the client that pushed it."""
    request_uri = party.pushed(party.request())

    page = other.open_pushed(request_uri)

    assert is_shown_as_error(page)
    assert "invalid_request_uri" in page.text


def test_fapi2_par_authorization_request_containing_request_uri_form_param(
    party: FapiParty,
) -> None:
    """RFC 9126 section 2.1: request_uri MUST NOT be provided."""
    answer = party.push(party.request(), request_uri=party.pushed(party.request()))

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_fapi2_par_attempt_invalid_http_method(party: FapiParty) -> None:
    """RFC 9126 section 2.3: POST only."""
    url = party.metadata["pushed_authorization_request_endpoint"]

    for method in ("GET", "PUT"):
        assert party.http.request(method, url).status_code == 405


# PKCE


def test_fapi2_par_ensure_pkce_required(party: FapiParty) -> None:
    """Section 5.3.2.2: PKCE with S256."""
    answer = party.push(party.request(code_challenge=None, code_challenge_method=None))

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_fapi2_par_plain_pkce_rejected(party: FapiParty) -> None:
    """Section 5.3.2.2: PKCE with S256."""
    answer = party.push(party.request(code_challenge=party.verifier, code_challenge_method="plain"))

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_fapi2_par_ensure_pkce_code_verifier_required(party: FapiParty) -> None:
    """RFC 7636 section 4.6."""
    flow = party.start()

    answer = party.exchange(flow, code_verifier=None)

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


def test_fapi2_par_incorrect_pkce_code_verifier_rejected(party: FapiParty) -> None:
    """RFC 7636 section 4.6."""
    flow = party.start()

    answer = party.exchange(flow, code_verifier="w" * 64)

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


# The token endpoint


def test_fapi2_ensure_client_id_in_token_endpoint(party: FapiParty, other: FapiParty) -> None:
    """RFC 7521 section 4.2, RFC 8705 section 2: a client_id names the client whose key or
    certificate it is."""
    flow = party.start()

    answer = party.exchange(flow, client_id=other.registration.client_id)

    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def test_fapi2_ensure_holder_of_key_required(party: FapiParty) -> None:
    """Section 5.3.2.1: no token without a proof of possession."""
    flow = party.start()

    answer = party.exchange(flow, spoil=Spoil(has_proof=False))

    expected = {
        ("private_key_jwt", "dpop"): (400, "invalid_dpop_proof"),
        ("private_key_jwt", "mtls"): (400, "invalid_request"),
        ("mtls", "dpop"): (400, "invalid_dpop_proof"),
        ("mtls", "mtls"): (401, "invalid_client"),
    }
    pair = (party.variant.client_auth, party.variant.sender_constrain)
    assert (answer.status_code, answer.json()["error"]) == expected[pair]


def test_fapi2_ensure_authorization_code_is_bound_to_client(
    party: FapiParty, other: FapiParty
) -> None:
    """RFC 6749 section 4.1.3."""
    flow = party.start()
    other.verifier = party.verifier

    answer = other.exchange(flow)

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


def test_fapi2_attempt_reuse_authorization_code_after_one_second(party: FapiParty) -> None:
    """RFC 6749 section 4.1.2, section 5.3.2.1: refused, and what came of it is revoked."""
    flow = party.run()
    time.sleep(1)

    answer = party.exchange(flow)

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
    assert not party.holds(flow)


def test_fapi2_attempt_to_use_expired_auth_code(party: FapiParty) -> None:
    """Section 5.3.2.1: a code lives for 60 s at most."""
    flow = party.start()
    party.provider.let_pass("authorization_codes", seconds=61)

    answer = party.exchange(flow)

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


def test_fapi2_refresh_token(party: FapiParty, other: FapiParty) -> None:
    """Section 5.3.2.1: refresh tokens are not rotated without need, are bound to their client, and
    new access tokens to the key."""
    flow = party.run(scope="openid offline_access", prompt="consent")
    token = flow.tokens["refresh_token"]

    stolen = other.refresh(token)
    answer = party.refresh(token)

    assert (stolen.status_code, stolen.json()["error"]) == (400, "invalid_grant")
    assert answer.status_code == 200, answer.text
    assert answer.json()["token_type"] == party.variant.token_type
    assert answer.json().get("refresh_token", token) == token
    assert party.ask(answer.json()["access_token"]).status_code == 200
    assert (
        party.ask(answer.json()["access_token"], spoil=Spoil(proof_key=new_key())).status_code
        == 401
    )


# Client assertions


def refused_assertion(party: FapiParty, spoil: Spoil) -> bool:
    """Whether both endpoints refuse an assertion."""
    pushed = party.push(party.request(), spoil=Spoil(**{**vars(spoil), "has_proof": False}))
    flow = party.start()
    exchanged = party.exchange(flow, spoil=spoil)
    assert party.exchange(flow).status_code == 200
    return [(answer.status_code, answer.json()["error"]) for answer in (pushed, exchanged)] == [
        (401, "invalid_client")
    ] * 2


def test_fapi2_ensure_signed_client_assertion_with_rs256_fails(party: FapiParty) -> None:
    """Section 5.4.1: PS256, ES256 or Ed25519, and never RS256."""
    assert refused_assertion(party, Spoil(assertion_algorithm="RS256"))


def test_fapi2_ensure_client_assertion_in_token_endpoint(party: FapiParty) -> None:
    """Section 5.3.2.1: no token without client authentication."""
    flow = party.start()

    answer = party.exchange(
        flow,
        client_assertion=None,
        client_assertion_type=None,
        client_id=party.registration.client_id,
    )

    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def test_fapi2_ensure_client_assertion_with_exp_is_5_minutes_in_past_fails(
    party: FapiParty,
) -> None:
    """RFC 7523 section 3."""
    past = int(time.time()) - 300

    assert refused_assertion(party, Spoil(assertion={"exp": past, "iat": past - 60}))


def test_fapi2_ensure_client_assertion_with_wrong_aud_fails(party: FapiParty) -> None:
    """RFC 7523 section 3."""
    assert refused_assertion(party, Spoil(assertion={"aud": "https://other.example/oidc"}))


def test_fapi2_ensure_client_assertion_with_no_sub_fails(party: FapiParty) -> None:
    """RFC 7523 section 3."""
    assert refused_assertion(party, Spoil(assertion={"sub": None}))


def test_fapi2_par_ensure_jwt_client_assertion_nbf_8_seconds_in_the_future_is_accepted(
    party: FapiParty,
) -> None:
    """Section 5.3.2.1: clocks differ by 10 s."""
    ahead = int(time.time()) + 8
    spoil = Spoil(assertion={"iat": ahead, "nbf": ahead}, has_proof=False)

    assert party.push(party.request(), spoil=spoil).status_code == 201


def test_fapi2_par_ensure_jwt_client_assertion_iat_nbf_over_60_seconds_in_the_future_fails(
    party: FapiParty,
) -> None:
    """Section 5.3.2.1: but not by more than 60 s."""
    ahead = int(time.time()) + 90
    spoil = Spoil(assertion={"iat": ahead, "nbf": ahead, "exp": ahead + 60}, has_proof=False)

    answer = party.push(party.request(), spoil=spoil)

    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def test_fapi2_par_endpoint_as_audience_fails(party: FapiParty) -> None:
    """Section 5.3.2.1: the audience is the issuer."""
    audience = party.metadata["pushed_authorization_request_endpoint"]

    assert refused_assertion(party, Spoil(assertion={"aud": audience}))


def test_fapi2_par_endpoint_as_array_audience_fails(party: FapiParty) -> None:
    """Section 5.3.2.1: the audience is the issuer, as a string."""
    audience = [
        party.metadata["issuer"],
        party.metadata["token_endpoint"],
        party.metadata["pushed_authorization_request_endpoint"],
    ]

    assert refused_assertion(party, Spoil(assertion={"aud": audience}))


def test_fapi2_par_token_endpoint_as_audience_fails(party: FapiParty) -> None:
    """Section 5.3.2.1: the audience is the issuer."""
    assert refused_assertion(party, Spoil(assertion={"aud": party.metadata["token_endpoint"]}))
