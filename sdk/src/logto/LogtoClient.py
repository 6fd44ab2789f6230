"""The asynchronous client."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

from .LogtoException import LogtoException
from .models.client import AccessToken, AccessTokenMap, InteractionMode, LogtoConfig, SignInSession
from .models.oidc import (
    AccessTokenClaims,
    DirectSignInOption,
    FirstScreen,
    Identifier,
    IdTokenClaims,
    ReservedResource,
    Scope,
    UserInfoScope,
)
from .models.response import TokenResponse, UserInfoResponse
from .OidcCore import OidcCore
from .session import Session
from .Storage import MemoryStorage, PersistKey, Storage
from .transport import run_async
from .utilities import buildOrganizationUrn

__all__ = [
    "AccessToken",
    "AccessTokenClaims",
    "AccessTokenMap",
    "IdTokenClaims",
    "InteractionMode",
    "LogtoClient",
    "LogtoConfig",
    "LogtoException",
    "MemoryStorage",
    "OidcCore",
    "PersistKey",
    "ReservedResource",
    "Scope",
    "SignInSession",
    "Storage",
    "TokenResponse",
    "UserInfoResponse",
    "UserInfoScope",
]

logger = logging.getLogger("logto")


def storage_or_memory(storage: Storage | None) -> Storage:
    """Return `storage`, or a new one in memory with a word of warning."""
    if storage is not None:
        return storage
    logger.warning("no storage given: the session is kept in memory, for one user and for tests")
    return MemoryStorage()


class LogtoClient:
    """Signs users in to an application and keeps their tokens.

    One client serves all users of an application, if its storage leads to the session of the user
    whose request is being answered. Nothing is requested from the server before it is needed.

    >>> client = LogtoClient(
    ...     LogtoConfig(endpoint="http://localhost:3001", appId="app", appSecret="secret"),
    ...     storage=MemoryStorage(),
    ... )
    >>> client.isAuthenticated()
    False
    """

    def __init__(self, config: LogtoConfig, storage: Storage | None = None) -> None:
        self.config = config
        self._session = Session(config, storage_or_memory(storage))

    async def getOidcCore(self) -> OidcCore:
        """Return the protocol without a session: discovery document, tokens, userinfo."""
        provider = await run_async(self._session.find_provider())
        return OidcCore(provider.metadata)

    async def signIn(
        self,
        redirectUri: str,
        interactionMode: InteractionMode | None = None,
        firstScreen: FirstScreen | str | None = None,
        identifiers: Sequence[Identifier | str] | None = None,
        directSignIn: DirectSignInOption | None = None,
        loginHint: str | None = None,
        extraParams: Mapping[str, str] | None = None,
    ) -> str:
        """Return the URL to send the browser to. It comes back to `redirectUri`.

            return redirect(await client.signIn("http://localhost:3000/callback"))
            return redirect(await client.signIn(uri, interactionMode="signUp"))
            return redirect(await client.signIn(uri, firstScreen="identifier:sign_in",
                                                identifiers=["email"], loginHint="ada@example.com"))
            return redirect(await client.signIn(uri, directSignIn=DirectSignInOption(
                                                method="social", target="discord")))

        `extraParams` are further parameters of the authorization request.

        Raises:
            LogtoException: the server could not be reached.
        """
        return await run_async(
            self._session.sign_in(
                redirectUri,
                interaction_mode=interactionMode,
                first_screen=firstScreen,
                identifiers=identifiers,
                direct_sign_in=directSignIn,
                login_hint=loginHint,
                extra_params=extraParams,
            )
        )

    async def handleSignInCallback(self, callbackUri: str) -> None:
        """Complete the sign-in with the whole URL that the browser came back to.

            await client.handleSignInCallback(request.url)

        Raises:
            LogtoException: the answer is not to be trusted, or the sign-in was refused; then
                `error` says why, such as `access_denied`.
        """
        await run_async(self._session.handle_callback(callbackUri))

    async def signOut(self, postLogoutRedirectUri: str | None = None) -> str:
        """Forget the user and return the URL that ends the session at the server, too.

            return redirect(await client.signOut("http://localhost:3000/"))

        Raises:
            LogtoException: the server could not be reached; the user is forgotten all the same.
        """
        return await run_async(self._session.sign_out(postLogoutRedirectUri))

    def isAuthenticated(self) -> bool:
        """Return whether a user is signed in: whether there is a verified ID token."""
        return bool(self._session.storage.get("idToken"))

    def getIdToken(self) -> str | None:
        """Return the ID token, None when nobody is signed in."""
        return self._session.storage.get("idToken")

    def getIdTokenClaims(self) -> IdTokenClaims:
        """Return what the ID token says about the user.

        Raises:
            LogtoException: nobody is signed in.
        """
        return self._session.get_id_token_claims()

    def getRefreshToken(self) -> str | None:
        """Return the refresh token, None when there is none."""
        return self._session.storage.get("refreshToken")

    async def getAccessToken(self, resource: str = "") -> str | None:
        """Return an access token for an API resource; without one, a token for userinfo.

        It is refreshed when it is about to expire; None without a refresh token.

        Raises:
            LogtoException: the server refused, or could not be reached.
        """
        return await run_async(self._session.get_access_token(resource))

    async def getAccessTokenClaims(self, resource: str = "") -> AccessTokenClaims:
        """Return the claims of the access token for an API resource.

        Raises:
            LogtoException: there is no token to be had, or it is opaque.
        """
        return await run_async(self._session.get_access_token_claims(resource))

    async def getOrganizationToken(self, organizationId: str) -> str | None:
        """Return an access token for an organization of the user. Needs the organizations scope.

        Raises:
            LogtoException: the server refused, or could not be reached.
        """
        return await self.getAccessToken(buildOrganizationUrn(organizationId))

    async def getOrganizationTokenClaims(self, organizationId: str) -> AccessTokenClaims:
        """Return the claims of the access token for an organization.

        Raises:
            LogtoException: there is no token to be had.
        """
        return await self.getAccessTokenClaims(buildOrganizationUrn(organizationId))

    async def fetchUserInfo(self) -> UserInfoResponse:
        """Ask the server what it knows about the user, as far as the scopes allow.

        Raises:
            LogtoException: nobody is signed in, or the server refused.
        """
        return await run_async(self._session.fetch_user_info())

    # The same in the other spelling.

    async def sign_in(
        self,
        redirect_uri: str,
        *,
        interaction_mode: InteractionMode | None = None,
        first_screen: FirstScreen | str | None = None,
        identifiers: Sequence[Identifier | str] | None = None,
        direct_sign_in: DirectSignInOption | None = None,
        login_hint: str | None = None,
        extra_params: Mapping[str, str] | None = None,
    ) -> str:
        """See `signIn`."""
        return await self.signIn(
            redirect_uri,
            interactionMode=interaction_mode,
            firstScreen=first_screen,
            identifiers=identifiers,
            directSignIn=direct_sign_in,
            loginHint=login_hint,
            extraParams=extra_params,
        )

    async def handle_sign_in_callback(self, callback_uri: str) -> None:
        """See `handleSignInCallback`."""
        await self.handleSignInCallback(callback_uri)

    async def sign_out(self, post_logout_redirect_uri: str | None = None) -> str:
        """See `signOut`."""
        return await self.signOut(post_logout_redirect_uri)

    async def get_organization_token(self, organization_id: str) -> str | None:
        """See `getOrganizationToken`."""
        return await self.getOrganizationToken(organization_id)

    async def get_organization_token_claims(self, organization_id: str) -> AccessTokenClaims:
        """See `getOrganizationTokenClaims`."""
        return await self.getOrganizationTokenClaims(organization_id)

    get_oidc_core = getOidcCore
    is_authenticated = isAuthenticated
    get_id_token = getIdToken
    get_id_token_claims = getIdTokenClaims
    get_refresh_token = getRefreshToken
    get_access_token = getAccessToken
    get_access_token_claims = getAccessTokenClaims
    fetch_user_info = fetchUserInfo
