"""/api/connectors and /api/connector-factories on a running server, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.support.management import management_api
from tests.support.server import Server

CONFIG = {"clientId": "1577", "clientSecret": "s3cret"}


@pytest.fixture
def api(server_on_each: Server) -> Iterator[httpx.Client]:
    """The management API of a tenant without connectors."""
    with management_api(server_on_each) as api:
        yield api
        for connector in api.get("/api/connectors").json():
            api.delete(f"/api/connectors/{connector['id']}").raise_for_status()


def create(api: httpx.Client, **changes: object) -> httpx.Response:
    return api.post(
        "/api/connectors", json={"connectorId": "discord-universal", "config": CONFIG} | changes
    )


class TestFactories:
    def test_list(self, api: httpx.Client) -> None:
        """The list holds Discord with its form, in the order it is filled in."""
        factories = api.get("/api/connector-factories").json()

        discord = next(f for f in factories if f["id"] == "discord-universal")
        assert discord["target"] == "discord"
        assert (discord["type"], discord["platform"]) == ("Social", "Universal")
        assert discord["name"] == {"en": "Discord"}
        assert [item["key"] for item in discord["formItems"]] == [
            "clientId",
            "clientSecret",
            "scope",
        ]
        assert [item["required"] for item in discord["formItems"]] == [True, True, False]
        assert "Discord Developer Portal" in discord["readme"]
        assert discord["isStandard"] is False

    def test_logo_is_served(self, api: httpx.Client) -> None:
        """The logo is an address that answers with a picture."""
        factory = api.get("/api/connector-factories/discord-universal").json()

        answer = httpx.get(factory["logo"])
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/svg+xml")

    def test_unknown(self, api: httpx.Client) -> None:
        """An unknown factory is 404."""
        answer = api.get("/api/connector-factories/myspace-web")

        assert answer.status_code == 404
        assert answer.json()["code"] == "entity.not_exists_with_id"
        assert answer.json()["message"] == (
            "There is nothing with the id myspace-web among connector factories."
        )


class TestCreate:
    def test_create(self, api: httpx.Client) -> None:
        """A connector gets a 12-character id; its configuration comes back in clear."""
        answer = create(api)

        assert answer.status_code == 200
        connector = answer.json()
        assert len(connector["id"]) == 12
        assert connector["connectorId"] == "discord-universal"
        assert connector["config"] == CONFIG
        assert connector["metadata"] == {}
        assert (connector["syncProfile"], connector["enableTokenStorage"]) == (False, False)
        assert api.get(f"/api/connectors/{connector['id']}").json() == connector
        assert api.get("/api/connectors").json() == [connector]

    def test_own_id(self, api: httpx.Client) -> None:
        """The id may be the client's, so that the callback URL is known beforehand."""
        assert create(api, id="my-discord_1").json()["id"] == "my-discord_1"

    @pytest.mark.parametrize("id_", ["", "a/b", "a b", "../x", "x" * 129])
    def test_malformed_id(self, api: httpx.Client, id_: str) -> None:
        """An id that cannot be a segment of the callback URL is refused."""
        answer = create(api, id=id_)

        assert (answer.status_code, answer.json()["code"]) == (400, "guard.invalid_input")

    @pytest.mark.parametrize(
        ("changes", "status", "code"),
        [
            ({"connectorId": "myspace-web"}, 422, "connector.not_found_with_connector_id"),
            ({"config": {}}, 400, "connector.invalid_config"),
            ({"config": {"clientId": "a"}}, 400, "connector.invalid_config"),
            ({"config": {"clientId": 1, "clientSecret": "x"}}, 400, "connector.invalid_config"),
            (
                {"metadata": {"name": {"en": "Chat"}}},
                400,
                "connector.cannot_overwrite_metadata_for_non_standard_connector",
            ),
            ({"enableTokenStorage": True}, 422, "connector.token_storage_not_supported"),
        ],
    )
    def test_refusals(
        self, api: httpx.Client, changes: dict[str, object], status: int, code: str
    ) -> None:
        """Each rule has its code, and nothing is stored."""
        answer = create(api, **changes)

        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert api.get("/api/connectors").json() == []

    def test_invalid_config_says_where(self, api: httpx.Client) -> None:
        """The refusal names the fields, and repeats no value."""
        answer = create(api, config={"clientSecret": "s3cret"})

        assert answer.json()["data"] == {"issues": [{"path": ["clientId"], "message": "Required"}]}
        assert "s3cret" not in answer.text

    def test_second_instance(self, api: httpx.Client) -> None:
        """There is one Discord."""
        create(api).raise_for_status()

        answer = create(api)

        assert answer.status_code == 422
        assert answer.json()["code"] == "connector.multiple_instances_not_supported"


class TestChange:
    def test_config_is_replaced(self, api: httpx.Client) -> None:
        """A PATCH replaces the whole configuration and leaves the rest."""
        id_ = create(api, syncProfile=True, config={**CONFIG, "scope": "identify"}).json()["id"]

        changed = api.patch(f"/api/connectors/{id_}", json={"config": CONFIG}).json()

        assert changed["config"] == CONFIG
        assert changed["syncProfile"] is True

    def test_refused_change(self, api: httpx.Client) -> None:
        """A configuration without a secret is refused and the old one stays."""
        id_ = create(api).json()["id"]

        answer = api.patch(f"/api/connectors/{id_}", json={"config": {"clientId": "x"}})

        assert (answer.status_code, answer.json()["code"]) == (400, "connector.invalid_config")
        assert api.get(f"/api/connectors/{id_}").json()["config"] == CONFIG

    def test_unknown(self, api: httpx.Client) -> None:
        """Unknown ids are 404 for every method."""
        for method in ("GET", "PATCH", "DELETE"):
            answer = api.request(method, "/api/connectors/unknown", json={})
            assert answer.status_code == 404, method
            assert answer.json()["message"] == (
                "There is nothing with the id unknown among connectors."
            )


class TestDelete:
    def test_delete(self, api: httpx.Client) -> None:
        """A deleted connector is gone."""
        id_ = create(api).json()["id"]

        assert api.delete(f"/api/connectors/{id_}").status_code == 204
        assert api.get(f"/api/connectors/{id_}").status_code == 404


class TestListByTarget:
    def test_filter(self, api: httpx.Client) -> None:
        """`target` repeats and narrows the list."""
        create(api).raise_for_status()

        assert len(api.get("/api/connectors?target=discord&target=github").json()) == 1
        assert api.get("/api/connectors?target=github").json() == []


class TestAuthorizationUri:
    def test_uri(self, api: httpx.Client) -> None:
        """The address holds the caller's state and redirect URI."""
        id_ = create(api).json()["id"]

        body = {"state": "xyz", "redirectUri": "https://app.example.com/cb"}
        redirect = api.post(f"/api/connectors/{id_}/authorization-uri", json=body).json()

        address = urlsplit(redirect["redirectTo"])
        assert redirect["redirectTo"].startswith("https://discord.com/oauth2/authorize?")
        assert parse_qs(address.query)["state"] == ["xyz"]
        assert parse_qs(address.query)["redirect_uri"] == ["https://app.example.com/cb"]

    def test_insufficient(self, api: httpx.Client) -> None:
        """Both members are needed."""
        id_ = create(api).json()["id"]

        body = {"state": "", "redirectUri": "https://app.example.com/cb"}
        answer = api.post(f"/api/connectors/{id_}/authorization-uri", json=body)

        assert (answer.status_code, answer.json()["code"]) == (400, "session.insufficient_info")


class TestAtRest:
    def test_secret_is_sealed(self, server_on_each: Server, api: httpx.Client) -> None:
        """The client secret stands in no row in clear."""
        create(api, config={**CONFIG, "clientSecret": "find-me-if-you-can"}).raise_for_status()

        if server_on_each.database_url.startswith("postgres"):
            pytest.skip("the same code seals for both; the file is searched on SQLite")
        folder = server_on_each.directory
        for path in folder.rglob("*"):
            if path.is_file():
                assert b"find-me-if-you-can" not in path.read_bytes(), path

    def test_no_token(self, server_on_each: Server) -> None:
        """Without a token nothing is listed."""
        answer = httpx.get(f"{server_on_each.endpoint}/api/connectors")

        assert answer.status_code == 401
