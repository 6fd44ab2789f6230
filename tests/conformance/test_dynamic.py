"""OpenID Connect Dynamic Client Registration 1.0: the Dynamic OP profile, with private_key_jwt."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.conformance.callee import Callee, running_callee
from tests.conformance.fapi import RSA, FapiParty, Key, Spoil, new_key
from tests.conformance.plans import Run
from tests.conformance.provider import CALLBACK, Account, Provider, Registration
from tests.conformance.relying_party import RelyingParty
from tests.conformance.verification import split_jws, verify_jws

# A client's address is not asked again sooner than this, whoever sends unknown key ids.
FLOOR = 5.1
CONFIG = "/api/configs/client-registration"


class DynamicParty(FapiParty):
    """A client that registered itself; its requests go through the browser."""

    request = RelyingParty.request
    start = RelyingParty.start
    receive = RelyingParty.receive
    exchange = RelyingParty.exchange
    refresh = RelyingParty.refresh

    def post(self, endpoint: str, form: Any) -> httpx.Response:
        """Send a form with a client assertion."""
        return self.send(endpoint, form)


class Registrar:
    """Registers clients as their developers do, and closes what they opened."""

    def __init__(self, provider: Provider, account: Account, run: Run, token: str) -> None:
        self.provider = provider
        self.account = account
        self.run = run
        self.token = token
        self.parties: list[DynamicParty] = []

    def ask(self, **metadata: Any) -> httpx.Response:
        """Send a registration request."""
        header = {"authorization": f"Bearer {self.token}"}
        endpoint = self.provider.metadata()["registration_endpoint"]
        return self.provider.http.post(endpoint, json=metadata, headers=header)

    def register(self, key: Key | None = None, **metadata: Any) -> DynamicParty:
        """Register a client and return it, ready to run."""
        key = key or new_key()
        public = {**key.jwk, "kid": key.kid, "use": "sig"}
        rsa_public = {**Key(RSA).jwk, "kid": Key(RSA).kid, "use": "sig"}
        asked = {
            "client_name": "Conformance",
            "redirect_uris": [CALLBACK],
            "token_endpoint_auth_method": "private_key_jwt",
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
            "jwks": {"keys": [public, rsa_public]},
            **metadata,
        }
        if "jwks_uri" in asked:
            del asked["jwks"]
        answer = self.ask(**asked)

        # RFC 7591 section 3.2.1: 201, never cached, with all that is registered.
        assert answer.status_code == 201, answer.text
        assert "no-store" in answer.headers["cache-control"]
        body = answer.json()
        for name in ("redirect_uris", "token_endpoint_auth_method", "response_types"):
            assert body[name] == asked[name]
        registration = Registration(
            body["client_id"], "", asked["redirect_uris"][0], {**asked, "_": body}
        )
        party = DynamicParty(
            self.provider, registration, account=self.account, variant=self.run.variant, key=key
        )
        self.parties.append(party)
        return party


@pytest.fixture(scope="module")
def initial_access_token(provider: Provider) -> str:
    """What the operator gives to developers."""
    provider.manage(
        "PATCH", CONFIG, mode="initialAccessToken", userScopes=["profile", "email", "address"]
    )
    made = provider.manage("POST", f"{CONFIG}/initial-access-tokens", name="Suite", uses=1000)
    token: str = made["value"]
    return token


@pytest.fixture
def registrar(
    provider: Provider, account: Account, run: Run, initial_access_token: str
) -> Iterator[Registrar]:
    registrar = Registrar(provider, account, run, initial_access_token)
    yield registrar
    for party in registrar.parties:
        party.close()


@pytest.fixture
def callee(provider: Provider) -> Iterator[Callee]:
    """The client's own server, at an https address."""
    with running_callee(provider.authority) as callee:
        yield callee


def is_refused_here(party: DynamicParty, request: dict[str, str]) -> bool:
    """Whether the provider shows an error and redirects nobody."""
    page = party.open(request)
    return page.status == 400 and "location" not in page.response.headers


def test_oidcc_server(registrar: Registrar) -> None:
    """Section 3: register, then a whole flow."""
    party = registrar.register()

    flow = party.run()

    assert party.userinfo(flow)["sub"] == flow.id_token["sub"]


def test_oidcc_discovery_endpoint_verification(registrar: Registrar) -> None:
    """OpenID Connect Discovery section 3: the registration endpoint, over https; OpenID Connect
    Core section 15.2: what a provider supports that does not know its clients beforehand."""
    metadata = registrar.provider.metadata()

    assert metadata["registration_endpoint"].startswith("https://")
    assert {"code", "id_token", "id_token token"} <= set(metadata["response_types_supported"])
    assert {"authorization_code", "implicit"} <= set(metadata["grant_types_supported"])
    assert metadata["request_uri_parameter_supported"] is True
    assert metadata["userinfo_endpoint"].startswith("https://")
    bare = {"EC": {"crv", "x", "y"}, "RSA": {"n", "e"}, "OKP": {"crv", "x"}}
    for key in registrar.provider.jwks()["keys"]:
        assert bare[key["kty"]] <= key.keys()
    assert "private_key_jwt" in metadata["token_endpoint_auth_methods_supported"]


def test_oidcc_idtoken_unsigned(registrar: Registrar) -> None:
    """Section 2: an algorithm that is not on offer is refused, none above all."""
    answer = registrar.ask(redirect_uris=[CALLBACK], id_token_signed_response_alg="none")

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client_metadata")


def test_oidcc_redirect_uri_query_ok(registrar: Registrar) -> None:
    """RFC 6749 section 3.1.2: a query of the registered address is kept."""
    party = registrar.register(redirect_uris=[f"{CALLBACK}?foo=bar"])

    assert party.run().tokens["access_token"]


def test_oidcc_redirect_uri_query_mismatch(registrar: Registrar) -> None:
    """RFC 6749 section 3.1.2.3: another query is another address."""
    party = registrar.register(redirect_uris=[f"{CALLBACK}?foo=bar"])

    assert is_refused_here(party, party.request(redirect_uri=f"{CALLBACK}?bar=foo"))


def test_oidcc_redirect_uri_query_added(registrar: Registrar) -> None:
    """RFC 6749 section 3.1.2.3: with a query it is another address."""
    party = registrar.register()

    assert is_refused_here(party, party.request(redirect_uri=f"{CALLBACK}?foo=bar"))


def test_oidcc_redirect_uri_regfrag(registrar: Registrar) -> None:
    """RFC 6749 section 3.1.2: an address with a fragment cannot be registered."""
    answer = registrar.ask(redirect_uris=[f"{CALLBACK}#foo"])

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_redirect_uri")


def test_oidcc_ensure_redirect_uri_in_authorization_request(registrar: Registrar) -> None:
    """OpenID Connect Core section 3.1.2.1: redirect_uri is REQUIRED."""
    party = registrar.register()

    assert is_refused_here(party, party.request(redirect_uri=None))


def test_oidcc_registration_policy_uri(registrar: Registrar) -> None:
    """Section 2: the privacy policy is shown to the person."""
    party = registrar.register(policy_uri="https://rp.example/policy")

    assert "https://rp.example/policy" in pages_before_consent(party)


def test_oidcc_registration_tos_uri(registrar: Registrar) -> None:
    """Section 2: the terms are shown to the person."""
    party = registrar.register(tos_uri="https://rp.example/terms")

    assert "https://rp.example/terms" in pages_before_consent(party)


def pages_before_consent(party: DynamicParty) -> str:
    """Return the pages that a person sees before anything is handed out."""
    page = party.open(party.request(scope="openid profile"))
    fields = {"identifier": party.account.username, "password": party.account.password}
    asked = page.submit(fields)
    return page.response.text + asked.response.text


def test_oidcc_registration_jwks_uri(registrar: Registrar, callee: Callee) -> None:
    """Section 2: keys may be at an address of the client."""
    key = new_key()
    callee.documents["/jwks"] = key_set(key)

    party = registrar.register(key, jwks_uri=f"{callee.url}/jwks")

    assert party.run().tokens["access_token"]


def test_oidcc_refresh_token_rp_key_rotation(registrar: Registrar, callee: Callee) -> None:
    """OpenID Connect Core section 10.1.1: a new key of the client is fetched when it is used."""
    first, second = new_key(), new_key()
    callee.documents["/jwks"] = key_set(first)
    party = registrar.register(first, jwks_uri=f"{callee.url}/jwks")
    flow = party.run(scope="openid offline_access", prompt="consent")

    callee.documents["/jwks"] = key_set(first, second)
    time.sleep(FLOOR)
    party.key = second
    answer = party.refresh(flow.tokens["refresh_token"])

    assert answer.status_code == 200, answer.text


def key_set(*keys: Key) -> str:
    return json.dumps({"keys": [{**key.jwk, "kid": key.kid, "use": "sig"} for key in keys]})


def test_oidcc_registration_sector_uri(registrar: Registrar, callee: Callee) -> None:
    """Section 5: several hosts are one sector if the document at the sector's address says so."""
    uris = [CALLBACK, "https://second.example/callback"]
    callee.documents["/sector"] = json.dumps(uris)

    party = registrar.register(
        subject_type="pairwise", redirect_uris=uris, sector_identifier_uri=f"{callee.url}/sector"
    )

    flow = party.run()
    assert flow.id_token["sub"] != registrar.account.id
    assert party.userinfo(flow)["sub"] == flow.id_token["sub"]


def test_oidcc_registration_sector_bad(registrar: Registrar, callee: Callee) -> None:
    """Section 5: a document that does not list the redirect URIs is refused."""
    callee.documents["/sector"] = json.dumps(["https://other.example/callback"])

    answer = registrar.ask(redirect_uris=[CALLBACK], sector_identifier_uri=f"{callee.url}/sector")

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client_metadata")


def test_oidcc_request_uri_signed_rs256(registrar: Registrar, callee: Callee) -> None:
    """OpenID Connect Core section 6.2: a signed request at an address of the client."""
    address = f"{callee.url}/request.jwt"
    party = registrar.register(request_uris=[address], request_object_signing_alg="RS256")
    request = party.request()
    spoil = Spoil(request_object_algorithm="RS256")
    callee.documents["/request.jwt"] = party.request_object(request, spoil)
    outside = {name: request[name] for name in ("client_id", "response_type", "scope")}

    page = party.sign_in(party.open({**outside, "request_uri": address}))

    assert party.receive(page, request)["code"]


def test_oidcc_ensure_request_object_with_redirect_uri(registrar: Registrar) -> None:
    """RFC 9101 section 6.3: the redirect URI inside counts, and one outside does not."""
    party = registrar.register()
    request = party.request()
    outside = {**request, "redirect_uri": "https://rp.example/elsewhere"}

    page = party.sign_in(party.open({**outside, "request": party.request_object(request)}))

    assert party.receive(page, request)["code"]


def test_oidcc_ensure_client_assertion_with_iss_aud_succeeds(registrar: Registrar) -> None:
    """RFC 7523 section 3: the issuer is the audience of an assertion."""
    party = registrar.register()

    assert party.run().tokens["access_token"]


def test_oidcc_refresh_token(registrar: Registrar) -> None:
    """OpenID Connect Core section 12: and not in the hands of another client."""
    party, other = registrar.register(), registrar.register()
    flow = party.run(scope="openid offline_access", prompt="consent")

    stolen = other.refresh(flow.tokens["refresh_token"])
    answer = party.refresh(flow.tokens["refresh_token"])

    assert (stolen.status_code, stolen.json()["error"]) == (400, "invalid_grant")
    assert answer.status_code == 200, answer.text


def test_oidcc_idtoken_rs256(registrar: Registrar) -> None:
    """Section 2: ID tokens in the algorithm that the client registered."""
    party = registrar.register(id_token_signed_response_alg="RS256")

    token = party.run().tokens["id_token"]

    assert split_jws(token)[0]["alg"] == "RS256"


def test_oidcc_userinfo_rs256(registrar: Registrar) -> None:
    """OpenID Connect Core section 5.3.2: userinfo as a signed JWT, with iss and aud."""
    party = registrar.register(userinfo_signed_response_alg="RS256")
    flow = party.run()
    header = {"authorization": f"Bearer {flow.access_token}"}

    answer = party.http.get(party.metadata["userinfo_endpoint"], headers=header)

    assert answer.headers["content-type"].startswith("application/jwt")
    claims = verify_jws(answer.text, registrar.provider.jwks(), algorithms=["RS256"])
    assert claims["iss"] == party.metadata["issuer"]
    assert claims["aud"] == party.registration.client_id
    assert claims["sub"] == flow.id_token["sub"]


def test_oidcc_server_rotate_keys(registrar: Registrar) -> None:
    """OpenID Connect Core section 10.1.1: keys change; what was signed before still verifies."""
    party = registrar.register()
    before = party.run().tokens["id_token"]
    kids = {key["kid"] for key in registrar.provider.jwks()["keys"]}

    registrar.provider.manage(
        "POST", "/api/configs/oidc/private-keys/rotate", signingKeyAlgorithm="EC"
    )

    jwks = registrar.provider.jwks()
    assert {key["kid"] for key in jwks["keys"]} > kids
    verify_jws(before, jwks, algorithms=party.algorithms)
    assert party.run().tokens["id_token"]
