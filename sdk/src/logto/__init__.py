"""Sign users in to a Python application with OpenID Connect.

    LogtoClient, LogtoClientSync   sign in, sign out, tokens of the signed-in user
    AccessTokenVerifier            protect an API: check the access token of a request
    Storage                        where a user's session is kept: yours to write, a dozen lines
    OidcCore                       the protocol, one call per endpoint, for those who need it bare

A sign-in, as the application sees it:

    signIn(callback)      -> a URL for the browser; state, nonce and PKCE verifier go to Storage
    ... the browser comes back to the callback with a code ...
    handleSignInCallback  -> checks the answer, redeems the code, verifies the ID token, stores
    getAccessToken        -> from Storage, or refreshed: one request however many callers wait

Every method has two spellings, `signIn` and `sign_in`. The module names in capital letters are
those that existing applications import from.

Where to read first: session.py, the rules of a sign-in from end to end. They do no input or output
themselves; LogtoClient.py and sync.py are two thin doors to them. `import logto` stays quick: the
HTTP client and the cryptography are loaded by the first request that needs them.
"""

from .LogtoClient import (
    AccessToken,
    AccessTokenMap,
    InteractionMode,
    LogtoClient,
    LogtoConfig,
    SignInSession,
)
from .LogtoException import LogtoException
from .models.oidc import (
    AccessTokenClaims,
    DirectSignInOption,
    DirectSignInOptionMethod,
    FirstScreen,
    Identifier,
    IdTokenClaims,
    OAuthScope,
    OidcProviderMetadata,
    ReservedResource,
    Scope,
    UserInfoScope,
)
from .models.response import TokenResponse, UserIdentity, UserInfoResponse
from .OidcCore import OidcCore
from .resource_server import AccessTokenVerifier
from .Storage import MemoryStorage, PersistKey, Storage
from .sync import LogtoClientSync

__all__ = [
    "AccessToken",
    "AccessTokenClaims",
    "AccessTokenMap",
    "AccessTokenVerifier",
    "DirectSignInOption",
    "DirectSignInOptionMethod",
    "FirstScreen",
    "IdTokenClaims",
    "Identifier",
    "InteractionMode",
    "LogtoClient",
    "LogtoClientSync",
    "LogtoConfig",
    "LogtoException",
    "MemoryStorage",
    "OAuthScope",
    "OidcCore",
    "OidcProviderMetadata",
    "PersistKey",
    "ReservedResource",
    "Scope",
    "SignInSession",
    "Storage",
    "TokenResponse",
    "UserIdentity",
    "UserInfoResponse",
    "UserInfoScope",
]
