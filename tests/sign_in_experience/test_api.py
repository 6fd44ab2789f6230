"""/api/sign-in-exp, and what anybody may read of it."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.support.server import Server

DISCORD = {"clientId": "an-id", "clientSecret": "a-secret"}


def refusal(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


@pytest.fixture
def discord(api: httpx.Client) -> dict[str, Any]:
    """The Discord connector, set up once."""
    for connector in api.get("/api/connectors").json():
        if connector["target"] == "discord":
            found: dict[str, Any] = connector
            return found
    answer = api.post(
        "/api/connectors", json={"connectorId": "discord-universal", "config": DISCORD}
    )
    assert answer.status_code == 200, answer.text
    created: dict[str, Any] = answer.json()
    return created


class TestExperience:
    """GET and PATCH."""

    def test_the_seed(self, api: httpx.Client) -> None:
        shown = api.get("/api/sign-in-exp").json()

        assert shown["tenantId"] == "default"
        assert shown["id"] == "default"
        assert shown["signInMode"] == "SignInAndRegister"
        assert shown["signUp"] == {"identifiers": ["username"], "password": True, "verify": False}
        assert shown["signIn"]["methods"] == [
            {
                "identifier": "username",
                "password": True,
                "verificationCode": False,
                "isPasswordPrimary": True,
            }
        ]
        assert shown["passwordPolicy"] == {}
        assert shown["usernamePolicy"]["caseSensitive"] is True
        assert shown["termsOfUseUrl"] is None

    def test_keys_are_replaced_whole(self, api: httpx.Client) -> None:
        colour = {
            "primaryColor": "#123456",
            "isDarkModeEnabled": False,
            "darkPrimaryColor": "#abcdef",
        }

        changed = api.patch(
            "/api/sign-in-exp",
            json={
                "color": colour,
                "branding": {"logoUrl": "https://books.example/logo.svg"},
                "termsOfUseUrl": "https://books.example/terms",
                "passwordPolicy": {"length": {"min": 10}},
                "id": "mine",
                "tenantId": "admin",
                "unknown": 1,
            },
        )
        cleared = api.patch("/api/sign-in-exp", json={"termsOfUseUrl": "", "branding": {}})

        assert changed.status_code == 200
        assert changed.json()["color"] == colour
        assert changed.json()["passwordPolicy"] == {"length": {"min": 10}}
        assert changed.json()["id"] == "default"
        assert "unknown" not in changed.json()
        assert cleared.json()["termsOfUseUrl"] is None
        assert cleared.json()["branding"] == {}
        assert cleared.json()["color"] == colour
        assert api.get("/api/sign-in-exp").json() == cleared.json()

    def test_unknown_targets_are_dropped(self, api: httpx.Client, discord: dict[str, Any]) -> None:
        changed = api.patch(
            "/api/sign-in-exp", json={"socialSignInConnectorTargets": ["nothing", "discord"]}
        ).json()

        assert changed["socialSignInConnectorTargets"] == ["discord"]
        assert discord["target"] == "discord"

    def test_repeated_targets_are_kept_once(
        self, server_on_each: Server, api: httpx.Client, discord: dict[str, Any]
    ) -> None:
        """A page has one button for each provider."""
        target = discord["target"]

        changed = api.patch(
            "/api/sign-in-exp", json={"socialSignInConnectorTargets": [target, target]}
        ).json()

        shown = httpx.get(f"{server_on_each.endpoint}/api/.well-known/sign-in-exp", timeout=20)
        assert changed["socialSignInConnectorTargets"] == ["discord"]
        assert [connector["target"] for connector in shown.json()["socialConnectors"]] == [
            "discord"
        ]

    def test_a_repeated_method_is_refused(self, api: httpx.Client) -> None:
        """Which of the two would count?"""
        method = {
            "identifier": "username",
            "password": True,
            "verificationCode": False,
            "isPasswordPrimary": True,
        }

        answer = api.patch("/api/sign-in-exp", json={"signIn": {"methods": [method, method]}})

        assert answer.status_code == 400
        assert answer.json()["code"] == "guard.invalid_input"
        assert answer.json()["data"]["issues"] == [
            {
                "code": "custom",
                "message": "An identifier is listed twice",
                "path": ["signIn", "methods"],
            }
        ]

    def test_password_expiration_is_merged(self, api: httpx.Client) -> None:
        """What is switched off needs no period; what was set stays."""
        path = "/api/sign-in-exp"

        refused = api.patch(
            path, json={"passwordExpiration": {"enabled": True, "validPeriodDays": 30}}
        )
        off = api.patch(path, json={"passwordExpiration": {"enabled": False}})

        assert refusal(refused) == (
            422,
            "sign_in_experiences.password_expiration_requires_forgot_password",
        )
        assert off.json()["passwordExpiration"] == {"enabled": False}

    @pytest.mark.parametrize(
        "body",
        [
            {"color": {"primaryColor": "#12345"}},
            {"color": None},
            {"termsOfUseUrl": "javascript:alert(1)"},
            {"privacyPolicyUrl": "books.example"},
            {"supportEmail": "nobody"},
            {"signInMode": "Closed"},
            {"signIn": {"methods": [{"identifier": "username"}]}},
            {"signUp": {"identifiers": ["name"], "password": True, "verify": False}},
            {"passwordPolicy": {"length": {"min": 0}}},
            {"passwordPolicy": {"length": {"min": 20, "max": 10}}},
            {"usernamePolicy": {"maxLength": 129}},
            {"hideLogtoBranding": "yes"},
            {"customContent": {"/": 5}},
            {"mfa": {"policy": "Never", "factors": []}},
            {"sentinelPolicy": {"maxAttempts": 0}},
            {"branding": {"logoUrl": "data:image/svg+xml,x"}},
        ],
        ids=repr,
    )
    def test_bad_input_changes_nothing(self, api: httpx.Client, body: dict[str, Any]) -> None:
        before = api.get("/api/sign-in-exp").json()

        answer = api.patch("/api/sign-in-exp", json={"customCss": "p {}"} | body)

        assert refusal(answer) == (400, "guard.invalid_input")
        assert api.get("/api/sign-in-exp").json() == before

    @pytest.mark.parametrize(
        ("body", "status", "rule"),
        [
            (
                {"signUp": {"identifiers": ["email"], "password": True, "verify": False}},
                400,
                "passwordless_requires_verify",
            ),
            (
                {"signUp": {"identifiers": ["email"], "password": True, "verify": True}},
                400,
                "enabled_connector_not_found",
            ),
            (
                {
                    "signIn": {
                        "methods": [
                            {
                                "identifier": "username",
                                "password": False,
                                "verificationCode": False,
                                "isPasswordPrimary": False,
                            }
                        ]
                    }
                },
                400,
                "at_least_one_authentication_factor",
            ),
            (
                {"mfa": {"policy": "UserControlled", "factors": ["BackupCode"]}},
                400,
                "backup_code_cannot_be_enabled_alone",
            ),
            ({"adaptiveMfa": {"enabled": True}}, 422, "adaptive_mfa_requires_mfa"),
            (
                {"languageInfo": {"autoDetect": True, "fallbackLanguage": "tlh"}},
                400,
                "unsupported_default_language",
            ),
        ],
        ids=lambda value: str(value)[:40],
    )
    def test_rules(self, api: httpx.Client, body: dict[str, Any], status: int, rule: str) -> None:
        answer = api.patch("/api/sign-in-exp", json=body)

        assert refusal(answer) == (status, f"sign_in_experiences.{rule}")

    def test_a_protection_that_is_not_there(self, api: httpx.Client) -> None:
        """Nobody may believe that a second factor is asked for while none is."""
        before = api.get("/api/sign-in-exp").json()
        mfa = {"policy": "Mandatory", "factors": ["Totp"]}

        answer = api.patch("/api/sign-in-exp", json={"mfa": mfa, "termsOfUseUrl": "https://a.b"})

        assert refusal(answer) == (422, "request.feature_not_supported")
        assert api.get("/api/sign-in-exp").json() == before

    def test_social_only(self, api: httpx.Client) -> None:
        """ "Not applicable": accounts come from social sign-in alone."""
        before = api.get("/api/sign-in-exp").json()["signUp"]
        nothing = {"identifiers": [], "password": False, "verify": False}

        changed = api.patch("/api/sign-in-exp", json={"signUp": nothing})

        assert changed.json()["signUp"] == nothing
        api.patch("/api/sign-in-exp", json={"signUp": before})

    def test_names_that_differ_in_case(self, api: httpx.Client) -> None:
        ids = [api.post("/api/users", json={"username": n}).json()["id"] for n in ("Ada", "aDA")]
        policy = api.get("/api/sign-in-exp").json()["usernamePolicy"]

        answer = api.patch(
            "/api/sign-in-exp", json={"usernamePolicy": policy | {"caseSensitive": False}}
        )
        listed = api.get("/api/sign-in-exp/username-policy/case-sensitivity-conflicts?limit=20")

        conflicts = {
            "totalConflicts": 1,
            "samples": [{"usernameLower": "ada", "userIds": sorted(ids)}],
        }
        assert refusal(answer) == (
            409,
            "sign_in_experiences.username_policy_case_conflicts_exist",
        )
        assert answer.json()["data"] == conflicts
        assert listed.json() == conflicts
        api.delete(f"/api/users/{ids[0]}")
        assert (
            api.patch(
                "/api/sign-in-exp", json={"usernamePolicy": policy | {"caseSensitive": False}}
            ).json()["usernamePolicy"]["caseSensitive"]
            is False
        )
        api.patch("/api/sign-in-exp", json={"usernamePolicy": policy})


class TestPublic:
    """GET /api/.well-known/sign-in-exp, without a token."""

    @pytest.mark.parametrize("name", ["sign-in-exp", "experience"])
    def test_shape(
        self, server_on_each: Server, api: httpx.Client, discord: dict[str, Any], name: str
    ) -> None:
        api.patch("/api/sign-in-exp", json={"socialSignInConnectorTargets": ["discord"]})

        answer = httpx.get(f"{server_on_each.endpoint}/api/.well-known/{name}?appId=x", timeout=20)

        shown = answer.json()
        (connector,) = shown["socialConnectors"]
        assert answer.status_code == 200
        assert connector == {
            "id": discord["id"],
            "target": "discord",
            "name": {"en": "Discord"},
            "logo": connector["logo"],
            "logoDark": connector["logoDark"],
            "platform": "Universal",
            "isStandard": False,
        }
        assert connector["logo"].startswith(f"{server_on_each.endpoint}/")
        assert shown["ssoConnectors"] == []
        assert shown["forgotPassword"] == {"phone": False, "email": False}
        assert shown["isDevelopmentTenant"] is False
        assert shown["customProfileFields"] == []
        assert shown["signInMode"] == "SignInAndRegister"

    def test_nothing_secret(
        self, server_on_each: Server, api: httpx.Client, discord: dict[str, Any]
    ) -> None:
        """Neither a connector's secret nor the lists that keep people out."""
        api.patch(
            "/api/sign-in-exp",
            json={
                "socialSignInConnectorTargets": [discord["target"]],
                "emailBlocklistPolicy": {"customBlocklist": ["bad@books.example"]},
            },
        )

        answer = httpx.get(f"{server_on_each.endpoint}/api/.well-known/sign-in-exp", timeout=20)

        assert "a-secret" not in answer.text
        assert "bad@books.example" not in answer.text

    def test_a_removed_connector_is_not_offered(
        self, server_on_each: Server, api: httpx.Client, discord: dict[str, Any]
    ) -> None:
        api.patch("/api/sign-in-exp", json={"socialSignInConnectorTargets": ["discord"]})

        api.delete(f"/api/connectors/{discord['id']}")

        answer = httpx.get(f"{server_on_each.endpoint}/api/.well-known/sign-in-exp", timeout=20)
        assert answer.json()["socialConnectors"] == []
        assert answer.json()["socialSignInConnectorTargets"] == []
