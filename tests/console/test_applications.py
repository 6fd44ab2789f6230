"""Applications in the console, by its forms, as a browser without scripts sends them."""

from __future__ import annotations

import re
from collections.abc import Callable

import httpx
import pytest

from tests.support.management import client_credentials_token
from tests.support.pages import Page
from tests.support.server import Server

Open = Callable[[str], Page]
FRAMEWORKS = [
    "flask",
    "fastapi",
    "django",
    "express",
    "nextjs",
    "react",
    "vue",
    "javascript",
    "native",
    "machine",
]


def make(console: Open, framework: str = "flask", name: str = "Bookstore") -> Page:
    """Return the guide of a new application."""
    return console(f"/applications/new/{framework}").submit(
        {"name": name}, button="Create application"
    )


def id_of(page: Page) -> str:
    match = re.search(r"/applications/([a-z0-9]{21})", page.url)
    assert match, page
    return match[1]


class TestGallery:
    def test_filter(self, console: Open) -> None:
        """Without a script the server filters, by type and by words."""
        page = console("/applications/gallery?type=SPA")

        shown = re.findall(r'<li data-card="([^"]+)"[^>]*?( hidden)?><a', page.response.text)
        visible = [name for name, hidden in shown if not hidden]
        assert any(name.startswith("React") for name in visible)
        assert not any(name.startswith("Flask") for name in visible)

    @pytest.mark.parametrize(
        ("words", "framework", "other"),
        [
            ("python", "Django", "React"),
            ("node", "Express", "Vue"),
            ("BROWSER", "JavaScript", "Vue"),
        ],
    )
    def test_description(self, console: Open, words: str, framework: str, other: str) -> None:
        """What a card says is searched too."""
        page = console(f"/applications/gallery?q={words}")

        shown = re.findall(r'<li data-card="([^"]+)"[^>]*?( hidden)?><a', page.response.text)
        names = {text.split()[0] for text, hidden in shown if not hidden}
        assert framework in names
        assert other not in names

    def test_unknown_framework(self, console: Open) -> None:
        """A framework that is not there is a page that says so."""
        assert console("/applications/new/cobol").status == 404


class TestCreate:
    @pytest.mark.parametrize("framework", FRAMEWORKS)
    def test_guide(
        self, server_on_each: Server, console: Open, api: httpx.Client, framework: str
    ) -> None:
        """Each framework leads to a guide whose code holds the application's own values."""
        page = make(console, framework, f"My {framework}")

        assert f"Congratulations, My {framework} is ready" in page.text
        application = api.get(f"/api/applications/{id_of(page)}").json()
        assert application["name"] == f"My {framework}"
        assert application["id"] in page.text
        assert server_on_each.endpoint in page.text
        secrets = api.get(f"/api/applications/{application['id']}/secrets").json()
        assert [s["value"] in page.text for s in secrets] == [True] * len(secrets)
        assert bool(secrets) == (application["type"] not in {"SPA", "Native"})
        assert '"None"' not in page.text

    def test_words(self, console: Open) -> None:
        """A guide speaks of what it is for: nobody signs in to a machine."""
        machine = make(console, "machine", "Nightly")
        settings = console(f"/applications/{id_of(machine)}")
        native = make(console, "native", "Reader")
        other = console("/applications/new/other").submit({"name": "Kiosk", "type": "SPA"})
        plain = make(console, "javascript", "Fish & Chips")

        assert "Call APIs from Nightly" in console(f"/applications/{id_of(machine)}/guide").text
        assert "sign-in" not in machine.text.partition("Congratulations")[2].partition("Give")[0]
        assert "The name is shown on the sign-in page." not in settings.text
        assert "add sign-in to your app." in native.text
        assert "add sign-in with any OpenID Connect library." in other.text
        assert "<title>Fish &amp; Chips</title>" in plain.text

    def test_other(self, console: Open, api: httpx.Client) -> None:
        """Without a framework the type is chosen."""
        page = console("/applications/new/other").submit({"name": "Kiosk"})
        assert (page.status, "Please choose one." in page.text) == (422, True)
        assert dict(page.form(holding="name").values)["name"] == "Kiosk"

        page = page.submit({"name": "Kiosk", "type": "Native"})

        assert api.get(f"/api/applications/{id_of(page)}").json()["type"] == "Native"

    def test_without_name(self, console: Open) -> None:
        """A missing name is marked, and what was typed is still there."""
        page = console("/applications/new/flask").submit({"name": " ", "description": "Books"})

        assert page.status == 422
        assert "Please fill in this field." in page.text
        assert dict(page.form(holding="name").values)["description"] == "Books"

    def test_name_is_shown_as_text(self, console: Open) -> None:
        """A name is text on every page that shows it, never markup."""
        page = make(console, "flask", "<script>alert(1)</script>")
        for path in ("", "/credentials", "/guide"):
            html = console(f"/applications/{id_of(page)}{path}").response.text
            assert "<script>alert" not in html
        assert "<script>alert" not in console("/applications").response.text


class TestGuide:
    def test_uris(self, console: Open, api: httpx.Client) -> None:
        """Redirect URIs are saved from inside the guide, each kind by its own form."""
        page = make(console)
        page = page.submit({"redirect_uris": ["http://localhost:3000/callback", ""]})
        page = page.submit({"post_logout_redirect_uris": "http://localhost:3000/"})

        metadata = api.get(f"/api/applications/{id_of(page)}").json()["oidcClientMetadata"]
        assert metadata["redirectUris"] == ["http://localhost:3000/callback"]
        assert metadata["postLogoutRedirectUris"] == ["http://localhost:3000/"]
        assert "Congratulations" in page.text

    @pytest.mark.parametrize(
        "uri", ["javascript:alert(1)", "/callback", "https://a.example/#x", "https://*.com/cb"]
    )
    def test_refused_uri(self, console: Open, api: httpx.Client, uri: str) -> None:
        """An unusable address is marked and kept in its field; nothing is saved."""
        page = make(console)

        page = page.submit({"redirect_uris": ["https://ok.example/cb", uri]})

        assert page.status == 422
        assert ("redirect_uris", uri) in page.form(holding="redirect_uris").values
        metadata = api.get(f"/api/applications/{id_of(page)}").json()["oidcClientMetadata"]
        assert metadata["redirectUris"] == []

    def test_uri_typed_twice(self, console: Open, api: httpx.Client) -> None:
        """An address that was typed twice is kept once, in the guide and in the settings."""
        twice = ["http://localhost:3000/callback", "http://localhost:3000/callback "]
        page = make(console)
        id_ = id_of(page)

        page.submit({"redirect_uris": twice})
        console(f"/applications/{id_}").submit({"post_logout_redirect_uris": twice})

        metadata = api.get(f"/api/applications/{id_}").json()["oidcClientMetadata"]
        assert metadata["redirectUris"] == ["http://localhost:3000/callback"]
        assert metadata["postLogoutRedirectUris"] == ["http://localhost:3000/callback"]

    def test_refused_form(self, console: Open) -> None:
        """What was refused says so in its own form, which the page opens at; only the other form
        is called saved."""
        page = make(console)
        page = page.submit({"redirect_uris": "http://localhost:3000/callback"})
        page = page.submit({"post_logout_redirect_uris": "http://localhost:3000/"})

        page = page.submit({"redirect_uris": "javascript:alert(1)"})

        form = page.form(holding="redirect_uris")
        refused, other = re.findall(
            r'<form[^>]*id="\w+_uris-form".*?</form>', page.response.text, re.S
        )
        assert form.action.endswith("/guide?new=1#redirect_uris-form")
        assert "Nothing was saved yet: please check the marked fields." in refused
        assert ("Saved" in refused, "Saved" in other) == (False, True)

    @pytest.mark.parametrize("framework", [*FRAMEWORKS, "other"])
    def test_no_secret(self, console: Open, api: httpx.Client, framework: str) -> None:
        """Without a valid secret the code shows a placeholder, and the page leads to a new one."""
        fields = {"type": "Traditional"} if framework == "other" else {}
        page = console(f"/applications/new/{framework}").submit({"name": "Bookstore", **fields})
        id_ = id_of(page)
        secrets = api.get(f"/api/applications/{id_}/secrets").json()
        for secret in secrets:
            api.delete(f"/api/applications/{id_}/secrets/{secret['name']}").raise_for_status()

        page = console(f"/applications/{id_}/guide")

        assert not re.search("[\"':]None[\"']", page.text)
        assert ("no valid secret" in page.text) == bool(secrets)
        if secrets:
            assert framework == "other" or "<app-secret>" in page.text
            assert page.follow("add one").path == f"/console/applications/{id_}/credentials"


class TestSettings:
    def test_save(self, console: Open, api: httpx.Client) -> None:
        """Every field of the settings is saved; members that are not shown stay."""
        id_ = id_of(make(console))
        kept = {"customClientMetadata": {"idTokenTtl": 600}}
        api.patch(f"/api/applications/{id_}", json=kept).raise_for_status()

        page = console(f"/applications/{id_}").submit(
            {
                "name": "Library",
                "description": "For readers",
                "redirect_uris": ["https://library.example/cb"],
                "post_logout_redirect_uris": ["https://library.example/"],
                "cors_allowed_origins": ["https://app.library.example"],
                "refresh_token_ttl_in_days": "30",
                "require_pkce": None,
                "always_issue_refresh_token": "on",
                "rotate_refresh_token": None,
            }
        )

        assert "Saved." in page.text
        application = api.get(f"/api/applications/{id_}").json()
        assert (application["name"], application["description"]) == ("Library", "For readers")
        assert application["oidcClientMetadata"]["redirectUris"] == ["https://library.example/cb"]
        assert application["customClientMetadata"] == {
            "idTokenTtl": 600,
            "corsAllowedOrigins": ["https://app.library.example"],
            "refreshTokenTtlInDays": 30,
            "requirePkce": False,
            "alwaysIssueRefreshToken": True,
            "rotateRefreshToken": False,
            "allowTokenExchange": False,
        }
        # A toast is for one page.
        assert "Saved." not in console(f"/applications/{id_}").text

    def test_pkce(self, console: Open, api: httpx.Client) -> None:
        """On for what is made here, off for what the API makes; a public client has no switch."""
        made_here = id_of(make(console))
        browser_app = id_of(make(console, "react"))
        by_api = api.post("/api/applications", json={"name": "A", "type": "Traditional"}).json()

        def switch(id_: str) -> set[str]:
            form = console(f"/applications/{id_}").form(holding="name")
            return {value for name, value in form.values if name == "require_pkce"}

        custom = api.get(f"/api/applications/{made_here}").json()["customClientMetadata"]
        assert custom == {"requirePkce": True}
        assert switch(made_here) == {"on"}
        assert switch(by_api["id"]) == set()
        page = console(f"/applications/{by_api['id']}")
        assert "require_pkce" in page.form(holding="name").names
        page = console(f"/applications/{browser_app}")
        assert "require_pkce" not in page.form(holding="name").names

        console(f"/applications/{by_api['id']}").submit({"require_pkce": "on"})

        custom = api.get(f"/api/applications/{by_api['id']}").json()["customClientMetadata"]
        assert custom["requirePkce"] is True

    def test_protocol(self, console: Open, api: httpx.Client) -> None:
        """Pushed requests, bound tokens and sign-out addresses; what is taken out is gone."""
        id_ = id_of(make(console))
        console(f"/applications/{id_}").submit(
            {
                "redirect_uris": ["https://library.example/cb"],
                "require_par": "on",
                "bind_to_dpop": "on",
                "backchannel_logout_uri": "https://library.example/back",
                "frontchannel_logout_uri": "https://library.example/front",
            }
        )
        on = api.get(f"/api/applications/{id_}").json()["oidcClientMetadata"]
        console(f"/applications/{id_}").submit(
            {
                "require_par": None,
                "bind_to_dpop": None,
                "backchannel_logout_uri": "",
                "frontchannel_logout_uri": "",
            }
        )
        off = api.get(f"/api/applications/{id_}").json()["oidcClientMetadata"]

        assert on == {
            "redirectUris": ["https://library.example/cb"],
            "postLogoutRedirectUris": [],
            "requirePushedAuthorizationRequests": True,
            "dpopBoundAccessTokens": True,
            "backchannelLogoutUri": "https://library.example/back",
            "frontchannelLogoutUri": "https://library.example/front",
        }
        assert off == {
            "redirectUris": ["https://library.example/cb"],
            "postLogoutRedirectUris": [],
        }

    def test_sign_out_addresses_refused(self, console: Open) -> None:
        """Front-Channel Logout section 2: of the origin of a redirect URI; both are web pages."""
        id_ = id_of(make(console))

        page = console(f"/applications/{id_}").submit(
            {
                "redirect_uris": ["https://library.example/cb"],
                "backchannel_logout_uri": "javascript:alert(1)",
                "frontchannel_logout_uri": "https://evil.example/front",
            }
        )

        assert page.status == 422
        assert "It must have the scheme, host and port of a redirect URI." in page.text
        assert ("frontchannel_logout_uri", "https://evil.example/front") in page.form(
            holding="name"
        ).values
        assert "javascript" not in console(f"/applications/{id_}").response.text

    def test_machine_binds_tokens(self, console: Open, api: httpx.Client) -> None:
        """A machine has the key, and no sign-in."""
        id_ = id_of(make(console, "machine"))

        page = console(f"/applications/{id_}")
        names = page.form(holding="name").names
        page.submit({"bind_to_dpop": "on"})

        metadata = api.get(f"/api/applications/{id_}").json()["oidcClientMetadata"]
        assert "require_par" not in names
        assert metadata["dpopBoundAccessTokens"] is True

    @pytest.mark.parametrize("framework", ["flask", "react", "machine"])
    def test_token_exchange(self, console: Open, api: httpx.Client, framework: str) -> None:
        """A switch for every application of one's own: on, it may exchange; off, no longer."""
        id_ = id_of(make(console, framework))

        console(f"/applications/{id_}").submit({"allow_token_exchange": "on"})
        on = api.get(f"/api/applications/{id_}").json()["customClientMetadata"]
        console(f"/applications/{id_}").submit({"allow_token_exchange": None})
        off = api.get(f"/api/applications/{id_}").json()["customClientMetadata"]

        assert (on["allowTokenExchange"], off["allowTokenExchange"]) == (True, False)

    def test_no_token_exchange_for_third_parties(self, console: Open, api: httpx.Client) -> None:
        """An application of a third party has no such switch, and a forged form does not set it."""
        made = api.post(
            "/api/applications", json={"name": "A", "type": "Traditional", "isThirdParty": True}
        ).json()
        page = console(f"/applications/{made['id']}")

        assert "allow_token_exchange" not in page.form(holding="name").names
        page.submit({"description": "theirs"})

        custom = api.get(f"/api/applications/{made['id']}").json()["customClientMetadata"]
        assert "allowTokenExchange" not in custom

    def test_refused(self, console: Open, api: httpx.Client) -> None:
        """Each wrong field is marked, all typed values stay, and nothing is saved."""
        id_ = id_of(make(console))

        page = console(f"/applications/{id_}").submit(
            {
                "name": "Changed",
                "redirect_uris": ["not a url"],
                "cors_allowed_origins": ["https://app.example/path"],
                "refresh_token_ttl_in_days": "181",
            }
        )

        assert page.status == 422
        assert "A whole number from 1 to 180." in page.text
        assert "An origin is a scheme, a host and a port" in page.text
        values = page.form(holding="redirect_uris").values
        assert ("redirect_uris", "not a url") in values
        assert ("refresh_token_ttl_in_days", "181") in values
        assert api.get(f"/api/applications/{id_}").json()["name"] == "Bookstore"

    def test_origin_with_slash(self, console: Open, api: httpx.Client) -> None:
        """The slash that a browser shows after a host is no part of an origin."""
        id_ = id_of(make(console))

        console(f"/applications/{id_}").submit(
            {"cors_allowed_origins": ["https://a.example/", "https://a.example"]}
        )

        custom = api.get(f"/api/applications/{id_}").json()["customClientMetadata"]
        assert custom["corsAllowedOrigins"] == ["https://a.example"]

    def test_machine_has_no_redirects(self, console: Open, api: httpx.Client) -> None:
        """A machine has a name and a description, and keeps them."""
        id_ = id_of(make(console, "machine", "Nightly"))
        page = console(f"/applications/{id_}")
        assert "redirect_uris" not in page.form(holding="name").names

        page.submit({"name": "Hourly"})

        assert api.get(f"/api/applications/{id_}").json()["name"] == "Hourly"


class TestCredentials:
    def test_endpoints(self, server_on_each: Server, console: Open) -> None:
        """The endpoints are those of discovery."""
        page = console(f"/applications/{id_of(make(console))}/credentials")

        document = httpx.get(f"{server_on_each.issuer}/.well-known/openid-configuration").json()
        for name in (
            "issuer",
            "authorization_endpoint",
            "token_endpoint",
            "userinfo_endpoint",
            "end_session_endpoint",
            "jwks_uri",
        ):
            assert document[name] in page.text, name

    def test_secrets(self, server_on_each: Server, console: Open, api: httpx.Client) -> None:
        """A second secret works beside the first until it is deleted."""
        id_ = id_of(make(console, "machine", "Rotating"))
        page = console(f"/applications/{id_}/credentials").submit(
            {"name": "staging", "expires_in_days": "30"}, button="Add secret"
        )
        assert "staging created." in page.text
        secrets = {
            s["name"]: s["value"] for s in api.get(f"/api/applications/{id_}/secrets").json()
        }
        assert set(secrets) == {"Default secret", "staging"}

        for value in secrets.values():
            assert ask_for_token(server_on_each, id_, value) == 200
        page = page.submit(button="Delete secret")
        assert "Default secret deleted." in page.text

        assert ask_for_token(server_on_each, id_, secrets["Default secret"]) == 401
        assert ask_for_token(server_on_each, id_, secrets["staging"]) == 200

    def test_lifetime(self, console: Open) -> None:
        """A secret for seven days has seven days left when it is made."""
        page = console(f"/applications/{id_of(make(console))}/credentials").submit(
            {"name": "week", "expires_in_days": "7"}, button="Add secret"
        )

        assert "Days left: 7" in page.text

    def test_address_of_a_refused_form(self, console: Open) -> None:
        """The address that a refused secret leaves behind leads to its page."""
        path = f"/applications/{id_of(make(console))}"
        page = console(f"{path}/credentials").submit({"name": " "}, button="Add secret")
        assert (page.status, page.path) == (422, f"/console{path}/secrets")

        assert console(f"{path}/secrets").path == f"/console{path}/credentials"

    def test_name_in_use(self, console: Open) -> None:
        """Two secrets of one name are refused beside the field."""
        id_ = id_of(make(console))

        page = console(f"/applications/{id_}/credentials").submit(
            {"name": "Default secret", "expires_in_days": ""}, button="Add secret"
        )

        assert page.status == 422
        assert "There is a secret of this name already." in page.text

    def test_public_clients_have_none(self, console: Open) -> None:
        """A single-page app has no secret to show."""
        page = console(f"/applications/{id_of(make(console, 'react', 'Reader'))}/credentials")

        assert "Add secret" not in page.text


class TestDelete:
    def test_delete(self, console: Open, api: httpx.Client) -> None:
        """Deleting asks with the application's name, then says what was deleted."""
        page = console(f"/applications/{id_of(make(console, 'flask', 'Shortlived'))}")
        assert "Delete Shortlived?" in page.text

        after = page.submit(button="Delete application")

        assert after.path == "/console/applications"
        assert "Shortlived deleted." in after.text
        assert api.get(f"/api/applications/{id_of(page)}").status_code == 404
        assert console(f"/applications/{id_of(page)}").status == 404

    def test_other_tenant(self, console: Open) -> None:
        """Applications of another tenant cannot be seen, changed or deleted."""
        assert console("/applications/admin-console").status == 404
        page = console("/applications")
        token = dict(page.form(button="Sign out").values)["csrf"]
        for path in ("", "/delete", "/guide", "/secrets"):
            answer = page.visitor.client.post(
                f"{page.url}/admin-console{path}", data={"csrf": token, "name": "x"}
            )
            assert answer.status_code == 404, path


class TestList:
    def test_search_and_pages(self, console: Open) -> None:
        """The list is searched by name and id, filtered by type, and has pages."""
        for number in range(21):
            make(console, "vue", f"Shelf {number:02}")

        first = console("/applications?q=Shelf")
        assert "1–20 of 21" in first.text
        second = first.follow("Next")
        assert "21–21 of 21" in second.text
        assert "Shelf 00" in second.text
        assert (
            "Shelf"
            not in console("/applications?q=Shelf&type=Traditional").text.partition("Search")[0]
        )
        # No id, which is letters and digits by chance, holds a hyphen.
        assert "Nothing found" in console("/applications?q=%25%25z-z").text

    @pytest.mark.parametrize("query", ["page=0", "page=-1", "page=x", "page=99999999", "type=%00"])
    def test_malformed_query(self, console: Open, query: str) -> None:
        """A malformed query is a list, never an error."""
        assert console(f"/applications?{query}").status == 200


def ask_for_token(server: Server, id_: str, secret: str) -> int:
    try:
        client_credentials_token(
            server.issuer,
            app_id=id_,
            app_secret=secret,
            resource="https://default.logto.app/api",
        )
    except httpx.HTTPStatusError as error:
        return error.response.status_code
    return 200
