"""Userinfo, and what is said about a user by which scope."""

from __future__ import annotations

from typing import Any

import pytest

from doorward.storage import config_changed
from doorward.tenants.store import save_config
from doorward.users.store import add_identity
from doorward.users.tables import Identity, User
from tests.oidc.house import House, RegisteredClient

ALL = "openid profile email phone address custom_data identities roles"


async def everything(house: House) -> User:
    """A user about whom everything is known."""
    user = await house.add_user(
        "grace",
        name="Grace Hopper",
        avatar="https://img.example/grace.png",
        primary_email="grace@example.com",
        primary_phone="12025550123",
        profile={
            "familyName": "Hopper",
            "givenName": "Grace",
            "nickname": "Amazing",
            "website": "https://grace.example",
            "address": {"streetAddress": "1 Navy Way", "country": "US"},
        },
        custom_data={"rank": "Rear admiral"},
    )
    async with house.db.transaction("default") as tx:
        await add_identity(
            tx,
            tenant_id="default",
            identity=Identity(
                user.id, "discord", "80351110224678912", {"name": "g"}, user.created_at
            ),
        )
    return user


class TestClaims:
    async def test_everything(self, house: House, web: RegisteredClient) -> None:
        """OpenID Connect Core section 5.4, and the claims beyond it, as existing clients know
        them."""
        grace = await everything(house)
        ids = await house.add_resource()
        role = await house.add_role(scope_ids=[ids["read:books"]], user=grace)
        tokens = await house.sign_in(web, grace, scope=ALL)

        claims = (await house.userinfo(tokens["access_token"])).json()

        assert claims == {
            "sub": grace.id,
            "name": "Grace Hopper",
            "family_name": "Hopper",
            "given_name": "Grace",
            "nickname": "Amazing",
            "preferred_username": "grace",
            "picture": "https://img.example/grace.png",
            "website": "https://grace.example",
            "username": "grace",
            "created_at": round(grace.created_at.timestamp() * 1000),
            "updated_at": round(grace.updated_at.timestamp() * 1000),
            "email": "grace@example.com",
            "email_verified": True,
            "phone_number": "12025550123",
            "phone_number_verified": True,
            "address": {"streetAddress": "1 Navy Way", "country": "US"},
            "custom_data": {"rank": "Rear admiral"},
            "identities": {"discord": {"userId": "80351110224678912", "details": {"name": "g"}}},
            "sso_identities": [],
            "roles": [role],
        }

    async def test_nothing_known(self, house: House, web: RegisteredClient) -> None:
        """name, picture, username and addresses are null, all else is absent."""
        nobody = await house.add_user(None)
        tokens = await house.sign_in(web, nobody, scope="openid profile email phone address")

        claims = (await house.userinfo(tokens["access_token"])).json()

        assert claims == {
            "sub": nobody.id,
            "name": None,
            "picture": None,
            "username": None,
            "created_at": round(nobody.created_at.timestamp() * 1000),
            "updated_at": round(nobody.updated_at.timestamp() * 1000),
            "email": None,
            "email_verified": False,
            "phone_number": None,
            "phone_number_verified": False,
        }

    async def test_blank_members(self, house: House, web: RegisteredClient) -> None:
        """OpenID Connect Core section 5.3.2: what has no value is left out, in the ID token too."""
        blank = await house.add_user(
            "blank",
            profile={
                "familyName": "Hopper",
                "givenName": "",
                "website": "",
                "preferredUsername": "",
                "address": {"locality": "", "country": "US"},
            },
        )
        other = await house.add_user("other", profile={"address": {"locality": ""}})
        scope = "openid profile address"
        tokens = await house.sign_in(web, blank, scope=scope)
        others = await house.sign_in(web, other, scope=scope)

        claims = (await house.userinfo(tokens["access_token"])).json()
        signed = await house.verify(tokens["id_token"], typ="jwt")
        nowhere = (await house.userinfo(others["access_token"])).json()

        for said in (claims, signed):
            assert said["family_name"] == "Hopper"
            assert said["preferred_username"] == "blank"
            assert said["address"] == {"country": "US"}
            assert not said.keys() & {"given_name", "website"}
        assert "address" not in nowhere

    @pytest.mark.parametrize(
        ("scope", "claims"),
        [
            ("openid", {"sub"}),
            ("openid email", {"sub", "email", "email_verified"}),
            ("openid phone", {"sub", "phone_number", "phone_number_verified"}),
            ("openid address", {"sub", "address"}),
            ("openid roles", {"sub", "roles"}),
            ("openid custom_data", {"sub", "custom_data"}),
            ("openid identities", {"sub", "identities", "sso_identities"}),
        ],
    )
    async def test_by_scope(
        self, house: House, web: RegisteredClient, scope: str, claims: set[str]
    ) -> None:
        """OpenID Connect Core section 5.4: a scope asks for its claims and no others."""
        grace = await everything(house)
        tokens = await house.sign_in(web, grace, scope=scope)

        assert set((await house.userinfo(tokens["access_token"])).json()) == claims

    async def test_id_token(self, house: House, web: RegisteredClient) -> None:
        """Profile and addresses are in the ID token; of the large claims those that the tenant
        enables: at first roles."""
        grace = await everything(house)
        tokens = await house.sign_in(web, grace, scope=ALL)

        claims = await house.verify(tokens["id_token"], typ="jwt")

        assert claims["email"] == "grace@example.com"
        assert claims["family_name"] == "Hopper"
        assert claims["roles"] == []
        assert not {"custom_data", "identities", "sso_identities"} & set(claims)

    async def test_extended_claims(self, house: House, web: RegisteredClient) -> None:
        """enabledExtendedClaims of the tenant."""
        async with house.db.transaction("default") as tx:
            await save_config(
                tx,
                tenant_id="default",
                key="idToken",
                value={"enabledExtendedClaims": ["custom_data", "identities"]},
                now=house.clock.now(),
            )
            await config_changed(tx, "default")
        await house.settle()
        grace = await everything(house)

        tokens = await house.sign_in(web, grace, scope=ALL)

        claims = await house.verify(tokens["id_token"], typ="jwt")
        assert claims["custom_data"] == {"rank": "Rear admiral"}
        assert "identities" in claims
        assert "roles" not in claims


class TestAccess:
    async def test_post(self, house: House, web: RegisteredClient, ada: User) -> None:
        """RFC 6750 sections 2.1 and 2.2: in the header, or in a form."""
        tokens = await house.sign_in(web, ada)
        token = tokens["access_token"]

        by_form = await house.http.post("/oidc/me", data={"access_token": token})
        by_header = await house.http.post("/oidc/me", headers={"authorization": f"Bearer {token}"})

        assert by_form.json()["sub"] == by_header.json()["sub"] == ada.id
        assert by_form.headers["cache-control"] == "no-store"

    @pytest.mark.parametrize(
        "content_type", ["text/plain", "multipart/form-data; boundary=x", "application/xml"]
    )
    async def test_other_bodies(
        self, house: House, web: RegisteredClient, ada: User, content_type: str
    ) -> None:
        """RFC 6750 section 2.2: a token in a body that is no form is none."""
        token = (await house.sign_in(web, ada))["access_token"]

        answer = await house.http.post(
            "/oidc/me",
            content=f"access_token={token}",
            headers={"content-type": content_type},
        )

        assert answer.status_code in {400, 401}
        assert "sub" not in answer.json()

    async def test_never_in_the_address(
        self, house: House, web: RegisteredClient, ada: User
    ) -> None:
        """RFC 9700 section 4.3.2: a token in an address ends in logs."""
        tokens = await house.sign_in(web, ada)

        answer = await house.http.get("/oidc/me", params={"access_token": tokens["access_token"]})

        assert answer.status_code == 401

    async def test_no_token(self, house: House) -> None:
        """RFC 6750 section 3.1: a challenge that names no error."""
        answer = await house.http.get("/oidc/me")

        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith(
            'Bearer realm="http://localhost:3001/oidc", DPoP algs='
        )

    async def test_bad_tokens(self, house: House, web: RegisteredClient, ada: User) -> None:
        """RFC 6750 section 3.1: 401 invalid_token, for whatever is not a live access token."""
        tokens = await house.sign_in(web, ada)
        good = tokens["access_token"]

        for value in (
            "x",
            good[:-1],
            good + "A",
            good[:21] + "A" * 43,
            good.swapcase(),
            tokens["refresh_token"],
            tokens["id_token"],
            "é" * 64,
        ):
            answer = await house.http.get(
                "/oidc/me", headers={b"authorization": f"Bearer {value}".encode("latin-1")}
            )
            assert answer.status_code == 401
            assert 'error="invalid_token"' in answer.headers["www-authenticate"]
            assert answer.json()["code"] == "oidc.invalid_token"

    @pytest.mark.parametrize("authorization", ["Basic abc", "Bearer", "Bearer a b", "x"])
    async def test_malformed_header(self, house: House, authorization: str) -> None:
        """RFC 6750 section 3.1: 400 invalid_request."""
        answer = await house.http.get("/oidc/me", headers={"authorization": authorization})

        assert answer.status_code == 400
        assert answer.headers["www-authenticate"].startswith("Bearer")

    async def test_two_ways_at_once(self, house: House, web: RegisteredClient, ada: User) -> None:
        """RFC 6750 section 2: not more than one method in each request."""
        token = (await house.sign_in(web, ada))["access_token"]

        answer = await house.http.post(
            "/oidc/me",
            data={"access_token": token},
            headers={"authorization": f"Bearer {token}"},
        )

        assert answer.status_code == 400

    async def test_tokens_for_apis(self, house: House, web: RegisteredClient, ada: User) -> None:
        """A token for an API is not one for userinfo."""
        await house.add_resource()
        answer = await house.browser().authorize(
            web, user=ada, resource="https://books.example/api"
        )
        tokens = await house.exchange(web, answer["code"], resource="https://books.example/api")

        assert (await house.userinfo(tokens["access_token"])).status_code == 401

    async def test_expiry(self, house: House, web: RegisteredClient, ada: User) -> None:
        """An opaque token lives for an hour."""
        token = (await house.sign_in(web, ada))["access_token"]

        house.pass_time(minutes=59)
        assert await house.is_good(token)
        house.pass_time(minutes=2)

        assert not await house.is_good(token)

    async def test_foreign_tenant(
        self, house: House, admin_house: House, web: RegisteredClient, ada: User
    ) -> None:
        """A token of one tenant says nothing in another."""
        token = (await house.sign_in(web, ada))["access_token"]

        assert (await admin_house.userinfo(token)).status_code == 401

    @pytest.mark.parametrize("claim", ["name", "avatar"])
    async def test_fresh(self, house: House, web: RegisteredClient, ada: User, claim: str) -> None:
        """Userinfo says what is true now, not what was true at sign-in."""
        tokens = await house.sign_in(web, ada)
        changed: dict[str, Any] = {claim: "https://new.example"}
        await house.change_user(ada, **changed)

        claims = (await house.userinfo(tokens["access_token"])).json()

        assert claims["picture" if claim == "avatar" else "name"] == "https://new.example"
