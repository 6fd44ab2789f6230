"""RFC 9449 and RFC 8705 section 3: tokens that are of use to their client alone.

    pushed request      find_proven_key ─► bound_to_key ─► dpop_jkt, which the code is bound to
    token endpoint      confirm_sender ─► cnf ─► check_binding ─► bound_to      (the grants)
    protected resource  check_presenter       the token's cnf against the request that brings it

`cnf` (RFC 7800) holds `jkt`, the thumbprint of a DPoP key, or `x5t#S256`, that of a certificate, or
both. A bearer token has none.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from doorward.applications.cached import Client
from doorward.kit.certificates import CertificateError, parse_certificate
from doorward.kit.edge import Edge, RawHeaders
from doorward.kit.jose import PROOF_ALGORITHMS
from doorward.oidc.clients.certificate import client_certificate
from doorward.oidc.dpop import ProofVerifier
from doorward.oidc.errors import (
    InvalidDpopProof,
    InvalidGrant,
    InvalidRequest,
    InvalidToken,
    UseDpopNonce,
)
from doorward.oidc.provider import Provider
from doorward.oidc.request import OidcRequest, Params
from doorward.oidc.response import OidcResponse
from doorward.oidc.tables import TokenContext
from doorward.oidc.tokens import Held

Confirmation = dict[str, str]
X5T = "x5t#S256"
_MEMBERS = frozenset({"jkt", X5T})
HeldType = TypeVar("HeldType", bound=Held)


async def confirm_sender(
    request: OidcRequest, provider: Provider, client: Client
) -> Confirmation | None:
    """Return what the tokens of a token request are bound to, or None for bearer tokens.

    Raises:
        InvalidDpopProof: a wrong proof, or none from a client that has to send one.
        UseDpopNonce: the proof needs a nonce of ours.
        InvalidRequest: no certificate from a client whose tokens are bound to one.
    """
    # 1. RFC 9449 section 5.
    jkt = await find_proven_key(request, provider)
    cnf = None if jkt is None else {"jkt": jkt}

    # 2. RFC 9449 section 5.2: there are clients that get nothing without a proof.
    metadata = client.metadata
    if cnf is None and metadata.dpop_bound_access_tokens:
        raise InvalidDpopProof("a DPoP proof is required")

    # 3. RFC 8705 section 3: and those whose tokens are bound to their certificate.
    if metadata.tls_client_certificate_bound_access_tokens:
        certificate = client_certificate(request)
        if certificate is None:
            raise InvalidRequest("a client certificate is required")
        cnf = {**(cnf or {}), X5T: certificate.thumbprint}
    return cnf


async def find_proven_key(request: OidcRequest, provider: Provider) -> str | None:
    """Return the thumbprint of the key that the request's DPoP proof is made with.

    Raises:
        InvalidDpopProof, UseDpopNonce.
    """
    return await provider.proofs.confirm(
        request.headers,
        method=request.method,
        url=request.edge.origin + request.path,
        tenant_id=request.edge.tenant_id,
    )


def bound_to_key(params: Params, jkt: str | None) -> Params:
    """Return the parameters of a pushed request, with the key of its DPoP proof as `dpop_jkt`.

    Raises:
        InvalidRequest: `dpop_jkt` is there and names another key.
    """
    if jkt is None:
        return params
    # RFC 9449 section 10.1: where both are used, they MUST agree.
    if params.get("dpop_jkt") not in {None, jkt}:
        raise InvalidRequest("dpop_jkt is not the thumbprint of the DPoP proof's key")
    return msgspec.structs.replace(params, values={**params.values, "dpop_jkt": jkt})


def check_binding(context: TokenContext, cnf: Confirmation | None) -> None:
    """Refuse a code or a refresh token in the hands of another key than the one it is bound to.

    Raises:
        InvalidGrant.
    """
    found = cnf or {}
    # RFC 9449 section 10: the code is for the key that the authorization request named.
    if context.dpop_jkt is not None and found.get("jkt") != context.dpop_jkt:
        raise InvalidGrant("the DPoP key is not that of the authorization request")
    # RFC 9449 section 5: so is the refresh token of a public client, which proves nothing else.
    for member, value in (context.cnf or {}).items():
        if found.get(member) != value:
            raise InvalidGrant("the token is bound to another key")


def bound_to(held: HeldType, cnf: Confirmation | None) -> HeldType:
    """Return what is held, with tokens to come of it bound to `cnf`."""
    context = held.context
    if context.cnf == cnf and context.dpop_jkt is None:
        return held
    context = msgspec.structs.replace(context, cnf=cnf, dpop_jkt=None)
    # Whatever is held is a row, and so a Struct.
    return msgspec.structs.replace(held, context=context)  # type: ignore[type-var]


def with_next_nonce(answer: OidcResponse, request: OidcRequest, provider: Provider) -> OidcResponse:
    """Return the answer with the nonce to use next, where nonces are used: RFC 9449 section 8.2."""
    if not provider.proofs.requires_nonce or request.header(b"dpop") is None:
        return answer
    return answer.with_headers(*provider.proofs.nonce_headers(request.edge.tenant_id))


def token_type(cnf: Mapping[str, str] | None) -> str:
    """Return the token_type of an access token (RFC 9449 section 5)."""
    return "DPoP" if cnf is not None and "jkt" in cnf else "Bearer"


async def check_presenter(
    proofs: ProofVerifier,
    *,
    scheme: str,
    token: str,
    cnf: Mapping[str, Any] | None,
    headers: RawHeaders,
    method: str,
    path: str,
    edge: Edge,
) -> None:
    """Refuse an access token that comes from another than the one it is bound to.

    Args:
        scheme: that of the Authorization header, in lower case.
        path: that of the request as it was sent, without its query.

    Raises:
        InvalidToken, InvalidDpopProof, UseDpopNonce: each 401, with its challenge.
    """
    if cnf is None:
        if scheme == "dpop":
            raise _invalid_token("the access token is not bound to a key; use the scheme Bearer")
        return

    # 1. What we do not know we cannot check.
    if not cnf or not cnf.keys() <= _MEMBERS or not all(cnf.values()):
        raise _invalid_token("the access token is bound in a way that is not known here")

    # 2. RFC 9449 section 7.
    jkt = cnf.get("jkt")
    if (jkt is not None) != (scheme == "dpop"):
        # Section 7.2: a bound token is refused as a bearer token; else who stole it would only
        # have to leave out the proof.
        raise _invalid_token("the access token and the scheme do not fit each other")
    if jkt is not None:
        proven = await _presenters_key(
            proofs, token=token, headers=headers, method=method, path=path, edge=edge
        )
        if proven != jkt:
            raise _invalid_token("the access token is bound to another key")

    # 3. RFC 8705 section 3: the certificate of this connection is the token's.
    thumbprint = cnf.get(X5T)
    if thumbprint is not None and thumbprint != _certificate_thumbprint(edge):
        raise InvalidToken(
            "the access token is bound to another certificate",
            challenge=dpop_challenge("invalid_token")
            if scheme == "dpop"
            else 'Bearer error="invalid_token"',
        )


async def _presenters_key(
    proofs: ProofVerifier, *, token: str, headers: RawHeaders, method: str, path: str, edge: Edge
) -> str:
    try:
        proven = await proofs.confirm(
            headers,
            method=method,
            url=edge.origin + path,
            tenant_id=edge.tenant_id,
            access_token=token,
        )
        if proven is None:
            raise InvalidDpopProof("a DPoP proof is required")
    except (InvalidDpopProof, UseDpopNonce) as error:
        # Section 7.1: a resource answers 401 where the token endpoint answers 400.
        error.status, error.challenge = 401, dpop_challenge(error.error)
        raise
    return proven


def _certificate_thumbprint(edge: Edge) -> str | None:
    if edge.client_certificate is None:
        return None
    try:
        return parse_certificate(edge.client_certificate).thumbprint
    except CertificateError:
        return None


def dpop_challenge(error: str | None = None) -> str:
    """Return a WWW-Authenticate challenge (RFC 9449 section 7.1)."""
    algs = f'algs="{" ".join(PROOF_ALGORITHMS)}"'
    return f"DPoP {algs}" if error is None else f'DPoP error="{error}", {algs}'


def _invalid_token(description: str) -> InvalidToken:
    return InvalidToken(description, challenge=dpop_challenge("invalid_token"))
