"""dpopBoundAccessTokens, set through the management API, is what the token endpoint goes by."""

from __future__ import annotations

import time

import httpx

from tests.support.bookstore import RESOURCE, open_bookstore
from tests.support.dpop import Prover
from tests.support.management import management_api
from tests.support.server import Server


def test_dpop_bound_access_tokens(server: Server) -> None:
    """RFC 9449 section 5.2: from then on there is no token without a proof."""
    machine = open_bookstore(server).machine
    address = f"{server.issuer}/token"
    form = {"grant_type": "client_credentials", "resource": RESOURCE, **machine.credentials}
    before = httpx.post(address, data=form).json()

    metadata = {"redirectUris": [], "postLogoutRedirectUris": [], "dpopBoundAccessTokens": True}
    with management_api(server) as api:
        changed = api.patch(
            f"/api/applications/{machine.id}", json={"oidcClientMetadata": metadata}
        )
    time.sleep(1)

    refused = httpx.post(address, data=form).json()
    proof = Prover().proof("POST", address)
    given = httpx.post(address, data=form, headers={"dpop": proof}).json()
    assert before["token_type"] == "Bearer"
    assert changed.status_code == 200, changed.text
    assert changed.json()["oidcClientMetadata"]["dpopBoundAccessTokens"] is True
    assert refused["error"] == "invalid_dpop_proof"
    assert given["token_type"] == "DPoP"
