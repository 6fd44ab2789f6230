"""Certificates of clients, made just now: by an authority, or by the client itself."""

from __future__ import annotations

from base64 import b64encode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import quote

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

SUBJECT = "CN=client,O=Bank\\, Inc,C=DE"


@dataclass(frozen=True)
class Issued:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def thumbprint(self) -> str:
        """RFC 8705 section 3.1: x5t#S256."""
        return urlsafe_b64encode(sha256(self.der).digest()).rstrip(b"=").decode()

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(Encoding.PEM).decode()

    @property
    def escaped(self) -> str:
        """As nginx writes it ($ssl_client_escaped_cert)."""
        return quote(self.pem, safe="")

    @property
    def byte_sequence(self) -> str:
        """As RFC 9440 has it."""
        return f":{b64encode(self.der).decode()}:"

    @property
    def jwk(self) -> dict[str, Any]:
        """As a client registers it: RFC 8705 section 2.2.2 goes by x5c."""
        return {"kty": "EC", "x5c": [b64encode(self.der).decode()]}


def issue(
    *,
    subject: str = SUBJECT,
    by: Issued | None = None,
    is_authority: bool = False,
    names: tuple[x509.GeneralName, ...] = (),
    usage: x509.ObjectIdentifier = ExtendedKeyUsageOID.CLIENT_AUTH,
    begins: timedelta = -timedelta(hours=1),
    lasts: timedelta = timedelta(days=1),
) -> Issued:
    """Return a new certificate, signed by its own key unless `by` says otherwise."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name.from_rfc4514_string(subject)
    begin = datetime.now(UTC) + begins
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(by.certificate.subject if by else name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + lasts)
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
    )
    if not is_authority:
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    certificate = builder.sign(by.key if by else key, hashes.SHA256())
    return Issued(certificate, key)
