"""The suite's configurations: where the server is, who its clients are, what the browser does.

The suite's browser takes the first entry whose `match` fits the address it is sent to, and walks
the entry's tasks in order: a task whose own `match` does not fit the page is an error, or is
skipped if it is `optional`. It runs no scripts of ours: pages that go on by themselves are clicked
on. A page that only a person can judge is matched by its words, which fills the place of a
screenshot. An override replaces members of the configuration for one module.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Task = dict[str, Any]
Entry = dict[str, Any]
Configuration = dict[str, Any]

FAPI = "fapi2-security-profile-final-"
REFUSED_ADDRESSES = (
    "oidcc-ensure-registered-redirect-uri",
    "oidcc-ensure-redirect-uri-in-authorization-request",
    "oidcc-redirect-uri-query-added",
    "oidcc-redirect-uri-query-mismatch",
)
ASKED_AGAIN = ("oidcc-prompt-login", "oidcc-max-age-1")
LOGOUT = "oidcc-rp-initiated-logout"
LEFT_ON_OUR_PAGE = (
    f"{LOGOUT}-no-id-token-hint",
    f"{LOGOUT}-no-params",
    f"{LOGOUT}-no-post-logout-redirect-uri",
    f"{LOGOUT}-only-state",
)
REFUSED_LOGOUTS = (
    f"{LOGOUT}-bad-post-logout-redirect-uri",
    f"{LOGOUT}-query-added-to-post-logout-redirect-uri",
    f"{LOGOUT}-bad-id-token-hint",
    f"{LOGOUT}-modified-id-token-hint",
)
REFUSED_REQUEST_URIS = (
    f"{FAPI}par-attempt-reuse-request_uri",
    f"{FAPI}par-attempt-to-use-expired-request_uri",
    f"{FAPI}par-attempt-to-use-request_uri-for-different-client",
)
LINKS_OF_CLIENTS = ("oidcc-registration-policy-uri", "oidcc-registration-tos-uri")


@dataclass(frozen=True)
class Writer:
    """Writes configurations for a server at `endpoint` and a suite at `here`, its own address."""

    endpoint: str
    here: str
    alias: str
    username: str
    password: str

    def oidcc(self, **clients: Any) -> Configuration:
        """Return what the OpenID Connect plans with registered clients need."""
        return self._configuration(
            clients,
            {
                **self._refused_addresses(),
                **self._asked_again(),
                **{
                    module: {"browser": [self._authorization(), self._sign_out(self._told())]}
                    for module in LEFT_ON_OUR_PAGE
                },
                **{
                    module: {"browser": [self._authorization(), self._refused()]}
                    for module in REFUSED_LOGOUTS
                },
                # A frame compares the session by script: a person opens these addresses.
                "oidcc-session-management-rp-initiated-logout": {"browser": []},
            },
        )

    def dynamic(self) -> Configuration:
        """Return what the plan needs whose clients register themselves."""
        linked = self._task(
            "Expect the client's link",
            "/consent*",
            ["wait", "css", f"a[href^='{self.here}']", 10, ".*", "update-image-placeholder"],
        )
        clients = {
            "client": {"client_name": "First client of the suite"},
            "client2": {"client_name": "Second client of the suite"},
        }
        overrides = {
            **self._refused_addresses(),
            **{
                module: {"browser": [self._authorization(self._sign_in(), linked)]}
                for module in LINKS_OF_CLIENTS
            },
        }
        return self._configuration(clients, overrides)

    def fapi(self, *, refusing: dict[str, Any], **clients: Any) -> Configuration:
        """Return what the FAPI 2.0 plans need; `refusing` are clients of whom the person is asked
        and whom the person always sends away."""
        refusal = self._task("Do not allow", "/consent*", _click("button[value=deny]"))
        steps = [self._sign_in(), refusal, self._complete()]
        overrides = {
            f"{FAPI}user-rejects-authentication": {
                **refusing,
                "browser": [self._authorization(*steps)],
            },
            **{
                module: {"browser": [self._authorization(*self._once_then_refused())]}
                for module in REFUSED_REQUEST_URIS
            },
        }
        resource = {"resource": {"resourceUrl": f"{self.endpoint}/oidc/me"}}
        return self._configuration({**clients, **resource}, overrides)

    def _configuration(self, members: Any, overrides: dict[str, Any]) -> Configuration:
        return {
            "alias": self.alias,
            "description": "Doorward",
            "server": {"discoveryUrl": f"{self.endpoint}/oidc/.well-known/openid-configuration"},
            **members,
            "browser": [self._authorization(), self._sign_out(self._returned())],
            "override": overrides,
        }

    # Entries

    def _authorization(self, *tasks: Task) -> Entry:
        usual = (self._sign_in(), self._allow(), self._hand_over(), self._complete())
        return {"match": f"{self.endpoint}/oidc/auth*", "tasks": list(tasks or usual)}

    def _sign_out(self, last: Task) -> Entry:
        confirm = self._task(
            "Sign out", "/oidc/session/end*", _click("button[name=logout]", "optional")
        )
        # While other clients are told, in frames.
        onward = self._task("Go on", "/oidc/session/end*", _click("#onward", "optional"))
        return {
            "match": f"{self.endpoint}/oidc/session/end*",
            "tasks": [confirm, onward, last],
        }

    def _refused(self) -> Entry:
        return {"match": f"{self.endpoint}/oidc/*", "tasks": [self._error()]}

    def _refused_addresses(self) -> dict[str, Any]:
        return {module: {"browser": [self._refused()]} for module in REFUSED_ADDRESSES}

    def _asked_again(self) -> dict[str, Any]:
        seen = [
            "wait",
            "css",
            "input[name=password]",
            10,
            ".*",
            "update-image-placeholder-optional",
        ]
        again = self._sign_in(seen, is_optional=False)
        steps = [again, self._allow(), self._hand_over(), self._complete()]
        return {module: {"browser": [self._authorization(*steps)]} for module in ASKED_AGAIN}

    def _once_then_refused(self) -> list[Task]:
        usual = [self._sign_in(), self._complete() | {"optional": True}]
        return [*usual, self._error() | {"optional": True}]

    # Tasks

    def _task(self, name: str, path: str, *commands: list[Any]) -> Task:
        return {
            "task": name,
            "match": f"{self.endpoint}{path}",
            "optional": True,
            "commands": list(commands),
        }

    def _sign_in(self, *first: list[Any], is_optional: bool = True) -> Task:
        task = self._task(
            "Sign in",
            "/sign-in*",
            *first,
            ["text", "name", "identifier", self.username, "optional"],
            ["text", "name", "password", self.password],
            _click("form button.primary"),
        )
        return {**task, "optional": is_optional}

    def _allow(self) -> Task:
        return self._task("Allow access", "/consent*", _click("button[value=allow]"))

    def _hand_over(self) -> Task:
        return self._task("Send the answer", "/oidc/auth*", _click("form button[type=submit]"))

    def _complete(self) -> Task:
        return {
            "task": "Verify complete",
            "match": f"{self.here}/callback*",
            "commands": [["wait", "id", "submission_complete", 10]],
        }

    def _returned(self) -> Task:
        return {"task": "Verify complete", "match": f"{self.here}/post_logout_redirect*"}

    def _told(self) -> Task:
        return self._seen("Expect the last page", "/oidc/session/end/success*", "signed out")

    def _error(self) -> Task:
        # What exactly is wrong stands folded up below.
        return self._seen("Expect the error page", "/oidc/*", "This link does not work")

    def _seen(self, name: str, path: str, words: str) -> Task:
        seen = ["wait", "xpath", "//*", 10, words, "update-image-placeholder"]
        return {**self._task(name, path, seen), "optional": False}


def _click(selector: str, *more: str) -> list[Any]:
    return ["click", "css", selector, *more]
