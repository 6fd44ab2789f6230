"""POST /api/subject-tokens."""

from __future__ import annotations

import itertools
import re

import httpx
import pytest

_numbers = itertools.count()


def new_user(api: httpx.Client) -> str:
    answer = api.post("/api/users", json={"username": f"subject{next(_numbers)}"})
    id_: str = answer.json()["id"]
    return id_


class TestCreate:
    @pytest.mark.parametrize("context", [{}, {"context": {}}, {"context": {"ticket": {"id": 7}}}])
    def test_token(self, api: httpx.Client, context: dict[str, object]) -> None:
        """A value that is shown once, for ten minutes."""
        answer = api.post("/api/subject-tokens", json={"userId": new_user(api)} | context)

        assert answer.status_code == 201
        assert set(answer.json()) == {"subjectToken", "expiresIn"}
        assert re.fullmatch("sub_[0-9a-zA-Z]{32}", answer.json()["subjectToken"])
        assert answer.json()["expiresIn"] == 600

    def test_nobody(self, api: httpx.Client) -> None:
        answer = api.post("/api/subject-tokens", json={"userId": "nobody"})

        assert (answer.status_code, answer.json()["code"]) == (404, "entity.not_exists_with_id")

    @pytest.mark.parametrize(
        "body", [{}, {"userId": ""}, {"userId": 7}, {"userId": "x", "context": []}]
    )
    def test_bad_input(self, api: httpx.Client, body: dict[str, object]) -> None:
        answer = api.post("/api/subject-tokens", json=body)

        assert (answer.status_code, answer.json()["code"]) == (400, "guard.invalid_input")

    def test_only_administrators(self, api: httpx.Client) -> None:
        answer = httpx.post(f"{api.base_url}/api/subject-tokens", json={"userId": "x"})

        assert answer.status_code == 401
