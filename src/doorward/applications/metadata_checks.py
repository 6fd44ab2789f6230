"""RFC 7591 section 2 and its relatives: what an administrator may let a client say of itself.

What a single member may be (a number, one of a few words) the wire's types check (`views.py`);
here is what members mean together, and with the application's type. A client that registers itself
may say less: see `requested_metadata.py`.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import msgspec

from doorward.applications.metadata import ClientMetadata
from doorward.applications.redirect_uris import find_fault
from doorward.applications.types import (
    ApplicationType,
    AuthMethod,
    auth_method,
    has_secrets,
)
from doorward.kit.certificates import parse_distinguished_name
from doorward.kit.jose import ALGORITHMS, JoseError, VerificationKey
from doorward.management.body import custom_issue, invalid_input

Fault = tuple[str, str]
"""A member, by its name on the wire, and what is wrong with it."""

MAX_KEYS = 100
_SECRET_METHODS = frozenset(
    {AuthMethod.CLIENT_SECRET_BASIC, AuthMethod.CLIENT_SECRET_POST, AuthMethod.CLIENT_SECRET_JWT}
)
_SUBJECTS = (
    "tls_client_auth_subject_dn",
    "tls_client_auth_san_dns",
    "tls_client_auth_san_uri",
    "tls_client_auth_san_ip",
    "tls_client_auth_san_email",
)
_HTTPS_ADDRESSES = ("jwksUri", "sectorIdentifierUri", "initiateLoginUri")
_HOST_NAME = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)(\.(?!-)[A-Za-z0-9-]{1,63}(?<!-))*")
_EMAIL = re.compile(r"[^\s@]+@[^\s@]+")
# RFC 7518 sections 6.2.2, 6.3.2 and 6.4: what a public key does not have.
_PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})


def check_oidc_metadata(metadata: Mapping[str, Any], *, type_: str) -> None:
    """Check `oidcClientMetadata` beyond its redirect URIs.

    Raises:
        RequestError: 400 guard.invalid_input, with an issue for each fault.
    """
    faults = find_metadata_faults(metadata, type_=type_)
    if faults:
        raise invalid_input(
            "body",
            issues=[custom_issue(f"oidcClientMetadata.{name}", text) for name, text in faults],
        )


def find_metadata_faults(metadata: Mapping[str, Any], *, type_: str) -> list[Fault]:
    """Return what is wrong with `oidcClientMetadata` beyond its redirect URIs; its members have the
    types of `ClientMetadata`, and words that are known."""
    parsed = msgspec.convert(metadata, ClientMetadata)
    return [
        *_authentication_faults(parsed, type_=type_),
        *_certificate_faults(parsed),
        *_key_faults(parsed),
        *_flow_faults(parsed, type_=type_),
        *_address_faults(metadata, parsed),
    ]


def _authentication_faults(metadata: ClientMetadata, *, type_: str) -> Iterator[Fault]:
    method = auth_method(type_, registered=metadata.token_endpoint_auth_method)
    # RFC 8252 section 8.5: what is on many devices is no secret; where there is one, it is used.
    if method in _SECRET_METHODS and not has_secrets(type_):
        yield "tokenEndpointAuthMethod", f"applications of the type {type_} have no secret"
    if method == AuthMethod.NONE and has_secrets(type_):
        yield "tokenEndpointAuthMethod", f"applications of the type {type_} must authenticate"
    algorithm = metadata.token_endpoint_auth_signing_alg
    if algorithm is not None and (
        method not in {AuthMethod.PRIVATE_KEY_JWT, AuthMethod.CLIENT_SECRET_JWT}
        or algorithm == "none"
        or algorithm.startswith("HS") != (method == AuthMethod.CLIENT_SECRET_JWT)
    ):
        yield "tokenEndpointAuthSigningAlg", f"does not fit {method}"


def _certificate_faults(metadata: ClientMetadata) -> Iterator[Fault]:
    # RFC 8705 section 2.1.2: exactly one member names the subject.
    subjects = [name for name in _SUBJECTS if getattr(metadata, name) is not None]
    if metadata.token_endpoint_auth_method != AuthMethod.TLS_CLIENT_AUTH:
        for name in subjects:
            yield _wire_name(name), "is for tls_client_auth only"
    elif len(subjects) != 1:
        yield "tokenEndpointAuthMethod", "tls_client_auth needs exactly one tlsClientAuth* member"
    try:
        if metadata.tls_client_auth_subject_dn is not None:
            parse_distinguished_name(metadata.tls_client_auth_subject_dn)
    except ValueError:
        yield "tlsClientAuthSubjectDn", "must be a distinguished name, such as CN=client,O=Bank"
    try:
        if metadata.tls_client_auth_san_ip is not None:
            ipaddress.ip_address(metadata.tls_client_auth_san_ip)
    except ValueError:
        yield "tlsClientAuthSanIp", "must be an IP address"
    host, email = metadata.tls_client_auth_san_dns, metadata.tls_client_auth_san_email
    if host is not None and not _HOST_NAME.fullmatch(host):
        yield "tlsClientAuthSanDns", "must be a host name"
    if email is not None and not _EMAIL.fullmatch(email):
        yield "tlsClientAuthSanEmail", "must be an e-mail address"


def _key_faults(metadata: ClientMetadata) -> Iterator[Fault]:
    # RFC 7591 section 2: jwks and jwks_uri MUST NOT both be present.
    if metadata.jwks is not None and metadata.jwks_uri is not None:
        yield "jwksUri", "jwks and jwksUri exclude each other"
    if metadata.jwks is not None:
        yield from _jwks_faults(metadata.jwks)
    if metadata.jwks is None and metadata.jwks_uri is None:
        for name, is_needed in {
            "tokenEndpointAuthMethod": metadata.token_endpoint_auth_method
            in {AuthMethod.PRIVATE_KEY_JWT, AuthMethod.SELF_SIGNED_TLS_CLIENT_AUTH},
            "requireSignedRequestObject": metadata.require_signed_request_object,
            "requestObjectSigningAlg": metadata.request_object_signing_alg is not None,
            "idTokenEncryptedResponseAlg": metadata.id_token_encrypted_response_alg is not None,
        }.items():
            if is_needed:
                yield name, "needs jwks or jwksUri"
    # OpenID Connect Registration section 2: no enc without alg.
    if metadata.id_token_encrypted_response_enc is not None and (
        metadata.id_token_encrypted_response_alg is None
    ):
        yield "idTokenEncryptedResponseEnc", "needs idTokenEncryptedResponseAlg"


def _jwks_faults(jwks: Mapping[str, Any]) -> Iterator[Fault]:
    keys = jwks.get("keys")
    if not isinstance(keys, list) or not 1 <= len(keys) <= MAX_KEYS:
        yield "jwks", f"must hold 1 to {MAX_KEYS} keys"
        return
    for index, key in enumerate(keys):
        if not isinstance(key, dict) or key.get("kty") not in {"EC", "RSA", "OKP"}:
            yield f"jwks.keys[{index}]", "must be a public key of the type EC, RSA or OKP"
        elif not _PRIVATE_MEMBERS.isdisjoint(key):
            # Whoever read it can act as the client: it must not be made to work.
            yield f"jwks.keys[{index}]", "is a private key, which is none any more"
        elif not _is_usable(key):
            yield f"jwks.keys[{index}]", "is not a usable public key"


def _is_usable(key: Mapping[str, Any]) -> bool:
    """Tell whether a key can verify something, encrypt something, or holds a certificate."""
    if key.get("use") == "enc" or key.get("crv") == "X25519" or "x5c" in key:
        return True
    for algorithm in ALGORITHMS:
        try:
            VerificationKey.from_jwk({**key, "alg": algorithm, "kid": ""})
        except JoseError:
            continue
        return True
    return False


def _flow_faults(metadata: ClientMetadata, *, type_: str) -> Iterator[Fault]:
    if type_ == ApplicationType.MACHINE_TO_MACHINE:
        for name, said in {
            "responseTypes": metadata.response_types,
            "requirePushedAuthorizationRequests": metadata.require_pushed_authorization_requests,
            "requireSignedRequestObject": metadata.require_signed_request_object,
        }.items():
            if said:
                yield name, "a machine makes no authorization requests"
    for index, uri in enumerate(metadata.request_uris):
        # RFC 9101 section 5.2: at most 512 ASCII characters, and https.
        if len(uri) > 512 or not _is_https(uri):
            yield f"requestUris[{index}]", "must be an https URL of at most 512 characters"


def _address_faults(sent: Mapping[str, Any], metadata: ClientMetadata) -> Iterator[Fault]:
    for name in _HTTPS_ADDRESSES:
        uri = sent.get(name)
        if uri is not None and not _is_https(uri):
            yield name, "must be an https URL"
    frontchannel = metadata.frontchannel_logout_uri
    # OpenID Connect Front-Channel Logout section 2: of the origin of a redirect URI.
    if frontchannel is not None and _origin(frontchannel) not in _origins(
        sent.get("redirectUris", ())
    ):
        yield "frontchannelLogoutUri", "must have the scheme, host and port of a redirect URI"


def _is_https(uri: str) -> bool:
    return (
        uri.startswith("https://") and "*" not in uri and find_fault(uri.partition("#")[0]) is None
    )


def _origins(uris: Iterable[str]) -> set[tuple[str, str]]:
    return {_origin(uri) for uri in uris}


def _origin(uri: str) -> tuple[str, str]:
    try:
        parts = urlsplit(uri)
    except ValueError:
        return "", uri
    return parts.scheme, parts.netloc.lower()


def _wire_name(field: str) -> str:
    head, *rest = field.split("_")
    return head + "".join(word.capitalize() for word in rest)
