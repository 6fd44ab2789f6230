"""The steps of the browser in the configurations, on the pages as they are, with every client."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import urlencode

import httpx
import jwt
import pytest
from playwright.sync_api import Page as Tab

from tests.conformance.fapi import FapiParty, Key
from tests.conformance.plans import Variant
from tests.conformance.provider import Registration
from tests.conformance.relying_party import Flow
from tests.conformance.suite.configurations import (
    ASKED_AGAIN,
    FAPI,
    LEFT_ON_OUR_PAGE,
    LINKS_OF_CLIENTS,
    REFUSED_ADDRESSES,
    REFUSED_LOGOUTS,
    REFUSED_REQUEST_URIS,
)
from tests.conformance.suite.stand_in import ScriptedBrowser, StandIn
from tests.conformance.suite.target import Bench, Configurations, Target
from tests.conformance.verification import split_jws

FAPI_FILES = [
    "fapi2-private-key-jwt-dpop.json",
    "fapi2-private-key-jwt-mtls.json",
    "fapi2-mtls-dpop.json",
    "fapi2-mtls-mtls.json",
    "fapi2-signed-private-key-jwt-dpop.json",
    "fapi2-signed-private-key-jwt-mtls.json",
    "fapi2-signed-mtls-dpop.json",
    "fapi2-signed-mtls-mtls.json",
]


def authorization(bench: Bench, client: dict[str, Any], **params: str) -> str:
    """Return the address of an authorization request as the suite sends it."""
    usual = {
        "client_id": client["client_id"],
        "redirect_uri": f"{bench.here}/callback",
        "response_type": "code",
        "scope": "openid",
        "state": "the-state",
        "nonce": "the-nonce",
    }
    return f"{bench.endpoint}/oidc/auth?{urlencode(usual | params)}"


def redeem(bench: Bench, client: dict[str, Any], code: str) -> dict[str, Any]:
    """Return the tokens for a code."""
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": f"{bench.here}/callback",
    }
    answer = httpx.post(
        f"{bench.endpoint}/oidc/token",
        data=form,
        auth=(client["client_id"], client["client_secret"]),
        verify=False,
    )
    assert answer.status_code == 200, answer.text
    tokens: dict[str, Any] = answer.json()
    return tokens


def sign_out(bench: Bench, **params: str) -> str:
    return f"{bench.endpoint}/oidc/session/end?{urlencode(params)}"


class TestSteps:
    """The steps of the browser, on the pages as they are."""

    @pytest.mark.parametrize("member", ["client", "client2", "client_secret_post"])
    def test_sign_in(
        self,
        configurations: Configurations,
        bench: Bench,
        suite: StandIn,
        tab: Tab,
        member: str,
    ) -> None:
        """Each client of the file in each flow, first asked and then with a session."""
        configuration = configurations["oidcc.json"]
        client = configuration[member]
        browser = ScriptedBrowser(tab, configuration)

        browser.visit(authorization(bench, client))
        answer = suite.take("callback")
        browser.visit(authorization(bench, client, response_type="code id_token token"))
        suite.take("callback")
        in_fragment = browser.fragment
        browser.visit(authorization(bench, client, prompt="consent"))
        again = suite.take("callback")

        assert answer["state"] == "the-state"
        assert redeem(bench, client, answer["code"])["id_token"]
        assert {"code", "id_token", "access_token"} <= in_fragment.keys()
        assert redeem(bench, client, again["code"])["id_token"]

    @pytest.mark.parametrize("response_type", ["code", "id_token token", "code id_token"])
    def test_form_post(
        self,
        configurations: Configurations,
        bench: Bench,
        suite: StandIn,
        tab: Tab,
        response_type: str,
    ) -> None:
        configuration = configurations["oidcc.json"]
        params = {"response_type": response_type, "response_mode": "form_post"}
        browser = ScriptedBrowser(tab, configuration)

        for _ in range(2):
            browser.visit(authorization(bench, configuration["client"], **params))
            assert suite.take("callback")["state"] == "the-state"

    @pytest.mark.parametrize("response_mode", ["query", "form_post"])
    @pytest.mark.parametrize("module", ASKED_AGAIN)
    def test_asked_again(
        self,
        configurations: Configurations,
        bench: Bench,
        suite: StandIn,
        tab: Tab,
        module: str,
        response_mode: str,
    ) -> None:
        """The sign-in page is seen twice, the second time for the picture."""
        client = configurations["oidcc.json"]["client"]
        browser = ScriptedBrowser(tab, configurations["oidcc.json"], module=module)
        asked = {"max_age": "1"} if "max-age" in module else {"prompt": "login"}

        browser.visit(authorization(bench, client, response_mode=response_mode))
        time.sleep(1.1)
        browser.visit(authorization(bench, client, response_mode=response_mode, **asked))

        assert browser.screenshots == 2
        assert {suite.take("callback")["state"], suite.take("callback")["state"]} == {"the-state"}

    def test_refused_address(self, configurations: Configurations, bench: Bench, tab: Tab) -> None:
        client = configurations["oidcc.json"]["client"]
        for name in ("oidcc.json", "oidcc-dynamic.json"):
            for module in REFUSED_ADDRESSES:
                browser = ScriptedBrowser(tab, configurations[name], module=module)

                elsewhere = f"{bench.here}/callback/elsewhere"
                browser.visit(authorization(bench, client, redirect_uri=elsewhere))

                assert browser.screenshots == 1

    def test_sign_out(
        self, configurations: Configurations, bench: Bench, suite: StandIn, tab: Tab
    ) -> None:
        """The client is told in a frame and behind the scenes, and gets the browser back; then
        nobody is signed in."""
        configuration = configurations["oidcc.json"]
        client = configuration["client"]
        browser = ScriptedBrowser(tab, configuration)
        browser.visit(authorization(bench, client))
        tokens = redeem(bench, client, suite.take("callback")["code"])
        _, claims = split_jws(tokens["id_token"])

        browser.visit(
            sign_out(
                bench,
                id_token_hint=tokens["id_token"],
                post_logout_redirect_uri=f"{bench.here}/post_logout_redirect",
                state="left",
            )
        )

        assert suite.take("frontchannel_logout") == {
            "iss": f"{bench.endpoint}/oidc",
            "sid": claims["sid"],
        }
        assert suite.take("post_logout_redirect") == {"state": "left"}
        told = split_jws(suite.take("backchannel_logout")["logout_token"])[1]
        assert (told["aud"], told["sid"]) == (client["client_id"], claims["sid"])
        browser.visit(authorization(bench, client, prompt="none"))
        assert suite.take("callback")["error"] == "login_required"

    @pytest.mark.parametrize("module", LEFT_ON_OUR_PAGE)
    def test_sign_out_that_stays_here(
        self,
        configurations: Configurations,
        bench: Bench,
        suite: StandIn,
        tab: Tab,
        module: str,
    ) -> None:
        client = configurations["oidcc.json"]["client"]
        browser = ScriptedBrowser(tab, configurations["oidcc.json"], module=module)
        browser.visit(authorization(bench, client))
        tokens = redeem(bench, client, suite.take("callback")["code"])
        params = {
            "id_token_hint": tokens["id_token"],
            "post_logout_redirect_uri": f"{bench.here}/post_logout_redirect",
            "state": "left",
        }
        left_out = {
            "no-id-token-hint": {"id_token_hint"},
            "no-params": set(params),
            "no-post-logout-redirect-uri": {"post_logout_redirect_uri"},
            "only-state": {"id_token_hint", "post_logout_redirect_uri"},
        }[module.removeprefix("oidcc-rp-initiated-logout-")]

        sent = {name: value for name, value in params.items() if name not in left_out}
        browser.visit(sign_out(bench, **sent))

        assert browser.screenshots == 1
        browser.visit(authorization(bench, client, prompt="none"))
        assert suite.take("callback")["error"] == "login_required"

    @pytest.mark.parametrize("module", REFUSED_LOGOUTS)
    def test_sign_out_that_is_refused(
        self,
        configurations: Configurations,
        bench: Bench,
        suite: StandIn,
        tab: Tab,
        module: str,
    ) -> None:
        client = configurations["oidcc.json"]["client"]
        browser = ScriptedBrowser(tab, configurations["oidcc.json"], module=module)
        browser.visit(authorization(bench, client))
        token = redeem(bench, client, suite.take("callback")["code"])["id_token"]
        head, _, signature = token.split(".")
        here = f"{bench.here}/post_logout_redirect"
        spoilt = {
            "bad-post-logout-redirect-uri": {"post_logout_redirect_uri": f"{here}/elsewhere"},
            "query-added-to-post-logout-redirect-uri": {"post_logout_redirect_uri": f"{here}?a=b"},
            "bad-id-token-hint": {"id_token_hint": "bad"},
            "modified-id-token-hint": {"id_token_hint": f"{head}.e30.{signature}"},
        }[module.removeprefix("oidcc-rp-initiated-logout-")]
        usual = {"id_token_hint": token, "post_logout_redirect_uri": here, "state": "left"}

        browser.visit(sign_out(bench, **(usual | spoilt)))

        assert browser.screenshots == 1

    def test_session_management_is_left_to_a_person(self, configurations: Configurations) -> None:
        override = configurations["oidcc.json"]["override"]

        assert override["oidcc-session-management-rp-initiated-logout"]["browser"] == []


class TestDynamic:
    @pytest.fixture
    def client(self, configurations: Configurations, bench: Bench) -> dict[str, Any]:
        """A client as the suite registers it: nobody has to let it in."""
        metadata = {
            **configurations["oidcc-dynamic.json"]["client"],
            "redirect_uris": [f"{bench.here}/callback"],
            "policy_uri": f"{bench.here}/policy",
            "tos_uri": f"{bench.here}/tos",
        }
        answer = httpx.post(f"{bench.endpoint}/oidc/reg", json=metadata, verify=False)
        assert answer.status_code == 201, answer.text
        client: dict[str, Any] = answer.json()
        return client

    def test_sign_in(
        self,
        client: dict[str, Any],
        configurations: Configurations,
        bench: Bench,
        suite: StandIn,
        tab: Tab,
    ) -> None:
        browser = ScriptedBrowser(tab, configurations["oidcc-dynamic.json"])

        for _ in range(2):
            browser.visit(authorization(bench, client))
            assert redeem(bench, client, suite.take("callback")["code"])["id_token"]

    @pytest.mark.parametrize("module", LINKS_OF_CLIENTS)
    def test_links_of_the_client(
        self,
        client: dict[str, Any],
        configurations: Configurations,
        bench: Bench,
        tab: Tab,
        module: str,
    ) -> None:
        browser = ScriptedBrowser(tab, configurations["oidcc-dynamic.json"], module=module)

        browser.visit(authorization(bench, client))

        assert browser.screenshots == 1

    def test_keys_at_the_suite(
        self, configurations: Configurations, bench: Bench, suite: StandIn
    ) -> None:
        """What the server fetches from the suite it gets, whatever the certificate there says."""
        metadata = {
            "redirect_uris": [f"{bench.here}/callback"],
            "sector_identifier_uri": f"{bench.here}/sector",
        }

        answer = httpx.post(f"{bench.endpoint}/oidc/reg", json=metadata, verify=False)

        # The suite, played, has no such document to give; it was asked.
        assert answer.json()["error"] == "invalid_client_metadata"
        assert suite.take("sector") == {}


class TestFapi:
    @staticmethod
    def party(
        target: Target, configuration: dict[str, Any], bench: Bench, *, name: str, number: str = ""
    ) -> FapiParty:
        """Return the client of a file, with the keys of the file."""
        held = configuration[f"client{number}"]
        query = "?dummy1=lorem&dummy2=ipsum" if number else ""
        registration = Registration(held["client_id"], "", f"{bench.here}/callback{query}")
        is_signed = "signed" in name
        variant = Variant(
            client_auth="mtls" if "mtls-" in name else "private_key_jwt",
            sender_constrain="dpop" if "-dpop" in name else "mtls",
            is_signed=is_signed,
            response_mode="jwt" if is_signed else "default",
        )
        private = jwt.PyJWK(held["jwks"]["keys"][0]).key
        return FapiParty(
            target.provider,
            registration,
            account=target.account,
            variant=variant,
            key=Key(private),
        )

    @pytest.mark.parametrize("name", FAPI_FILES)
    def test_sign_in(
        self,
        target: Target,
        configurations: Configurations,
        bench: Bench,
        suite: StandIn,
        tab: Tab,
        name: str,
    ) -> None:
        """Both clients of each file, as far as the protected resource."""
        configuration = configurations[name]
        for number in ("", "2"):
            party = self.party(target, configuration, bench, name=name, number=number)
            request = party.request(scope=configuration[f"client{number}"]["scope"])

            ScriptedBrowser(tab, configuration).visit(visited(party, party.pushed(request)))
            flow = Flow(request, answer_of(suite))

            party.verify_tokens(flow, party.exchange(flow))
            assert configuration["resource"]["resourceUrl"] == party.metadata["userinfo_endpoint"]
            assert party.holds(flow)
            # RFC 9101 section 10.5: who signs requests, signs all of them.
            sent = party.send("pushed_authorization_request_endpoint", request)
            assert sent.status_code == (400 if party.variant.is_signed else 201)
            party.close()

    @pytest.mark.parametrize("name", FAPI_FILES)
    def test_rejection(
        self,
        target: Target,
        configurations: Configurations,
        bench: Bench,
        suite: StandIn,
        tab: Tab,
        name: str,
    ) -> None:
        """However often the module runs: nobody ever said yes to these clients."""
        module = f"{FAPI}user-rejects-authentication"
        for number in ("", "2"):
            browser = ScriptedBrowser(tab, configurations[name], module=module)
            party = self.party(target, browser.configuration, bench, name=name, number=number)

            browser.visit(visited(party, party.pushed(party.request())))

            assert answer_of(suite)["error"] == "access_denied"
            party.close()

    @pytest.mark.parametrize("module", REFUSED_REQUEST_URIS)
    @pytest.mark.parametrize("name", ["fapi2-mtls-mtls.json", "fapi2-signed-mtls-mtls.json"])
    def test_refused_request_uri(
        self,
        target: Target,
        configurations: Configurations,
        bench: Bench,
        suite: StandIn,
        tab: Tab,
        name: str,
        module: str,
    ) -> None:
        browser = ScriptedBrowser(tab, configurations[name], module=module)
        party = self.party(target, configurations[name], bench, name=name)
        address = visited(party, party.pushed(party.request()))
        if "reuse" in module:
            browser.visit(address)
            assert answer_of(suite)["code"]
        else:
            address = address.replace("request_uri=urn", "request_uri=urn%3Anobody%3As")

        browser.visit(address)

        assert browser.screenshots == 1
        party.close()

    @pytest.mark.parametrize("name", ["fapi2-mtls-mtls.json", "fapi2-signed-mtls-mtls.json"])
    def test_request_that_was_not_pushed(
        self,
        target: Target,
        configurations: Configurations,
        bench: Bench,
        suite: StandIn,
        tab: Tab,
        name: str,
    ) -> None:
        module = f"{FAPI}ensure-unsigned-authorization-request-without-using-par-fails"
        browser = ScriptedBrowser(tab, configurations[name], module=module)
        party = self.party(target, configurations[name], bench, name=name)
        query = urlencode(party.request())

        browser.visit(f"{party.metadata['authorization_endpoint']}?{query}")

        assert answer_of(suite)["error"] == "invalid_request"
        party.close()


def visited(party: FapiParty, request_uri: str) -> str:
    """Return the address to which the suite sends its browser after pushing."""
    query = urlencode({"client_id": party.registration.client_id, "request_uri": request_uri})
    return f"{party.metadata['authorization_endpoint']}?{query}"


def answer_of(suite: StandIn) -> dict[str, str]:
    """Return the answer that arrived, taken out of its JWT where it is in one."""
    arrived = suite.take("callback")
    claims = split_jws(arrived["response"])[1] if "response" in arrived else arrived
    return {name: str(value) for name, value in claims.items()}
