"""/api/applications/{id}/sign-in-experience: what one application's pages have of their own."""

from __future__ import annotations

import httpx
import pytest

from tests.applications.test_api import create

TERMS = {"termsOfUseUrl": "https://acme.example/terms", "privacyPolicyUrl": None}


def path_of(api: httpx.Client) -> tuple[str, str]:
    application: str = create(api, type="Traditional", isThirdParty=True)["id"]
    return application, f"/api/applications/{application}/sign-in-experience"


def test_put_and_get(api: httpx.Client) -> None:
    """The first PUT creates, the next replaces whole."""
    application, path = path_of(api)
    assert api.get(path).json()["code"] == "entity.not_found"

    first = api.put(
        path,
        json=TERMS
        | {
            "displayName": "Acme",
            "branding": {"logoUrl": "https://acme.example/logo.svg"},
            "color": {"primaryColor": "#123456"},
        },
    )
    assert first.status_code == 201
    assert api.get(path).json() == first.json()
    assert first.json() == {
        "tenantId": "default",
        "applicationId": application,
        "color": {"primaryColor": "#123456"},
        "branding": {"logoUrl": "https://acme.example/logo.svg"},
        "customCss": None,
        "termsOfUseUrl": "https://acme.example/terms",
        "privacyPolicyUrl": None,
        "displayName": "Acme",
    }

    second = api.put(path, json={"termsOfUseUrl": "", "privacyPolicyUrl": None})
    assert second.status_code == 200
    assert second.json()["displayName"] is None
    assert second.json()["branding"] == {}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"termsOfUseUrl": "javascript:alert(1)", "privacyPolicyUrl": None},
        TERMS | {"branding": {"logoUrl": "data:text/html,x"}},
        TERMS | {"color": {"primaryColor": "red"}},
        TERMS | {"displayName": "x" * 257},
    ],
)
def test_refusals(api: httpx.Client, body: dict[str, object]) -> None:
    """Addresses are web addresses, colours are colours; nothing is stored of what is refused."""
    _application, path = path_of(api)

    answer = api.put(path, json=body)

    assert answer.status_code == 400
    assert answer.json()["code"] == "guard.invalid_input"
    assert api.get(path).status_code == 404


def test_unknown_application(api: httpx.Client) -> None:
    assert api.put("/api/applications/nothing/sign-in-experience", json=TERMS).status_code == 404
