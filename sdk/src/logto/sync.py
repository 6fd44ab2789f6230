"""The synchronous client: the same methods, without `await`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .LogtoClient import storage_or_memory
from .models.client import InteractionMode, LogtoConfig
from .models.oidc import (
    AccessTokenClaims,
    DirectSignInOption,
    FirstScreen,
    Identifier,
    IdTokenClaims,
)
from .models.response import UserInfoResponse
from .OidcCore import OidcCore
from .session import Session
from .Storage import Storage
from .transport import run_sync
from .utilities import buildOrganizationUrn


class LogtoClientSync:
    """Signs users in to an application that does not use `async`. See `LogtoClient`.

    >>> from logto import LogtoConfig, MemoryStorage
    >>> client = LogtoClientSync(
    ...     LogtoConfig(endpoint="http://localhost:3001", appId="app", appSecret="secret"),
    ...     storage=MemoryStorage(),
    ... )
    >>> client.is_authenticated()
    False
    """

    def __init__(self, config: LogtoConfig, storage: Storage | None = None) -> None:
        self.config = config
        self._session = Session(config, storage_or_memory(storage))

    def get_oidc_core(self) -> OidcCore:
        """See `LogtoClient.getOidcCore`."""
        return OidcCore(run_sync(self._session.find_provider()).metadata)

    def sign_in(
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
        """See `LogtoClient.signIn`."""
        return run_sync(
            self._session.sign_in(
                redirect_uri,
                interaction_mode=interaction_mode,
                first_screen=first_screen,
                identifiers=identifiers,
                direct_sign_in=direct_sign_in,
                login_hint=login_hint,
                extra_params=extra_params,
            )
        )

    def handle_sign_in_callback(self, callback_uri: str) -> None:
        """See `LogtoClient.handleSignInCallback`."""
        run_sync(self._session.handle_callback(callback_uri))

    def sign_out(self, post_logout_redirect_uri: str | None = None) -> str:
        """See `LogtoClient.signOut`."""
        return run_sync(self._session.sign_out(post_logout_redirect_uri))

    def is_authenticated(self) -> bool:
        """See `LogtoClient.isAuthenticated`."""
        return bool(self._session.storage.get("idToken"))

    def get_id_token(self) -> str | None:
        """See `LogtoClient.getIdToken`."""
        return self._session.storage.get("idToken")

    def get_id_token_claims(self) -> IdTokenClaims:
        """See `LogtoClient.getIdTokenClaims`."""
        return self._session.get_id_token_claims()

    def get_refresh_token(self) -> str | None:
        """See `LogtoClient.getRefreshToken`."""
        return self._session.storage.get("refreshToken")

    def get_access_token(self, resource: str = "") -> str | None:
        """See `LogtoClient.getAccessToken`."""
        return run_sync(self._session.get_access_token(resource))

    def get_access_token_claims(self, resource: str = "") -> AccessTokenClaims:
        """See `LogtoClient.getAccessTokenClaims`."""
        return run_sync(self._session.get_access_token_claims(resource))

    def get_organization_token(self, organization_id: str) -> str | None:
        """See `LogtoClient.getOrganizationToken`."""
        return self.get_access_token(buildOrganizationUrn(organization_id))

    def get_organization_token_claims(self, organization_id: str) -> AccessTokenClaims:
        """See `LogtoClient.getOrganizationTokenClaims`."""
        return self.get_access_token_claims(buildOrganizationUrn(organization_id))

    def fetch_user_info(self) -> UserInfoResponse:
        """See `LogtoClient.fetchUserInfo`."""
        return run_sync(self._session.fetch_user_info())

    # The same in the other spelling.

    def signIn(
        self,
        redirectUri: str,
        interactionMode: InteractionMode | None = None,
        firstScreen: FirstScreen | str | None = None,
        identifiers: Sequence[Identifier | str] | None = None,
        directSignIn: DirectSignInOption | None = None,
        loginHint: str | None = None,
        extraParams: Mapping[str, str] | None = None,
    ) -> str:
        """See `LogtoClient.signIn`."""
        return self.sign_in(
            redirectUri,
            interaction_mode=interactionMode,
            first_screen=firstScreen,
            identifiers=identifiers,
            direct_sign_in=directSignIn,
            login_hint=loginHint,
            extra_params=extraParams,
        )

    def handleSignInCallback(self, callbackUri: str) -> None:
        """See `LogtoClient.handleSignInCallback`."""
        self.handle_sign_in_callback(callbackUri)

    def signOut(self, postLogoutRedirectUri: str | None = None) -> str:
        """See `LogtoClient.signOut`."""
        return self.sign_out(postLogoutRedirectUri)

    def getOrganizationToken(self, organizationId: str) -> str | None:
        """See `LogtoClient.getOrganizationToken`."""
        return self.get_organization_token(organizationId)

    def getOrganizationTokenClaims(self, organizationId: str) -> AccessTokenClaims:
        """See `LogtoClient.getOrganizationTokenClaims`."""
        return self.get_organization_token_claims(organizationId)

    getOidcCore = get_oidc_core
    isAuthenticated = is_authenticated
    getIdToken = get_id_token
    getIdTokenClaims = get_id_token_claims
    getRefreshToken = get_refresh_token
    getAccessToken = get_access_token
    getAccessTokenClaims = get_access_token_claims
    fetchUserInfo = fetch_user_info
