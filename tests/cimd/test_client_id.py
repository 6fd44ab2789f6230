"""CIMD section 3: which client ids are the URLs of documents."""

from __future__ import annotations

import pytest

from doorward.cimd.client_id import is_document_id


@pytest.mark.parametrize(
    "client_id",
    [
        "https://client.example/client",
        "https://client.example/client.json",
        "https://client.example:8443/client",
        "https://client.example/",
        "https://client.example/client?version=2",
        "https://xn--80ak6aa92e.example/client",
        "https://client.example/..client/.well-known",
    ],
)
def test_urls_of_documents(client_id: str) -> None:
    """An https URL with a path; a port and a query may be there."""
    assert is_document_id(client_id)


@pytest.mark.parametrize(
    "client_id",
    [
        "http://client.example/client",
        "HTTPS://client.example/client",
        "https://client.example",
        "https://client.example?client",
        "https:///client",
        "https://ada@client.example/client",
        "https://ada:pw@client.example/client",
        "https://client.example/client#a",
        "https://client.example/client#",
        "https://client.example/../client",
        "https://client.example/a/./client",
        "https://client.example/a/%2e%2e/client",
        "https://client.example/a/%2E",
        "https://client.example\\@evil.example/client",
        "https://client.example/cli ent",
        "https://client.example/client\n",
        "https://client.example:99999/client",
        "https://client.example:port/client",
        "https://[::1/client",
        "https://аpple.example/client",
        "https://client.example/" + "x" * 2048,
        "javascript:alert(1)",
        "",
    ],
)
def test_others(client_id: str) -> None:
    """No other scheme, no userinfo, no fragment, no dot segments, nothing that parsers differ on,
    and no host that looks like another."""
    assert not is_document_id(client_id)
