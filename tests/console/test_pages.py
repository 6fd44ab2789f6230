"""Connectors, sign-in experience, users, resources and roles in the console, by its forms."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import httpx
import pytest

from tests.support.management import management_api
from tests.support.pages import Page
from tests.support.server import Server

Open = Callable[[str], Page]


@pytest.fixture
def api(server_on_each: Server) -> Iterator[httpx.Client]:
    with management_api(server_on_each) as api:
        yield api
        for connector in api.get("/api/connectors").json():
            api.delete(f"/api/connectors/{connector['id']}")


def audit_keys(server: Server) -> list[str]:
    """Return the keys of the audit log, oldest first, read from the database itself."""
    if not server.database_url.startswith("sqlite"):
        pytest.skip("read on SQLite only")
    import sqlite3

    path = server.database_url.removeprefix("sqlite:///")
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as db:
        return [row[0] for row in db.execute("select key from audit_logs order by id")]


def add_discord(console: Open) -> Page:
    page = console("/connectors/social/new/discord-universal")
    return page.submit({"clientId": "157", "clientSecret": "s3cret"}, button="Save and Done")


class TestConnectors:
    def test_set_up(self, server_on_each: Server, console: Open, api: httpx.Client) -> None:
        """The callback URL on the form is the one that the connector then has."""
        page = console("/connectors/social/new/discord-universal")
        prefix = re.escape(f"{server_on_each.endpoint}/callback/")
        shown = re.search(rf"{prefix}([a-z0-9]{{12}})", page.text)
        assert shown
        assert "Discord Developer Portal" in page.text

        page = page.submit({"clientId": "157", "clientSecret": "s3cret"}, button="Save and Done")

        assert page.path == f"/console/connectors/{shown[1]}"
        connector = api.get(f"/api/connectors/{shown[1]}").json()
        assert connector["config"] == {"clientId": "157", "clientSecret": "s3cret"}

    def test_incomplete(self, console: Open, api: httpx.Client) -> None:
        """A missing secret is marked; id, callback URL and what was typed stay the same."""
        page = console("/connectors/social/new/discord-universal")
        before = dict(page.form(holding="clientId").values)["connector_id"]

        page = page.submit({"clientId": "157", "clientSecret": " "})

        values = dict(page.form(holding="clientId").values)
        assert page.status == 422
        assert "Please fill in this field." in page.text
        assert (values["clientId"], values["connector_id"]) == ("157", before)
        assert api.get("/api/connectors").json() == []

    def test_invented_id(self, console: Open, api: httpx.Client) -> None:
        """An id that a changed form brings is not taken."""
        page = console("/connectors/social/new/discord-universal")
        page.submit(
            {"clientId": "1", "clientSecret": "2", "connector_id": "../../users"},
        )

        (connector,) = api.get("/api/connectors").json()
        assert re.fullmatch(r"[a-z0-9]{12}", connector["id"])

    def test_second(self, console: Open, api: httpx.Client) -> None:
        """Discord is there once: setting it up again opens what is there."""
        first = add_discord(console)

        assert console("/connectors/social/new/discord-universal").url == first.url

    def test_change_and_delete(self, console: Open, api: httpx.Client) -> None:
        """Settings are changed; deleting takes the button from the sign-in page too."""
        page = add_discord(console)
        page = page.submit({"scope": "identify", "sync_profile": "on"}, button="Save changes")
        (connector,) = api.get("/api/connectors").json()
        assert connector["config"]["scope"] == "identify"
        assert connector["syncProfile"] is True
        api.patch("/api/sign-in-exp", json={"socialSignInConnectorTargets": ["discord"]})

        page = console(f"/connectors/{connector['id']}").submit(button="Delete connector")

        assert page.path == "/console/connectors"
        assert api.get("/api/sign-in-exp").json()["socialSignInConnectorTargets"] == []

    def test_unknown(self, console: Open) -> None:
        """Unknown connectors and providers are pages that say so."""
        assert console("/connectors/unknown12345").status == 404
        assert console("/connectors/social/new/myspace-web").status == 404


class TestExperience:
    PAGE = "/sign-in-experience/sign-up-and-sign-in"

    def test_social_only(self, console: Open, api: httpx.Client) -> None:
        """Without a script, too: not applicable, Discord added, saved, shown in the preview."""
        add_discord(console)
        page = console(self.PAGE)

        page = page.submit(
            {
                "sign_up_identifier": "none",
                "sign_up_password": None,
                "sign_in_identifiers": None,
            },
            button="Add Discord",
        )

        experience = api.get("/api/sign-in-exp").json()
        assert experience["signUp"] == {"identifiers": [], "password": False, "verify": False}
        assert experience["socialSignInConnectorTargets"] == ["discord"]
        assert experience["signIn"]["methods"] == []
        preview = console("/sign-in-experience/preview")
        assert "Continue with Discord" in preview.text
        assert "Password" not in preview.text
        api.patch("/api/sign-in-exp", json=DEFAULTS).raise_for_status()

    def test_username_needs_a_password(self, console: Open, api: httpx.Client) -> None:
        """An impossible combination is marked and not saved."""
        page = console(self.PAGE).submit(
            {"sign_up_identifier": "username", "sign_up_password": None}, button="Save changes"
        )

        assert page.status == 422
        assert "need a password" in page.text
        assert api.get("/api/sign-in-exp").json()["signUp"]["password"] is True

    def test_branding(self, console: Open, api: httpx.Client) -> None:
        """Colours, logo, links and CSS are saved and are on the sign-in page."""
        page = console("/sign-in-experience/branding").submit(
            {
                "primary_color": "#aa3366",
                "logo_url": "https://cdn.example/logo.png",
                "terms_of_use_url": "https://example.com/terms",
                "custom_css": ".panel { border-radius: 2px }",
            }
        )

        assert "The sign-in page shows it now." in page.text
        experience = api.get("/api/sign-in-exp").json()
        assert experience["color"]["primaryColor"] == "#aa3366"
        assert experience["branding"] == {"logoUrl": "https://cdn.example/logo.png"}
        html = console("/sign-in-experience/preview").response.text
        assert "#aa3366" in html
        assert "https://cdn.example/logo.png" in html
        assert ".panel { border-radius: 2px }" in html
        api.patch("/api/sign-in-exp", json=DEFAULTS).raise_for_status()

    def test_refused_branding(self, console: Open, api: httpx.Client) -> None:
        """A colour that is none, and an address that would run code, are marked."""
        page = console("/sign-in-experience/branding").submit(
            {"primary_color": "green", "logo_url": "javascript:alert(1)"}
        )

        assert page.status == 422
        assert "A colour such as" in page.text
        assert "An address that begins with" in page.text
        assert api.get("/api/sign-in-exp").json()["color"]["primaryColor"] == "#0b6e5b"

    def test_preview_saves_nothing(
        self, server_on_each: Server, console: Open, api: httpx.Client
    ) -> None:
        """The form sent to the preview is rendered, framed by the console alone, not saved."""
        before = api.get("/api/sign-in-exp").json()
        page = console("/sign-in-experience/branding")
        values = [
            (name, "#123456" if name == "primary_color" else value)
            for name, value in page.form(holding="primary_color").values
        ]

        answer = page.visitor.send(
            "post",
            f"{server_on_each.admin_endpoint}/console/sign-in-experience/preview",
            [*values, ("preview_theme", "dark"), ("preview_language", "de")],
        )

        assert answer.status == 200
        assert "#123456" in answer.response.text
        assert 'lang="de"' in answer.response.text
        assert "frame-ancestors 'self'" in answer.response.headers["content-security-policy"]
        assert api.get("/api/sign-in-exp").json() == before

    def test_css_cannot_leave_its_element(self, console: Open, api: httpx.Client) -> None:
        """Custom CSS cannot close its style element and begin a script."""
        console("/sign-in-experience/branding").submit(
            {"custom_css": "</style><script>alert(1)</script>"}
        )

        assert "</style><script>" not in console("/sign-in-experience/preview").response.text
        api.patch("/api/sign-in-exp", json=DEFAULTS).raise_for_status()


class TestUsers:
    def make(self, console: Open, username: str) -> Page:
        return console("/users").submit(
            {"username": username, "name": "Ada Lovelace", "password": "Green-Meadow-42-calm"},
            button="Create user",
        )

    def test_create(self, console: Open, api: httpx.Client) -> None:
        """A user is made by the tenant's policies."""
        page = self.make(console, "ada")

        assert "Ada Lovelace created." in page.text
        (user,) = [u for u in api.get("/api/users").json() if u["username"] == "ada"]
        assert user["hasPassword"] is True

    @pytest.mark.parametrize(
        ("username", "password", "words"),
        [
            ("9lives", "Green-Meadow-42-calm", "digit"),
            ("bob smith", "Green-Meadow-42-calm", "letters"),
            ("bob", "short", "too short"),
            ("bob", "", "Please fill in this field."),
        ],
    )
    def test_refused(
        self, console: Open, api: httpx.Client, username: str, password: str, words: str
    ) -> None:
        """What the policies refuse stays typed, the password apart."""
        page = console("/users").submit(
            {"username": username, "password": password}, button="Create user"
        )

        assert page.status == 422
        assert words.lower() in page.text.lower()
        values = dict(page.form(holding="username").values)
        assert (values["username"], values["password"]) == (username, "")
        assert [u for u in api.get("/api/users").json() if u["username"] == username] == []

    def test_name_in_use(self, console: Open) -> None:
        """A user name that is taken is refused beside its field."""
        self.make(console, "twice")

        page = self.make(console, "twice")

        assert page.status == 422

    def test_profile(self, console: Open, api: httpx.Client) -> None:
        """The profile is changed; an emptied field becomes empty."""
        page = self.make(console, "grace").submit(
            {
                "name": "",
                "primary_email": "grace@example.com",
                "primary_phone": "4915112345678",
                "avatar": "https://example.com/grace.png",
            },
            button="Save changes",
        )

        user = api.get(f"/api/users/{page.path.rpartition('/')[2]}").json()
        assert user["name"] is None
        assert user["primaryEmail"] == "grace@example.com"
        assert user["primaryPhone"] == "4915112345678"
        assert user["avatar"] == "https://example.com/grace.png"

    def test_refused_profile(self, console: Open) -> None:
        """Malformed addresses are marked, each at its field."""
        page = self.make(console, "edsger").submit(
            {"primary_email": "nope", "primary_phone": "+49", "avatar": "javascript:alert(1)"},
            button="Save changes",
        )

        assert page.status == 422
        assert "An address such as ada@example.com." in page.text
        assert "Digits only" in page.text

    def test_suspend_and_resume(self, console: Open, api: httpx.Client) -> None:
        """A user is suspended and let back in."""
        page = self.make(console, "alan")
        address = f"/api/users/{page.path.rpartition('/')[2]}"

        page = page.submit(button="Suspend")
        assert api.get(address).json()["isSuspended"] is True
        page.submit(button="Lift the suspension")

        assert api.get(address).json()["isSuspended"] is False

    def test_reset_password(self, console: Open, api: httpx.Client) -> None:
        """A new password follows the policy and then works."""
        page = self.make(console, "barbara")
        verify = f"/api/users/{page.path.rpartition('/')[2]}/password/verify"
        refused = page.submit({"password": "12345678"}, button="Reset password")
        assert refused.status == 422

        page.submit({"password": "Quiet-Forest-19-lake"}, button="Reset password")

        body = {"password": "Quiet-Forest-19-lake"}
        assert api.post(verify, json=body).status_code == 204

    def test_delete(self, console: Open, api: httpx.Client) -> None:
        """A deleted user is gone."""
        page = self.make(console, "gone")

        after = page.submit(button="Delete user")

        assert after.path == "/console/users"
        assert api.get(f"/api/users/{page.path.rpartition('/')[2]}").status_code == 404

    def test_identity(self, console: Open, api: httpx.Client) -> None:
        """A social identity is shown with name and address, and can be removed."""
        page = self.make(console, "nelly_l")
        user_id = page.path.rpartition("/")[2]
        identity = {
            "userId": "80351110224678912",
            "details": {"id": "80351110224678912", "name": "nelly", "email": "n@example.com"},
        }
        api.put(f"/api/users/{user_id}/identities/discord", json=identity).raise_for_status()

        page = console(f"/users/{user_id}")
        assert "80351110224678912" in page.text
        assert "n@example.com" in page.text
        assert "Discord" in console("/users").text
        page.submit(button="Remove")

        assert api.get(f"/api/users/{user_id}").json()["identities"] == {}

    def test_search(self, console: Open) -> None:
        """Users are found by name, address and id; a percent sign finds nothing by itself."""
        self.make(console, "searched")

        assert "searched" in console("/users?q=search").text
        assert "Nothing found" in console("/users?q=nobody-is-called-so").text


class TestAuthorization:
    def test_machine_reaches_the_management_api(
        self, server_on_each: Server, console: Open, api: httpx.Client
    ) -> None:
        """Given the seeded role in the console, a machine may call the management API."""
        made = console("/applications/new/machine").submit({"name": "Script"})
        application_id = re.findall(r"/applications/([a-z0-9]{21})", made.url)[0]
        (secret,) = api.get(f"/api/applications/{application_id}/secrets").json()
        role = next(
            r for r in api.get("/api/roles").json() if r["name"] == "Logto Management API access"
        )
        console(f"/roles/{role['id']}").submit({"assignee_id": application_id})

        answer = httpx.post(
            f"{server_on_each.issuer}/token",
            auth=(application_id, secret["value"]),
            data={
                "grant_type": "client_credentials",
                "resource": "https://default.logto.app/api",
                "scope": "all",
            },
        )

        assert answer.json()["scope"] == "all"

    def test_resource_and_role(self, console: Open, api: httpx.Client) -> None:
        """An API with a permission, a role that has it, a user who has the role; and all undone."""
        # 1. The API and its permission.
        page = console("/api-resources").submit(
            {"name": "Books", "indicator": "https://books.example/api"}
        )
        resource_id = page.path.rpartition("/")[2]
        page = page.submit({"name": "read:books", "description": ""}, button="Add permission")
        (scope,) = api.get(f"/api/resources/{resource_id}/scopes").json()
        assert scope["name"] == "read:books"

        # 2. A role that has it.
        role = console("/roles").submit(
            {"name": "Reader", "description": "May read", "type": "User"}
        )
        role_id = role.path.rpartition("/")[2]
        console(f"/roles/{role_id}").submit({"scope_ids": scope["id"]})
        assert [s["id"] for s in api.get(f"/api/roles/{role_id}/scopes").json()] == [scope["id"]]

        # 3. A user who has the role.
        user_id = api.post("/api/users", json={"username": "reader_1"}).json()["id"]
        page = console(f"/roles/{role_id}").submit({"assignee_id": user_id})
        assert [r["id"] for r in api.get(f"/api/users/{user_id}/roles").json()] == [role_id]

        # 4. Undone.
        page.submit(button="Remove")
        assert api.get(f"/api/users/{user_id}/roles").json() == []
        console(f"/roles/{role_id}").submit({"scope_ids": None}, button="Save permissions")
        assert api.get(f"/api/roles/{role_id}/scopes").json() == []
        console(f"/api-resources/{resource_id}").submit(button="Delete API resource")
        assert api.get(f"/api/resources/{resource_id}").status_code == 404
        console(f"/roles/{role_id}").submit(button="Delete role")
        assert api.get(f"/api/roles/{role_id}").status_code == 404

    def test_refusals(self, console: Open) -> None:
        """A malformed identifier, one in use, a permission with a space: beside the field."""
        page = console("/api-resources").submit({"name": "X", "indicator": "no address"})
        assert "An absolute address" in page.text
        taken = "https://default.logto.app/api"
        page = console("/api-resources").submit({"name": "X", "indicator": taken})
        assert "There is an API with this identifier already." in page.text

    def test_management_api_is_not_for_users(self, console: Open, api: httpx.Client) -> None:
        """A user's role is never offered the management API's permission, nor given it."""
        page = console("/roles").submit({"name": "Sneaky", "description": "x", "type": "User"})
        role_id = page.path.rpartition("/")[2]
        assert "default.logto.app" not in page.text
        resource = next(
            r for r in api.get("/api/resources").json() if "logto.app" in r["indicator"]
        )
        (scope,) = api.get(f"/api/resources/{resource['id']}/scopes").json()

        token = dict(page.form(button="Sign out").values)["csrf"]
        answer = page.visitor.client.post(
            f"{page.url}/scopes", data={"csrf": token, "scope_ids": scope["id"]}
        )

        assert answer.status_code == 400
        assert api.get(f"/api/roles/{role_id}/scopes").json() == []
        api.delete(f"/api/roles/{role_id}")

    def test_built_in_resource(self, console: Open, api: httpx.Client) -> None:
        """The management API can be neither changed nor deleted."""
        resource = next(
            r for r in api.get("/api/resources").json() if "logto.app" in r["indicator"]
        )
        page = console(f"/api-resources/{resource['id']}")
        assert "Delete API resource" not in page.text
        token = dict(page.form(button="Sign out").values)["csrf"]

        answer = page.visitor.client.post(f"{page.url}/delete", data={"csrf": token})

        assert answer.status_code == 400
        assert api.get(f"/api/resources/{resource['id']}").status_code == 200


class TestRest:
    def test_search(self, console: Open, api: httpx.Client) -> None:
        """One search over users, applications, connectors, resources and roles."""
        add_discord(console)

        assert "Discord" in console("/search?q=disc").text
        assert "Logto Management API" in console("/search?q=management").text
        assert "Nothing found" in console("/search?q=no-such-thing-at-all").text

    def test_audit(self, server_on_each: Server, console: Open, api: httpx.Client) -> None:
        """Each change leaves its entry."""
        before = len(audit_keys(server_on_each))
        add_discord(console).submit(button="Delete connector")

        assert audit_keys(server_on_each)[before:] == ["Connector.Created", "Connector.Deleted"]

    def test_theme(self, console: Open) -> None:
        """The theme is remembered, and the browser comes back to where it was."""
        page = console("/users?q=x")
        form = page.form(button="Dark")
        after = page.visitor.send(
            "post",
            page.url.replace("/users?q=x", "/theme"),
            [*form.values, ("theme", "dark")],
            referer=page.url,
        )

        assert after.url == page.url
        assert 'data-theme="dark"' in after.response.text

    def test_toasts_are_ours(self, console: Open, server_on_each: Server) -> None:
        """A toast that somebody else wrote into the cookie is not shown."""
        page = console("/users")
        page.visitor.client.cookies.set(
            "_console_toast_admin", "WW91IHdvbg.AAAA", domain="localhost.local"
        )

        assert "You won" not in console("/users").text


DEFAULTS = {
    "signUp": {"identifiers": ["username"], "password": True, "verify": False},
    "signIn": {
        "methods": [
            {
                "identifier": "username",
                "password": True,
                "verificationCode": False,
                "isPasswordPrimary": True,
            }
        ]
    },
    "socialSignInConnectorTargets": [],
    "color": {
        "primaryColor": "#0b6e5b",
        "darkPrimaryColor": "#3fc7a6",
        "isDarkModeEnabled": True,
    },
    "branding": {},
    "customCss": None,
    "termsOfUseUrl": None,
}
