"""RFC 7591 and OpenID Connect Dynamic Client Registration 1.0, through the front door."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
import pytest_asyncio

from doorward.app import create_app
from doorward.applications.store import find_application, list_secrets
from doorward.kit.clock import ShiftedClock
from doorward.kit.crypto import Sealer, hash_token
from doorward.kit.ids import new_id
from doorward.kit.jose import SigningKey
from doorward.registration.config import KEY, Mode, RegistrationConfig, StatementIssuer
from doorward.registration.store import add_initial_access_token, find_registered_client
from doorward.registration.tables import InitialAccessToken
from doorward.settings import Settings
from doorward.storage import Database, config_changed
from doorward.sweep import sweep
from doorward.tenants.store import save_config
from doorward.users.tables import User
from tests.oidc.authorization.test_consent import ask, decide
from tests.oidc.house import House, RegisteredClient, answer_of
from tests.support.documents import NAME, DocumentHost, document_host

CALLBACK = f"https://{NAME}/callback"
ISSUER = "https://publisher.example"


JWK = SigningKey.generate().public_jwk


def nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.fixture
def host() -> Iterator[DocumentHost]:
    with document_host() as host:
        yield host


@pytest_asyncio.fixture
async def house(
    database_url: str, database: Database, tmp_path: Path, host: DocumentHost
) -> AsyncIterator[House]:
    """The application, with `client.example` on loopback and the guard on for all others."""
    settings = Settings(
        data_dir=tmp_path, database_url=database_url, dev_host_overrides={NAME: host.url}
    )
    clock = ShiftedClock()
    app = create_app(settings, clock=clock)
    await app.start()
    yield House(app, database, clock, Sealer(settings.master_key()))
    await app.stop()


async def choose(house: House, mode: Mode = Mode.OPEN, **choices: Any) -> None:
    """Set the tenant's configuration."""
    config = RegistrationConfig(mode=mode, **choices)
    async with house.db.transaction(house.tenant_id) as tx:
        await save_config(
            tx,
            tenant_id=house.tenant_id,
            key=KEY,
            value=msgspec.to_builtins(config),
            now=house.clock.now(),
        )
        await config_changed(tx, house.tenant_id)
    await house.settle()


async def add_token(house: House, *, uses: int | None = 1, seconds: int | None = None) -> str:
    value = f"iat_{new_id()}"
    now = house.clock.now()
    token = InitialAccessToken(
        id=new_id(),
        name="For a developer",
        token_hash=hash_token(value),
        remaining_uses=uses,
        expires_at=None if seconds is None else now + timedelta(seconds=seconds),
        created_at=now,
    )
    async with house.db.transaction(house.tenant_id) as tx:
        await add_initial_access_token(tx, tenant_id=house.tenant_id, token=token)
    return value


async def register(house: House, *, token: str | None = None, **members: Any) -> httpx.Response:
    document = {"redirect_uris": [CALLBACK], "client_name": "Reader"} | members
    return await house.http.post(
        "/oidc/reg",
        json={name: value for name, value in document.items() if value is not ...},
        headers={} if token is None else {"authorization": f"Bearer {token}"},
    )


async def registered(house: House, **members: Any) -> dict[str, Any]:
    answer = await register(house, **members)
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json()
    return told


def refusal(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]


class TestWhoMay:
    async def test_closed(self, house: House) -> None:
        """Off at first: nothing is there, and nothing announced."""
        answer = await register(house)
        metadata = (await house.http.get("/oidc/.well-known/openid-configuration")).json()

        assert answer.status_code == 404
        assert "registration_endpoint" not in metadata

    @pytest.mark.parametrize("mode", [Mode.OPEN, Mode.INITIAL_ACCESS_TOKEN])
    async def test_announced(self, house: House, mode: Mode) -> None:
        """RFC 8414 section 2."""
        await choose(house, mode)

        metadata = (await house.http.get("/oidc/.well-known/openid-configuration")).json()

        assert metadata["registration_endpoint"] == f"{house.issuer}/reg"

    async def test_with_an_initial_access_token(self, house: House) -> None:
        """RFC 7591 section 3: as often as the token says."""
        await choose(house, Mode.INITIAL_ACCESS_TOKEN)
        token = await add_token(house, uses=2)

        answers = [await register(house, token=token) for _ in range(3)]

        assert [answer.status_code for answer in answers] == [201, 201, 401]
        assert refusal(answers[2]) == (401, "invalid_token")
        assert answers[2].headers["www-authenticate"].startswith("Bearer")

    async def test_at_once(self, house: House) -> None:
        """The use is a gate: of many at once no more succeed than uses are left."""
        await choose(house, Mode.INITIAL_ACCESS_TOKEN)
        token = await add_token(house, uses=3)

        answers = await asyncio.gather(*(register(house, token=token) for _ in range(8)))

        assert sorted(answer.status_code for answer in answers) == [201] * 3 + [401] * 5

    async def test_a_mistake_costs_no_use(self, house: House) -> None:
        await choose(house, Mode.INITIAL_ACCESS_TOKEN)
        token = await add_token(house)

        bad = await register(house, token=token, redirect_uris=[])
        good = await register(house, token=token)

        assert (bad.status_code, good.status_code) == (400, 201)

    async def test_tokens_that_are_no_good(self, house: House) -> None:
        """None, a wrong one, an expired one, another scheme; also where none is needed."""
        await choose(house, Mode.INITIAL_ACCESS_TOKEN)
        expired = await add_token(house, uses=None, seconds=60)
        house.pass_time(seconds=61)

        assert refusal(await register(house)) == (401, "invalid_token")
        assert refusal(await register(house, token="iat_wrong")) == (401, "invalid_token")
        assert refusal(await register(house, token=expired)) == (401, "invalid_token")
        basic = await house.http.post("/oidc/reg", json={}, headers={"authorization": "Basic YTpi"})
        assert refusal(basic) == (401, "invalid_token")
        await choose(house, Mode.OPEN)
        assert refusal(await register(house, token="iat_wrong")) == (401, "invalid_token")

    async def test_a_token_of_another_tenant(self, house: House) -> None:
        await choose(house, Mode.INITIAL_ACCESS_TOKEN)
        admin = House(
            house.app,
            house.db,
            house.clock,
            house.sealer,
            tenant_id="admin",
            endpoint="http://localhost:3002",
        )
        await choose(admin, Mode.INITIAL_ACCESS_TOKEN)
        token = await add_token(admin)

        assert refusal(await register(house, token=token)) == (401, "invalid_token")

    async def test_so_many_an_hour(self, house: House) -> None:
        """Strangers fill no disk: 20 an hour from one address, and then they are told to wait."""
        await choose(house)

        answers = [await register(house) for _ in range(22)]

        assert [answer.status_code for answer in answers] == [201] * 20 + [429] * 2
        refused = answers[-1]
        assert refused.json()["error"] == "temporarily_unavailable"
        assert 0 < int(refused.headers["retry-after"]) <= 3601
        house.pass_time(seconds=3700)
        assert (await register(house)).status_code == 201

    async def test_so_many_at_once(self, house: House) -> None:
        """Parallel registrations do not slip through."""
        await choose(house)

        answers = await asyncio.gather(*(register(house) for _ in range(40)))

        assert sum(answer.status_code == 201 for answer in answers) <= 20

    async def test_from_a_page(self, house: House) -> None:
        """A client in a browser registers too; no cookie has a say, so any origin may."""
        await choose(house)

        preflight = await house.http.options(
            "/oidc/reg",
            headers={
                "origin": "https://app.example",
                "access-control-request-method": "POST",
                "access-control-request-headers": "content-type",
            },
        )
        answer = await register(house)

        assert preflight.status_code == 204
        assert answer.headers["access-control-allow-origin"] == "*"


class TestAnswer:
    async def test_what_is_told(self, house: House) -> None:
        """Section 3.2.1: everything that was registered; 201, and no cache keeps it."""
        await choose(house)

        answer = await register(
            house,
            client_uri=f"https://{NAME}/",
            contacts=["dev@client.example"],
            tos_uri=f"https://{NAME}/terms",
            software_id="reader",
            **{"client_name#de": "Leser", "unheard_of": {"a": [1]}},
        )

        told = answer.json()
        assert answer.status_code == 201
        assert answer.headers["cache-control"] == "no-store"
        assert len(told["client_secret"]) >= 32
        assert told["client_secret_expires_at"] == 0
        assert abs(told["client_id_issued_at"] - time.time()) < 60
        assert told["registration_client_uri"] == f"{house.issuer}/reg/{told['client_id']}"
        expected = {
            "redirect_uris": [CALLBACK],
            "client_name": "Reader",
            "client_uri": f"https://{NAME}/",
            "contacts": ["dev@client.example"],
            "tos_uri": f"https://{NAME}/terms",
            "software_id": "reader",
            "grant_types": ["authorization_code"],
            "response_types": ["code"],
            "token_endpoint_auth_method": "client_secret_basic",
            "application_type": "web",
        }
        assert expected.items() <= told.items()
        assert "unheard_of" not in told

    async def test_only_hashes_are_kept(self, house: House) -> None:
        """The token that manages the client is a bearer secret."""
        await choose(house)
        told = await registered(house)

        known = await find_registered_client(
            house.db, tenant_id="default", application_id=told["client_id"]
        )

        assert known is not None
        assert known.token_hash == hash_token(told["registration_access_token"])

    @pytest.mark.parametrize(
        ("members", "expected"),
        [
            ({}, ("Traditional", "web", "client_secret_basic")),
            ({"token_endpoint_auth_method": "none"}, ("SPA", "web", "none")),
            ({"application_type": "native"}, ("Native", "native", "none")),
            (
                {"redirect_uris": ["http://127.0.0.1/callback"]},
                ("Native", "native", "none"),
            ),
            (
                {"redirect_uris": ["com.example.app:/callback"]},
                ("Native", "native", "none"),
            ),
            (
                {
                    "redirect_uris": ["http://localhost:3000/callback"],
                    "token_endpoint_auth_method": "client_secret_post",
                },
                ("Traditional", "web", "client_secret_post"),
            ),
        ],
    )
    async def test_what_kind_it_becomes(
        self, house: House, members: dict[str, Any], expected: tuple[str, str, str]
    ) -> None:
        """A third party's application that the console lists; what was left out is told."""
        await choose(house)
        told = await registered(house, **members)

        application = await find_application(
            house.db, tenant_id="default", application_id=told["client_id"]
        )

        assert application is not None
        assert application.is_third_party
        kind = (
            application.type,
            told["application_type"],
            told["token_endpoint_auth_method"],
        )
        assert kind == expected
        assert ("client_secret" in told) == (expected[2] != "none")

    async def test_it_works(self, house: House, ada: User) -> None:
        """Registered, asked about, let in: the code flow from end to end."""
        await choose(house)
        told = await registered(house, grant_types=["authorization_code", "refresh_token"])
        client = RegisteredClient(told["client_id"], told["client_secret"], CALLBACK)
        browser = house.browser()

        answer = await decide(browser, await ask(browser, client, ada), "allow")
        tokens = await house.exchange(client, answer_of(answer)["code"])

        assert await house.is_good(tokens["access_token"])
        assert (await house.refresh(client, tokens["refresh_token"])).status_code == 200

    async def test_grants_that_it_did_not_ask_for(self, house: House, ada: User) -> None:
        """RFC 7591 section 2: grant_types is what the client will restrict itself to."""
        await choose(house)
        told = await registered(house)
        client = RegisteredClient(told["client_id"], told["client_secret"], CALLBACK)
        browser = house.browser()

        answer = await decide(browser, await ask(browser, client, ada), "allow")
        tokens = await house.exchange(client, answer_of(answer)["code"])
        refreshed = await house.refresh(client, "anything")

        assert "refresh_token" not in tokens
        assert refusal(refreshed) == (400, "unauthorized_client")

    async def test_what_it_may_ask_of_users(self, house: House) -> None:
        """The ceiling that the administrator chose for such clients."""
        await choose(house, user_scopes=("email",))
        told = await registered(house)
        client = RegisteredClient(told["client_id"], told["client_secret"], CALLBACK)

        good = await house.browser().request(client, scope="openid email")
        bad = await house.browser().request(client, scope="openid profile")

        assert good.headers["location"].startswith("/")
        assert answer_of(bad)["error"] == "invalid_scope"

    async def test_it_is_logged(self, house: House) -> None:
        await choose(house)
        told = await registered(house)

        (entry,) = await house.audit("ClientRegistration.Create")

        assert entry["applicationId"] == told["client_id"]
        assert entry["params"]["redirectUris"] == [CALLBACK]


class TestRefusals:
    @pytest.mark.parametrize(
        "uris",
        [
            ...,
            [],
            "https://client.example/callback",
            [5],
            [["https://client.example/callback"]],
            ["/callback"],
            ["https://client.example/callback#fragment"],
            ["https://*.client.example/callback"],
            ["https://client.example/*"],
            ["https://client.example/a/../callback"],
            ["https://client.example/%2e%2e/callback"],
            ["https://ada@client.example/callback"],
            ["http://client.example/callback"],
            ["http://localhost.evil.example/callback"],
            ["http://127.0.0.1.evil.example/callback"],
            ["javascript:alert(1)"],
            ["JavaScript:alert(1)"],
            ["data:text/html,<script>"],
            ["vbscript:x"],
            ["file:///etc/passwd"],
            ["blob:https://client.example/x"],
            ["about:blank"],
            ["client:/callback"],
            ["https://client.example/callback\\@evil.example"],
            ["https://client.example/" + "x" * 2048],
            [f"https://client.example/{number}" for number in range(21)],
            [CALLBACK, "com.example.app:/callback"],
        ],
    )
    async def test_redirect_uris(self, house: House, uris: Any) -> None:
        """Section 3.2.2: invalid_redirect_uri; nothing is stored."""
        await choose(house)

        answer = await register(house, redirect_uris=uris)

        assert refusal(answer) == (400, "invalid_redirect_uri")
        assert await house.audit("ClientRegistration.Create") == []

    @pytest.mark.parametrize(
        ("kind", "uri"),
        [
            ("web", "com.example.app:/callback"),
            ("native", "https://localhost/callback"),
            ("native", "http://client.example/callback"),
        ],
    )
    async def test_redirect_uris_by_type(self, house: House, kind: str, uri: str) -> None:
        """OpenID Connect Registration section 2, application_type."""
        await choose(house)

        answer = await register(house, application_type=kind, redirect_uris=[uri])

        assert refusal(answer) == (400, "invalid_redirect_uri")

    @pytest.mark.parametrize(
        "members",
        [
            {"application_type": "desktop"},
            {"grant_types": ["client_credentials"], "response_types": []},
            {"grant_types": ["implicit"], "response_types": ["token"]},
            {"grant_types": ["password"]},
            {"grant_types": ["urn:ietf:params:oauth:grant-type:token-exchange"]},
            {"grant_types": ["refresh_token"], "response_types": []},
            {"grant_types": ["authorization_code"], "response_types": []},
            {"grant_types": ["refresh_token"], "response_types": ["code"]},
            {"response_types": ["code id_token"]},
            {"response_types": "code"},
            {"grant_types": "authorization_code"},
            {"token_endpoint_auth_method": "client_secret_magic"},
            {"token_endpoint_auth_method": 5},
            {"token_endpoint_auth_method": "private_key_jwt"},
            {
                "token_endpoint_auth_method": "private_key_jwt",
                "jwks": {"keys": []},
            },
            {
                "token_endpoint_auth_method": "private_key_jwt",
                "jwks": {"keys": [{"kty": "oct", "k": "c2VjcmV0"}]},
            },
            {"jwks": {"keys": [JWK | {"kid": "a\0b"}]}},
            {"jwks": {"keys": [JWK | {"x": nested(500)}]}},
            {"jwks": {"keys": [JWK], "more": nested(20)}},
            {
                "token_endpoint_auth_method": "private_key_jwt",
                "jwks": {"keys": [{"kty": "EC", "crv": "P-256", "x": "a", "y": "b", "d": "c"}]},
            },
            {
                "token_endpoint_auth_method": "private_key_jwt",
                "jwks": {"keys": [{"kty": "EC", "crv": "P-256", "x": "a", "y": "b"}]},
                "jwks_uri": "https://client.example/jwks",
            },
            {"application_type": "native", "token_endpoint_auth_method": "client_secret_basic"},
            {"token_endpoint_auth_signing_alg": "none"},
            {"token_endpoint_auth_signing_alg": "ES256"},
            {
                "token_endpoint_auth_method": "client_secret_jwt",
                "token_endpoint_auth_signing_alg": "RS256",
            },
            {"jwks_uri": "http://client.example/jwks"},
            {"jwks_uri": "file:///etc/passwd"},
            {"logo_uri": "javascript:alert(1)"},
            {"client_uri": "data:text/html,x"},
            {"policy_uri": "http://client.example/"},
            {"tos_uri": "https://ada:pw@client.example/"},
            {"initiate_login_uri": "http://client.example/login"},
            {"request_uris": ["http://client.example/request"]},
            {"backchannel_logout_uri": "http://client.example/logout"},
            {"frontchannel_logout_uri": "https://other.example/logout"},
            {"id_token_signed_response_alg": "none"},
            {"id_token_signed_response_alg": "HS256"},
            {"subject_type": "mixed"},
            {"default_max_age": -1},
            {"default_max_age": "60"},
            {"require_auth_time": "true"},
            {"client_name": ""},
            {"client_name": "x" * 257},
            {"client_name": "Reader\u202egpj.exe"},
            {"contacts": "dev@client.example"},
            {"contacts": ["x" * 257]},
            {"software_version": {"a": 1}},
            {"post_logout_redirect_uris": ["javascript:alert(1)"]},
            {"tls_client_auth_subject_dn": "CN=x"},
            {
                "subject_type": "pairwise",
                "redirect_uris": [CALLBACK, "https://other.example/callback"],
            },
            {f"x{number}": 1 for number in range(101)},
        ],
    )
    async def test_metadata(self, house: House, members: dict[str, Any]) -> None:
        """Section 3.2.2: invalid_client_metadata; nothing is stored."""
        await choose(house)

        answer = await register(house, **members)

        assert refusal(answer) == (400, "invalid_client_metadata")
        assert answer.json()["error_description"]
        assert await house.audit("ClientRegistration.Create") == []

    @pytest.mark.parametrize(
        "body",
        [b"", b"{", b"[]", b"5", b"null", b"\xff", b'"x"', b"[" * 50_000, b'{"a":' * 9_000],
    )
    async def test_no_object(self, house: House, body: bytes) -> None:
        await choose(house)

        answer = await house.http.post(
            "/oidc/reg", content=body, headers={"content-type": "application/json"}
        )

        assert refusal(answer) == (400, "invalid_request")

    async def test_odd_requests(self, house: House) -> None:
        """A form, NUL, a giant, other methods: the error that is specified and never a 500."""
        await choose(house)

        form = await house.http.post("/oidc/reg", data={"redirect_uris": CALLBACK})
        nul = await register(house, client_name="a\0b")
        giant = await register(house, client_name="x" * 60_000)
        got = await house.http.get("/oidc/reg")

        assert refusal(form) == (400, "invalid_request")
        assert refusal(nul) == (400, "invalid_client_metadata")
        assert refusal(giant) == (413, "invalid_request")
        assert refusal(got) == (404, "invalid_request")

    async def test_an_id_of_ones_own(self, house: House) -> None:
        """Attack, RFC 9700 section 4.15: to overwrite a client or to be taken for a user by an id
        of its own choice, or to choose a secret, or to be first-party."""
        await choose(house)
        victim = await house.add_client()

        told = await registered(
            house,
            client_id=victim.id,
            client_secret="chosen",
            registration_access_token="chosen",
            isThirdParty=False,
            is_third_party=False,
            tenantId="admin",
        )

        assert told["client_id"] != victim.id
        assert told["client_secret"] != "chosen"
        assert told["registration_access_token"] != "chosen"
        application = await find_application(
            house.db, tenant_id="default", application_id=told["client_id"]
        )
        assert application is not None
        assert application.is_third_party
        kept = await find_application(house.db, tenant_id="default", application_id=victim.id)
        assert kept is not None
        assert kept.oidc_client_metadata["redirectUris"] == ["https://app.example/callback"]

    async def test_the_redirect_uri_of_another(self, house: House, ada: User) -> None:
        """Attack: a client with the address of a known one gets codes there, and those are of no
        use to the known one's tokens, nor the other way round."""
        await choose(house)
        known = await house.add_client()
        told = await registered(house, redirect_uris=[known.redirect_uri])
        impostor = RegisteredClient(told["client_id"], told["client_secret"], known.redirect_uri)

        answer = await house.browser().authorize(known, user=ada)
        stolen = await house.token(
            {
                "grant_type": "authorization_code",
                "code": answer["code"],
                "redirect_uri": known.redirect_uri,
                "code_verifier": "a-verifier-of-more-than-43-characters-0123456789",
            }
            | impostor.credentials
        )

        assert refusal(stolen) == (400, "invalid_grant")


class TestSectors:
    URIS = (CALLBACK, "https://other.example/callback")

    async def register(self, house: House, uri: str) -> httpx.Response:
        return await register(
            house,
            subject_type="pairwise",
            redirect_uris=list(self.URIS),
            sector_identifier_uri=uri,
        )

    async def test_every_uri_is_listed(self, house: House, host: DocumentHost) -> None:
        """OpenID Connect Registration section 5."""
        await choose(house)

        good = await self.register(house, host.serve("/good", [*self.URIS, "https://x.example/"]))
        bad = await self.register(house, host.serve("/bad", [CALLBACK]))

        assert good.status_code == 201
        assert refusal(bad) == (400, "invalid_client_metadata")

    @pytest.mark.parametrize(
        "answer",
        [
            {"content": {"redirect_uris": []}},
            {"content": "text"},
            {"content": b"["},
            {"content": [*URIS, 5]},
            {"content": list(URIS), "status": 404},
            {"content": [], "status": 302, "location": "https://client.example/good"},
            {"content": ["x" * 100_000]},
        ],
    )
    async def test_documents_that_will_not_do(
        self, house: House, host: DocumentHost, answer: dict[str, Any]
    ) -> None:
        """Not JSON, no array, huge, elsewhere."""
        await choose(house)
        host.serve("/good", list(self.URIS))
        uri = host.serve("/sector", **answer)

        assert refusal(await self.register(house, uri)) == (400, "invalid_client_metadata")
        assert host.asked == ["/sector"]

    @pytest.mark.parametrize(
        "uri",
        [
            "https://127.0.0.1/sector",
            "https://[::1]/sector",
            "https://[::ffff:127.0.0.1]/sector",
            "https://2130706433/sector",
            "https://0x7f.1/sector",
            "https://169.254.169.254/latest/meta-data/",
            "http://client.example/sector",
            "file:///etc/passwd",
            "gopher://client.example/",
        ],
    )
    async def test_addresses_inside(self, house: House, host: DocumentHost, uri: str) -> None:
        """SSRF through sector_identifier_uri."""
        await choose(house)

        assert refusal(await self.register(house, uri)) == (400, "invalid_client_metadata")
        assert host.asked == []


class TestSoftwareStatements:
    def statement(self, key: SigningKey, **claims: Any) -> str:
        usual = {
            "iss": ISSUER,
            "iat": int(time.time()),
            "software_id": "reader",
            "client_name": "The Reader",
        }
        return key.encode(usual | claims)

    async def believe(self, house: House, host: DocumentHost, **choices: Any) -> SigningKey:
        key = SigningKey.generate()
        uri = host.serve("/publisher-keys", {"keys": [key.public_jwk]})
        await choose(house, software_statement_issuers=(StatementIssuer(ISSUER, uri),), **choices)
        return key

    async def test_it_takes_precedence(self, house: House, host: DocumentHost) -> None:
        """Section 3.1.1: what the statement says MUST win over what the client says."""
        key = await self.believe(house, host)

        told = await registered(
            house, software_statement=self.statement(key), client_name="My Bank"
        )

        assert told["client_name"] == "The Reader"
        assert told["software_id"] == "reader"

    async def test_required(self, house: House, host: DocumentHost) -> None:
        key = await self.believe(house, host, requires_software_statement=True)

        without = await register(house)
        with_it = await register(house, software_statement=self.statement(key))

        assert refusal(without) == (400, "invalid_software_statement")
        assert with_it.status_code == 201

    async def test_of_a_stranger(self, house: House, host: DocumentHost) -> None:
        """Section 3.2.2: unapproved_software_statement; nobody's address is asked."""
        key = await self.believe(house, host)

        answer = await register(
            house, software_statement=self.statement(key, iss="https://stranger.example")
        )

        assert refusal(answer) == (400, "unapproved_software_statement")
        assert host.asked == []

    async def test_no_good(self, house: House, host: DocumentHost) -> None:
        """Another's key, alg none, expired, altered, no JWT."""
        key = await self.believe(house, host)
        good = self.statement(key)
        header, claims, signature = good.split(".")
        bad = [
            self.statement(SigningKey.generate()),
            f"eyJhbGciOiJub25lIn0.{claims}.",
            f"{header}.{claims}.{signature[:-4]}AAAA",
            self.statement(key, exp=int(time.time()) - 120),
            self.statement(key, nbf=int(time.time()) + 120),
            self.statement(key, exp="later"),
            "not.a.jwt",
            "",
            5,
            {},
        ]

        for statement in bad:
            answer = await register(house, software_statement=statement)
            assert answer.status_code == 400, statement
            assert answer.json()["error"] in {
                "invalid_software_statement",
                "unapproved_software_statement",
            }

    async def test_it_does_not_break_the_rules(self, house: House, host: DocumentHost) -> None:
        """Whoever signs it: the metadata are checked like any other."""
        key = await self.believe(house, host)

        answer = await register(
            house,
            software_statement=self.statement(key, redirect_uris=["javascript:alert(1)"]),
        )

        assert refusal(answer) == (400, "invalid_redirect_uri")


class TestUnused:
    async def test_nobody_uses_it(self, house: House) -> None:
        """After the days that the administrator chose it goes."""
        await choose(house, unused_client_days=30)
        told = await registered(house)

        house.pass_time(days=29)
        await sweep(house.db, clock=house.clock)
        early = await self.exists(house, told)
        house.pass_time(days=2)
        await sweep(house.db, clock=house.clock)

        assert early
        assert not await self.exists(house, told)

    async def test_somebody_uses_it(self, house: House, ada: User) -> None:
        """A living grant keeps it, and what administrators made is never touched."""
        await choose(house, unused_client_days=1)
        made = await house.add_client()
        told = await registered(house, grant_types=["authorization_code", "refresh_token"])
        client = RegisteredClient(told["client_id"], told["client_secret"], CALLBACK)
        browser = house.browser()
        answer = await decide(browser, await ask(browser, client, ada), "allow")
        await house.exchange(client, answer_of(answer)["code"])

        house.pass_time(days=2)
        await sweep(house.db, clock=house.clock)
        await sweep(house.db, clock=house.clock)

        assert await self.exists(house, told)
        assert await find_application(house.db, tenant_id="default", application_id=made.id)

    async def test_never(self, house: House) -> None:
        await choose(house, unused_client_days=0)
        told = await registered(house)

        house.pass_time(days=5000)
        await sweep(house.db, clock=house.clock)

        assert await self.exists(house, told)

    async def exists(self, house: House, told: dict[str, Any]) -> bool:
        found = await find_application(
            house.db, tenant_id="default", application_id=told["client_id"]
        )
        return found is not None


async def test_secrets_are_those_of_applications(house: House) -> None:
    """The console shows the secret like any other."""
    await choose(house)
    told = await registered(house)

    (secret,) = await list_secrets(house.db, tenant_id="default", application_id=told["client_id"])

    assert secret.value_hash == house.sealer.lookup_hash(told["client_secret"])
