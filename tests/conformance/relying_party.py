"""A relying party that believes nothing: it checks every answer of the provider before using it.

    flow = rp.run(scope="openid email")          # authorization, tokens, all of it verified
    flow.id_token["sub"], rp.userinfo(flow)["email"]

    answer = rp.authorize(prompt="none")         # what came back to the redirect URI, verified
    assert answer["error"] == "login_required"

One relying party is one registered client and one person's browser. `rp.asked` says how often the
provider has shown its sign-in page.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, parse_qsl, quote, urlencode, urlsplit

import httpx

from tests.conformance.plans import Variant
from tests.conformance.provider import Account, Provider, Registration
from tests.conformance.verification import (
    Claims,
    check_half_hash,
    check_id_token,
    split_jws,
    verify_jws,
)
from tests.support.pages import Page, Visitor

Answer = dict[str, str]


@dataclass
class Flow:
    """What one sign-in gave: the answer, the tokens, the verified claims."""

    request: dict[str, str]
    answer: Answer
    tokens: dict[str, Any] = field(default_factory=dict)
    id_token: Claims = field(default_factory=dict)

    @property
    def access_token(self) -> str:
        """The token for userinfo, wherever it came from."""
        token: str = self.tokens.get("access_token") or self.answer["access_token"]
        return token


class RelyingParty:
    """A client, in one variant of a plan, with the browser of one person."""

    def __init__(
        self,
        provider: Provider,
        registration: Registration,
        *,
        account: Account,
        variant: Variant,
    ) -> None:
        self.provider = provider
        self.registration = registration
        self.account = account
        self.variant = variant
        self.metadata = provider.metadata()
        self.http = provider.client()
        self.asked = 0
        self.visitor = self.new_visitor()

    def new_visitor(self) -> Visitor:
        """Return another browser, in which nobody is signed in."""
        visitor = Visitor()
        visitor.client = self.provider.client(accept="text/html", **{"accept-language": "en"})
        return visitor

    def close(self) -> None:
        """Close the connections."""
        self.http.close()
        self.visitor.close()

    # Authorization

    @property
    def has_code(self) -> bool:
        return "code" in self.variant.response_type.split()

    @property
    def has_front_channel_token(self) -> bool:
        return "token" in self.variant.response_type.split()

    @property
    def algorithms(self) -> list[str]:
        """The algorithms of ID tokens that this client accepts."""
        wanted = self.registration.metadata.get("idTokenSignedResponseAlg")
        known: list[str] = self.metadata["id_token_signing_alg_values_supported"]
        return [wanted] if wanted else known

    def request(self, **params: str | None) -> dict[str, str]:
        """Return an authorization request of the variant; None leaves a parameter out."""
        usual: dict[str, str | None] = {
            "client_id": self.registration.client_id,
            "redirect_uri": self.registration.redirect_uri,
            "response_type": self.variant.response_type,
            "scope": "openid",
            "state": secrets.token_urlsafe(12),
            "nonce": secrets.token_urlsafe(12),
        }
        if self.variant.response_mode != "default":
            usual["response_mode"] = self.variant.response_mode
        return {name: value for name, value in (usual | params).items() if value is not None}

    def open(self, request: Mapping[str, str], *, method: str = "get") -> Page:
        """Send the person's browser to the authorization endpoint."""
        endpoint = self.metadata["authorization_endpoint"]
        if method == "post":
            return self.visitor.send("post", endpoint, list(request.items()))
        return self.visitor.open(f"{endpoint}?{urlencode(request, quote_via=quote)}")

    def sign_in(self, page: Page) -> Page:
        """Do what the hosted pages ask, until they hand over to the client."""
        for _ in range(5):
            if self._has_left(page):
                return page
            names = {name for form in page.forms for name in form.names}
            if "password" in names:
                self.asked += 1
                fields = {"identifier": self.account.username, "password": self.account.password}
                page = page.submit({n: v for n, v in fields.items() if n in names})
            elif page.path == "/consent":
                page = page.submit(button="Allow")
            elif page.forms:
                page = page.submit(button="Continue")
            else:
                break
        raise AssertionError(f"the pages lead nowhere\n{page}")

    def _has_left(self, page: Page) -> bool:
        if page.response.is_redirect:
            return True
        return any(form.action == self.registration.redirect_uri for form in page.forms)

    def receive(self, page: Page, request: Mapping[str, str]) -> Answer:
        """Return what the client receives, after checking the way by which it came."""
        answer = self._answer(page)

        # RFC 6749 section 4.1.2: the state, exactly. RFC 9207 section 2.4: the issuer.
        assert answer.get("state") == request.get("state")
        assert answer["iss"] == self.metadata["issuer"]
        if "error" in answer:
            assert "code" not in answer
            assert "id_token" not in answer
            assert "access_token" not in answer
        return answer

    def _answer(self, page: Page) -> Answer:
        target = self.registration.redirect_uri
        # OAuth 2.0 Form Post Response Mode section 2.
        if self.variant.response_mode == "form_post":
            assert page.status == 200, page
            (form,) = (form for form in page.forms if form.action == target)
            assert form.method == "post"
            assert "no-store" in page.response.headers["cache-control"]
            assert len(form.values) == len(dict(form.values))
            return dict(form.values)
        assert page.status in {302, 303}, page
        location = urlsplit(page.location)
        registered = urlsplit(target)
        assert location._replace(query="", fragment="") == registered._replace(query="")
        kept = parse_qsl(registered.query)
        query = parse_qsl(location.query)
        # RFC 6749 section 3.1.2: what the registered URI has in its query stays there.
        assert query[: len(kept)] == kept
        # OAuth 2.0 Multiple Response Types section 2.1: tokens never travel in a query.
        if self.variant.response_type != "code":
            assert query[len(kept) :] == []
            return _once(parse_qs(location.fragment, strict_parsing=True))
        assert location.fragment == ""
        return _once(parse_qs(urlencode(query[len(kept) :])))

    def authorize(self, *, method: str = "get", **params: str | None) -> Answer:
        """Send an authorization request, sign in where asked to; return the verified answer."""
        return self.start(method=method, **params).answer

    def start(self, *, method: str = "get", **params: str | None) -> Flow:
        """Send an authorization request and sign in where asked to."""
        request = self.request(**params)
        page = self.sign_in(self.open(request, method=method))
        return Flow(request, self.receive(page, request))

    # Tokens

    def authentication(self, form: Mapping[str, str]) -> tuple[dict[str, str], httpx.Auth | None]:
        """Return the form and the header with which this client proves who it is."""
        client_id, secret = self.registration.client_id, self.registration.client_secret
        if self.variant.client_auth == "client_secret_post":
            return {**form, "client_id": client_id, "client_secret": secret}, None
        return dict(form), httpx.BasicAuth(quote(client_id, safe=""), quote(secret, safe=""))

    def post(self, endpoint: str, form: Mapping[str, str]) -> httpx.Response:
        """Send a form to an endpoint at which clients authenticate."""
        body, auth = self.authentication(form)
        return self.http.post(self.metadata[endpoint], data=body, auth=auth)

    def exchange(self, flow: Flow, **form: str) -> httpx.Response:
        """Send the token request for a code."""
        usual = {
            "grant_type": "authorization_code",
            "code": flow.answer["code"],
            "redirect_uri": flow.request["redirect_uri"],
        }
        return self.post("token_endpoint", usual | form)

    def run(self, *, method: str = "get", form: Mapping[str, str] = {}, **params: Any) -> Flow:
        """Walk a whole flow and verify all of it."""
        flow = self.start(method=method, **params)
        assert "error" not in flow.answer, flow.answer
        self.verify_front_channel(flow)
        if self.has_code:
            self.verify_tokens(flow, self.exchange(flow, **form))
        return flow

    def verify_front_channel(self, flow: Flow) -> None:
        """Check what came with the authorization response (OpenID Connect Core section 3.3.2)."""
        answer, names = flow.answer, set(self.variant.response_type.split())
        assert ("code" in answer) == ("code" in names)
        assert ("id_token" in answer) == ("id_token" in names)
        assert ("access_token" in answer) == ("token" in names)
        if "access_token" in answer:
            assert answer["token_type"].lower() == "bearer"
            assert int(answer["expires_in"]) > 0
            assert "refresh_token" not in answer
        if "id_token" in answer:
            flow.id_token = self.verify_id_token(
                answer["id_token"],
                nonce=flow.request.get("nonce"),
                code=answer.get("code"),
                access_token=answer.get("access_token"),
                are_hashes_required=True,
            )

    def verify_tokens(self, flow: Flow, response: httpx.Response) -> None:
        """Check a token response (RFC 6749 section 5.1, OpenID Connect Core section 3.1.3.3)."""
        assert response.status_code == 200, response.text
        assert response.headers["content-type"].startswith("application/json")
        assert "no-store" in response.headers["cache-control"]
        tokens = response.json()
        assert tokens["token_type"] == self.variant.token_type
        assert tokens["expires_in"] > 0
        assert isinstance(tokens["access_token"], str)
        flow.tokens = tokens
        if "openid" not in flow.request["scope"].split():
            return
        claims = self.verify_id_token(
            tokens["id_token"],
            nonce=flow.request.get("nonce"),
            access_token=tokens["access_token"],
            are_hashes_required=False,
        )
        if flow.id_token:
            # OpenID Connect Core section 3.3.3.6: both speak of the same person.
            for name in ("iss", "sub"):
                assert claims[name] == flow.id_token[name]
        flow.id_token = claims

    def verify_id_token(
        self,
        token: str,
        *,
        nonce: str | None,
        code: str | None = None,
        access_token: str | None = None,
        are_hashes_required: bool = False,
    ) -> Claims:
        """Return the claims of an ID token for this client, all of it checked."""
        claims = verify_jws(token, self.provider.jwks(), algorithms=self.algorithms)
        header, _ = split_jws(token)
        check_id_token(
            claims,
            issuer=self.metadata["issuer"],
            client_id=self.registration.client_id,
            nonce=nonce,
            header=header,
        )
        for name, value in (("c_hash", code), ("at_hash", access_token)):
            if value is not None:
                check_half_hash(
                    claims,
                    name,
                    value,
                    algorithm=header["alg"],
                    is_required=are_hashes_required,
                )
        return claims

    def refresh(self, refresh_token: str, **form: str) -> httpx.Response:
        """Send a refresh token request."""
        usual = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        return self.post("token_endpoint", usual | form)

    # Userinfo and sign-out

    def userinfo(self, flow: Flow, *, way: str = "get") -> Claims:
        """Return the claims of the userinfo endpoint (OpenID Connect Core section 5.3)."""
        endpoint, token = self.metadata["userinfo_endpoint"], flow.access_token
        header = {"authorization": f"Bearer {token}"}
        if way == "get":
            response = self.http.get(endpoint, headers=header)
        elif way == "post header":
            response = self.http.post(endpoint, headers=header)
        else:
            response = self.http.post(endpoint, data={"access_token": token})
        assert response.status_code == 200, response.text
        assert response.headers["content-type"].startswith("application/json")
        claims: Claims = response.json()
        if flow.id_token:
            # Section 5.3.2: the subject is that of the ID token.
            assert claims["sub"] == flow.id_token["sub"]
        return claims

    def is_signed_in(self) -> bool:
        """Whether the browser has a session (prompt=none)."""
        answer = self.authorize(prompt="none")
        assert "error" not in answer or answer["error"] == "login_required", answer
        return "error" not in answer

    def sign_out(self, **params: str | None) -> Page:
        """Send the browser to the end session endpoint."""
        sent = {name: value for name, value in params.items() if value is not None}
        endpoint = self.metadata["end_session_endpoint"]
        return self.visitor.open(f"{endpoint}?{urlencode(sent)}" if sent else endpoint)

    def wait_for_next_second(self) -> None:
        """Times in tokens are whole seconds: let the next one begin."""
        time.sleep(1.02 - time.time() % 1)


def _once(values: Mapping[str, list[str]]) -> Answer:
    assert all(len(value) == 1 for value in values.values()), values
    return {name: value[0] for name, value in values.items()}
