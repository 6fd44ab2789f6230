"""Certificates in the headers of proxies."""

from __future__ import annotations

import contextlib
import hashlib
import ipaddress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509

from doorward.kit.certificates import (
    Certificate,
    CertificateError,
    load_authorities,
    parse_certificate,
    parse_distinguished_name,
)
from doorward.kit.jose import encode_base64url
from tests.support.client_certificates import SUBJECT, issue


class TestParse:
    def test_three_spellings(self) -> None:
        issued = issue()

        for text in (
            issued.escaped,
            issued.byte_sequence,
            issued.byte_sequence.strip(":"),
            issued.pem.replace("\n", " "),
        ):
            assert parse_certificate(text).der == issued.der

    def test_the_thumbprint(self) -> None:
        """RFC 8705 section 3.1: x5t#S256."""
        issued = issue()

        digest = hashlib.sha256(issued.der).digest()

        assert Certificate(issued.der).thumbprint == encode_base64url(digest)

    @pytest.mark.parametrize("text", ["", ":", "::", "A", "%00", "AAAA", ":AAAA", "é" * 9])
    def test_no_certificate(self, text: str) -> None:
        with pytest.raises(CertificateError):
            parse_certificate(text)

    def test_an_extension_twice(self) -> None:
        """RFC 5280 section 4.2: a certificate that contradicts itself is none, and no crash."""
        once = issue(names=(x509.DNSName("a.example"),)).der
        oids = [bytes.fromhex("0603551d13"), bytes.fromhex("0603551d11")]

        twice = once.replace(oids[1], oids[0])

        with pytest.raises(CertificateError):
            Certificate(twice)

    # A serial number below one is announced to become an error, which is what we would make of it.
    @pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")
    def test_spoilt(self) -> None:
        """Each byte of a certificate changed: a certificate or none, never another error."""
        der = issue(names=(x509.IPAddress(ipaddress.ip_address("192.0.2.1")),)).der
        for position in range(0, len(der), 3):
            for value in (0x00, 0xFF, der[position] ^ 0x20):
                spoilt = der[:position] + bytes([value]) + der[position + 1 :]
                with contextlib.suppress(CertificateError):
                    Certificate(spoilt).is_issued_by((Certificate(der),), at=datetime.now(UTC))


class TestSubject:
    @pytest.mark.parametrize(
        ("name", "is_it"),
        [
            (SUBJECT, True),
            ("2.5.4.3=client,2.5.4.10=Bank\\, Inc,2.5.4.6=DE", True),
            ("C=DE,O=Bank\\, Inc,CN=client", False),
            ("CN=client,O=Bank\\, Inc", False),
            ("CN=client", False),
            ("CN=client,O=Bank,OU=Inc,C=DE", False),
        ],
    )
    def test_distinguished_names(self, name: str, is_it: bool) -> None:
        """RFC 4514: the whole name, in its order."""
        assert Certificate(issue().der).has_subject(name) is is_it

    @pytest.mark.parametrize("name", ["", " ", "client", "CN", "CN=a,", "=a", "nosuch=a"])
    def test_no_distinguished_name(self, name: str) -> None:
        with pytest.raises(ValueError):
            parse_distinguished_name(name)


class TestAuthorities:
    def test_a_file_of_them(self, tmp_path: Path) -> None:
        one, two = (issue(subject=f"CN={n}", is_authority=True) for n in "ab")
        path = tmp_path / "ca.pem"
        path.write_text(one.pem + two.pem)

        authorities = load_authorities(path)

        leaf = Certificate(issue(by=two).der)
        assert leaf.is_issued_by(authorities, at=datetime.now(UTC))
        assert not leaf.is_issued_by(authorities[:1], at=datetime.now(UTC))

    @pytest.mark.parametrize("text", ["", "nothing", issue().pem])
    def test_a_file_of_something_else(self, tmp_path: Path, text: str) -> None:
        """A leaf as authority could issue for anybody: refused at the start."""
        path = tmp_path / "ca.pem"
        path.write_text(text)

        with pytest.raises(ValueError):
            load_authorities(path)

    def test_no_file(self, tmp_path: Path) -> None:
        with pytest.raises(ValueError):
            load_authorities(tmp_path / "ca.pem")
