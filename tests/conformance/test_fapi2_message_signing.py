"""FAPI 2.0 Message Signing, final: signed authorization requests (JAR). Signed answers (JARM) are
what every module of the plan receives."""

from __future__ import annotations

import time
from typing import Any

from tests.conformance.fapi import FapiParty, Key, Spoil

PUSH = "pushed_authorization_request_endpoint"


def spoilt(algorithm: str = "", key: Key | None = None, **claims: Any) -> Spoil:
    """Return a request object with these claims, algorithm or key; None takes a claim away."""
    return Spoil(
        has_proof=False,
        request_object=claims,
        request_object_algorithm=algorithm,
        request_object_key=key,
    )


def refusal(party: FapiParty, spoil: Spoil) -> str:
    """Return the error of a pushed request that is refused, after one that is not."""
    assert party.push(party.request()).status_code == 201
    answer = party.push(party.request(), spoil=spoil)
    assert answer.status_code == 400, answer.text
    error: str = answer.json()["error"]
    return error


def test_fapi2_ensure_server_accepts_request_object_with_multiple_aud(party: FapiParty) -> None:
    """RFC 9101 section 4: aud may have several members, of which we are one."""
    audience = ["https://other.example/oidc", party.metadata["issuer"]]

    assert party.push(party.request(), spoil=spoilt(aud=audience)).status_code == 201


def test_fapi2_ensure_request_object_with_nbf_8_seconds_in_the_future_is_accepted(
    party: FapiParty,
) -> None:
    """Section 5.3.1: clocks differ by 10 s."""
    spoil = spoilt(nbf=int(time.time()) + 8)

    assert party.push(party.request(), spoil=spoil).status_code == 201


def test_fapi2_ensure_request_object_without_exp_fails(party: FapiParty) -> None:
    """Section 5.3.1."""
    assert refusal(party, spoilt(exp=None)) == "invalid_request_object"


def test_fapi2_ensure_request_object_without_nbf_fails(party: FapiParty) -> None:
    """Section 5.3.1."""
    assert refusal(party, spoilt(nbf=None)) == "invalid_request_object"


def test_fapi2_ensure_expired_request_object_fails(party: FapiParty) -> None:
    """RFC 7519 section 4.1.4."""
    past = int(time.time()) - 300

    assert refusal(party, spoilt(exp=past, nbf=past - 60)) == "invalid_request_object"


def test_fapi2_ensure_request_object_with_bad_aud_fails(party: FapiParty) -> None:
    """Section 5.3.1."""
    spoil = spoilt(aud="https://other.example/oidc")

    assert refusal(party, spoil) == "invalid_request_object"


def test_fapi2_ensure_request_object_with_exp_over_60_fails(party: FapiParty) -> None:
    """Section 5.3.1: good for an hour at most."""
    spoil = spoilt(exp=int(time.time()) + 4200)

    assert refusal(party, spoil) == "invalid_request_object"


def test_fapi2_ensure_request_object_with_nbf_over_60_fails(party: FapiParty) -> None:
    """Section 5.3.1: made an hour ago at most."""
    spoil = spoilt(nbf=int(time.time()) - 4200)

    assert refusal(party, spoil) == "invalid_request_object"


def test_fapi2_ensure_signed_request_object_with_rs256_fails(party: FapiParty) -> None:
    """FAPI 2.0 Security Profile section 5.4.1: never RS256."""
    assert refusal(party, spoilt("RS256")) == "invalid_request_object"


def test_fapi2_ensure_request_object_signature_algorithm_is_not_none(party: FapiParty) -> None:
    """RFC 9101 section 10.5."""
    assert refusal(party, spoilt("none")) == "invalid_request_object"


def test_fapi2_ensure_request_object_with_invalid_signature_fails(party: FapiParty) -> None:
    """RFC 9101 section 6.2."""
    assert party.push(party.request()).status_code == 201
    signed = party.request_object(party.request())
    head, claims, signature = signed.split(".")
    forged = f"{head}.{claims}.{'A' * len(signature)}"

    answer = party.send(PUSH, {"request": forged})

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request_object")


def test_fapi2_ensure_matching_key_in_authorization_request(
    party: FapiParty, other: FapiParty
) -> None:
    """RFC 9101 section 6.2: signed with a key of this very client."""
    assert refusal(party, spoilt(key=other.key)) == "invalid_request_object"


def test_fapi2_ensure_unsigned_request_at_par_endpoint_fails(party: FapiParty) -> None:
    """Section 5.3.1: who signs requests, signs all of them."""
    answer = party.send(PUSH, party.request())

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_fapi2_par_authorization_request_containing_request_uri(party: FapiParty) -> None:
    """RFC 9101 section 4: an object MUST NOT refer to another."""
    request_uri = party.pushed(party.request())

    error = refusal(party, spoilt(request_uri=request_uri))

    assert error == "invalid_request_object"
