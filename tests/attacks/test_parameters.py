"""Parameters that come twice: two programs would read two different requests."""

from __future__ import annotations

import httpx
import pytest

from doorward.oidc.app import ROUTES
from tests.attacks.credentials import Scene
from tests.fuzz.mangling import NAMES
from tests.oidc.house import auth_params, code_form

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"])
# Registration takes JSON, not a form, and is closed in this house.
POSTED = sorted(path for method, path in ROUTES if method == "POST" and path != "/oidc/reg")
FORM = {"content-type": "application/x-www-form-urlencoded"}


def is_told(answer: httpx.Response) -> bool:
    """Whether an answer says invalid_request, here or at the redirect URI."""
    if answer.status_code == 303:
        return "error=invalid_request" in answer.headers["location"]
    return answer.status_code == 400 and answer.json()["error"] == "invalid_request"


class TestRepeated:
    @pytest.mark.parametrize("path", POSTED)
    async def test_every_endpoint(self, scene: Scene, path: str) -> None:
        """RFC 6749 sections 3.1 and 3.2: parameters MUST NOT be included more than once."""
        taken = []

        for name in NAMES:
            if name == "resource":
                continue  # RFC 8707 section 2: several may be named
            pairs = {name: "a", **scene.client.credentials}
            body = "&".join(f"{key}={value}" for key, value in pairs.items()) + f"&{name}=b"
            answer = await scene.house.http.post(path, content=body, headers=FORM)
            if not is_told(answer):
                taken.append((name, answer.status_code, answer.text[:80]))

        assert taken == []

    async def test_authorization_request(self, scene: Scene) -> None:
        """The same, with an otherwise good request, by GET and by POST."""
        params = auth_params(scene.client)
        taken = []

        for name in params:
            pairs = [*params.items(), (name, "another")]
            by_get = await scene.browser.http.get("/oidc/auth", params=pairs)
            body = str(httpx.QueryParams(pairs))
            by_post = await scene.browser.http.post("/oidc/auth", content=body, headers=FORM)
            taken += [name for answer in (by_get, by_post) if not is_told(answer)]

        assert taken == []

    async def test_token_request(self, scene: Scene) -> None:
        """The same, for a good exchange; the code is not spent by it."""
        code = (await scene.browser.authorize(scene.client, user=scene.user))["code"]
        form = code_form(scene.client, code)

        for name in form:
            body = str(httpx.QueryParams([*form.items(), (name, "another")]))
            answer = await scene.house.http.post("/oidc/token", content=body, headers=FORM)
            assert is_told(answer), name

        assert (await scene.house.token(form)).status_code == 200

    async def test_in_header_and_body(self, scene: Scene) -> None:
        """RFC 6749 section 2.3: two ways of authenticating in one request are refused."""
        form = {"grant_type": "client_credentials", **scene.client.credentials}
        auth = httpx.BasicAuth(scene.client.id, scene.client.secret or "")

        answer = await scene.house.http.post("/oidc/token", data=form, auth=auth)

        assert is_told(answer)
