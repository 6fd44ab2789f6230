"""How the API speaks HTTP: error bodies, headers, caching, limits."""

from __future__ import annotations

import socket

import httpx
import pytest

from tests.support.management import management_api
from tests.support.server import Server


class TestErrorBodies:
    """Each refusal has a code, a text and, where useful, data."""

    def test_wrong_type(self, api: httpx.Client) -> None:
        answer = api.post("/api/applications", json={"name": 5, "type": "SPA"})

        assert answer.status_code == 400
        assert answer.json() == {
            "code": "guard.invalid_input",
            "message": "The body of the request is not valid.",
            "data": {
                "issues": [
                    {
                        "code": "invalid_type",
                        "expected": "string",
                        "received": "number",
                        "message": "Expected string but received number.",
                        "path": ["name"],
                    }
                ],
                "name": "ZodError",
            },
            "details": 'Error in key path "name": '
            "(invalid_type) Expected string but received number.",
        }

    @pytest.mark.parametrize(
        ("body", "path", "expected"),
        [
            ({"type": "SPA"}, ["name"], "string"),
            ({"name": "A"}, ["type"], "string"),
            (
                {"name": "A", "type": "SPA", "oidcClientMetadata": {"redirectUris": []}},
                ["oidcClientMetadata", "postLogoutRedirectUris"],
                "array",
            ),
        ],
        ids=repr,
    )
    def test_missing_member(
        self, api: httpx.Client, body: dict[str, object], path: list[str], expected: str
    ) -> None:
        answer = api.post("/api/applications", json=body)

        assert answer.status_code == 400
        assert answer.json()["data"]["issues"] == [
            {
                "code": "invalid_type",
                "expected": expected,
                "received": "undefined",
                "message": "Required.",
                "path": path,
            }
        ]

    def test_missing_member_inside_a_list(self, api: httpx.Client) -> None:
        method = {"identifier": "username", "password": True, "verificationCode": False}

        answer = api.patch("/api/sign-in-exp", json={"signIn": {"methods": [method]}})

        (issue,) = answer.json()["data"]["issues"]
        assert issue["expected"] == "boolean"
        assert issue["path"] == ["signIn", "methods", 0, "isPasswordPrimary"]

    @pytest.mark.parametrize(
        ("members", "code", "message"),
        [
            ({"name": ""}, "too_small", "Expected string of length >= 1"),
            ({"name": "x" * 257}, "too_big", "Expected string of length <= 256"),
            ({"type": "X"}, "invalid_enum_value", "Invalid enum value 'X'"),
            (
                {"customClientMetadata": {"refreshTokenTtlInDays": 0}},
                "too_small",
                "Expected integer >= 1",
            ),
            (
                {"customClientMetadata": {"refreshTokenTtlInDays": 1.5}},
                "invalid_type",
                "Expected integer but received number.",
            ),
            ({"description": True}, "invalid_type", "Expected string | null but received boolean."),
            (
                {
                    "oidcClientMetadata": {
                        "redirectUris": [],
                        "postLogoutRedirectUris": [],
                        "backchannelLogoutUri": "x",
                    }
                },
                "invalid_string",
                "Does not have the expected form.",
            ),
        ],
        ids=repr,
    )
    def test_kinds_of_issues(
        self, api: httpx.Client, members: dict[str, object], code: str, message: str
    ) -> None:
        answer = api.post("/api/applications", json={"name": "A", "type": "SPA"} | members)

        (issue,) = answer.json()["data"]["issues"]
        assert (issue["code"], issue["message"]) == (code, message)

    def test_path_into_the_body(self, api: httpx.Client) -> None:
        metadata = {"redirectUris": ["https://a.example/", 5], "postLogoutRedirectUris": []}

        answer = api.post(
            "/api/applications",
            json={"name": "App", "type": "SPA", "oidcClientMetadata": metadata},
        )

        assert answer.json()["data"]["issues"][0]["path"] == [
            "oidcClientMetadata",
            "redirectUris",
            1,
        ]

    @pytest.mark.parametrize("body", [b"[]", b"null", b'"text"', b"5", b"true", b""])
    def test_no_object(self, api: httpx.Client, body: bytes) -> None:
        answer = api.post("/api/applications", content=body)

        assert answer.status_code == 400
        assert answer.json()["code"] == "guard.invalid_input"

    @pytest.mark.parametrize(
        "body",
        [
            b"{",
            b"{bad}",
            b'{"name": "\\ud800", "type": "SPA"}',
            b'{"name": "\xff", "type": "SPA"}',
            b'{"name": "a", "type": "SPA"} more',
            b'{"name": "a", "type": "SPA", "customData": {"a":' + b"[" * 5000 + b"]" * 5000 + b"}}",
        ],
    )
    def test_no_json(self, api: httpx.Client, body: bytes) -> None:
        """A body that cannot be read has a message and no code."""
        answer = api.post("/api/applications", content=body)

        assert answer.status_code == 400
        assert set(answer.json()) == {"message"}

    def test_coercion_is_not_done(self, api: httpx.Client) -> None:
        answer = api.post(
            "/api/resources",
            json={"name": "A", "indicator": "https://coerced.example", "accessTokenTtl": "60"},
        )

        assert answer.json()["code"] == "guard.invalid_input"

    def test_nesting(self, api: httpx.Client) -> None:
        """What is stored must be encoded again inside an answer."""

        def nested(levels: int) -> bytes:
            inner = b"[" * levels + b"]" * levels
            return b'{"name": "Deep", "type": "SPA", "customData": {"a":' + inner + b"}}"

        fits = api.post("/api/applications", content=nested(98))
        too_deep = [api.post("/api/applications", content=nested(n)) for n in (99, 500, 900)]

        assert fits.status_code == 200
        assert api.get(f"/api/applications/{fits.json()['id']}").status_code == 200
        assert [answer.status_code for answer in too_deep] == [400, 400, 400]

    @pytest.mark.parametrize(
        "body",
        [
            {"name": "a\0b", "type": "SPA"},
            {"name": "a", "type": "SPA", "customData": {"deep": [{"key\0": 1}]}},
        ],
    )
    def test_nul_in_the_body(self, api: httpx.Client, body: dict[str, object]) -> None:
        assert api.post("/api/applications", json=body).json()["code"] == "guard.invalid_input"

    @pytest.mark.parametrize(
        ("path", "part"),
        [
            ("/api/applications/%00", "path"),
            ("/api/users/a%00b/roles", "path"),
            ("/api/applications?search=%00", "query"),
        ],
    )
    def test_nul_in_the_address(self, api: httpx.Client, path: str, part: str) -> None:
        answer = api.get(path)

        assert answer.status_code == 400
        assert answer.json()["message"] == f"The {part} of the request is not valid."

    def test_backslash_u0000_as_text(self, api: httpx.Client) -> None:
        """Six harmless characters that only look like a NUL."""
        body = {"name": "Harmless", "type": "SPA", "customData": {"a": "\\u0000"}}

        assert api.post("/api/applications", json=body).json()["customData"] == {"a": "\\u0000"}

    def test_unknown_members_are_dropped(self, api: httpx.Client) -> None:
        body = {"name": "App", "type": "SPA", "id": "mine", "tenantId": "admin", "x": 1}

        created = api.post("/api/applications", json=body).json()

        assert created["id"] != "mine"
        assert created["tenantId"] == "default"
        assert "x" not in created

    def test_language(self, api: httpx.Client) -> None:
        german = api.get("/api/roles/nothing", headers={"accept-language": "de-AT,en;q=0.5"})
        other = api.get("/api/roles/nothing", headers={"accept-language": "tlh"})

        assert german.json()["message"] == "Unter roles gibt es nichts mit der ID nothing."
        assert other.json()["message"] == "There is nothing with the id nothing among roles."

    def test_refused_input_is_not_echoed_as_markup(self, api: httpx.Client) -> None:
        answer = api.get("/api/applications", params={"search.<script>": "x"})

        assert answer.status_code == 400
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["x-content-type-options"] == "nosniff"


class TestRouting:
    """What no route answers."""

    def test_unknown_path(self, api: httpx.Client) -> None:
        answer = api.get("/api/nothing")

        assert (answer.status_code, answer.text) == (404, "Not Found")

    def test_unknown_path_needs_no_token(self, server_on_each: Server) -> None:
        answer = httpx.get(f"{server_on_each.endpoint}/api/nothing", timeout=20)

        assert answer.status_code == 404

    def test_unknown_method(self, api: httpx.Client) -> None:
        answer = api.put("/api/applications")

        assert (answer.status_code, answer.text) == (405, "Method Not Allowed")
        assert "GET" in answer.headers["allow"]

    @pytest.mark.parametrize("method", ["GET", "HEAD"])
    def test_status(self, server_on_each: Server, method: str) -> None:
        """Probes of load balancers ask with either (RFC 9110 section 9.1)."""
        answer = httpx.request(method, f"{server_on_each.endpoint}/api/status", timeout=20)

        assert (answer.status_code, answer.content) == (204, b"")

    def test_oversized_body(self, api: httpx.Client) -> None:
        body = {"name": "A", "type": "SPA", "customData": {"a": "x" * (1024 * 1024)}}

        answer = api.post("/api/applications", json=body)

        assert answer.status_code == 413
        assert set(answer.json()) == {"message"}

    def test_oversized_chunks(self, api: httpx.Client) -> None:
        """Without a Content-Length, what arrives is counted."""

        answer = api.post("/api/applications", content=(b"x" * 65536 for _ in range(20)))

        assert answer.status_code == 413

    @pytest.mark.parametrize("path", ["/api/applications", "/oidc/token", "/api/nothing"])
    def test_the_request_after_an_oversized_one(self, api: httpx.Client, path: str) -> None:
        """RFC 9112 section 9.6: who is answered before the end hears that the connection closes."""
        for _ in range(10):
            refused = api.post(path, content=(b"x" * 65536 for _ in range(20)))
            after = api.get("/api/status")

            assert refused.status_code in {404, 413}
            assert refused.headers["connection"] == "close"
            assert after.status_code == 204

    def test_an_ordinary_body_keeps_the_connection(self, api: httpx.Client) -> None:
        body = {"name": "A", "type": "Nothing", "customData": {"a": "x" * 20_000}}

        answer = api.post("/api/applications", json=body)

        assert answer.status_code == 400
        assert "connection" not in answer.headers


class TestHeaders:
    """What every answer carries."""

    def test_request_id(self, api: httpx.Client) -> None:
        first, second = api.get("/api/applications"), api.get("/api/nothing")

        assert first.headers["logto-core-request-id"]
        assert first.headers["logto-core-request-id"] != second.headers["logto-core-request-id"]

    @pytest.mark.parametrize("path", ["/api/applications", "/api/nothing", "/api/status"])
    def test_security_headers(self, api: httpx.Client, path: str) -> None:
        headers = api.get(path).headers

        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
        assert headers["referrer-policy"] == "no-referrer"

    def test_no_other_origin_may_read(self, api: httpx.Client) -> None:
        headers = api.get("/api/applications", headers={"origin": "https://evil.example"}).headers

        assert "access-control-allow-origin" not in headers

    def test_etag(self, api: httpx.Client) -> None:
        """RFC 9110 section 13.1.2."""
        first = api.get("/api/resources")
        etag = first.headers["etag"]

        same = api.get("/api/resources", headers={"if-none-match": etag})
        weak = api.get("/api/resources", headers={"if-none-match": f'"x", W/{etag}'})
        other = api.get("/api/resources", headers={"if-none-match": '"x"'})

        assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", etag)
        assert weak.status_code == 304
        assert (other.status_code, other.content) == (200, first.content)

    def test_etag_does_not_let_anyone_in(self, server_on_each: Server, api: httpx.Client) -> None:
        etag = api.get("/api/resources").headers["etag"]

        answer = httpx.get(
            f"{server_on_each.endpoint}/api/resources",
            headers={"if-none-match": etag},
            timeout=20,
        )

        assert answer.status_code == 401


def test_tenants_do_not_see_each_other(server_on_each: Server, api: httpx.Client) -> None:
    """An id of one tenant is unknown in the other, under every verb."""
    ours = api.post("/api/applications", json={"name": "Ours", "type": "SPA"}).json()

    with management_api(server_on_each, tenant="admin") as admin:
        statuses = [
            admin.get(f"/api/applications/{ours['id']}").status_code,
            admin.patch(f"/api/applications/{ours['id']}", json={"name": "X"}).status_code,
            admin.delete(f"/api/applications/{ours['id']}").status_code,
            api.get("/api/applications/admin-console").status_code,
            api.delete("/api/applications/admin-console").status_code,
        ]
        listed = [app["id"] for app in admin.get("/api/applications").json()]

    assert statuses == [404, 404, 404, 404, 404]
    assert ours["id"] not in listed
    assert api.get(f"/api/applications/{ours['id']}").json()["name"] == "Ours"


class TestRepeatedHeaders:
    """Two programs would read two different requests: a proxy the one, this server the other."""

    PATHS = ("/api/users", "/oidc/me", "/oidc/token", "/api/my-account", "/sign-in", "/readyz")

    @pytest.mark.parametrize("path", PATHS)
    def test_authorization(self, api: httpx.Client, path: str) -> None:
        """RFC 6750 sections 2 and 3.1: a request presents its token once; RFC 9110 section 5.3."""
        known = api.headers["authorization"]

        for second in ("Bearer another", known, "Basic YTpi"):
            for pair in ((known, second), (second, known)):
                headers = [("authorization", value) for value in pair]
                url = str(api.base_url.join(path))
                answer = httpx.get(url, headers=headers)

                assert answer.status_code == 400
                assert answer.json()["error"] == "invalid_request"

    def test_host(self, api: httpx.Client) -> None:
        """RFC 9112 section 3.2: 400 to more than one Host: each may be another tenant's."""
        port = api.base_url.port
        assert port is not None
        hosts = f"Host: localhost:{port}\r\nHost: elsewhere.example\r\n"

        with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
            connection.sendall(f"GET /oidc/jwks HTTP/1.1\r\n{hosts}\r\n".encode())
            status = connection.recv(12)

        assert status == b"HTTP/1.1 400"
