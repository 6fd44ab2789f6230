"""RFC 7591: whatever a stranger sends for a member, the answer is a specified one."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from doorward.applications.metadata import ClientMetadata
from doorward.cimd.document import DocumentError, parse_document
from tests.oidc.house import House
from tests.oidc.registration.test_register import CALLBACK, choose

ODD: list[Any] = [
    "",
    "x",
    "\0",
    "é",
    "https://",
    "https://[",
    "https://[::1",
    "https://a:99999999/",
    "https://client.example/\U0001f600",
    "//client.example",
    -1,
    2**70,
    1.5,
    True,
    [],
    [""],
    ["x", "x"],
    [None],
    [[]],
    {},
    {"": ""},
    {"keys": None},
    {"keys": [None]},
    {"keys": [{"kty": "EC"}]},
    {"keys": [{"kty": "EC", "crv": [], "x": 5, "y": {}}]},
    {"keys": [{"kty": "RSA", "n": "", "e": ""}]},
    {"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "é"}]},
]
MEMBERS = [
    *(f.name for f in msgspec.structs.fields(ClientMetadata)),
    "redirect_uris",
    "post_logout_redirect_uris",
    "client_name",
    "logo_uri",
    "application_type",
    "software_statement",
]


async def test_each_member(house: House) -> None:
    """201, or 400 with a code of section 3.2.2. The clock runs, so that the limit is not met."""
    await choose(house)
    seen = set()

    for member in MEMBERS:
        for value in ODD:
            house.pass_time(hours=2)
            document = {"redirect_uris": [CALLBACK]} | {member: value}
            answer = await house.http.post("/oidc/reg", json=document)
            assert answer.status_code in {201, 400}, (member, value, answer.text)
            seen.add(answer.json().get("error"))

    assert seen == {
        None,
        "invalid_redirect_uri",
        "invalid_client_metadata",
        "invalid_software_statement",
    }


@pytest.mark.parametrize("member", [*MEMBERS, "client_id"])
def test_each_member_of_a_document(member: str) -> None:
    """A document is taken or refused, and nothing else happens."""
    for value in ODD:
        document = {
            "client_id": "https://client.example/client",
            "redirect_uris": [CALLBACK],
            member: value,
        }
        with contextlib.suppress(DocumentError):
            parse_document(
                document, client_id="https://client.example/client", now=datetime.now(UTC)
            )
