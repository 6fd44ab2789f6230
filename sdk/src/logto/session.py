"""The rules of a sign-in, from the first redirect to the sign-out: what both clients do.

What is stored, under the names of `PersistKey`:

    signInSession    between redirect and callback: redirect URI, state, nonce, PKCE verifier
    idToken          the verified ID token; there is one exactly while the user is signed in
    refreshToken     the current refresh token
    accessTokenMap   {"x": {resource: {"token", "expiresAt"}}}: "" for userinfo, an organization's
                     URN for its token; what has expired is left out at each write

A value is read from the storage whenever it is needed and never remembered here: one client serves
all users of an application, and the storage is that of the user of the moment.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import secrets
import time
from collections.abc import Mapping, Sequence
from urllib.parse import parse_qs, urlencode, urlsplit

from pydantic import ValidationError

from . import tokens
from .LogtoException import LogtoException
from .models.client import AccessToken, AccessTokenMap, InteractionMode, LogtoConfig, SignInSession
from .models.oidc import (
    AccessTokenClaims,
    DirectSignInOption,
    FirstScreen,
    Identifier,
    IdTokenClaims,
    OAuthScope,
    ReservedResource,
    Scope,
    UserInfoScope,
)
from .models.response import TokenResponse, UserInfoResponse
from .provider import Provider, find_metadata
from .Storage import Storage
from .transport import Flow
from .utilities import OrganizationUrnPrefix, removeFalsyKeys, urlsafeEncode

DEFAULT_SCOPES = (UserInfoScope.openid, OAuthScope.offlineAccess, UserInfoScope.profile)
# An access token is given up this long before it expires, so that it is still good on arrival.
EARLY = 60
# Parameters that protect a sign-in are not for callers to choose.
OWN_PARAMETERS = frozenset(
    (
        "client_id",
        "code_challenge",
        "code_challenge_method",
        "nonce",
        "redirect_uri",
        "response_mode",
        "response_type",
        "state",
    )
)

logger = logging.getLogger("logto")


def random_value() -> str:
    """Return 32 random bytes as base64url: a state, a nonce or a PKCE verifier."""
    return urlsafeEncode(secrets.token_bytes(32))


def code_challenge_of(code_verifier: str) -> str:
    """Return the S256 challenge of a PKCE verifier. RFC 7636 section 4.2."""
    return urlsafeEncode(hashlib.sha256(code_verifier.encode("ascii")).digest())


class Session:
    """The session of the user of the moment."""

    def __init__(self, config: LogtoConfig, storage: Storage) -> None:
        self.config = config
        self.storage = storage

    def find_provider(self) -> Flow[Provider]:
        """Return the provider at the configured endpoint."""
        return Provider((yield from find_metadata(self.config.endpoint)))

    def sign_in(
        self,
        redirect_uri: str,
        *,
        interaction_mode: InteractionMode | None,
        first_screen: FirstScreen | str | None,
        identifiers: Sequence[Identifier | str] | None,
        direct_sign_in: DirectSignInOption | None,
        login_hint: str | None,
        extra_params: Mapping[str, str] | None,
    ) -> Flow[str]:
        """Return the URL to send the browser to. OpenID Connect Core section 3.1.2.1."""
        # 1. What the application may not touch.
        extra = dict(extra_params or {})
        if own := OWN_PARAMETERS.intersection(extra):
            raise LogtoException(f"extraParams may not contain {', '.join(sorted(own))}")

        # 2. What the callback will be compared with.
        provider = yield from self.find_provider()
        session = SignInSession(
            redirectUri=redirect_uri,
            codeVerifier=random_value(),
            state=random_value(),
            nonce=random_value(),
        )
        self.storage.set("signInSession", session.model_dump_json())

        # 3. The request.
        parameters: dict[str, str | list[str] | None] = {
            "client_id": self.config.appId,
            "redirect_uri": redirect_uri,
            "response_type": "code",
            "scope": " ".join(self._scopes()),
            "resource": self._resources(),
            "prompt": self.config.prompt,
            "state": session.state,
            "nonce": session.nonce,
            "code_challenge": code_challenge_of(session.codeVerifier),
            "code_challenge_method": "S256",
            "interaction_mode": interaction_mode,
            "first_screen": first_screen,
            "identifier": " ".join(identifiers or ()),
            "direct_sign_in": str(direct_sign_in) if direct_sign_in else None,
            "login_hint": login_hint,
            **extra,
        }
        return _with_query(provider.metadata.authorization_endpoint, removeFalsyKeys(parameters))

    def handle_callback(self, callback_uri: str) -> Flow[None]:
        """Check the answer to a sign-in, redeem its code and store the tokens.

        Raises:
            LogtoException: the answer is not to be trusted, or the server refused.
        """
        # 1. The sign-in that this browser began. It is answered once.
        session = self._sign_in_session()
        if session is None:
            raise LogtoException("There is no sign-in to answer: it was answered, or never began")

        # 2. The answer belongs to it, by its path (a proxy may change scheme and host) and by its
        #    state. RFC 6749 section 10.12
        callback = urlsplit(callback_uri)
        if callback.path != urlsplit(session.redirectUri).path:
            raise LogtoException("The path of the callback URI is not that of the redirect URI")
        answer = parse_qs(callback.query)
        if not hmac.compare_digest(_single(answer, "state").encode(), session.state.encode()):
            raise LogtoException("Invalid state in the callback URI")
        self.storage.delete("signInSession")

        # 3. It comes from this server. RFC 9207 section 2.4
        provider = yield from self.find_provider()
        issuer = _single(answer, "iss")
        is_advertised = provider.metadata.authorization_response_iss_parameter_supported
        if (issuer or is_advertised) and issuer != provider.metadata.issuer:
            raise LogtoException("The callback is not from this server (iss)")

        # 4. It carries a code.
        if error := _single(answer, "error"):
            description = _single(answer, "error_description")
            raise LogtoException(
                f"{error}: {description}" if description else error,
                error=error,
                error_description=description or None,
            )
        code = _single(answer, "code")
        if not code:
            raise LogtoException("Code not found in the callback URI")

        # 5. The code becomes tokens.
        response = yield from provider.redeem_code(
            client_id=self.config.appId,
            client_secret=self.config.appSecret,
            redirect_uri=session.redirectUri,
            code=code,
            code_verifier=session.codeVerifier,
        )

        # 6. The tokens are what they should be. OpenID Connect Core section 3.1.3.7
        if response.id_token is None:
            raise LogtoException("The server sent no ID token")
        yield from provider.verify_id_token(
            response.id_token,
            client_id=self.config.appId,
            nonce=session.nonce,
            access_token=response.access_token,
        )
        self.storage.delete("accessTokenMap")
        self.storage.delete("refreshToken")
        self._keep(response, resource="")

    def sign_out(self, post_logout_redirect_uri: str | None) -> Flow[str]:
        """Forget the user, revoke the refresh token and return the URL that ends the session there.

        OpenID Connect RP-Initiated Logout section 2.
        """
        # 1. Here, whatever happens later.
        refresh_token = self.storage.get("refreshToken")
        for key in ("idToken", "accessTokenMap", "refreshToken", "signInSession"):
            self.storage.delete(key)

        # 2. The refresh token outlives the session at the server unless it is revoked.
        provider = yield from self.find_provider()
        if refresh_token:
            try:
                yield from provider.revoke(
                    client_id=self.config.appId,
                    client_secret=self.config.appSecret,
                    token=refresh_token,
                )
            except LogtoException as error:
                logger.warning("the refresh token was not revoked: %s", error)

        # 3. At the server.
        if provider.metadata.end_session_endpoint is None:
            raise LogtoException("The server has no end session endpoint")
        parameters = {
            "client_id": self.config.appId,
            "post_logout_redirect_uri": post_logout_redirect_uri,
        }
        return _with_query(provider.metadata.end_session_endpoint, removeFalsyKeys(parameters))

    def get_access_token(self, resource: str) -> Flow[str | None]:
        """Return an access token from the storage, or a new one, or None without refresh token."""
        # 1. One that is good for a while.
        if resource.startswith(OrganizationUrnPrefix):
            self._check_organizations_scope()
        if (stored := self._access_tokens().get(resource)) is not None:
            return stored.token
        refresh_token = self.storage.get("refreshToken")
        if not refresh_token:
            return None

        # 2. A new one. Others may be asking for it right now; see refresh.py.
        provider = yield from self.find_provider()
        response = yield from provider.refresh(
            client_id=self.config.appId,
            client_secret=self.config.appSecret,
            refresh_token=refresh_token,
            resource=resource,
        )

        # 3. A new ID token must be about the same user. OpenID Connect Core section 12.2
        if response.id_token is not None:
            known = self.storage.get("idToken")
            yield from provider.verify_id_token(
                response.id_token,
                client_id=self.config.appId,
                subject=str(tokens.read_claims(known).get("sub")) if known else None,
            )
        self._keep(response, resource=resource)
        return response.access_token

    def get_access_token_claims(self, resource: str) -> Flow[AccessTokenClaims]:
        """Return the claims of the access token for `resource`.

        Raises:
            LogtoException: there is none to be had, or it is opaque.
        """
        token = yield from self.get_access_token(resource)
        if token is None:
            raise LogtoException("There is no access token: the user is not signed in")
        return decode_access_token(token)

    def fetch_user_info(self) -> Flow[UserInfoResponse]:
        """Return the claims of the userinfo endpoint.

        Raises:
            LogtoException: the user is not signed in, or the server refused.
        """
        token = yield from self.get_access_token("")
        if token is None:
            raise LogtoException("There is no access token: the user is not signed in")
        provider = yield from self.find_provider()
        return (yield from provider.fetch_user_info(token))

    def get_id_token_claims(self) -> IdTokenClaims:
        """Return the claims of the stored ID token, which was verified before it was stored.

        Raises:
            LogtoException: the user is not signed in.
        """
        id_token = self.storage.get("idToken")
        if not id_token:
            raise LogtoException("ID Token not found")
        return decode_id_token(id_token)

    def _check_organizations_scope(self) -> None:
        if UserInfoScope.organizations.value not in self._scopes():
            raise LogtoException(
                "Organization tokens need the scope UserInfoScope.organizations in LogtoConfig"
            )

    def _keep(self, response: TokenResponse, *, resource: str) -> None:
        if response.id_token:
            self.storage.set("idToken", response.id_token)
        if response.refresh_token:
            self.storage.set("refreshToken", response.refresh_token)
        access_tokens = self._access_tokens()
        lifetime = response.expires_in - min(EARLY, response.expires_in // 2)
        access_tokens[resource] = AccessToken(
            token=response.access_token, expiresAt=int(time.time()) + lifetime
        )
        self.storage.set("accessTokenMap", AccessTokenMap(x=access_tokens).model_dump_json())

    def _access_tokens(self) -> dict[str, AccessToken]:
        """The stored access tokens that have not expired."""
        stored = self.storage.get("accessTokenMap")
        try:
            known = AccessTokenMap.model_validate_json(stored).x if stored else {}
        except ValidationError:
            return {}
        return {r: token for r, token in known.items() if token.expiresAt > time.time()}

    def _sign_in_session(self) -> SignInSession | None:
        stored = self.storage.get("signInSession")
        try:
            return SignInSession.model_validate_json(stored) if stored else None
        except ValidationError:
            return None

    def _scopes(self) -> list[str]:
        wanted = [*DEFAULT_SCOPES, *self.config.scopes]
        names = [str(s.value) if isinstance(s, Scope) else s for s in wanted]
        return list(dict.fromkeys(names))

    def _resources(self) -> list[str]:
        resources = list(self.config.resources)
        if UserInfoScope.organizations.value in self._scopes():
            resources.append(ReservedResource.organizations.value)
        return list(dict.fromkeys(resources))


def decode_id_token(id_token: str) -> IdTokenClaims:
    """Return the claims of an ID token without verifying it."""
    try:
        return IdTokenClaims.model_validate(tokens.read_claims(id_token))
    except ValidationError as error:
        raise LogtoException(f"The ID token lacks claims: {error}") from error


def decode_access_token(access_token: str) -> AccessTokenClaims:
    """Return the claims of a JWT access token without verifying it."""
    try:
        return AccessTokenClaims.model_validate(tokens.read_claims(access_token))
    except ValidationError as error:
        raise LogtoException(f"The access token lacks claims: {error}") from error


def _single(answer: Mapping[str, list[str]], name: str) -> str:
    """The value of a parameter, empty when missing or repeated. RFC 6749 section 3.1."""
    values = answer.get(name, [])
    return values[0] if len(values) == 1 else ""


def _with_query(url: str, parameters: Mapping[str, object]) -> str:
    return f"{url}{'&' if '?' in url else '?'}{urlencode(parameters, doseq=True)}"
