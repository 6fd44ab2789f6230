"""Who may call the management API: nobody but the holder of a token that is meant for it."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

import httpx
import pytest

from doorward.kit.jose import SigningKey
from tests.support.dpop import Prover
from tests.support.forgery import Forger
from tests.support.management import client_credentials_token, management_api, management_token
from tests.support.server import Server

MANAGEMENT = "https://default.logto.app/api"


def call(server: Server, token: str, *, scheme: str = "Bearer") -> httpx.Response:
    return httpx.get(
        f"{server.endpoint}/api/applications",
        headers={"authorization": f"{scheme} {token}"},
        timeout=20,
    )


def refusal(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


@pytest.fixture(scope="module")
def forge(server: Server) -> Forger:
    """Signs as the admin tenant, whose tokens every management API accepts."""
    return Forger.of(server, tenant="admin")


class TestAccepted:
    """Tokens that the API is there for."""

    def test_token_of_the_operator(self, server: Server) -> None:
        assert call(server, management_token(server)).status_code == 200

    def test_token_of_the_admin_tenant(self, server: Server, forge: Forger) -> None:
        assert call(server, forge.token()).status_code == 200

    def test_the_scheme_in_any_case(self, server: Server, forge: Forger) -> None:
        """RFC 9110 section 11.1."""
        assert call(server, forge.token(), scheme="bearer").status_code == 200

    def test_one_of_several_audiences(self, server: Server, forge: Forger) -> None:
        token = forge.token(aud=["https://books.example/api", MANAGEMENT])

        assert call(server, token).status_code == 200

    def test_one_of_several_scopes(self, server: Server, forge: Forger) -> None:
        assert call(server, forge.token(scope="read all write")).status_code == 200

    def test_machine_of_the_tenant_itself(self, server: Server) -> None:
        """A machine with the seeded role fetches its own token, as a customer's script does."""
        with management_api(server) as api:
            machine = api.post(
                "/api/applications", json={"name": "Robot", "type": "MachineToMachine"}
            ).json()
            roles = api.get(
                "/api/roles", params={"search.name": "Logto Management API access"}
            ).json()
            api.post(f"/api/applications/{machine['id']}/roles", json={"roleIds": [roles[0]["id"]]})
            secret = api.get(f"/api/applications/{machine['id']}/secrets").json()[0]["value"]

        token = client_credentials_token(
            server.issuer, app_id=machine["id"], app_secret=secret, resource=MANAGEMENT
        )

        assert call(server, token).status_code == 200


class TestNoToken:
    """Without a bearer token."""

    def test_no_header(self, server: Server) -> None:
        answer = httpx.get(f"{server.endpoint}/api/applications", timeout=20)

        assert answer.status_code == 401
        assert answer.json() == {
            "code": "auth.authorization_header_missing",
            "message": "The Authorization header is missing.",
        }

    def test_another_scheme(self, server: Server) -> None:
        answer = call(server, "YTpi", scheme="Basic")

        assert answer.status_code == 401
        assert answer.json()["code"] == "auth.authorization_token_type_not_supported"
        assert answer.json()["data"] == {"supportedTypes": ["Bearer", "DPoP"]}

    @pytest.mark.parametrize("token", ["x", "x.y", "x.y.z", "....", "a" * 20_000])
    def test_garbage(self, server: Server, token: str) -> None:
        assert refusal(call(server, token)) == (401, "auth.unauthorized")


class TestAttacks:
    """Tokens that are genuine, but not for this."""

    @pytest.mark.parametrize(
        "claims",
        [
            {"aud": "https://admin.logto.app/api"},
            {"aud": "https://books.example/api"},
            {"aud": []},
            {"aud": None},
            {"iss": "https://evil.example/oidc"},
            {"exp": 1_000_000_000},
            {"exp": "never"},
            {"exp": None},
            {"nbf": 32_503_680_000},
            {"nbf": "now"},
            {"sub": "nobody", "client_id": "nobody"},
            {"sub": "nobody"},
        ],
        ids=repr,
    )
    def test_claims_that_do_not_fit(
        self, server: Server, forge: Forger, claims: dict[str, Any]
    ) -> None:
        """RFC 6750 section 5.2: of this issuer, for this API, and now."""
        assert refusal(call(server, forge.token(**claims))) == (401, "auth.unauthorized")

    @pytest.mark.parametrize("claim", ["aud", "exp", "iss"])
    def test_claims_that_are_missing(self, server: Server, forge: Forger, claim: str) -> None:
        assert refusal(call(server, forge.token(without=claim))) == (401, "auth.unauthorized")

    @pytest.mark.parametrize("sub", [None, "", 5])
    def test_no_subject(self, server: Server, forge: Forger, sub: Any) -> None:
        assert refusal(call(server, forge.token(sub=sub))) == (401, "auth.jwt_sub_missing")

    @pytest.mark.parametrize("scope", ["", "al", "ALL", "all2 xall", None, ["all"]])
    def test_without_the_scope(self, server: Server, forge: Forger, scope: Any) -> None:
        assert refusal(call(server, forge.token(scope=scope))) == (403, "auth.forbidden")

    @pytest.mark.parametrize("typ", ["JWT", "jwt", "logout+jwt", "dpop+jwt"])
    def test_another_kind_of_token(self, server: Server, forge: Forger, typ: str) -> None:
        """RFC 9068 section 4: an ID token is signed by the same keys, and refused."""
        assert refusal(call(server, forge.token(typ=typ))) == (401, "auth.unauthorized")

    def test_issuer_and_key_of_two_tenants(self, server: Server, forge: Forger) -> None:
        """The admin tenant's key does not speak for the tenant, nor the other way round."""
        ours = Forger.of(server)

        assert refusal(call(server, forge.token(iss=ours.issuer))) == (401, "auth.unauthorized")
        assert refusal(call(server, ours.token(iss=forge.issuer))) == (401, "auth.unauthorized")

    def test_token_of_the_tenant_at_the_admin_tenant(self, server: Server) -> None:
        """A tenant's own tokens never open the admin tenant, whatever they claim."""
        token = Forger.of(server).token(aud="https://admin.logto.app/api")

        answer = httpx.get(
            f"{server.admin_endpoint}/api/applications",
            headers={"authorization": f"Bearer {token}"},
            timeout=20,
        )

        assert refusal(answer) == (401, "auth.unauthorized")

    def test_no_algorithm(self, server: Server, forge: Forger) -> None:
        """RFC 8725 section 3.2: `none` is no signature."""
        claims = forge.token().split(".")[1]
        header = _encode({"alg": "none", "typ": "at+jwt", "kid": forge.key.kid})

        assert refusal(call(server, f"{header}.{claims}.")) == (401, "auth.unauthorized")

    def test_a_key_of_ones_own_under_a_known_name(self, server: Server, forge: Forger) -> None:
        own = SigningKey.generate("ES256")
        stranger = Forger(
            key=SigningKey.from_pem(own.to_pem(), algorithm="ES256", kid=forge.key.kid),
            issuer=forge.issuer,
        )

        assert refusal(call(server, stranger.token())) == (401, "auth.unauthorized")

    def test_an_unknown_critical_header(self, server: Server, forge: Forger) -> None:
        """RFC 7515 section 4.1.11."""
        _, claims, signature = forge.token().split(".")
        header = _encode(
            {"alg": "ES256", "typ": "at+jwt", "kid": forge.key.kid, "crit": ["x"], "x": 1}
        )

        assert refusal(call(server, f"{header}.{claims}.{signature}")) == (
            401,
            "auth.unauthorized",
        )

    def test_altered_claims(self, server: Server, forge: Forger) -> None:
        header, _, signature = forge.token().split(".")
        _, claims, _ = forge.token(exp=int(time.time()) + 10**6).split(".")

        assert refusal(call(server, f"{header}.{claims}.{signature}")) == (
            401,
            "auth.unauthorized",
        )

    def test_the_token_in_the_query(self, server: Server, forge: Forger) -> None:
        """RFC 9700 section 4.3.2: what is in a URL is in logs."""
        answer = httpx.get(
            f"{server.endpoint}/api/applications",
            params={"access_token": forge.token()},
            timeout=20,
        )

        assert refusal(answer) == (401, "auth.authorization_header_missing")


class TestSubjectGone:
    """A token does not outlive whom it was given to."""

    def test_deleted_application(self, server: Server) -> None:
        with management_api(server) as api:
            machine = api.post(
                "/api/applications", json={"name": "Robot", "type": "MachineToMachine"}
            ).json()
            token = Forger.of(server).token(sub=machine["id"], client_id=machine["id"])
            assert call(server, token).status_code == 200

            api.delete(f"/api/applications/{machine['id']}")

        assert refusal(call(server, token)) == (401, "auth.unauthorized")

    def test_suspended_and_deleted_administrator(self, server: Server, forge: Forger) -> None:
        with management_api(server, tenant="admin") as api:
            user = api.post("/api/users", json={"username": "root"}).json()
            token = forge.token(sub=user["id"], client_id="admin-console")
            assert call(server, token).status_code == 200

            api.patch(f"/api/users/{user['id']}/is-suspended", json={"isSuspended": True})
            assert refusal(call(server, token)) == (401, "auth.unauthorized")

            api.patch(f"/api/users/{user['id']}/is-suspended", json={"isSuspended": False})
            assert call(server, token).status_code == 200

            api.delete(f"/api/users/{user['id']}")
            assert refusal(call(server, token)) == (401, "auth.unauthorized")

    def test_retired_key(self, server: Server) -> None:
        """A token of a deleted key does not verify any more."""
        with management_api(server) as api:
            token = Forger.of(server).token(iss=server.issuer, sub="m", client_id="m")
            kid = json.loads(_decode(token.split(".")[0]))["kid"]
            api.post("/api/configs/oidc/private-keys/rotate", json={})
            assert api.delete(f"/api/configs/oidc/private-keys/{kid}").status_code == 204

        assert refusal(call(server, token)) == (401, "auth.unauthorized")


def _encode(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class TestBoundToken:
    """RFC 9449: a token that is bound to a key, in the hands of its owner and of others."""

    @pytest.fixture
    def prover(self) -> Prover:
        return Prover()

    @pytest.fixture
    def token(self, forge: Forger, prover: Prover) -> str:
        return forge.token(cnf={"jkt": prover.jkt})

    def get(
        self, server: Server, headers: dict[str, str], *, path: str = "/api/applications"
    ) -> httpx.Response:
        return httpx.get(f"{server.endpoint}{path}", headers=headers, timeout=20)

    def test_with_the_key(self, server: Server, token: str, prover: Prover) -> None:
        """RFC 9449 section 7.1; the query is no part of htu, and escapes are as they were sent."""
        for path in ("/api/applications", "/api/applications?page=1", "/api/users/%C3%A9%2F"):
            url = f"{server.endpoint}{path}"

            answer = self.get(server, prover.presenting(token, "GET", url), path=path)

            assert answer.status_code in {200, 404}, answer.text

    def test_without_the_key(self, server: Server, token: str) -> None:
        """Who stole the token tries it as a bearer token, without a proof, and with a key of
        another."""
        url = f"{server.endpoint}/api/applications"
        attempts = [
            self.get(server, {"authorization": f"Bearer {token}"}),
            self.get(server, {"authorization": f"DPoP {token}"}),
            self.get(server, Prover().presenting(token, "GET", url)),
        ]

        for answer in attempts:
            assert refusal(answer) == (401, "auth.unauthorized")
            assert answer.headers["www-authenticate"].startswith('DPoP error="')

    def test_proof_of_another_request(self, server: Server, token: str, prover: Prover) -> None:
        """RFC 9449 section 4.3: of another method, address or token; and one that was used."""
        url = f"{server.endpoint}/api/applications"
        used = prover.presenting(token, "GET", url)
        assert self.get(server, used).status_code == 200
        attempts = [
            used,
            prover.presenting(token, "POST", url),
            prover.presenting(token, "GET", f"{server.endpoint}/api/users"),
            prover.presenting(token, "GET", url, ath="x"),
            prover.presenting(token, "GET", url, nonce="x"),
        ]

        for headers in attempts:
            answer = self.get(server, headers)
            assert refusal(answer) == (401, "auth.unauthorized")
        assert answer.headers["dpop-nonce"]

    def test_bearer_token(self, server: Server, forge: Forger, prover: Prover) -> None:
        """A token that is bound to nothing is none of the scheme DPoP."""
        url = f"{server.endpoint}/api/applications"

        answer = self.get(server, prover.presenting(forge.token(), "GET", url))

        assert refusal(answer) == (401, "auth.unauthorized")

    @pytest.mark.parametrize("cnf", ["key", ["key"], 7, {}, {"jkt": None}, {"kid": "a"}])
    def test_no_confirmation(self, server: Server, forge: Forger, cnf: Any) -> None:
        """RFC 7800 section 3.1: what we cannot read, or cannot check, binds the token to nobody
        that we know."""
        assert refusal(call(server, forge.token(cnf=cnf))) == (401, "auth.unauthorized")
