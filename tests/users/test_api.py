"""/api/users."""

from __future__ import annotations

import itertools
import time
from typing import Any

import httpx
import pytest

from tests.support.forgery import Forger
from tests.support.server import Server

_numbers = itertools.count()


# Of "correct horse", each computed with another tool.
IMPORTED = [
    ("MD5", "3cb4e732631f47e6eb961f34554b7cde"),
    ("MD5", "3CB4E732631F47E6EB961F34554B7CDE"),
    ("SHA1", "2f9e53523b62abc141a2b4d6019d23cba835dbd0"),
    ("SHA256", "4104d36f8da2c254349f85836793ebe029e0c957063a34c91c2e9203187b5631"),
    ("Bcrypt", "$2b$05$abcdefghijklmnopqrstuuHNbAKRhpaujgo33bRWs.NLUTJO3lOy2"),
    ("Bcrypt", "$2a$05$abcdefghijklmnopqrstuuHNbAKRhpaujgo33bRWs.NLUTJO3lOy2"),
    ("Bcrypt", "$2y$05$abcdefghijklmnopqrstuuHNbAKRhpaujgo33bRWs.NLUTJO3lOy2"),
    (
        "Legacy",
        '["sha512", ["salt", "@", "pepper"], "86b32f22a6e1ec06752a70ddc1b037ed0dc8efee5678c863d90d'
        '616295ac662f6eedab44289aca2812ca3ab87bde718beeccb67529bb9bddd82cda549647dc61"]',
    ),
    (
        "Legacy",
        '["sha256", ["hex:00ff", "@"], '
        '"24df23282a0969fc854bca3d556ec9b5b8689de4998051dd75adaa930e30e8a5"]',
    ),
    (
        "Legacy",
        '["pbkdf2", ["salt", "1000", "32", "sha512", "@"], '
        '"38b54862cf5def6e5f58038925e7d345c7aabcb331948c89ed1759f359bbf674"]',
    ),
    (
        "Legacy",
        '["pbkdf2", ["hex:00ff", 7, 20, "sha256", "@"], '
        '"fbdc7944fe6c11b322256e817881eb6297ce19fb"]',
    ),
]


def create(api: httpx.Client, **members: Any) -> dict[str, Any]:
    answer = api.post("/api/users", json={"username": f"user{next(_numbers)}"} | members)
    assert answer.status_code == 200, answer.text
    created: dict[str, Any] = answer.json()
    return created


def refusal(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


class TestCreate:
    """POST /api/users."""

    def test_everything(self, api: httpx.Client) -> None:
        profile = {"givenName": "Ada", "address": {"country": "UK"}}

        created = create(
            api,
            username="ada",
            primaryEmail="ada@books.example",
            primaryPhone="4415512345",
            password="x",
            name="Ada",
            avatar="https://books.example/ada.png",
            customData={"shelf": 4},
            profile=profile,
        )

        assert len(created["id"]) == 12
        assert created == {
            "id": created["id"],
            "username": "ada",
            "primaryEmail": "ada@books.example",
            "primaryPhone": "4415512345",
            "name": "Ada",
            "avatar": "https://books.example/ada.png",
            "customData": {"shelf": 4},
            "identities": {},
            "lastSignInAt": None,
            "createdAt": created["createdAt"],
            "updatedAt": created["createdAt"],
            "profile": profile,
            "applicationId": None,
            "cimdClientId": None,
            "isSuspended": False,
            "hasPassword": True,
        }
        assert abs(created["createdAt"] - time.time() * 1000) < 60_000
        assert api.get(f"/api/users/{created['id']}").json() == created

    def test_nothing(self, api: httpx.Client) -> None:
        created = api.post("/api/users", json={}).json()

        assert (created["username"], created["hasPassword"]) == (None, False)

    @pytest.mark.parametrize(
        "members",
        [
            {"username": "1up"},
            {"username": "a b"},
            {"username": "a\n"},
            {"username": "ä"},
            {"username": ""},
            {"username": "x" * 129},
            {"primaryEmail": "nobody"},
            {"primaryEmail": "a b@c.d"},
            {"primaryPhone": "+49151"},
            {"primaryPhone": "49 151"},
            {"primaryPhone": "٤٩"},
            {"password": ""},
            {"password": "x" * 4097},
            {"avatar": "javascript:alert(1)"},
            {"name": 5},
            {"customData": "x"},
            {"profile": {"givenName": 5}},
            {"profile": {"address": "x"}},
            {"passwordAlgorithm": "ROT13", "passwordDigest": "x"},
        ],
        ids=repr,
    )
    def test_bad_input(self, api: httpx.Client, members: dict[str, Any]) -> None:
        assert refusal(api.post("/api/users", json=members)) == (400, "guard.invalid_input")

    @pytest.mark.parametrize(
        ("members", "status", "code"),
        [
            ({"password": "x", "passwordDigest": "y"}, 400, "user.password_and_digest"),
            ({"passwordDigest": "y"}, 400, "user.password_algorithm_required"),
            (
                {"passwordDigest": "$argon2i$x", "passwordAlgorithm": "Argon2id"},
                400,
                "password.unsupported_encryption_method",
            ),
        ],
    )
    def test_password_rules(
        self, api: httpx.Client, members: dict[str, Any], status: int, code: str
    ) -> None:
        assert refusal(api.post("/api/users", json=members)) == (status, code)

    def test_imported_digest(self, api: httpx.Client) -> None:
        first = create(api, password="correct horse")
        shown = api.get(f"/api/users/{first['id']}?includePasswordHash=true").json()

        second = create(
            api,
            passwordDigest=shown["passwordDigest"],
            passwordAlgorithm=shown["passwordAlgorithm"],
        )

        path = f"/api/users/{second['id']}/password/verify"
        assert api.post(path, json={"password": "correct horse"}).status_code == 204

    @pytest.mark.parametrize(("algorithm", "digest"), IMPORTED)
    def test_digest_of_another_system(self, api: httpx.Client, algorithm: str, digest: str) -> None:
        user = create(api, passwordDigest=digest, passwordAlgorithm=algorithm)

        path = f"/api/users/{user['id']}/password/verify"
        right = api.post(path, json={"password": "correct horse"})
        wrong = api.post(path, json={"password": "Correct horse"})

        assert right.status_code == 204
        assert refusal(wrong) == (422, "session.invalid_credentials")

    @pytest.mark.parametrize(
        ("algorithm", "digest"),
        [
            ("MD5", "y"),
            ("MD5", "2f9e53523b62abc141a2b4d6019d23cba835dbd0"),
            ("SHA256", "4104d36f8da2c254349f85836793ebe029e0c957063a34c91c2e9203187b563g"),
            ("Bcrypt", "y"),
            ("Bcrypt", "$2b$10$tooshort"),
            ("Bcrypt", "$2b$31$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZabcde"),
            ("Bcrypt", "$2c$10$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZabcde"),
            ("Legacy", "y"),
            ("Legacy", '{"a": 1}'),
            ("Legacy", '["md5", ["@"]]'),
            ("Legacy", '["md5", ["@", "@"], "aa"]'),
            ("Legacy", '["md5", ["hex:0g", "@"], "aa"]'),
            ("Legacy", '["md5", ["@"], "no hex"]'),
            ("Legacy", '["pbkdf2", ["salt", "many", "32", "sha512", "@"], "aa"]'),
            ("Legacy", '["pbkdf2", ["salt", "0", "32", "sha512", "@"], "aa"]'),
            ("Legacy", '["pbkdf2", ["salt", "2000001", "32", "sha512", "@"], "aa"]'),
            ("Legacy", '["pbkdf2", ["salt", "1000", "1000000000", "sha512", "@"], "aa"]'),
            ("Legacy", '["pbkdf2", ["@", "1000", "32", "sha512", "salt"], "aa"]'),
            ("Legacy", '["pbkdf2", ["salt", "1000", "@"], "aa"]'),
        ],
    )
    def test_malformed_digest(self, api: httpx.Client, algorithm: str, digest: str) -> None:
        body = {"passwordAlgorithm": algorithm, "passwordDigest": digest}

        assert refusal(api.post("/api/users", json=body)) == (
            400,
            "password.invalid_legacy_password_format",
        )

    def test_digest_of_every_password(self, api: httpx.Client) -> None:
        """A digest that the password does not go into would let everybody in."""
        digest = '["md5", ["a"], "0cc175b9c0f1b6a831c399e269772661"]'
        body = {"passwordAlgorithm": "Legacy", "passwordDigest": digest}

        assert refusal(api.post("/api/users", json=body)) == (
            400,
            "password.invalid_legacy_password_format",
        )

    @pytest.mark.parametrize(
        "digest",
        [
            '["crc32", ["@"], "aa"]',
            '["shake_128", ["@"], "aa"]',
            '["pbkdf2", ["salt", "1000", "32", "md4", "@"], "aa"]',
        ],
    )
    def test_unknown_hash(self, api: httpx.Client, digest: str) -> None:
        body = {"passwordAlgorithm": "Legacy", "passwordDigest": digest}

        assert refusal(api.post("/api/users", json=body)) == (
            400,
            "password.unsupported_legacy_hash_algorithm",
        )

    def test_in_use(self, api: httpx.Client) -> None:
        create(api, username="taken", primaryEmail="Taken@books.example", primaryPhone="4999")

        name = api.post("/api/users", json={"username": "taken"})
        email = api.post("/api/users", json={"primaryEmail": "taken@BOOKS.example"})
        phone = api.post("/api/users", json={"primaryPhone": "4999"})

        assert refusal(name) == (422, "user.username_already_in_use")
        assert refusal(email) == (422, "user.email_already_in_use")
        assert refusal(phone) == (422, "user.phone_already_in_use")

    def test_default_roles(self, api: httpx.Client) -> None:
        body = {"name": "Everybody", "description": "d", "isDefault": True}
        role = api.post("/api/roles", json=body).json()

        created = create(api)

        assert api.get(f"/api/users/{created['id']}/roles").json() == [role]
        api.delete(f"/api/roles/{role['id']}")


class TestRead:
    """GET /api/users."""

    def test_newest_first(self, api: httpx.Client) -> None:
        first, second = create(api), create(api)

        listed = [user["id"] for user in api.get("/api/users?page_size=2").json()]

        assert listed == [second["id"], first["id"]]

    def test_hashes_only_on_request(self, api: httpx.Client) -> None:
        user = create(api, password="x")

        plain = api.get("/api/users").text + api.get(f"/api/users/{user['id']}").text
        shown = api.get(f"/api/users/{user['id']}?includePasswordHash=yes").json()

        assert "argon2" not in plain
        assert shown["passwordDigest"].startswith("$argon2id$")
        assert shown["passwordAlgorithm"] == "Argon2id"

    def test_sso_identities_on_request(self, api: httpx.Client) -> None:
        user = create(api)

        shown = api.get(f"/api/users/{user['id']}?includeSsoIdentities=1").json()

        assert shown == user | {"ssoIdentities": []}

    def test_exclusions(self, api: httpx.Client) -> None:
        inside, outside = create(api), create(api)
        role = api.post("/api/roles", json={"name": "Inside", "description": "d"}).json()
        api.post(f"/api/roles/{role['id']}/users", json={"userIds": [inside["id"]]})

        listed = [user["id"] for user in api.get(f"/api/users?excludeRoleId={role['id']}").json()]
        both = api.get("/api/users?excludeRoleId=a&excludeOrganizationId=b")

        assert outside["id"] in listed
        assert inside["id"] not in listed
        assert refusal(both) == (400, "request.invalid_input")

    def test_unknown(self, api: httpx.Client) -> None:
        for path in ("", "/roles", "/has-password", "/custom-data", "/all-identities"):
            answer = api.get(f"/api/users/nobody{path}")
            assert refusal(answer) == (404, "entity.not_exists_with_id"), path


class TestUpdate:
    """PATCH /api/users/{id} and its parts."""

    def test_clearing(self, api: httpx.Client) -> None:
        user = create(api, name="Ada", avatar="https://a.example/b", primaryEmail="c@lear.example")
        path = f"/api/users/{user['id']}"

        changed = api.patch(
            path, json={"username": "", "name": None, "avatar": "", "primaryEmail": None}
        ).json()

        assert [changed[n] for n in ("username", "name", "avatar", "primaryEmail")] == [None] * 4
        assert changed["updatedAt"] >= user["updatedAt"]

    def test_objects_are_replaced(self, api: httpx.Client) -> None:
        user = create(api, customData={"a": 1}, profile={"nickname": "A"})

        changed = api.patch(
            f"/api/users/{user['id']}",
            json={"customData": {"b": 2}, "profile": {"locale": "de"}},
        ).json()

        assert (changed["customData"], changed["profile"]) == ({"b": 2}, {"locale": "de"})

    def test_objects_are_merged(self, api: httpx.Client) -> None:
        user = create(
            api,
            customData={"a": {"x": 1}},
            profile={"nickname": "A", "address": {"country": "UK", "locality": "London"}},
        )
        path = f"/api/users/{user['id']}"

        data = api.patch(f"{path}/custom-data", json={"customData": {"a": {"y": 2}, "b": None}})
        profile = api.patch(
            f"{path}/profile", json={"profile": {"locale": "en", "address": {"country": "DE"}}}
        )

        assert data.json() == {"a": {"y": 2}, "b": None}
        assert api.get(f"{path}/custom-data").json() == {"a": {"y": 2}, "b": None}
        assert profile.json() == {"nickname": "A", "locale": "en", "address": {"country": "DE"}}

    def test_in_use(self, api: httpx.Client) -> None:
        ours, other = create(api), create(api, primaryEmail="other@books.example")
        path = f"/api/users/{ours['id']}"

        name = api.patch(path, json={"username": other["username"]})
        email = api.patch(path, json={"primaryEmail": "OTHER@books.example"})
        same = api.patch(path, json={"username": ours["username"]})

        assert refusal(name) == (422, "user.username_already_in_use")
        assert refusal(email) == (422, "user.email_already_in_use")
        assert same.status_code == 200

    @pytest.mark.parametrize(
        "body",
        [{"username": "1"}, {"primaryEmail": "x"}, {"primaryPhone": "x"}, {"customData": None}],
        ids=repr,
    )
    def test_bad_input(self, api: httpx.Client, body: dict[str, Any]) -> None:
        answer = api.patch(f"/api/users/{create(api)['id']}", json=body)

        assert refusal(answer) == (400, "guard.invalid_input")

    def test_what_is_not_theirs_to_set(self, api: httpx.Client) -> None:
        user = create(api)

        changed = api.patch(
            f"/api/users/{user['id']}",
            json={"id": "mine", "isSuspended": True, "passwordDigest": "x", "createdAt": 1},
        ).json()

        assert changed == user | {"updatedAt": changed["updatedAt"]}


class TestPassword:
    """Setting and verifying."""

    def test_life(self, api: httpx.Client) -> None:
        path = f"/api/users/{create(api)['id']}"

        assert api.get(f"{path}/has-password").json() == {"hasPassword": False}
        assert _is_right(api, path, "x") is False
        assert api.patch(f"{path}/password", json={"password": "first"}).json()["hasPassword"]
        assert _is_right(api, path, "first") is True
        api.patch(f"{path}/password", json={"password": "second"})
        assert _is_right(api, path, "first") is False
        assert _is_right(api, path, "second") is True
        assert api.get(f"{path}/has-password").json() == {"hasPassword": True}

    def test_expiration_needs_the_policy(self, api: httpx.Client) -> None:
        path = f"/api/users/{create(api)['id']}/password/expiration"

        assert refusal(api.patch(path, json={"isExpired": True})) == (
            400,
            "sign_in_experiences.password_expiration_not_enabled",
        )
        assert api.patch(path, json={"isExpired": False}).status_code == 200

    def test_against_the_policy(self, api: httpx.Client) -> None:
        path = "/api/sign-in-exp/default/check-password"
        user = create(api, username="librarian")

        good = api.post(path, json={"password": "correct horse battery"})
        short = api.post(path, json={"password": "x1"})
        own = api.post(path, json={"password": "librarian", "userId": user["id"]})
        others = api.post(path, json={"password": "librarian"})

        assert (good.status_code, good.json()) == (200, {"result": True})
        assert short.json() == {
            "result": False,
            "issues": [{"code": "password_rejected.too_short", "interpolation": {"min": 8}}],
        }
        assert own.json() == {
            "result": False,
            "issues": [{"code": "password_rejected.restricted.user_info"}],
        }
        assert others.json() == {"result": True}
        assert api.post(path, json={"password": "x", "userId": "nobody"}).status_code == 404

    def test_unknown(self, api: httpx.Client) -> None:
        path = "/api/users/nobody/password"

        assert api.patch(path, json={"password": "x"}).status_code == 404
        assert api.post(f"{path}/verify", json={"password": "x"}).status_code == 404


class TestIdentities:
    """Who a user is at a provider."""

    def test_life(self, api: httpx.Client) -> None:
        path = f"/api/users/{create(api)['id']}"
        identity = {"userId": "80351110224678912", "details": {"name": "Nelly"}}

        linked = api.put(f"{path}/identities/discord", json=identity)
        shown = api.get(f"{path}/identities/discord").json()
        every = api.get(f"{path}/all-identities").json()
        replaced = api.put(f"{path}/identities/discord", json={"userId": "5"})
        removed = api.delete(f"{path}/identities/discord")
        again = api.delete(f"{path}/identities/discord")

        assert (linked.status_code, linked.json()) == (201, {"discord": identity})
        assert shown == {"identity": identity}
        assert every == {
            "socialIdentities": [{"identity": identity, "target": "discord"}],
            "ssoIdentities": [],
        }
        assert replaced.status_code == 200
        assert replaced.json() == {"discord": {"userId": "5", "details": {}}}
        assert (removed.status_code, removed.json()["identities"]) == (200, {})
        assert refusal(again) == (404, "user.identity_not_exist")
        assert refusal(api.get(f"{path}/identities/discord")) == (404, "user.identity_not_exist")

    def test_in_lists(self, api: httpx.Client) -> None:
        user = create(api)
        api.put(f"/api/users/{user['id']}/identities/discord", json={"userId": "6"})

        listed = {one["id"]: one for one in api.get("/api/users").json()}

        assert listed[user["id"]]["identities"] == {"discord": {"userId": "6", "details": {}}}

    def test_one_person_one_user(self, api: httpx.Client) -> None:
        first, second = (f"/api/users/{create(api)['id']}" for _ in range(2))
        api.put(f"{first}/identities/discord", json={"userId": "7"})
        api.put(f"{second}/identities/discord", json={"userId": "8"})

        stolen = api.put(f"{second}/identities/discord", json={"userId": "7"})

        assert refusal(stolen) == (422, "user.identity_already_in_use")
        assert api.get(f"{second}/identities/discord").json()["identity"]["userId"] == "8"


class TestRoles:
    """Roles of users, from both ends."""

    @pytest.fixture
    def role(self, api: httpx.Client) -> dict[str, Any]:
        body = {"name": f"Readers {next(_numbers)}", "description": "d"}
        created: dict[str, Any] = api.post("/api/roles", json=body).json()
        return created

    def test_give_replace_take(self, api: httpx.Client, role: dict[str, Any]) -> None:
        path = f"/api/users/{create(api)['id']}/roles"
        ids = {"roleIds": [role["id"]]}

        first, again = api.post(path, json=ids), api.post(path, json=ids)
        listed = api.get(path)
        emptied, filled = api.put(path, json={"roleIds": []}), api.put(path, json=ids)
        taken, absent = api.delete(f"{path}/{role['id']}"), api.delete(f"{path}/{role['id']}")

        assert (first.status_code, first.json()) == (201, ids | {"addedRoleIds": [role["id"]]})
        assert (again.status_code, again.json()) == (201, ids | {"addedRoleIds": []})
        assert listed.json() == [role]
        assert (emptied.status_code, emptied.json()) == (200, {"roleIds": []})
        assert (filled.status_code, filled.json()) == (200, ids)
        assert taken.status_code == 204
        assert refusal(absent) == (404, "entity.not_found")

    def test_from_the_role(self, api: httpx.Client, role: dict[str, Any]) -> None:
        user = create(api)
        path = f"/api/roles/{role['id']}/users"
        ids = {"userIds": [user["id"]]}

        given, again = api.post(path, json=ids), api.post(path, json=ids)

        assert (given.status_code, given.text) == (201, "Created")
        assert refusal(again) == (422, "role.user_exists")
        assert api.get(path).json() == [user]
        assert api.get(f"{path}?search.username={user['username']}").json() == [user]
        assert api.delete(f"{path}/{user['id']}").status_code == 204
        assert api.get(path).json() == []

    def test_roles_of_machines(self, api: httpx.Client) -> None:
        user = create(api)
        body = {"name": f"M {next(_numbers)}", "description": "d", "type": "MachineToMachine"}
        role = api.post("/api/roles", json=body).json()

        given = api.post(f"/api/users/{user['id']}/roles", json={"roleIds": [role["id"]]})
        from_role = api.post(f"/api/roles/{role['id']}/users", json={"userIds": [user["id"]]})

        assert refusal(given) == (422, "user.invalid_role_type")
        assert refusal(from_role) == (422, "user.invalid_role_type")

    def test_deleted_role(self, api: httpx.Client, role: dict[str, Any]) -> None:
        path = f"/api/users/{create(api)['id']}/roles"
        api.post(path, json={"roleIds": [role["id"]]})

        api.delete(f"/api/roles/{role['id']}")

        assert api.get(path).json() == []


class TestDelete:
    """DELETE /api/users/{id}."""

    def test_once(self, api: httpx.Client) -> None:
        path = f"/api/users/{create(api, username='gone', primaryEmail='g@one.example')['id']}"
        api.put(f"{path}/identities/discord", json={"userId": "9"})

        assert api.delete(path).status_code == 204
        assert refusal(api.delete(path)) == (404, "entity.not_found")
        assert refusal(api.get(path)) == (404, "entity.not_exists_with_id")

    def test_all_of_it_is_free_again(self, api: httpx.Client) -> None:
        members = {"username": "again", "primaryEmail": "a@gain.example", "primaryPhone": "4711"}
        first = create(api, **members)
        api.put(f"/api/users/{first['id']}/identities/discord", json={"userId": "10"})

        api.delete(f"/api/users/{first['id']}")

        path = f"/api/users/{create(api, **members)['id']}/identities/discord"
        assert api.put(path, json={"userId": "10"}).status_code == 201

    def test_not_oneself(self, server_on_each: Server) -> None:
        """An administrator who deletes the own account might be the last one."""
        forge = Forger.of(server_on_each, tenant="admin")
        audience = "https://admin.logto.app/api"
        with httpx.Client(base_url=server_on_each.admin_endpoint, timeout=20) as admin:
            admin.headers["authorization"] = f"Bearer {forge.token(aud=audience)}"
            me = create(admin)
            own = forge.token(aud=audience, sub=me["id"], client_id="admin-console")

            answer = admin.delete(
                f"/api/users/{me['id']}", headers={"authorization": f"Bearer {own}"}
            )

            assert refusal(answer) == (400, "user.cannot_delete_self")
            assert admin.get(f"/api/users/{me['id']}").status_code == 200


def _is_right(api: httpx.Client, path: str, password: str) -> bool:
    answer = api.post(f"{path}/password/verify", json={"password": password})
    if answer.status_code == 204:
        return True
    assert refusal(answer) == (422, "session.invalid_credentials")
    return False


def test_dashboard(api: httpx.Client) -> None:
    before = api.get("/api/dashboard/users/total").json()["totalUserCount"]

    create(api)

    new = api.get("/api/dashboard/users/new").json()
    assert api.get("/api/dashboard/users/total").json() == {"totalUserCount": before + 1}
    assert new["today"]["count"] == new["today"]["delta"] >= 1
    assert new["last7Days"] == new["today"]
