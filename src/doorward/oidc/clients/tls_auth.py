"""RFC 8705 section 2: tls_client_auth and self_signed_tls_client_auth."""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Callable, Mapping

from doorward.applications.cached import Client
from doorward.applications.metadata import ClientMetadata
from doorward.applications.types import AuthMethod
from doorward.kit.certificates import Certificate
from doorward.kit.jose import JoseError
from doorward.oidc.clients.certificate import client_certificate
from doorward.oidc.clients.keys import KeySet
from doorward.oidc.errors import InvalidClient
from doorward.oidc.provider import Provider
from doorward.oidc.request import OidcRequest

# RFC 8705 section 2.1.2: exactly one of these says whose certificate it must be.
SUBJECTS: Mapping[str, Callable[[Certificate, str], bool]] = {
    "tls_client_auth_subject_dn": Certificate.has_subject,
    "tls_client_auth_san_dns": Certificate.has_dns_name,
    "tls_client_auth_san_uri": Certificate.has_uri,
    "tls_client_auth_san_ip": Certificate.has_ip,
    "tls_client_auth_san_email": Certificate.has_email,
}


async def check_certificate(request: OidcRequest, client: Client, *, provider: Provider) -> None:
    """Check that the client showed the certificate it is known by.

    Raises:
        InvalidClient: it showed none, or another.
    """
    # 1. What it showed, and the proxy checked that it holds the key of.
    certificate = client_certificate(request)
    if certificate is None:
        raise InvalidClient("a client certificate is required")
    now = provider.clock.now()
    if not certificate.is_valid_at(now):
        raise InvalidClient("client authentication failed", detail="the certificate has expired")

    # 2. RFC 8705 section 2.1: issued by an authority that we name, to this client.
    if client.auth_method == AuthMethod.TLS_CLIENT_AUTH:
        authorities = provider.mutual_tls.authorities if provider.mutual_tls else ()
        if not certificate.is_issued_by(authorities, at=now):
            raise InvalidClient("client authentication failed", detail="issued by a stranger")
        if not _is_subject(certificate, client.metadata):
            raise InvalidClient("client authentication failed", detail="of another subject")
        return

    # 3. RFC 8705 section 2.2: or one of those that the client registered itself.
    def holds(keys: KeySet) -> bool:
        return any(_certificate_of(jwk) == certificate.der for jwk in keys.jwks)

    try:
        keys = await provider.key_sets.find(
            client, tenant_id=request.edge.tenant_id, is_enough=holds
        )
    except JoseError as error:
        raise InvalidClient("client authentication failed", detail=str(error)) from error
    if not holds(keys):
        raise InvalidClient("client authentication failed", detail="the certificate is unknown")


def _is_subject(certificate: Certificate, metadata: ClientMetadata) -> bool:
    registered = [
        (is_of, value)
        for name, is_of in SUBJECTS.items()
        if (value := getattr(metadata, name)) is not None
    ]
    if len(registered) != 1:
        return False
    is_of, value = registered[0]
    try:
        return is_of(certificate, value)
    except ValueError:
        # What is registered is no name of its kind, so it is nobody's.
        return False


def _certificate_of(jwk: Mapping[str, object]) -> bytes | None:
    """Return the certificate of a key (RFC 7517 section 4.7: the first of x5c, in base64)."""
    chain = jwk.get("x5c")
    first = chain[0] if isinstance(chain, list) and chain else None
    try:
        return b64decode(first, validate=True) if isinstance(first, str) else None
    except (binascii.Error, ValueError):
        return None
