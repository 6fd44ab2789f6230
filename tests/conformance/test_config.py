"""OpenID Connect Discovery and RFC 8414: the Config OP profile."""

from __future__ import annotations

from urllib.parse import urlsplit

from tests.conformance.relying_party import RelyingParty
from tests.conformance.verification import PRIVATE_MEMBERS, thumbprint

ENDPOINTS = (
    "authorization_endpoint",
    "token_endpoint",
    "userinfo_endpoint",
    "jwks_uri",
    "end_session_endpoint",
    "introspection_endpoint",
    "revocation_endpoint",
)


def test_oidcc_discovery_endpoint_verification(rp: RelyingParty) -> None:
    """Sections 3 and 4 of Discovery: what must be there is there, over https, from this issuer."""
    answer = rp.http.get(f"{rp.provider.issuer}/.well-known/openid-configuration")
    metadata = answer.json()
    jwks = rp.http.get(metadata["jwks_uri"]).json()

    # Section 4.3: the issuer is the address without the well-known part, character by character.
    assert answer.headers["content-type"].startswith("application/json")
    assert metadata["issuer"] == rp.provider.issuer
    issuer = urlsplit(metadata["issuer"])
    assert (issuer.scheme, issuer.query, issuer.fragment) == ("https", "", "")

    # Section 3: what is required.
    for name in ENDPOINTS:
        parts = urlsplit(metadata[name])
        assert (parts.scheme, parts.netloc, parts.fragment) == ("https", issuer.netloc, ""), name
    assert all(
        value.startswith("https://") for name, value in metadata.items() if name.endswith("_uri")
    )
    assert "code" in metadata["response_types_supported"]
    assert set(metadata["subject_types_supported"]) <= {"public", "pairwise"}
    assert "openid" in metadata["scopes_supported"]
    assert "authorization_code" in metadata["grant_types_supported"]
    assert "none" not in metadata["id_token_signing_alg_values_supported"]
    assert "RS256" in metadata["id_token_signing_alg_values_supported"]
    assert {"sub", "name", "email"} <= set(metadata["claims_supported"])
    for name, value in metadata.items():
        if name.endswith("_supported") and isinstance(value, list):
            assert len(value) == len(set(value)), f"{name} repeats itself"
            assert value, f"{name} is empty"

    # RFC 7517: public keys only, each with an id of its own and said to be for signatures.
    kids = [key["kid"] for key in jwks["keys"]]
    assert len(kids) == len(set(kids)) > 0
    for key in jwks["keys"]:
        assert PRIVATE_MEMBERS.isdisjoint(key)
        assert key["use"] == "sig"
        assert key["kid"] == thumbprint(key)
    published = {key["alg"] for key in jwks["keys"]}
    # Keys of the other algorithms are made when the first application asks for them.
    assert metadata["id_token_signing_alg_values_supported"][0] in published
