"""Parameters that come twice: of two values a server takes one, a proxy may take the other."""

from __future__ import annotations

import httpx
import pytest

from tests.support.server import Server


@pytest.mark.parametrize(
    ("path", "parameter"),
    [
        ("/api/applications?excludeRoleId=a&excludeRoleId=b", "excludeRoleId"),
        ("/api/applications?page=1&page=2&isThirdParty=true&isThirdParty=true", "isThirdParty"),
        ("/api/users?search=a&joint=or&joint=and", "joint"),
        ("/api/users?search.name=a&mode.name=like&mode.name=exact", "mode.name"),
        ("/api/roles?type=User&type=MachineToMachine", "type"),
        ("/api/logs?userId=a&userId=", "userId"),
    ],
)
def test_a_repeated_parameter_is_refused(api: httpx.Client, path: str, parameter: str) -> None:
    answer = api.get(path)

    assert answer.status_code == 400
    assert answer.json()["code"] == "guard.invalid_input"
    assert answer.json()["message"] == "The query of the request is not valid."
    assert answer.json()["data"]["issues"][-1] == {
        "code": "custom",
        "message": "Must not be repeated",
        "path": [parameter],
    }


def test_in_the_open_too(server_on_each: Server) -> None:
    answer = httpx.get(
        f"{server_on_each.endpoint}/api/.well-known/sign-in-exp?appId=a&appId=b", timeout=20
    )

    assert (answer.status_code, answer.json()["code"]) == (400, "guard.invalid_input")


@pytest.mark.parametrize(
    "path",
    [
        "/api/applications?types=SPA&types=Native",
        "/api/connectors?target=discord&target=other",
        "/api/users?search=a&search=b&mode=exact",
        "/api/users?search.name=a&search.name=b&mode.name=exact",
    ],
)
def test_a_list_is_repeated(api: httpx.Client, path: str) -> None:
    assert api.get(path).status_code == 200
