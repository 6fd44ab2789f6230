"""For APIs: is this access token one of ours, and what does it allow?"""

from __future__ import annotations

from .models.oidc import AccessTokenClaims
from .provider import Provider, find_metadata
from .transport import Flow, run_async, run_sync


class AccessTokenVerifier:
    """Verifies JWT access tokens (RFC 9068) that are sent to one API resource.

        verifier = AccessTokenVerifier("http://localhost:3001", resource="https://api.example.com")
        claims = await verifier.verify(token)
        if "read:books" not in claims.scopes: ...

    Keys are fetched once and again after the server rotated them; a token costs no request.
    """

    def __init__(self, endpoint: str, *, resource: str) -> None:
        self.endpoint = endpoint
        self.resource = resource

    async def verify(self, token: str) -> AccessTokenClaims:
        """Return the claims of `token`.

        Raises:
            LogtoException: it is not to be trusted, expired, opaque or for another API.
        """
        return await run_async(self._flow(token))

    def verify_sync(self, token: str) -> AccessTokenClaims:
        """See `verify`."""
        return run_sync(self._flow(token))

    def _flow(self, token: str) -> Flow[AccessTokenClaims]:
        provider = Provider((yield from find_metadata(self.endpoint)))
        return (yield from provider.verify_access_token(token, audience=self.resource))
