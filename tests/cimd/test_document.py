"""CIMD section 4: what a document says, and what it must not say."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from doorward.applications.cached import Client, client_of
from doorward.cimd.document import DocumentError, parse_document

ID = "https://client.example/client"
NOW = datetime(2026, 11, 24, tzinfo=UTC)


def document(**members: Any) -> dict[str, Any]:
    usual = {"client_id": ID, "redirect_uris": ["https://client.example/callback"]}
    return {name: value for name, value in (usual | members).items() if value is not None}


def client(**members: Any) -> Client:
    return client_of(parse_document(document(**members), client_id=ID, now=NOW), ())


def fault(members: Any) -> str:
    with pytest.raises(DocumentError) as caught:
        parse_document(members, client_id=ID, now=NOW)
    return str(caught.value)


class TestWhatIsTaken:
    def test_the_least_document(self) -> None:
        """Id and redirect URI; the rest is what we give to clients that nobody vouches for."""
        found = client()

        assert found.id == ID
        assert found.name == "client.example"
        assert found.redirect_uris == ("https://client.example/callback",)
        assert found.is_third_party
        assert found.is_public
        assert found.requires_pkce
        assert found.metadata.token_endpoint_auth_method == "none"

    def test_flows_are_ours_to_set(self) -> None:
        """Whatever it asks for, it is the code flow with refresh tokens."""
        found = client(grant_types=["client_credentials", "implicit"], response_types=["token"])

        assert found.grant_types == ("authorization_code", "refresh_token")
        assert found.metadata.response_types == ("code",)

    def test_names_and_pages(self) -> None:
        found = client(
            client_name="Reader",
            logo_uri="https://client.example/logo.png",
            policy_uri="https://client.example/policy",
            unknown_member={"a": 1},
            subject_type="pairwise",
        )

        assert found.name == "Reader"
        assert found.logo_uri == "https://client.example/logo.png"
        assert found.metadata.policy_uri == "https://client.example/policy"
        assert found.metadata.subject_type is None

    def test_keys(self) -> None:
        """Section 8.2: private_key_jwt with public keys makes a confidential client."""
        found = client(
            token_endpoint_auth_method="private_key_jwt", jwks_uri="https://client.example/jwks"
        )

        assert found.metadata.token_endpoint_auth_method == "private_key_jwt"
        assert found.metadata.jwks_uri == "https://client.example/jwks"
        assert found.secrets == ()

    def test_loopback(self) -> None:
        """A client on the user's device: the port may be any (RFC 8252 section 7.3)."""
        assert client(redirect_uris=["http://127.0.0.1/callback"]).is_native
        assert not client().is_native


class TestWhatIsRefused:
    @pytest.mark.parametrize("members", [None, [], "text", 5, True])
    def test_not_an_object(self, members: Any) -> None:
        assert fault(members) == "it is not a JSON object"

    @pytest.mark.parametrize(
        "client_id",
        [
            None,
            5,
            "https://client.example/Client",
            "https://client.example:443/client",
            "https://client.example/client/",
            "https://client.example/client?",
        ],
    )
    def test_of_another_url(self, client_id: Any) -> None:
        """Section 4: simple string comparison, so nobody's document serves as another's."""
        assert fault(document(client_id=client_id)) == "its client_id is not the URL that it is at"

    @pytest.mark.parametrize(
        "method", ["client_secret_basic", "client_secret_post", "client_secret_jwt", "x", 5, []]
    )
    def test_shared_secrets(self, method: Any) -> None:
        """Section 4.1."""
        assert "must be none or private_key_jwt" in fault(
            document(token_endpoint_auth_method=method)
        )

    @pytest.mark.parametrize("member", ["client_secret", "client_secret_expires_at"])
    def test_secrets(self, member: str) -> None:
        """Section 4.1."""
        assert fault(document(**{member: "x"})) == f"it must not hold {member}"

    def test_private_keys(self) -> None:
        """Section 4.1: only public keys."""
        key = {"kty": "EC", "crv": "P-256", "x": "a", "y": "b", "d": "c"}

        assert "private key" in fault(
            document(token_endpoint_auth_method="private_key_jwt", jwks={"keys": [key]})
        )

    @pytest.mark.parametrize(
        "member", ["tenantId", "allowTokenExchange", "appLevelAccessControlEnabled", "requirePkce"]
    )
    def test_settings_of_administrators(self, member: str) -> None:
        assert fault(document(**{member: True})) == f"it must not hold {member}"

    @pytest.mark.parametrize(
        "uris",
        [
            None,
            [],
            "https://client.example/callback",
            [5],
            ["https://*.client.example/callback"],
            ["https://client.example/*"],
            ["http://client.example/callback"],
            ["http://localhost.evil.example/callback"],
            ["http://localhost@evil.example/callback"],
            ["javascript:alert(1)"],
            ["data:text/html,x"],
            ["https://client.example/callback#x"],
            ["https://client.example/a/../callback"],
            ["client:/callback"],
            ["https://client.example/callback"] * 21,
        ],
    )
    def test_redirect_uris(self, uris: Any) -> None:
        """RFC 9700 section 2.1 and CIMD section 4.2: exact, and nothing dangerous."""
        assert fault(document(redirect_uris=uris))

    @pytest.mark.parametrize(
        "members",
        [
            {"client_name": 5},
            {"client_name": ""},
            {"client_name": "x" * 257},
            {"client_name": "Bank\u202ekcatta"},
            {"client_name": "Two\nlines"},
            {"logo_uri": "http://client.example/logo.png"},
            {"logo_uri": "javascript:alert(1)"},
            {"client_uri": "https://ada@client.example/"},
            {"jwks": {"keys": []}},
            {"jwks": "x"},
            {"token_endpoint_auth_method": "private_key_jwt"},
            {"contacts": ["a@client.example"] * 21},
            {"default_max_age": -1},
            {"default_max_age": "1"},
        ],
    )
    def test_other_members(self, members: dict[str, Any]) -> None:
        assert fault(document(**members))
