"""The protocol bare: one call per endpoint, and tokens read or verified. No session."""

from __future__ import annotations

from typing import ClassVar

from .models.oidc import AccessTokenClaims, IdTokenClaims, OidcProviderMetadata, Scope
from .models.response import TokenResponse, UserInfoResponse
from .provider import Provider, fetch_metadata
from .session import (
    DEFAULT_SCOPES,
    code_challenge_of,
    decode_access_token,
    decode_id_token,
    random_value,
)
from .transport import run_async, run_sync


class OidcCore:
    """One OpenID provider.

    core = OidcCore(await OidcCore.getProviderMetadata(
        "http://localhost:3001/oidc/.well-known/openid-configuration"))
    """

    defaultScopes: ClassVar[list[Scope]] = list(DEFAULT_SCOPES)

    def __init__(self, metadata: OidcProviderMetadata) -> None:
        self.metadata = metadata
        self._provider = Provider(metadata)

    @staticmethod
    async def getProviderMetadata(discoveryUrl: str) -> OidcProviderMetadata:
        """Fetch a discovery document, which must be that of the issuer its URL belongs to."""
        return await run_async(fetch_metadata(discoveryUrl))

    @staticmethod
    def generateState() -> str:
        """Return a new random state.

        >>> len(OidcCore.generateState())
        43
        """
        return random_value()

    @staticmethod
    def generateCodeVerifier() -> str:
        """Return a new random PKCE verifier. RFC 7636 section 4.1.

        >>> len(OidcCore.generateCodeVerifier())
        43
        """
        return random_value()

    @staticmethod
    def generateCodeChallenge(codeVerifier: str) -> str:
        """Return the S256 challenge of a verifier. The example is that of RFC 7636 appendix B.

        >>> OidcCore.generateCodeChallenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
        'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'
        """
        return code_challenge_of(codeVerifier)

    @staticmethod
    def decodeIdToken(idToken: str) -> IdTokenClaims:
        """Return the claims of an ID token, nothing verified.

        Raises:
            LogtoException: it is none.
        """
        return decode_id_token(idToken)

    @staticmethod
    def decodeAccessToken(accessToken: str) -> AccessTokenClaims:
        """Return the claims of a JWT access token, nothing verified.

        Raises:
            LogtoException: it is none, or opaque.
        """
        return decode_access_token(accessToken)

    async def fetchTokenByCode(
        self,
        clientId: str,
        clientSecret: str | None,
        redirectUri: str,
        code: str,
        codeVerifier: str,
    ) -> TokenResponse:
        """Turn an authorization code into tokens.

        Raises:
            LogtoException: the server refused, or could not be reached.
        """
        return await run_async(
            self._provider.redeem_code(
                client_id=clientId,
                client_secret=clientSecret,
                redirect_uri=redirectUri,
                code=code,
                code_verifier=codeVerifier,
            )
        )

    async def fetchTokenByRefreshToken(
        self, clientId: str, clientSecret: str | None, refreshToken: str, resource: str = ""
    ) -> TokenResponse:
        """Turn a refresh token into an access token; an organization's URN is a resource, too.

        Raises:
            LogtoException: the server refused, or could not be reached.
        """
        return await run_async(
            self._provider.refresh(
                client_id=clientId,
                client_secret=clientSecret,
                refresh_token=refreshToken,
                resource=resource,
            )
        )

    def verifyIdToken(self, idToken: str, clientId: str, nonce: str | None = None) -> None:
        """Verify the signature and the claims of an ID token; may fetch keys, and block meanwhile.

        Raises:
            LogtoException: it is not to be trusted.
        """
        run_sync(self._provider.verify_id_token(idToken, client_id=clientId, nonce=nonce))

    async def fetchUserInfo(self, accessToken: str) -> UserInfoResponse:
        """Return the claims that an access token gives.

        Raises:
            LogtoException: the server refused, or could not be reached.
        """
        return await run_async(self._provider.fetch_user_info(accessToken))

    # The same in the other spelling.

    get_provider_metadata = getProviderMetadata
    generate_state = generateState
    generate_code_verifier = generateCodeVerifier
    generate_code_challenge = generateCodeChallenge
    decode_id_token = decodeIdToken
    decode_access_token = decodeAccessToken
    fetch_user_info = fetchUserInfo

    async def fetch_token_by_code(
        self,
        *,
        client_id: str,
        client_secret: str | None,
        redirect_uri: str,
        code: str,
        code_verifier: str,
    ) -> TokenResponse:
        """See `fetchTokenByCode`."""
        return await self.fetchTokenByCode(
            client_id, client_secret, redirect_uri, code, code_verifier
        )

    async def fetch_token_by_refresh_token(
        self, *, client_id: str, client_secret: str | None, refresh_token: str, resource: str = ""
    ) -> TokenResponse:
        """See `fetchTokenByRefreshToken`."""
        return await self.fetchTokenByRefreshToken(
            client_id, client_secret, refresh_token, resource
        )

    def verify_id_token(self, id_token: str, client_id: str, nonce: str | None = None) -> None:
        """See `verifyIdToken`."""
        self.verifyIdToken(id_token, client_id, nonce)


# To code written before, `from logto import OidcCore` gave a module: it says `OidcCore.OidcCore`.
OidcCore.OidcCore = OidcCore  # type: ignore[attr-defined]
