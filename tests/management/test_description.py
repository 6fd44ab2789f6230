"""The description of the API, and the texts of its errors."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.server import Server

SOURCE = Path("src/doorward")
LOCALES = SOURCE / "management" / "locales"
# The first words of codes; other dotted texts (file names, keys of configuration) are none.
AREAS = (
    "application|auth|connector|entity|guard|log|oidc|password|request|resource|role|scope|session"
    "|sign_in_experiences|user"
)
CODE = re.compile(rf"(?:{AREAS})(?:\.[a-z][a-z_]*)+")
PUBLIC = {"/api/status", "/api/swagger.json"}


@pytest.fixture(scope="module")
def description(server: Server) -> dict[str, Any]:
    answer = httpx.get(f"{server.endpoint}/api/swagger.json", timeout=20)
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def operations(description: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        f"{method.upper()} {path}": operation
        for path, methods in description["paths"].items()
        for method, operation in methods.items()
    }


def is_open(path: str) -> bool:
    return path in PUBLIC or path.startswith(
        ("/api/.well-known/", "/api/experience", "/api/interaction/")
    )


def test_only_the_api_is_described(description: dict[str, Any]) -> None:
    assert description["openapi"].startswith("3.1")
    assert {path.split("/")[1] for path in description["paths"]} == {"api"}


def test_every_guarded_operation_names_its_scheme(description: dict[str, Any]) -> None:
    assert description["components"]["securitySchemes"]["ManagementAccessToken"]["scheme"] == (
        "bearer"
    )
    for name, operation in operations(description).items():
        path = name.split(" ")[1]
        wanted = None if is_open(path) else [{"ManagementAccessToken": []}]
        assert operation.get("security") == wanted, name


def test_every_operation_is_told_about(description: dict[str, Any]) -> None:
    for name, operation in operations(description).items():
        assert operation["tags"], name
        assert operation["summary"], name
        assert "400" in operation["responses"], name


def test_the_statuses_of_the_experience_api(description: dict[str, Any]) -> None:
    """A program that signs somebody in is told of each way in which it may end."""
    responses = operations(description)["POST /api/experience/identification"]["responses"]

    statuses = "201 204 400 401 403 404 409 413 422 503"
    assert sorted(responses) == statuses.split()


@pytest.mark.parametrize(
    ("operation", "status"),
    [
        ("PATCH /api/sign-in-exp", "409"),
        ("POST /api/applications", "501"),
        ("POST /api/users/{user_id}/identities", "429"),
        ("POST /api/experience/verification/social/{connector_id}/verify", "429"),
    ],
)
def test_the_refusals_of_an_operation_of_its_own(
    description: dict[str, Any], operation: str, status: str
) -> None:
    """What nothing else refuses with is told of where it happens, with the body it comes with."""
    refusal = operations(description)[operation]["responses"][status]

    assert refusal["content"]["application/json"]["schema"]["$ref"].endswith("/ErrorBody")


def test_the_paths_of_the_story(description: dict[str, Any]) -> None:
    names = {re.sub(r"\{\w+\}", "{}", name) for name in operations(description)}

    assert {
        "GET /api/applications",
        "POST /api/applications",
        "PATCH /api/applications/{}",
        "DELETE /api/applications/{}",
        "PATCH /api/applications/{}/custom-data",
        "POST /api/applications/{}/secrets",
        "PUT /api/applications/{}/roles",
        "GET /api/connectors",
        "GET /api/connector-factories",
        "GET /api/resources",
        "PATCH /api/resources/{}/is-default",
        "POST /api/resources/{}/scopes",
        "POST /api/roles",
        "POST /api/roles/{}/applications",
        "POST /api/roles/{}/users",
        "GET /api/sign-in-exp",
        "PATCH /api/sign-in-exp",
        "GET /api/.well-known/sign-in-exp",
        "GET /api/users",
        "PATCH /api/users/{}/is-suspended",
        "POST /api/users/{}/password/verify",
        "GET /api/logs",
        "GET /api/status",
    } <= names


def test_every_code_has_a_text() -> None:
    """A code in the source without a line in en.json would be shown as itself."""
    texts = json.loads((LOCALES / "en.json").read_text())
    used: dict[str, str] = {}
    for file in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if not isinstance(node, ast.Call):
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
            called = node.func.id if isinstance(node.func, ast.Name) else name
            if called == "RequestError" and node.args and isinstance(node.args[0], ast.Constant):
                used[str(node.args[0].value)] = str(file)

    assert {code: file for code, file in used.items() if code not in texts} == {}


@pytest.mark.parametrize("path", sorted(LOCALES.glob("*.json")), ids=lambda path: path.stem)
def test_every_language_has_the_same_places_to_fill(path: Path) -> None:
    english = json.loads((LOCALES / "en.json").read_text())
    own = json.loads(path.read_text())

    for code, text in own.items():
        assert CODE.fullmatch(code), code
        assert _places(text) == _places(english[code]), code


def _places(text: str) -> list[str]:
    return sorted(re.findall(r"\{\w+\}", text))
