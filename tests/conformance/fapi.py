"""A client of FAPI 2.0: pushed requests, keys instead of secrets, tokens bound to a key.

    flow = party.run()                            # all of it, verified
    pushed = party.push(party.request())          # the steps, to be done wrongly
    answer = party.answer_of(pushed)
    response = party.exchange(answer, ...)

Parts of a request that a module spoils are said with `Spoil`: the claims of the client assertion,
the DPoP proof, the request object.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from tests.conformance.plans import Variant
from tests.conformance.provider import Account, Provider, Registration
from tests.conformance.relying_party import Answer, Flow, RelyingParty
from tests.conformance.verification import thumbprint, to_base64url, verify_jws
from tests.support.bookstore import code_challenge
from tests.support.pages import Page

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass(frozen=True)
class Key:
    """A key pair of a client."""

    private: Any
    algorithm: str = "ES256"

    @property
    def jwk(self) -> dict[str, Any]:
        """The public half."""
        name = "ES256" if isinstance(self.private, ec.EllipticCurvePrivateKey) else "RS256"
        algorithm = jwt.get_algorithm_by_name(name)
        found: dict[str, Any] = json.loads(algorithm.to_jwk(self.private.public_key()))
        found.pop("key_ops", None)
        return found

    @property
    def private_jwk(self) -> dict[str, Any]:
        """Both halves, as a client's configuration holds them."""
        found: dict[str, Any] = json.loads(jwt.get_algorithm_by_name("ES256").to_jwk(self.private))
        found.pop("key_ops", None)
        return {**found, "kid": self.kid, "use": "sig", "alg": self.algorithm}

    @property
    def kid(self) -> str:
        return thumbprint(self.jwk)

    def sign(self, claims: Mapping[str, Any], *, algorithm: str = "", **header: Any) -> str:
        """Return a JWT; `header` adds to it, None takes away."""
        algorithm = algorithm or self.algorithm
        named = {"kid": self.kid, **header}
        if algorithm == "none":
            parts = ({"alg": "none", **named}, dict(claims))
            texts = [to_base64url(json.dumps(part).encode()) for part in parts]
            return ".".join([*texts, ""])
        kept = {name: value for name, value in named.items() if value is not None}
        return jwt.encode(dict(claims), self.private, algorithm=algorithm, headers=kept)


def new_key() -> Key:
    """Return a fresh key for ES256."""
    return Key(ec.generate_private_key(ec.SECP256R1()))


@dataclass(frozen=True)
class Spoil:
    """What a request has that it should not. None takes a claim or parameter away."""

    assertion: Mapping[str, Any] = field(default_factory=dict)
    assertion_algorithm: str = ""
    proof: Mapping[str, Any] = field(default_factory=dict)
    proof_header: Mapping[str, Any] = field(default_factory=dict)
    proof_key: Key | None = None
    has_proof: bool = True
    request_object: Mapping[str, Any] = field(default_factory=dict)
    request_object_algorithm: str = ""
    request_object_key: Key | None = None


NOTHING = Spoil()
UNPROVEN = Spoil(has_proof=False)


def changed(values: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return `values` with `changes`; None takes away."""
    merged = {**values, **changes}
    return {name: value for name, value in merged.items() if value is not None}


class FapiParty(RelyingParty):
    """A FAPI 2.0 client in one variant."""

    def __init__(
        self,
        provider: Provider,
        registration: Registration,
        *,
        account: Account,
        variant: Variant,
        key: Key,
    ) -> None:
        super().__init__(provider, registration, account=account, variant=variant)
        self.key = key
        if "mtls" in {variant.client_auth, variant.sender_constrain}:
            self.http.close()
            self.http = provider.client(certificate=provider.certify(key.private, name=key.kid))
        self.rsa_key = Key(RSA, "PS256")
        self.dpop_key = new_key()
        self.verifier = secrets.token_urlsafe(48)

    @property
    def has_code(self) -> bool:
        return True

    # Client authentication and proofs

    def assertion(self, spoil: Spoil = NOTHING) -> dict[str, str]:
        """Return the client assertion of private_key_jwt (RFC 7523 section 2.2)."""
        now = int(time.time())
        client_id = self.registration.client_id
        claims = {
            "iss": client_id,
            "sub": client_id,
            # FAPI 2.0 Security Profile section 5.3.3.1: the issuer, as a string.
            "aud": self.metadata["issuer"],
            "jti": secrets.token_urlsafe(16),
            "iat": now,
            "exp": now + 60,
        }
        is_rsa = spoil.assertion_algorithm.startswith(("RS", "PS"))
        signed = (self.rsa_key if is_rsa else self.key).sign(
            changed(claims, spoil.assertion), algorithm=spoil.assertion_algorithm
        )
        return {"client_assertion_type": ASSERTION_TYPE, "client_assertion": signed}

    def proof(
        self, method: str, url: str, *, token: str | None = None, spoil: Spoil = NOTHING
    ) -> str:
        """Return a DPoP proof (RFC 9449 section 4.2)."""
        key = spoil.proof_key or self.dpop_key
        claims: dict[str, Any] = {
            "jti": secrets.token_urlsafe(16),
            "htm": method,
            "htu": url,
            "iat": int(time.time()),
        }
        if token is not None:
            digest = hashlib.sha256(token.encode()).digest()
            claims["ath"] = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        header = {"typ": "dpop+jwt", "jwk": key.jwk, "kid": None, **spoil.proof_header}
        algorithm = str(header.pop("alg", ""))
        return key.sign(changed(claims, spoil.proof), algorithm=algorithm, **header)

    def authenticate(self, form: Mapping[str, Any], spoil: Spoil = NOTHING) -> dict[str, str]:
        """Return a form with what proves who the client is, apart from its certificate."""
        if self.variant.client_auth == "mtls":
            return changed({"client_id": self.registration.client_id}, form)
        return changed(self.assertion(spoil), form)

    def send(
        self, endpoint: str, form: Mapping[str, Any], *, spoil: Spoil = NOTHING
    ) -> httpx.Response:
        """Send a form to an endpoint of the client, with a DPoP proof unless told otherwise."""
        url = self.metadata[endpoint]
        headers = {}
        if self.variant.sender_constrain == "dpop" and spoil.has_proof:
            headers["dpop"] = self.proof("POST", url, spoil=spoil)
        http = self._connection(spoil) if endpoint == "token_endpoint" else self.http
        return http.post(url, data=self.authenticate(form, spoil), headers=headers)

    def _connection(self, spoil: Spoil) -> httpx.Client:
        """Return the connection of a request that has to prove possession: where TLS does that,
        without a certificate or with another one if the request is spoilt so."""
        if self.variant.sender_constrain != "mtls" or (spoil.proof_key is None and spoil.has_proof):
            return self.http
        if spoil.proof_key is None:
            return self.provider.http
        certificate = self.provider.certify(spoil.proof_key.private, name=spoil.proof_key.kid)
        return self.provider.client(certificate=certificate)

    # Authorization

    def request(self, **params: str | None) -> dict[str, str]:
        """Return an authorization request with PKCE, to be pushed."""
        challenge = {
            "code_challenge": code_challenge(self.verifier),
            "code_challenge_method": "S256",
        }
        return super().request(**{**challenge, **params})

    def request_object(self, request: Mapping[str, Any], spoil: Spoil = NOTHING) -> str:
        """Return a request as a JWT of this client (RFC 9101 section 4)."""
        now = int(time.time())
        claims = {
            **request,
            "iss": self.registration.client_id,
            "aud": self.metadata["issuer"],
            "nbf": now,
            "exp": now + 300,
        }
        is_rsa = spoil.request_object_algorithm.startswith(("RS", "PS"))
        key = spoil.request_object_key or (self.rsa_key if is_rsa else self.key)
        return key.sign(
            changed(claims, spoil.request_object),
            algorithm=spoil.request_object_algorithm,
            typ="oauth-authz-req+jwt",
        )

    def push(
        self, request: Mapping[str, Any], *, spoil: Spoil = UNPROVEN, **form: Any
    ) -> httpx.Response:
        """Send a pushed authorization request (RFC 9126 section 2.1), signed where the variant is;
        `form` stands beside it."""
        sent: Mapping[str, Any] = request
        if self.variant.is_signed:
            sent = {"request": self.request_object(request, spoil)}
        return self.send("pushed_authorization_request_endpoint", {**sent, **form}, spoil=spoil)

    def pushed(self, request: Mapping[str, Any], *, spoil: Spoil = UNPROVEN) -> str:
        """Push a request that has to be taken; return its request_uri."""
        answer = self.push(request, spoil=spoil)
        assert answer.status_code == 201, answer.text
        assert answer.headers["content-type"].startswith("application/json")
        assert "no-store" in answer.headers["cache-control"]
        body = answer.json()
        # RFC 9126 section 2.2; FAPI 2.0 Security Profile section 5.3.2.2: less than 600 s.
        assert 0 < body["expires_in"] < 600
        assert body["request_uri"].startswith("urn:")
        uri: str = body["request_uri"]
        return uri

    def open_pushed(self, request_uri: str, **params: str) -> Page:
        """Send the browser with a request_uri."""
        query = {"client_id": self.registration.client_id, "request_uri": request_uri, **params}
        return self.visitor.open(f"{self.metadata['authorization_endpoint']}?{urlencode(query)}")

    def start(self, *, method: str = "get", spoil: Spoil = UNPROVEN, **params: str | None) -> Flow:
        """Push a request, send the browser, sign in where asked to."""
        request = self.request(**params)
        page = self.sign_in(self.open_pushed(self.pushed(request, spoil=spoil)))
        return Flow(request, self.receive(page, request))

    def receive(self, page: Page, request: Mapping[str, str]) -> Answer:
        """Return the answer, checked; one that is signed (JARM) is taken out of its JWT."""
        if not self.variant.response_mode.endswith("jwt"):
            return super().receive(page, request)
        (name, value), *others = self._answer(page).items()
        assert (name, others) == ("response", [])
        claims = verify_jws(value, self.provider.jwks(), algorithms=self.algorithms)
        # JARM section 2.4: issuer, audience and expiry before anything else counts.
        assert claims.pop("iss") == self.metadata["issuer"]
        assert claims.pop("aud") == self.registration.client_id
        assert time.time() < claims.pop("exp") <= time.time() + 601
        assert claims.get("state") == request.get("state")
        return {name: str(value) for name, value in claims.items()}

    # Tokens

    def exchange(self, flow: Flow, *, spoil: Spoil = NOTHING, **form: Any) -> httpx.Response:
        """Send the token request for a code."""
        usual = {
            "grant_type": "authorization_code",
            "code": flow.answer["code"],
            "redirect_uri": flow.request["redirect_uri"],
            "code_verifier": self.verifier,
        }
        return self.send("token_endpoint", {**usual, **form}, spoil=spoil)

    def refresh(self, refresh_token: str, **form: Any) -> httpx.Response:
        """Send a refresh token request."""
        usual = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        return self.send("token_endpoint", usual | form)

    def ask(self, token: str, *, scheme: str = "", spoil: Spoil = NOTHING) -> httpx.Response:
        """Use an access token at a protected resource, which userinfo is."""
        url = self.metadata["userinfo_endpoint"]
        headers = {"authorization": f"{scheme or self.variant.token_type} {token}"}
        if self.variant.sender_constrain == "dpop" and spoil.has_proof:
            headers["dpop"] = self.proof("GET", url, token=token, spoil=spoil)
        return self._connection(spoil).get(url, headers=headers)

    def holds(self, flow: Flow) -> bool:
        """Whether the access token of a flow works for whom it was made."""
        answer = self.ask(flow.access_token)
        return answer.status_code == 200 and answer.json()["sub"] == flow.id_token["sub"]


def register_fapi(
    provider: Provider, variant: Variant, *, is_third_party: bool = False, **more: Any
) -> tuple[Registration, Key]:
    """Register a FAPI 2.0 client and return it with its key."""
    key = new_key()
    keys = [{**key.jwk, "kid": key.kid, "use": "sig"}]
    rsa_key = Key(RSA)
    keys.append({**rsa_key.jwk, "kid": rsa_key.kid, "use": "sig"})
    metadata: dict[str, Any] = {
        "tokenEndpointAuthMethod": "private_key_jwt",
        "tokenEndpointAuthSigningAlg": "ES256",
        "jwks": {"keys": keys},
        "requirePushedAuthorizationRequests": True,
        "dpopBoundAccessTokens": variant.sender_constrain == "dpop",
        "tlsClientCertificateBoundAccessTokens": variant.sender_constrain == "mtls",
        "requireSignedRequestObject": variant.is_signed,
        "requestObjectSigningAlg": "ES256",
        **more,
    }
    if variant.client_auth == "mtls":
        del metadata["tokenEndpointAuthSigningAlg"]
        metadata["tokenEndpointAuthMethod"] = "tls_client_auth"
        metadata["tlsClientAuthSubjectDn"] = f"CN={key.kid},O=Conformance"
    registration = provider.register(
        custom={"requirePkce": True}, is_third_party=is_third_party, **metadata
    )
    return replace(registration, client_secret=""), key
