"""Every social connector against a faithful fake of its provider: one suite for all of them.

A connector that is added brings a `Case`: its configuration and its fake. The production connector
runs, URLs unchanged.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
import pytest_asyncio

from doorward.connectors.errors import ConnectorError
from doorward.connectors.protocol import SocialConnector, SocialIdentity
from doorward.connectors.registry import connector_factories
from doorward.kit.http_client import HttpClient
from tests.support.discord import FakeDiscord, Fault

REDIRECT_URI = "http://localhost:3001/callback/abcdefghijkl"
DISCORD_USER = {
    "id": "80351110224678912",
    "name": "nelly",
    "avatar": "https://cdn.discordapp.com/avatars/80351110224678912/"
    "8342729096ea3675442027381ff50dfe.png",
    "email": "nelly@example.com",
}


@dataclass(frozen=True)
class Case:
    """What the suite needs to know of a connector."""

    factory_id: str
    start: Callable[[], AbstractContextManager[Any]]
    identity: dict[str, str]
    default_scope: str


CASES = [
    Case("discord-universal", FakeDiscord.start, DISCORD_USER, "identify email"),
]


@pytest.fixture(params=CASES, ids=lambda case: case.factory_id)
def case(request: pytest.FixtureRequest) -> Case:
    found: Case = request.param
    return found


@pytest.fixture
def provider(case: Case) -> Iterator[Any]:
    with case.start() as provider:
        yield provider


@pytest_asyncio.fixture
async def sign_in(case: Case, provider: Any) -> AsyncIterator[SignIn]:
    overrides = dict(pair.split("=", 1) for pair in provider.overrides.split(","))
    http = HttpClient(host_overrides=overrides)
    app = provider.register(REDIRECT_URI)
    yield SignIn(
        connector=connector_factories()[case.factory_id],
        config={"clientId": app.client_id, "clientSecret": app.client_secret},
        http=http,
        provider=provider,
    )
    await http.close()


@dataclass(frozen=True)
class SignIn:
    """One person on their way through a provider."""

    connector: SocialConnector
    config: dict[str, Any]
    http: HttpClient
    provider: Any

    def uri(self, **options: Any) -> str:
        return self.connector.authorization_uri(
            self.config, state="state-1", redirect_uri=REDIRECT_URI, **options
        )

    def consent(self, decision: str = "authorize", **options: Any) -> dict[str, str]:
        """Decide on the provider's page and return the parameters that come back."""
        query = {
            name: values[0]
            for name, values in parse_qs(urlsplit(self.uri(**options)).query).items()
        }
        answer = httpx.post(
            f"{self.provider.url}/oauth2/authorize", data={**query, "decision": decision}
        )
        address = urlsplit(answer.headers["location"])
        assert answer.headers["location"].startswith(REDIRECT_URI)
        return {name: values[0] for name, values in parse_qs(address.query).items()}

    async def fetch(self, params: dict[str, str], **config: str) -> SocialIdentity:
        return await self.connector.fetch_identity(
            {**self.config, **config}, http=self.http, params=params, redirect_uri=REDIRECT_URI
        )

    async def fail(self, params: dict[str, str], **config: str) -> ConnectorError:
        with pytest.raises(ConnectorError) as caught:
            await self.fetch(params, **config)
        return caught.value


class TestAuthorization:
    def test_uri(self, case: Case, sign_in: SignIn) -> None:
        """The consent page is asked with the code flow, our callback, state and default scope."""
        query = parse_qs(urlsplit(sign_in.uri()).query)

        assert query["response_type"] == ["code"]
        assert query["client_id"] == [sign_in.config["clientId"]]
        assert query["redirect_uri"] == [REDIRECT_URI]
        assert query["state"] == ["state-1"]
        assert query["scope"] == [case.default_scope]
        assert "client_secret" not in query

    def test_scope_order(self, sign_in: SignIn) -> None:
        """The scope of the request wins over that of the configuration, that over the default."""
        configured = replace(sign_in, config={**sign_in.config, "scope": "identify"})

        assert parse_qs(urlsplit(configured.uri()).query)["scope"] == ["identify"]
        assert parse_qs(urlsplit(configured.uri(scope="email")).query)["scope"] == ["email"]

    def test_incomplete_configuration(self, sign_in: SignIn) -> None:
        """Without a client id nobody is sent anywhere."""
        broken = replace(sign_in, config={"clientSecret": "x"})

        with pytest.raises(ConnectorError) as caught:
            broken.uri()

        assert caught.value.code == "connector.invalid_config"
        assert caught.value.data == {"issues": [{"path": ["clientId"], "message": "Required"}]}


class TestIdentity:
    async def test_identity(self, case: Case, sign_in: SignIn) -> None:
        """The provider's user object becomes id, name, picture and verified e-mail."""
        identity = await sign_in.fetch(sign_in.consent())

        assert identity.id == case.identity["id"]
        assert identity.name == case.identity["name"]
        assert identity.avatar == case.identity["avatar"]
        assert identity.verified_email == case.identity["email"]
        assert identity.raw["id"] == case.identity["id"]

    async def test_code_works_once(self, sign_in: SignIn) -> None:
        """The second use of a code is refused by the provider, and we say so."""
        params = sign_in.consent()
        await sign_in.fetch(params)

        error = await sign_in.fail(params)

        assert (error.code, error.status) == ("connector.social_auth_code_invalid", 401)


class TestRefusals:
    async def test_denied(self, sign_in: SignIn) -> None:
        """A person who says no is not an error of the set-up."""
        error = await sign_in.fail(sign_in.consent("cancel"))

        assert (error.code, error.status) == ("connector.authorization_failed", 401)
        assert error.is_denied
        assert error.data["error"] == "access_denied"

    async def test_no_code(self, sign_in: SignIn) -> None:
        """A callback with neither code nor error asks the provider nothing."""
        error = await sign_in.fail({"state": "state-1"})

        assert error.code == "connector.insufficient_request_parameters"
        assert sign_in.provider.requests == []

    async def test_wrong_secret(self, sign_in: SignIn) -> None:
        """A wrong client secret is a fault of the configuration."""
        error = await sign_in.fail(sign_in.consent(), clientSecret="wrong")

        assert (error.code, error.status) == ("connector.invalid_config", 400)
        assert error.data == {"error": "invalid_client"}
        assert "wrong" not in str(error)

    async def test_expired_code(self, sign_in: SignIn) -> None:
        """A code that is too old asks for another try."""
        sign_in.provider.faults.add(Fault.EXPIRED_CODE)

        error = await sign_in.fail(sign_in.consent())

        assert error.code == "connector.social_auth_code_invalid"

    async def test_invented_code(self, sign_in: SignIn) -> None:
        """A code the provider never gave is refused."""
        error = await sign_in.fail({"code": "invented"})

        assert error.code == "connector.social_auth_code_invalid"

    async def test_unauthorized(self, sign_in: SignIn) -> None:
        """A 401 of the user endpoint means that the access token was refused."""
        sign_in.provider.faults.add(Fault.UNAUTHORIZED)

        error = await sign_in.fail(sign_in.consent())

        assert (error.code, error.status) == ("connector.social_invalid_access_token", 401)

    @pytest.mark.parametrize("fault", [Fault.RATE_LIMITED, Fault.RATE_LIMITED_USER])
    async def test_rate_limited(self, sign_in: SignIn, fault: Fault) -> None:
        """A 429 of either endpoint carries the seconds to wait, rounded up."""
        sign_in.provider.faults.add(fault)

        error = await sign_in.fail(sign_in.consent())

        assert (error.code, error.status) == ("connector.rate_limit_exceeded", 429)
        assert error.retry_after == 65
        assert error.data == {"retryAfter": 65}

    async def test_broken(self, sign_in: SignIn) -> None:
        """A page with status 500 where JSON should be is a failure of the provider."""
        sign_in.provider.faults.add(Fault.BROKEN)

        error = await sign_in.fail(sign_in.consent())

        assert (error.code, error.status) == ("connector.general", 400)

    async def test_away(self, case: Case) -> None:
        """A provider that does not answer is a failure of the provider, not of ours."""
        with case.start() as gone:
            url = gone.url
        http = HttpClient(host_overrides={"discord.com": url})
        connector = connector_factories()[case.factory_id]

        with pytest.raises(ConnectorError) as caught:
            await connector.fetch_identity(
                {"clientId": "a", "clientSecret": "b"},
                http=http,
                params={"code": "c"},
                redirect_uri=REDIRECT_URI,
            )
        await http.close()

        assert caught.value.code == "connector.general"


class TestDiscord:
    """What is particular to Discord."""

    @pytest.fixture(autouse=True)
    def _only_discord(self, case: Case) -> None:
        if case.factory_id != "discord-universal":
            pytest.skip("another provider")

    async def test_unverified_email(self, sign_in: SignIn) -> None:
        """An address that Discord has not verified is never taken for the person's."""
        sign_in.provider.person = replace(sign_in.provider.person, verified=False)

        identity = await sign_in.fetch(sign_in.consent())

        assert identity.email == "nelly@example.com"
        assert identity.verified_email is None

    async def test_no_email(self, sign_in: SignIn) -> None:
        """An account without an address signs in without one."""
        sign_in.provider.person = replace(sign_in.provider.person, email=None, verified=True)

        identity = await sign_in.fetch(sign_in.consent())

        assert (identity.email, identity.verified_email) == (None, None)

    async def test_email_scope_not_asked(self, sign_in: SignIn) -> None:
        """Without the scope `email` there is no address in the answer."""
        identity = await sign_in.fetch(sign_in.consent(scope="identify"))

        assert identity.verified_email is None

    @pytest.mark.parametrize(
        ("avatar", "expected"),
        [
            ("a_bb11", "https://cdn.discordapp.com/avatars/80351110224678912/a_bb11.gif"),
            ("bb11", "https://cdn.discordapp.com/avatars/80351110224678912/bb11.png"),
            (None, None),
        ],
    )
    async def test_avatar(self, sign_in: SignIn, avatar: str | None, expected: str | None) -> None:
        """Hashes that begin with a_ are animated; without a hash there is no picture."""
        sign_in.provider.person = replace(sign_in.provider.person, avatar=avatar)

        assert (await sign_in.fetch(sign_in.consent())).avatar == expected

    async def test_secret_travels_in_the_body(self, sign_in: SignIn) -> None:
        """The token request is a form; the secret is never part of a URL."""
        await sign_in.fetch(sign_in.consent())

        token = next(r for r in sign_in.provider.requests if r.path == "/api/v10/oauth2/token")
        assert token.form["client_secret"] == sign_in.config["clientSecret"]
        assert sign_in.config["clientSecret"] not in urlencode(token.query)
