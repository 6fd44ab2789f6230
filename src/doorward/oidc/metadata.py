"""OpenID Connect Discovery 1.0, RFC 8414 and RFC 7517: what clients read first.

Both documents are encoded once for each configuration version, and once more when a key changes
roles, and answered from those bytes.
"""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

from doorward.applications.metadata import CONTENT_ENCRYPTIONS, KEY_ENCRYPTIONS
from doorward.keys.ring import current_keys
from doorward.kit.edge import Edge
from doorward.kit.jose import PROOF_ALGORITHMS
from doorward.management.audience import address_of
from doorward.oidc.authorization.response_type import RESPONSE_MODES, RESPONSE_TYPES
from doorward.oidc.claims import CLAIMS
from doorward.oidc.clients.assertion import SECRET_ALGORITHMS
from doorward.oidc.clients.certificate import MutualTls
from doorward.oidc.clients.keys import CLIENT_ALGORITHMS
from doorward.oidc.cors import ANY_ORIGIN
from doorward.oidc.provider import Provider
from doorward.oidc.request import OidcRequest
from doorward.oidc.response import Headers, OidcResponse
from doorward.oidc.scopes import OIDC_SCOPES
from doorward.oidc.token import GRANTS
from doorward.registration.config import Mode, current_config
from doorward.resources.detail_types import known_types
from doorward.sign_in_experience.cached import current_experience
from doorward.sign_in_experience.document import Experience
from doorward.sign_in_experience.levels import reachable_acrs
from doorward.storage import Snapshot
from doorward.tenants.request_policy import current_policy
from doorward.tenants.seed import DEFAULT_TENANT

# What clients call themselves, not through a browser.
_CALLED = (
    "token_endpoint",
    "userinfo_endpoint",
    "introspection_endpoint",
    "revocation_endpoint",
    "pushed_authorization_request_endpoint",
    "device_authorization_endpoint",
)


class Document(msgspec.Struct, frozen=True):
    """A prepared answer: whole, and as 304."""

    etag: bytes
    whole: OidcResponse
    unchanged: OidcResponse


async def discovery(request: OidcRequest, provider: Provider) -> OidcResponse:
    """Answer with the provider's metadata."""
    issuer = request.edge.issuer
    snapshot = await provider.snapshots.current(request.edge.tenant_id)
    ring = await current_keys(snapshot, sealer=provider.sealer)
    key = ("discovery", issuer, ring.changes_at)
    document: Document | None = snapshot.peek(key)
    if document is None:
        body = msgspec.json.encode(await provider_metadata(provider, snapshot, edge=request.edge))
        document = _document(body, content_type=b"application/json; charset=utf-8")
        snapshot.put(key, document)
    return _answer(request, document)


async def jwks(request: OidcRequest, provider: Provider) -> OidcResponse:
    """Answer with the public keys: those that sign, the next and the previous ones."""
    snapshot = await provider.snapshots.current(request.edge.tenant_id)
    ring = await current_keys(snapshot, sealer=provider.sealer)
    key = ("jwks", ring.kids)
    document: Document | None = snapshot.peek(key)
    if document is None:
        document = _document(ring.jwks, content_type=b"application/jwk-set+json; charset=utf-8")
        snapshot.put(key, document)
    return _answer(request, document)


def metadata(issuer: str, *, algorithms: list[str], experience: Experience) -> dict[str, Any]:
    """Return what this provider does, and nothing that it does not."""
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/auth",
        "token_endpoint": f"{issuer}/token",
        "userinfo_endpoint": f"{issuer}/me",
        "jwks_uri": f"{issuer}/jwks",
        "end_session_endpoint": f"{issuer}/session/end",
        "check_session_iframe": f"{issuer}/session/check",
        "frontchannel_logout_supported": True,
        "frontchannel_logout_session_supported": True,
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
        "introspection_endpoint": f"{issuer}/token/introspection",
        "revocation_endpoint": f"{issuer}/token/revocation",
        "pushed_authorization_request_endpoint": f"{issuer}/request",
        # RFC 8628 section 4.
        "device_authorization_endpoint": f"{issuer}/device/auth",
        "scopes_supported": list(OIDC_SCOPES),
        "response_types_supported": list(RESPONSE_TYPES),
        "response_modes_supported": list(RESPONSE_MODES),
        # Implicit, as hybrid, is for applications that opt in.
        "grant_types_supported": [*GRANTS, "implicit"],
        "subject_types_supported": ["public", "pairwise"],
        "authorization_signing_alg_values_supported": algorithms,
        "id_token_signing_alg_values_supported": algorithms,
        "id_token_encryption_alg_values_supported": list(KEY_ENCRYPTIONS),
        "id_token_encryption_enc_values_supported": list(CONTENT_ENCRYPTIONS),
        "userinfo_signing_alg_values_supported": algorithms,
        "introspection_signing_alg_values_supported": algorithms,
        "code_challenge_methods_supported": ["S256"],
        "dpop_signing_alg_values_supported": list(PROOF_ALGORITHMS),
        "claim_types_supported": ["normal"],
        "claims_supported": list(CLAIMS),
        "claims_parameter_supported": True,
        "request_parameter_supported": True,
        "request_uri_parameter_supported": True,
        "require_request_uri_registration": True,
        "request_object_signing_alg_values_supported": list(CLIENT_ALGORITHMS),
        "authorization_response_iss_parameter_supported": True,
        "prompt_values_supported": _prompts(experience),
        "acr_values_supported": list(reachable_acrs(experience)),
    }


async def provider_metadata(
    provider: Provider, snapshot: Snapshot, *, edge: Edge
) -> dict[str, Any]:
    """Return the metadata of a tenant's provider. RFC 8414 section 2: nothing is said of what there
    is not."""
    ring = await current_keys(snapshot, sealer=provider.sealer)
    experience = await current_experience(snapshot)
    policy = await current_policy(snapshot)
    members: dict[str, Any] = {
        **metadata(edge.issuer, algorithms=ring.supported, experience=experience),
        **_client_authentication(provider.mutual_tls),
        # RFC 9126 section 5, RFC 9101 section 10.5.
        "require_pushed_authorization_requests": policy.require_pushed_authorization_requests,
        "require_signed_request_object": policy.require_signed_request_object,
        # RFC 8705 section 3.3.
        "tls_client_certificate_bound_access_tokens": provider.mutual_tls is not None or None,
        "ui_locales_supported": list(provider.texts.languages),
        # RFC 9728 section 4.
        "protected_resources": [address_of(edge.endpoint)],
        "op_tos_uri": experience.terms_of_use_url,
        "op_policy_uri": experience.privacy_policy_url,
        # RFC 7591 section 3: only where somebody may register.
        "registration_endpoint": f"{edge.issuer}/reg"
        if (await current_config(snapshot)).mode != Mode.CLOSED
        else None,
        # CIMD section 6.
        "client_id_metadata_document_supported": await provider.documents.is_effective(snapshot)
        or None,
        # RFC 9396 section 10.
        "authorization_details_types_supported": sorted(await known_types(snapshot)) or None,
    }
    members["mtls_endpoint_aliases"] = _aliases(members, provider=provider, edge=edge)
    return {name: value for name, value in members.items() if value is not None}


def _client_authentication(mutual_tls: MutualTls | None) -> dict[str, list[str]]:
    """Say how clients authenticate: RFC 8414 section 2, the same at each of their endpoints."""
    methods = [
        "client_secret_basic",
        "client_secret_post",
        "client_secret_jwt",
        "private_key_jwt",
        "none",
    ]
    if mutual_tls is not None:
        methods.append("self_signed_tls_client_auth")
    if mutual_tls is not None and mutual_tls.authorities:
        methods.append("tls_client_auth")
    algorithms = [*SECRET_ALGORITHMS, *CLIENT_ALGORITHMS]
    return {
        f"{endpoint}_endpoint_auth_{what}_supported": values
        for endpoint in ("token", "introspection", "revocation")
        for what, values in (("methods", methods), ("signing_alg_values", algorithms))
    }


def _aliases(members: dict[str, Any], *, provider: Provider, edge: Edge) -> dict[str, str] | None:
    """Return where the endpoints that clients call themselves ask for a certificate, if that is
    not at their usual place (RFC 8705 section 5)."""
    endpoint = provider.mutual_tls.endpoint if provider.mutual_tls else None
    if endpoint is None or edge.tenant_id != DEFAULT_TENANT:
        return None
    return {name: endpoint + members[name].removeprefix(edge.endpoint) for name in _CALLED}


def _prompts(experience: Experience) -> list[str]:
    # Initiating User Registration section 5: named where people may make accounts.
    asked = ["none", "login", "consent", "select_account"]
    return [*asked, "create"] if experience.allows_registration else asked


def _document(body: bytes, *, content_type: bytes) -> Document:
    etag = b'"' + hashlib.sha256(body).hexdigest()[:32].encode() + b'"'
    headers: Headers = (
        (b"cache-control", b"no-cache, max-age=0, must-revalidate"),
        (b"etag", etag),
        ANY_ORIGIN,
        (b"access-control-expose-headers", b"ETag"),
    )
    return Document(
        etag=etag,
        whole=OidcResponse(200, ((b"content-type", content_type), *headers), body),
        unchanged=OidcResponse(304, headers),
    )


def _answer(request: OidcRequest, document: Document) -> OidcResponse:
    for name, value in request.headers:
        # RFC 9110 section 13.1.2: weak comparison, and * for anything.
        if name == b"if-none-match" and (document.etag in value or value.strip() == b"*"):
            return document.unchanged
    return document.whole
