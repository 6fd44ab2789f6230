"""The sign-in experience in the console, by its forms, and the preview of it."""

from __future__ import annotations

import re
from collections.abc import Callable

import httpx

from tests.console.conftest import add_discord
from tests.support.pages import Page
from tests.support.server import Server

Open = Callable[[str], Page]


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

    def test_who_signs_up_can_sign_in(self, console: Open, api: httpx.Client) -> None:
        """An account is made with an identifier that it may be entered with again."""
        page = console(self.PAGE).submit({"sign_in_identifiers": ["email"]}, button="Save changes")

        assert page.status == 422
        assert "could not sign in with it again" in page.text
        methods = api.get("/api/sign-in-exp").json()["signIn"]["methods"]
        assert [method["identifier"] for method in methods] == ["username"]

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

    def test_too_much_css(self, console: Open) -> None:
        """The field takes no more than can be saved; more than a form may hold is told plainly."""
        page = console("/sign-in-experience/branding")
        assert re.search(
            r'<textarea[^>]*name="custom_css"[^>]*maxlength="65536"', page.response.text
        )

        page = page.submit({"custom_css": "a" * 300_000})

        assert page.status == 413
        assert "It is larger than the console takes." in page.text

    def test_css_cannot_leave_its_element(self, console: Open, api: httpx.Client) -> None:
        """Custom CSS cannot close its style element and begin a script."""
        console("/sign-in-experience/branding").submit(
            {"custom_css": "</style><script>alert(1)</script>"}
        )

        assert "</style><script>" not in console("/sign-in-experience/preview").response.text
        api.patch("/api/sign-in-exp", json=DEFAULTS).raise_for_status()


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
