"""What an administrator may let a client say of itself: RFC 7591 section 2 and its relatives."""

from __future__ import annotations

from typing import Any, get_args

import httpx
import msgspec
import pytest

from doorward.applications import views
from doorward.applications.metadata import CONTENT_ENCRYPTIONS, KEY_ENCRYPTIONS, ClientMetadata
from doorward.kit.jose import ALGORITHMS
from doorward.oidc.authorization.response_type import RESPONSE_TYPES
from doorward.oidc.clients.assertion import SECRET_ALGORITHMS
from doorward.oidc.clients.keys import CLIENT_ALGORITHMS
from doorward.oidc.token import GRANTS

# RFC 7517 appendix A.1.
KEY = {
    "kty": "EC",
    "crv": "P-256",
    "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
    "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM",
}
JWKS = {"keys": [KEY]}
URIS = {"redirectUris": ["https://app.example/callback"], "postLogoutRedirectUris": []}
EVERYTHING = {
    "backchannelLogoutUri": "https://app.example/backchannel",
    "backchannelLogoutSessionRequired": True,
    "frontchannelLogoutUri": "https://app.example/frontchannel",
    "frontchannelLogoutSessionRequired": True,
    "logoUri": "https://app.example/logo.png",
    "clientUri": "https://app.example",
    "contacts": ["ops@app.example"],
    "tosUri": "https://app.example/tos",
    "policyUri": "https://app.example/policy",
    "softwareId": "bookstore",
    "softwareVersion": "2.1",
    "grantTypes": ["authorization_code", "refresh_token"],
    "responseTypes": ["code", "code id_token"],
    "tokenEndpointAuthMethod": "private_key_jwt",
    "tokenEndpointAuthSigningAlg": "ES256",
    "jwks": JWKS,
    "dpopBoundAccessTokens": True,
    "tlsClientCertificateBoundAccessTokens": True,
    "requirePushedAuthorizationRequests": True,
    "requireSignedRequestObject": True,
    "requestObjectSigningAlg": "PS256",
    "requestUris": ["https://app.example/request.jwt#hash"],
    "authorizationDetailsTypes": ["payment"],
    "defaultMaxAge": 0,
    "requireAuthTime": True,
    "defaultAcrValues": ["urn:example:gold"],
    "initiateLoginUri": "https://app.example/login",
    "subjectType": "pairwise",
    "idTokenSignedResponseAlg": "ES256",
    "idTokenEncryptedResponseAlg": "ECDH-ES",
    "idTokenEncryptedResponseEnc": "A256GCM",
    "userinfoSignedResponseAlg": "ES256",
    "introspectionSignedResponseAlg": "ES256",
    "authorizationSignedResponseAlg": "ES256",
}


def create(
    api: httpx.Client, metadata: dict[str, Any], *, type_: str = "Traditional", **more: Any
) -> httpx.Response:
    body = {"name": "Bookstore", "type": type_, "oidcClientMetadata": {**URIS, **metadata}}
    return api.post("/api/applications", json=body | more)


def path_of(answer: httpx.Response) -> str:
    """Return the member that a refusal is about."""
    assert answer.status_code == 400, answer.text
    body = answer.json()
    assert body["code"] == "guard.invalid_input"
    return ".".join(str(part) for part in body["data"]["issues"][0]["path"])


class TestWire:
    def test_everything_is_kept_as_it_was_sent(self, api: httpx.Client) -> None:
        answer = create(api, EVERYTHING)

        assert answer.status_code == 200, answer.text
        path = f"/api/applications/{answer.json()['id']}"
        assert api.get(path).json()["oidcClientMetadata"] == {**URIS, **EVERYTHING}

    def test_every_member_has_a_place(self) -> None:
        """What the token server reads can be set, and nothing else can."""
        wire = {f.encode_name for f in msgspec.structs.fields(views.OidcClientMetadata)}
        read = {f.encode_name for f in msgspec.structs.fields(ClientMetadata)}

        assert wire == read | {"redirectUris", "postLogoutRedirectUris", "logoUri"}

    def test_words_are_those_that_the_token_server_knows(self) -> None:
        assert get_args(views.Algorithm) == ALGORITHMS
        assert get_args(views.ClientAlgorithm) == CLIENT_ALGORITHMS
        assert set(get_args(views.AssertionAlgorithm)) == {*SECRET_ALGORITHMS, *CLIENT_ALGORITHMS}
        assert get_args(views.KeyEncryption) == KEY_ENCRYPTIONS
        assert get_args(views.ContentEncryption) == CONTENT_ENCRYPTIONS
        assert get_args(views.ResponseType) == RESPONSE_TYPES
        assert set(get_args(views.GrantType)) >= set(GRANTS)

    @pytest.mark.parametrize(
        ("method", "more"),
        [
            ("client_secret_basic", {}),
            ("client_secret_post", {}),
            ("client_secret_jwt", {"tokenEndpointAuthSigningAlg": "HS256"}),
            ("private_key_jwt", {"jwksUri": "https://app.example/jwks"}),
            ("tls_client_auth", {"tlsClientAuthSubjectDn": "CN=client,O=Bank\\, Inc,C=DE"}),
            ("tls_client_auth", {"tlsClientAuthSanDns": "client.app.example"}),
            ("tls_client_auth", {"tlsClientAuthSanUri": "urn:client:1"}),
            ("tls_client_auth", {"tlsClientAuthSanIp": "2001:db8::1"}),
            ("tls_client_auth", {"tlsClientAuthSanEmail": "client@app.example"}),
            ("self_signed_tls_client_auth", {"jwks": {"keys": [{**KEY, "x5c": ["AAAA"]}]}}),
        ],
        ids=str,
    )
    def test_each_method(self, api: httpx.Client, method: str, more: dict[str, Any]) -> None:
        answer = create(api, {"tokenEndpointAuthMethod": method, **more})

        assert answer.status_code == 200, answer.text


class TestRefusals:
    @pytest.mark.parametrize(
        ("metadata", "member"),
        [
            # Words that nobody knows.
            ({"tokenEndpointAuthMethod": "password"}, "tokenEndpointAuthMethod"),
            ({"tokenEndpointAuthSigningAlg": "none"}, "tokenEndpointAuthSigningAlg"),
            ({"requestObjectSigningAlg": "none"}, "requestObjectSigningAlg"),
            ({"requestObjectSigningAlg": "HS256"}, "requestObjectSigningAlg"),
            ({"idTokenSignedResponseAlg": "none"}, "idTokenSignedResponseAlg"),
            ({"idTokenSignedResponseAlg": "HS256"}, "idTokenSignedResponseAlg"),
            ({"userinfoSignedResponseAlg": "RS999"}, "userinfoSignedResponseAlg"),
            ({"idTokenEncryptedResponseAlg": "RSA1_5"}, "idTokenEncryptedResponseAlg"),
            ({"responseTypes": ["token"]}, "responseTypes.0"),
            ({"grantTypes": ["password"]}, "grantTypes.0"),
            ({"subjectType": "secret"}, "subjectType"),
            ({"defaultMaxAge": -1}, "defaultMaxAge"),
            ({"defaultMaxAge": "300"}, "defaultMaxAge"),
            ({"dpopBoundAccessTokens": "yes"}, "dpopBoundAccessTokens"),
            # Members that contradict each other.
            ({"tokenEndpointAuthMethod": "none"}, "tokenEndpointAuthMethod"),
            ({"tokenEndpointAuthMethod": "private_key_jwt"}, "tokenEndpointAuthMethod"),
            ({"tokenEndpointAuthMethod": "self_signed_tls_client_auth"}, "tokenEndpointAuthMethod"),
            ({"tokenEndpointAuthMethod": "tls_client_auth"}, "tokenEndpointAuthMethod"),
            (
                {
                    "tokenEndpointAuthMethod": "tls_client_auth",
                    "tlsClientAuthSubjectDn": "CN=a",
                    "tlsClientAuthSanDns": "a.example",
                },
                "tokenEndpointAuthMethod",
            ),
            ({"tlsClientAuthSubjectDn": "CN=a"}, "tlsClientAuthSubjectDn"),
            ({"tokenEndpointAuthSigningAlg": "ES256"}, "tokenEndpointAuthSigningAlg"),
            (
                {
                    "tokenEndpointAuthMethod": "private_key_jwt",
                    "jwks": JWKS,
                    "tokenEndpointAuthSigningAlg": "HS256",
                },
                "tokenEndpointAuthSigningAlg",
            ),
            (
                {
                    "tokenEndpointAuthMethod": "client_secret_jwt",
                    "tokenEndpointAuthSigningAlg": "ES256",
                },
                "tokenEndpointAuthSigningAlg",
            ),
            ({"jwks": JWKS, "jwksUri": "https://app.example/jwks"}, "jwksUri"),
            ({"requireSignedRequestObject": True}, "requireSignedRequestObject"),
            ({"idTokenEncryptedResponseAlg": "ECDH-ES"}, "idTokenEncryptedResponseAlg"),
            ({"idTokenEncryptedResponseEnc": "A256GCM"}, "idTokenEncryptedResponseEnc"),
            # Keys that are none, and addresses that must not be called.
            ({"jwks": {}}, "jwks"),
            ({"jwks": {"keys": []}}, "jwks"),
            ({"jwks": {"keys": {}}}, "jwks"),
            ({"jwks": {"keys": [1]}}, "jwks.keys.0"),
            ({"jwks": {"keys": [{"kty": "oct", "k": "AAAA"}]}}, "jwks.keys.0"),
            ({"jwks": {"keys": [KEY, {**KEY, "d": "AAAA"}]}}, "jwks.keys.1"),
            ({"jwks": {"keys": [{"kty": "EC", "crv": "P-256"}]}}, "jwks.keys.0"),
            ({"jwks": {"keys": [{"kty": "RSA", "n": "AQAB", "e": "AQAB"}]}}, "jwks.keys.0"),
            ({"jwks": {"keys": [{**KEY, "x": []}]}}, "jwks.keys.0"),
            ({"jwksUri": "http://app.example/jwks"}, "jwksUri"),
            ({"jwksUri": "file:///etc/passwd"}, "jwksUri"),
            ({"jwksUri": "https://user@app.example/jwks"}, "jwksUri"),
            ({"requestUris": ["http://app.example/r"]}, "requestUris.0"),
            ({"requestUris": ["https://app.example/*"]}, "requestUris.0"),
            ({"requestUris": [f"https://app.example/{'r' * 512}"]}, "requestUris.0"),
            ({"initiateLoginUri": "javascript:alert(1)"}, "initiateLoginUri"),
            ({"sectorIdentifierUri": "http://app.example/sector"}, "sectorIdentifierUri"),
            ({"clientUri": "javascript:alert(1)"}, "clientUri"),
            ({"logoUri": "javascript:alert(1)"}, "logoUri"),
            ({"logoUri": "data:image/svg+xml,x"}, "logoUri"),
            ({"tosUri": "javascript:alert(1)"}, "tosUri"),
            ({"policyUri": "javascript:alert(1)"}, "policyUri"),
            ({"frontchannelLogoutUri": "https://other.example/out"}, "frontchannelLogoutUri"),
        ],
        ids=str,
    )
    def test_wrong(self, api: httpx.Client, metadata: dict[str, Any], member: str) -> None:
        """400 with the member that is wrong; and nothing is stored."""
        assert path_of(create(api, metadata)) == f"oidcClientMetadata.{member}"

    @pytest.mark.parametrize(
        "subject",
        [
            {"tlsClientAuthSubjectDn": "client"},
            {"tlsClientAuthSubjectDn": "C=Germany"},
            {"tlsClientAuthSanDns": "*.app.example"},
            {"tlsClientAuthSanDns": "https://app.example"},
            {"tlsClientAuthSanIp": "127.1"},
            {"tlsClientAuthSanEmail": "client"},
        ],
        ids=str,
    )
    def test_subjects_of_certificates(self, api: httpx.Client, subject: dict[str, str]) -> None:
        """RFC 8705 section 2.1.2."""
        answer = create(api, {"tokenEndpointAuthMethod": "tls_client_auth", **subject})

        assert path_of(answer) == f"oidcClientMetadata.{next(iter(subject))}"

    @pytest.mark.parametrize("type_", ["SPA", "Native"])
    def test_a_secret_on_the_users_device(self, api: httpx.Client, type_: str) -> None:
        """RFC 8252 section 8.5, RFC 6749 section 10.1: it is no secret there. A key of its own is
        something else."""
        secret = create(api, {"tokenEndpointAuthMethod": "client_secret_basic"}, type_=type_)
        key = create(api, {"tokenEndpointAuthMethod": "private_key_jwt", "jwks": JWKS}, type_=type_)

        assert path_of(secret) == "oidcClientMetadata.tokenEndpointAuthMethod"
        assert key.status_code == 200

    def test_a_machine_has_no_authorization_requests(self, api: httpx.Client) -> None:
        answer = create(api, {"responseTypes": ["code"]}, type_="MachineToMachine")

        assert path_of(answer) == "oidcClientMetadata.responseTypes"

    def test_a_refused_change_changes_nothing(self, api: httpx.Client) -> None:
        created = create(api, {}).json()
        path = f"/api/applications/{created['id']}"
        metadata = {**URIS, "tokenEndpointAuthMethod": "private_key_jwt"}

        answer = api.patch(path, json={"name": "New", "oidcClientMetadata": metadata})

        assert path_of(answer) == "oidcClientMetadata.tokenEndpointAuthMethod"
        assert api.get(path).json()["name"] == "Bookstore"


class TestPkce:
    @pytest.mark.parametrize("value", [True, False])
    def test_a_switch_where_there_is_a_secret(self, api: httpx.Client, value: bool) -> None:
        answer = create(api, {}, customClientMetadata={"requirePkce": value})

        assert answer.json()["customClientMetadata"] == {"requirePkce": value}

    @pytest.mark.parametrize("type_", ["SPA", "Native"])
    def test_no_switch_where_there_is_none(self, api: httpx.Client, type_: str) -> None:
        """RFC 9700 section 2.1.1: public clients MUST use PKCE."""
        off = create(api, {}, type_=type_, customClientMetadata={"requirePkce": False})
        on = create(api, {}, type_=type_, customClientMetadata={"requirePkce": True})

        assert path_of(off) == "customClientMetadata.requirePkce"
        assert on.status_code == 200
