"""X.509 certificates of clients, as the proxy that ended their TLS connection hands them over.

Three spellings are understood: RFC 9440 (`:base64 of DER:`), PEM with percent escapes (nginx
`$ssl_client_escaped_cert`, AWS), and bare base64 of DER (HAProxy, Traefik).
"""

from __future__ import annotations

import binascii
import hashlib
import ipaddress
from base64 import b64decode
from collections.abc import Mapping, Sequence
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
    """A certificate, parsed whole: what a stranger wrote fails here or nowhere. Nothing is said of
    who issued it until `is_issued_by` is asked."""

    def __init__(self, der: bytes) -> None:
        # Imported here: it takes as long as a dozen token requests, and few installations need it.
        from cryptography import x509
        from cryptography.exceptions import UnsupportedAlgorithm

        self.der = der
        try:
            self._x509 = x509.load_der_x509_certificate(der)
            self._begin, self._end = (
                self._x509.not_valid_before_utc,
                self._x509.not_valid_after_utc,
            )
            self._subject = self._x509.subject
            self._has_weak_hash = _has_weak_hash(self._x509)
            self._names = _alternative_names(self._x509)
            self._is_for_clients = _is_for_clients(self._x509)
            self.is_authority = _is_authority(self._x509)
        except (
            ValueError,
            UnsupportedAlgorithm,
            x509.DuplicateExtension,
            x509.InvalidVersion,
            x509.UnsupportedGeneralNameType,
        ) as error:
            raise CertificateError("not a certificate") from error

    @cached_property
    def thumbprint(self) -> str:
        """x5t#S256 (RFC 8705 section 3.1): base64url of SHA-256 of the DER."""
        return encode_base64url(hashlib.sha256(self.der).digest())

    def is_valid_at(self, moment: datetime) -> bool:
        """Tell whether `moment` lies in the certificate's time."""
        return self._begin <= moment <= self._end

    def has_subject(self, distinguished_name: str) -> bool:
        """Tell whether the subject is `distinguished_name` (RFC 4514)."""
        return parse_distinguished_name(distinguished_name) == self._subject

    def has_dns_name(self, name: str) -> bool:
        """Tell whether `name` is among the DNS names; a wildcard is a name like any other."""
        return name.lower() in {known.lower() for known in self._names["DNSName"]}

    def has_uri(self, uri: str) -> bool:
        """Tell whether `uri` is among the alternative names."""
        return uri in self._names["UniformResourceIdentifier"]

    def has_ip(self, address: str) -> bool:
        """Tell whether `address`, in whatever spelling, is among the alternative names."""
        return str(ipaddress.ip_address(address)) in self._names["IPAddress"]

    def has_email(self, email: str) -> bool:
        """Tell whether `email` is among the alternative names."""
        return email in self._names["RFC822Name"]

    def is_issued_by(self, authorities: Sequence[Certificate], *, at: datetime) -> bool:
        """Tell whether one of `authorities` issued this certificate, for clients, and both are
        valid at that moment. There are no chains: each issuer is named."""
        return (
            self.is_valid_at(at)
            and self._is_for_clients
            and not self._has_weak_hash
            and any(
                one.is_authority and one.is_valid_at(at) and self._is_signed_by(one)
                for one in authorities
            )
        )

    def _is_signed_by(self, authority: Certificate) -> bool:
        from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

        try:
            self._x509.verify_directly_issued_by(authority._x509)
        except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
            return False
        return True


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
    if not all(one.is_authority for one in authorities):
        raise ValueError(f"{path} holds a certificate that is no certificate authority")
    return authorities


def _alternative_names(certificate: x509.Certificate) -> Mapping[str, frozenset[str]]:
    from cryptography import x509

    kinds = (x509.DNSName, x509.UniformResourceIdentifier, x509.IPAddress, x509.RFC822Name)
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return {kind.__name__: frozenset() for kind in kinds}
    return {
        kind.__name__: frozenset(str(name.value) for name in names if isinstance(name, kind))
        for kind in kinds
    }


def _is_for_clients(certificate: x509.Certificate) -> bool:
    from cryptography import x509
    from cryptography.x509.oid import ExtendedKeyUsageOID

    try:
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return True
    # RFC 5280 section 4.2.1.12.
    return (
        ExtendedKeyUsageOID.CLIENT_AUTH in usage
        or ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE in usage
    )


def _is_authority(certificate: x509.Certificate) -> bool:
    from cryptography import x509

    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def _has_weak_hash(certificate: x509.Certificate) -> bool:
    from cryptography.hazmat.primitives import hashes

    return isinstance(certificate.signature_hash_algorithm, hashes.MD5 | hashes.SHA1)
