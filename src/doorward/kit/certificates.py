"""X.509 certificates of clients, as the proxy that ended their TLS connection hands them over.

Three spellings are understood: RFC 9440 (`:base64 of DER:`), PEM with percent escapes (nginx
`$ssl_client_escaped_cert`, AWS), and bare base64 of DER (HAProxy, Traefik).
"""

from __future__ import annotations

import binascii
import hashlib
import ipaddress
from base64 import b64decode
from collections.abc import Sequence
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from doorward.kit.jose import encode_base64url

if TYPE_CHECKING:
    from cryptography import x509

MAX_LENGTH = 16 * 1024
_PEM_BEGIN = "-----BEGIN CERTIFICATE-----"
_PEM_END = "-----END CERTIFICATE-----"


class CertificateError(Exception):
    """Not a certificate."""


class Certificate:
    """A certificate. Nothing is said of who issued it until `is_issued_by` is asked."""

    def __init__(self, der: bytes) -> None:
        # Imported here: it takes as long as a dozen token requests, and few installations need it.
        from cryptography import x509

        try:
            self._x509 = x509.load_der_x509_certificate(der)
        except ValueError as error:
            raise CertificateError("not a certificate") from error
        self.der = der

    @cached_property
    def thumbprint(self) -> str:
        """x5t#S256 (RFC 8705 section 3.1): base64url of SHA-256 of the DER."""
        return encode_base64url(hashlib.sha256(self.der).digest())

    def is_valid_at(self, moment: datetime) -> bool:
        """Tell whether `moment` lies in the certificate's time."""
        return self._x509.not_valid_before_utc <= moment <= self._x509.not_valid_after_utc

    def has_subject(self, distinguished_name: str) -> bool:
        """Tell whether the subject is `distinguished_name` (RFC 4514)."""
        return parse_distinguished_name(distinguished_name) == self._x509.subject

    def has_dns_name(self, name: str) -> bool:
        """Tell whether `name` is among the DNS names; a wildcard is a name like any other."""
        from cryptography.x509 import DNSName

        return name.lower() in {known.lower() for known in self._alternative_names(DNSName)}

    def has_uri(self, uri: str) -> bool:
        """Tell whether `uri` is among the alternative names."""
        from cryptography.x509 import UniformResourceIdentifier

        return uri in self._alternative_names(UniformResourceIdentifier)

    def has_ip(self, address: str) -> bool:
        """Tell whether `address`, in whatever spelling, is among the alternative names."""
        from cryptography.x509 import IPAddress

        return str(ipaddress.ip_address(address)) in self._alternative_names(IPAddress)

    def has_email(self, email: str) -> bool:
        """Tell whether `email` is among the alternative names."""
        from cryptography.x509 import RFC822Name

        return email in self._alternative_names(RFC822Name)

    def is_issued_by(self, authorities: Sequence[Certificate], *, at: datetime) -> bool:
        """Tell whether one of `authorities` issued this certificate, for clients, and both are
        valid at that moment. There are no chains: each issuer is named."""
        return (
            self.is_valid_at(at)
            and self._is_for_clients()
            and any(one.is_valid_at(at) and self._is_signed_by(one) for one in authorities)
        )

    def _alternative_names(self, kind: type[x509.GeneralName]) -> list[str]:
        from cryptography import x509

        try:
            names = self._x509.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        except (x509.ExtensionNotFound, ValueError):
            return []
        return [str(name.value) for name in names.value if isinstance(name, kind)]

    def _is_for_clients(self) -> bool:
        from cryptography import x509
        from cryptography.x509.oid import ExtendedKeyUsageOID

        try:
            usage = self._x509.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        except x509.ExtensionNotFound:
            return True
        except ValueError:
            return False
        # RFC 5280 section 4.2.1.12.
        return (
            ExtendedKeyUsageOID.CLIENT_AUTH in usage
            or ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE in usage
        )

    def _is_signed_by(self, authority: Certificate) -> bool:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives import hashes

        weak = (hashes.MD5, hashes.SHA1)
        try:
            if isinstance(self._x509.signature_hash_algorithm, weak):
                return False
            self._x509.verify_directly_issued_by(authority._x509)
        except (ValueError, TypeError, InvalidSignature):
            return False
        return authority._is_authority()

    def _is_authority(self) -> bool:
        from cryptography import x509

        try:
            return self._x509.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
        except (x509.ExtensionNotFound, ValueError):
            return False


def parse_certificate(text: str) -> Certificate:
    """Return the certificate in a proxy's header.

    Raises:
        CertificateError: there is none in it.
    """
    if len(text) > MAX_LENGTH:
        raise CertificateError("too long")
    text = text.strip()
    if len(text) > 1 and text.startswith(":") and text.endswith(":"):
        # RFC 9440 section 2.2, RFC 8941 section 3.3.5: a byte sequence.
        encoded = text[1:-1]
    else:
        encoded = unquote(text).strip()
        if encoded.startswith(_PEM_BEGIN) and encoded.endswith(_PEM_END):
            encoded = encoded.removeprefix(_PEM_BEGIN).removesuffix(_PEM_END)
    try:
        return Certificate(b64decode("".join(encoded.split()), validate=True))
    except (binascii.Error, ValueError) as error:
        raise CertificateError("not base64") from error


def parse_distinguished_name(text: str) -> x509.Name:
    """Return a distinguished name written as RFC 4514 has it.

    Raises:
        ValueError: it is not, or empty.
    """
    from cryptography import x509

    if not text.strip():
        raise ValueError("a distinguished name must not be empty")
    return x509.Name.from_rfc4514_string(text)


def load_authorities(path: Path) -> tuple[Certificate, ...]:
    """Return the certificates of a PEM file.

    Raises:
        ValueError: it cannot be read, or one of them may not issue certificates.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    try:
        loaded = x509.load_pem_x509_certificates(path.read_bytes())
    except OSError as error:
        raise ValueError(f"cannot read {path}") from error
    authorities = tuple(Certificate(one.public_bytes(Encoding.DER)) for one in loaded)
    if not all(one._is_authority() for one in authorities):
        raise ValueError(f"{path} holds a certificate that is no certificate authority")
    return authorities
