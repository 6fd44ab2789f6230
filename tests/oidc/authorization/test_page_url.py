"""Which page receives the person."""

from __future__ import annotations

import pytest

from tests.oidc.house import House, RegisteredClient


class TestPageUrl:
    @pytest.mark.parametrize(
        ("hints", "location"),
        [
            ({"first_screen": "register"}, "/register?app_id={id}"),
            ({"first_screen": "sign_in"}, "/sign-in?app_id={id}"),
            ({"first_screen": "signIn"}, "/sign-in?app_id={id}"),
            ({"interaction_mode": "signUp"}, "/register?app_id={id}"),
            (
                {"first_screen": "sign_in", "interaction_mode": "signUp"},
                "/sign-in?app_id={id}",
            ),
            (
                {"login_hint": "ada@example.com"},
                "/sign-in?app_id={id}&login_hint=ada%40example.com",
            ),
            ({"ui_locales": "de fr"}, "/sign-in?app_id={id}&ui_locales=de%20fr"),
            (
                {"first_screen": "identifier:sign_in", "identifier": "email username"},
                "/identifier-sign-in?app_id={id}&identifier=email%20username",
            ),
            (
                {"direct_sign_in": "social:discord", "first_screen": "register"},
                "/direct/social/discord?app_id={id}&fallback=register",
            ),
            # One malformed hint, and the ordinary page is shown.
            ({"first_screen": "elsewhere"}, "/sign-in?app_id={id}"),
            (
                {"first_screen": "register", "interaction_mode": "other"},
                "/sign-in?app_id={id}",
            ),
            ({"direct_sign_in": "social:../../evil"}, "/sign-in?app_id={id}"),
            ({"direct_sign_in": "other:discord"}, "/sign-in?app_id={id}"),
            ({"first_screen": "register", "identifier": "shoe_size"}, "/sign-in?app_id={id}"),
        ],
    )
    async def test_where_the_person_goes(
        self, house: House, web: RegisteredClient, hints: dict[str, str], location: str
    ) -> None:
        """The page that the parameters of existing SDKs choose."""
        answer = await house.browser().request(web, **hints)

        assert answer.headers["location"] == location.format(id=web.id)

    async def test_several_applications_wait(self, house: House, web: RegisteredClient) -> None:
        """Tabs of different applications keep their sign-ins; eight at most."""
        browser = house.browser()
        clients = [web] + [await house.add_client() for _ in range(9)]

        for client in clients:
            await browser.request(client)

        waiting = browser.waiting()
        assert list(waiting) == [client.id for client in clients[-8:]] + ["_legacy"]
        assert len(set(waiting.values())) == 8
