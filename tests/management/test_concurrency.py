"""Two who write at once: neither writes over the other."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx

WRITERS = 12


def at_once(write: Callable[[int], httpx.Response]) -> list[int]:
    with ThreadPoolExecutor(WRITERS) as pool:
        return [answer.status_code for answer in pool.map(write, range(WRITERS))]


def test_merges_into_a_user(api: httpx.Client) -> None:
    user = api.post("/api/users", json={}).json()
    path = f"/api/users/{user['id']}/custom-data"

    statuses = at_once(lambda n: api.patch(path, json={"customData": {f"k{n}": n}}))

    assert set(statuses) == {200}
    assert api.get(path).json() == {f"k{n}": n for n in range(WRITERS)}


def test_merges_into_an_application(api: httpx.Client) -> None:
    application = api.post("/api/applications", json={"name": "A", "type": "SPA"}).json()
    path = f"/api/applications/{application['id']}"

    statuses = at_once(lambda n: api.patch(f"{path}/custom-data", json={f"k{n}": n}))

    assert set(statuses) == {200}
    assert api.get(path).json()["customData"] == {f"k{n}": n for n in range(WRITERS)}


def test_settings_of_the_sign_in_experience(api: httpx.Client) -> None:
    """Each changes a setting of its own; all of them are there afterwards."""
    bodies = [
        {"supportEmail": "help@books.example"},
        {"customCss": "p {}"},
        {"hideLogtoBranding": True},
        {"termsOfUseUrl": "https://books.example/terms"},
        {"passwordPolicy": {"length": {"min": 9}}},
        {"customContent": {"/": "Hello"}},
    ]

    at_once(lambda n: api.patch("/api/sign-in-exp", json=bodies[n % len(bodies)]))

    shown = api.get("/api/sign-in-exp").json()
    for body in bodies:
        assert {name: shown[name] for name in body} == body


def test_one_default_resource(api: httpx.Client) -> None:
    ids = [
        api.post("/api/resources", json={"name": "R", "indicator": f"https://r{n}.example"}).json()[
            "id"
        ]
        for n in range(WRITERS)
    ]

    at_once(lambda n: api.patch(f"/api/resources/{ids[n]}/is-default", json={"isDefault": True}))

    assert len([one for one in api.get("/api/resources").json() if one["isDefault"]]) == 1


def test_one_of_two_equal_names(api: httpx.Client) -> None:
    users = at_once(lambda _: api.post("/api/users", json={"username": "highlander"}))
    roles = at_once(lambda _: api.post("/api/roles", json={"name": "One", "description": "d"}))

    assert sorted(users) == [200] + [422] * (WRITERS - 1)
    assert sorted(roles) == [200] + [422] * (WRITERS - 1)


def test_one_key_signs(api: httpx.Client) -> None:
    path = "/api/configs/oidc/private-keys"

    at_once(lambda _: api.post(f"{path}/rotate", json={}))

    assert [key["status"] for key in api.get(path).json()].count("Current") == 1


def test_one_deletes(api: httpx.Client) -> None:
    user = api.post("/api/users", json={}).json()

    statuses = at_once(lambda _: api.delete(f"/api/users/{user['id']}"))

    assert sorted(statuses) == [204] + [404] * (WRITERS - 1)
