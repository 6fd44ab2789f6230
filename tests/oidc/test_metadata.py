"""Discovery and JWKS."""

from __future__ import annotations

import pytest

from doorward.oidc.app import METADATA_PATHS
from tests.oidc.house import House


class TestDiscovery:
    @pytest.mark.parametrize("path", METADATA_PATHS)
    async def test_every_form_of_the_address(self, house: House, path: str) -> None:
        """OpenID Connect Discovery 1.0 section 4 and RFC 8414 section 3.1: both forms are known."""
        answer = await house.http.get(path)

        assert answer.status_code == 200
        assert answer.json()["issuer"] == "http://localhost:3001/oidc"

    async def test_the_root_is_no_issuer(self, house: House) -> None:
        """RFC 8414 section 3.3: an issuer that differs from the address asked must not be given."""
        answer = await house.http.get("/.well-known/openid-configuration")

        assert answer.status_code == 404

    async def test_what_is_said(self, house: House) -> None:
        """OpenID Connect Discovery 1.0 section 3: the required members, and only what works."""
        metadata = (await house.http.get("/oidc/.well-known/openid-configuration")).json()

        assert metadata["authorization_endpoint"] == "http://localhost:3001/oidc/auth"
        assert metadata["token_endpoint"] == "http://localhost:3001/oidc/token"
        assert metadata["userinfo_endpoint"] == "http://localhost:3001/oidc/me"
        assert metadata["jwks_uri"] == "http://localhost:3001/oidc/jwks"
        assert metadata["end_session_endpoint"] == "http://localhost:3001/oidc/session/end"
        assert metadata["response_types_supported"][:2] == ["code", "none"]
        assert metadata["subject_types_supported"] == ["public", "pairwise"]
        # RS256 MUST be included; what signs by default comes first.
        for name in ("id_token", "userinfo", "introspection", "authorization"):
            assert metadata[f"{name}_signing_alg_values_supported"] == [
                "ES256",
                "ES384",
                "ES512",
                "RS256",
                "PS256",
                "EdDSA",
            ]
        assert metadata["code_challenge_methods_supported"] == ["S256"]
        assert set(metadata["grant_types_supported"]) == {
            "authorization_code",
            "refresh_token",
            "client_credentials",
            "implicit",
            "urn:ietf:params:oauth:grant-type:device_code",
            "urn:ietf:params:oauth:grant-type:token-exchange",
        }
        assert metadata["authorization_response_iss_parameter_supported"] is True

    async def test_form(self, house: House, admin_house: House) -> None:
        """RFC 8414 section 2: an issuer without query and fragment, and the endpoints that
        the grants need; RFC 8414 section 3.2: JSON in which nothing is empty."""
        for each in (house, admin_house):
            answer = await each.http.get("/oidc/.well-known/oauth-authorization-server")

            metadata = answer.json()
            assert answer.headers["content-type"].startswith("application/json")
            assert metadata["issuer"] == f"{each.endpoint}/oidc"
            assert not [name for name, value in metadata.items() if value in (None, [], {}, "")]
            for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
                assert metadata[name].startswith(f"{each.endpoint}/oidc/")
                assert "#" not in metadata[name]
            assert "response_types_supported" in metadata

    async def test_how_clients_authenticate(self, house: House) -> None:
        """RFC 8414 section 2: at each endpoint of theirs alike, and with which algorithms."""
        metadata = (await house.http.get("/oidc/.well-known/openid-configuration")).json()

        for endpoint in ("token", "introspection", "revocation"):
            assert metadata[f"{endpoint}_endpoint_auth_methods_supported"] == [
                "client_secret_basic",
                "client_secret_post",
                "client_secret_jwt",
                "private_key_jwt",
                "none",
            ]
            algorithms = metadata[f"{endpoint}_endpoint_auth_signing_alg_values_supported"]
            assert set(algorithms) >= {"HS256", "ES256", "PS256", "EdDSA", "Ed25519"}
            assert "none" not in algorithms

    async def test_each_tenant_is_its_own_issuer(self, admin_house: House) -> None:
        """The admin tenant's endpoint names the admin tenant's issuer."""
        metadata = (await admin_house.http.get("/oidc/.well-known/openid-configuration")).json()

        assert metadata["issuer"] == "http://localhost:3002/oidc"

    async def test_unchanged(self, house: House) -> None:
        """RFC 9110 section 13.1.2: If-None-Match with the current tag gives 304 and no body."""
        first = await house.http.get("/oidc/.well-known/openid-configuration")

        again = await house.http.get(
            "/oidc/.well-known/openid-configuration",
            headers={"if-none-match": f'"other", W/{first.headers["etag"]}'},
        )

        assert again.status_code == 304
        assert again.content == b""
        assert again.headers["etag"] == first.headers["etag"]

    async def test_any_page_may_read_it(self, house: House) -> None:
        """Fetch Standard: CORS for any origin, and never with credentials."""
        answer = await house.http.get(
            "/oidc/.well-known/openid-configuration", headers={"origin": "https://any.example"}
        )

        assert answer.headers["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in answer.headers

    async def test_head(self, house: House) -> None:
        """RFC 9110 section 9.3.2: HEAD is GET without the content."""
        answer = await house.http.head("/oidc/.well-known/openid-configuration")

        assert answer.status_code == 200
        assert answer.content == b""
        assert int(answer.headers["content-length"]) > 500


class TestJwks:
    async def test_public_halves_only(self, house: House) -> None:
        """RFC 7517 sections 4 and 9.2: kid, use and alg are there, private members never."""
        answer = await house.http.get("/oidc/jwks")

        (key,) = answer.json()["keys"]
        assert set(key) == {"kty", "crv", "x", "y", "use", "alg", "kid"}
        assert (key["kty"], key["crv"], key["alg"], key["use"]) == ("EC", "P-256", "ES256", "sig")
        assert answer.headers["cache-control"] == "no-cache, max-age=0, must-revalidate"

    async def test_tenants_have_keys_of_their_own(self, house: House, admin_house: House) -> None:
        """A token of one tenant verifies in no other."""
        one = (await house.http.get("/oidc/jwks")).json()["keys"][0]["kid"]
        other = (await admin_house.http.get("/oidc/jwks")).json()["keys"][0]["kid"]

        assert one != other

    async def test_unchanged(self, house: House) -> None:
        """RFC 9110 section 13.1.2."""
        etag = (await house.http.get("/oidc/jwks")).headers["etag"]

        answer = await house.http.get("/oidc/jwks", headers={"if-none-match": etag})

        assert answer.status_code == 304


class TestUnknown:
    @pytest.mark.parametrize(
        ("method", "path", "described"),
        [
            ("GET", "/oidc/nowhere", "GET on /nowhere"),
            ("PUT", "/oidc/token", "PUT on /token"),
            ("GET", "/oidc/token", "GET on /token"),
            ("DELETE", "/oidc/auth", "DELETE on /auth"),
            ("PUT", "/oidc/%22x%5C%0A", "PUT on /?x??"),
            ("POST", "/oidc/jwks", "POST on /jwks"),
            ("GET", "/oidcx", "GET on x"),
        ],
    )
    async def test_no_such_route(
        self, house: House, method: str, path: str, described: str
    ) -> None:
        """An unknown path, or a method that an endpoint does not have: 404 with a body."""
        answer = await house.http.request(method, path)

        assert answer.status_code == 404
        assert answer.json() == {
            "error": "invalid_request",
            "error_description": f"unrecognized route or not allowed method ({described})",
            "code": "oidc.invalid_request",
            "message": "The request is malformed.",
        }

    async def test_bare_errors(self, house: House) -> None:
        """parse_error=false gives the body of RFC 6749 section 5.2 and nothing more."""
        answer = await house.http.get("/oidc/nowhere?parse_error=false")

        assert answer.json() == {
            "error": "invalid_request",
            "error_description": "unrecognized route or not allowed method (GET on /nowhere)",
        }
