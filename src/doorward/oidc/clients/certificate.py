"""RFC 8705 section 2: the certificate that a client showed to the proxy which ended its TLS.

A proxy that the settings trust writes it into a header that the settings name. `kit.edge` takes it
from there; from any other peer the header is somebody's invention and never gets here.
"""

from __future__ import annotations

import msgspec

from doorward.kit.certificates import Certificate, CertificateError, parse_certificate
from doorward.oidc.errors import InvalidClient
from doorward.oidc.request import OidcRequest


class MutualTls(msgspec.Struct, frozen=True):
    """How this installation learns of client certificates. `authorities` issue those that
    tls_client_auth accepts; `endpoint` is the origin at which the proxy asks for one, if it does
    not do so everywhere."""

    authorities: tuple[Certificate, ...] = ()
    endpoint: str | None = None


def client_certificate(request: OidcRequest) -> Certificate | None:
    """Return the certificate that the client of a request showed, if it showed one.

    Raises:
        InvalidClient: what the proxy wrote is no certificate.
    """
    text = request.edge.client_certificate
    if text is None:
        return None
    try:
        return parse_certificate(text)
    except CertificateError as error:
        raise InvalidClient("the client certificate is malformed", detail=str(error)) from error
