"""/api/users/{id}/personal-access-tokens."""

from __future__ import annotations

import itertools
import re
import time
from urllib.parse import quote

import httpx
import pytest

_numbers = itertools.count()


def path_of_user(api: httpx.Client) -> str:
    """Return the address of a new user's tokens."""
    answer = api.post("/api/users", json={"username": f"scripter{next(_numbers)}"})
    return f"/api/users/{answer.json()['id']}/personal-access-tokens"


def refusal(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


class TestPersonalAccessTokens:
    def test_life_of_a_token(self, api: httpx.Client) -> None:
        """Made, listed with its value, renamed, deleted."""
        path = path_of_user(api)
        end = int(time.time() * 1000) + 86_400_000

        made = api.post(path, json={"name": "CI", "expiresAt": end})
        renamed = api.patch(f"{path}/CI", json={"name": "CD"})
        listed = api.get(path).json()
        deleted = api.delete(f"{path}/CD")

        assert made.status_code == 201
        assert re.fullmatch("pat_[0-9a-zA-Z]{32}", made.json()["value"])
        assert made.json() == {
            "tenantId": "default",
            "userId": path.split("/")[3],
            "name": "CI",
            "value": made.json()["value"],
            "createdAt": made.json()["createdAt"],
            "expiresAt": end,
        }
        assert renamed.json() == made.json() | {"name": "CD"}
        assert listed == [renamed.json()]
        assert deleted.status_code == 204
        assert api.get(path).json() == []

    @pytest.mark.parametrize("name", ["delete", "..", "a/b", "ä b", "?", "%2F", "/"])
    def test_named_in_the_body(self, api: httpx.Client, name: str) -> None:
        """Names that a path cannot carry are said in the body."""
        path = path_of_user(api)
        assert api.post(path, json={"name": name}).status_code == 201

        renamed = api.patch(path, json={"currentName": name, "name": f"{name}2"})
        deleted = api.post(f"{path}/delete", json={"name": f"{name}2"})

        assert renamed.json()["name"] == f"{name}2"
        assert deleted.status_code == 204
        assert api.get(path).json() == []

    @pytest.mark.parametrize("name", ["a/b", "a b", "ä", "?"])
    def test_named_in_the_path(self, api: httpx.Client, name: str) -> None:
        path = path_of_user(api)
        api.post(path, json={"name": name})

        assert api.delete(f"{path}/{quote(name, safe='')}").status_code == 204

    def test_name_in_use(self, api: httpx.Client) -> None:
        """For one user; another may have the same name."""
        path = path_of_user(api)
        api.post(path, json={"name": "CI"})
        api.post(path, json={"name": "CD"})

        again = api.post(path, json={"name": "CI"})
        renamed = api.patch(f"{path}/CD", json={"name": "CI"})

        for answer in (again, renamed):
            assert refusal(answer) == (422, "user.personal_access_token_name_exists")
        assert api.post(path_of_user(api), json={"name": "CI"}).status_code == 201

    @pytest.mark.parametrize(
        "body", [{}, {"name": ""}, {"name": "x" * 257}, {"name": 1}, {"name": "x\0"}]
    )
    def test_bad_input(self, api: httpx.Client, body: dict[str, object]) -> None:
        assert refusal(api.post(path_of_user(api), json=body)) == (400, "guard.invalid_input")

    def test_end_in_the_past(self, api: httpx.Client) -> None:
        answer = api.post(path_of_user(api), json={"name": "CI", "expiresAt": 1})

        assert refusal(answer) == (400, "request.invalid_input")

    def test_nobody(self, api: httpx.Client) -> None:
        """No such user, no such token."""
        path = path_of_user(api)
        nobody = "/api/users/nobody/personal-access-tokens"

        assert refusal(api.get(nobody)) == (404, "entity.not_exists_with_id")
        assert refusal(api.post(nobody, json={"name": "x"})) == (404, "entity.not_exists_with_id")
        assert api.patch(f"{path}/x", json={"name": "y"}).status_code == 404
        assert api.delete(f"{path}/x").status_code == 404
        assert api.post(f"{path}/delete", json={"name": "x"}).status_code == 404

    def test_goes_with_its_user(self, api: httpx.Client) -> None:
        path = path_of_user(api)
        api.post(path, json={"name": "CI"})

        assert api.delete(path.removesuffix("/personal-access-tokens")).status_code == 204

        assert api.get(path).status_code == 404

    def test_only_administrators(self, api: httpx.Client) -> None:
        path = path_of_user(api)

        assert httpx.get(f"{api.base_url}{path}").status_code == 401
