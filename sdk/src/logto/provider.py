"""The endpoints of an OpenID provider: discovery, token, userinfo, revocation; and trust in tokens.

Each is a `Flow` (see transport.py). What the server refuses becomes a LogtoException that carries
its `error` and `error_description`.
"""

from __future__ import annotations

import threading
import time
from base64 import b64encode
from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import quote_plus

from pydantic import BaseModel, ValidationError

from . import tokens, transport
from .jwks import PUBLISHED_KEYS
from .LogtoException import LogtoException
from .models.oidc import AccessTokenClaims, IdTokenClaims, OidcProviderMetadata
from .models.response import TokenResponse, UserInfoResponse
from .refresh import REFRESHES
from .transport import Flow, Request, Response
from .utilities import OrganizationUrnPrefix, removeFalsyKeys

if TYPE_CHECKING:
    from joserfc.jwk import Key

DISCOVERY_PATH = "/oidc/.well-known/openid-configuration"
DISCOVERY_LIFETIME = 3600.0

M = TypeVar("M", bound=BaseModel)


class Provider:
    """One OpenID provider, as its discovery document describes it."""

    def __init__(self, metadata: OidcProviderMetadata) -> None:
        self.metadata = metadata

    def redeem_code(
        self,
        *,
        client_id: str,
        client_secret: str | None,
        redirect_uri: str,
        code: str,
        code_verifier: str,
    ) -> Flow[TokenResponse]:
        """Turn an authorization code into tokens. RFC 6749 section 4.1.3, RFC 7636 section 4.5."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": code_verifier,
        }
        request = _authenticated(self.metadata.token_endpoint, client_id, client_secret, form)
        response: Response = yield transport.send(request)
        return _parse(response, TokenResponse, request.url)

    def refresh(
        self, *, client_id: str, client_secret: str | None, refresh_token: str, resource: str
    ) -> Flow[TokenResponse]:
        """Turn a refresh token into an access token for `resource`. RFC 6749 section 6, RFC 8707.

        A resource that is an organization's URN asks for an organization token. However many
        callers ask at once, the refresh token is sent once; see refresh.py.
        """
        endpoint = self.metadata.token_endpoint
        organization_id = resource.removeprefix(OrganizationUrnPrefix)
        is_organization = organization_id != resource

        def redeem(current: str) -> TokenResponse:
            form = {
                "grant_type": "refresh_token",
                "refresh_token": current,
                "resource": "" if is_organization else resource,
                "organization_id": organization_id if is_organization else "",
            }
            request = _authenticated(endpoint, client_id, client_secret, removeFalsyKeys(form))
            return _parse(transport.exchange(request), TokenResponse, endpoint)

        return (
            yield from REFRESHES.refresh(
                client=f"{endpoint} {client_id}",
                refresh_token=refresh_token,
                resource=resource,
                redeem=redeem,
            )
        )

    def revoke(self, *, client_id: str, client_secret: str | None, token: str) -> Flow[None]:
        """Revoke a refresh token, where the server has an endpoint for that. RFC 7009."""
        if self.metadata.revocation_endpoint is None:
            return
        form = {"token": token, "token_type_hint": "refresh_token"}
        request = _authenticated(self.metadata.revocation_endpoint, client_id, client_secret, form)
        response: Response = yield transport.send(request)
        if response.status != 200:
            raise _refusal(response, request.url)

    def fetch_user_info(self, access_token: str) -> Flow[UserInfoResponse]:
        """Return the claims that an access token gives. OpenID Connect Core section 5.3."""
        request = Request(
            "GET",
            self.metadata.userinfo_endpoint,
            headers={"authorization": f"Bearer {access_token}"},
        )
        response: Response = yield transport.send(request)
        return _parse(response, UserInfoResponse, request.url)

    def verify_id_token(
        self,
        id_token: str,
        *,
        client_id: str,
        nonce: str | None = None,
        subject: str | None = None,
        access_token: str | None = None,
    ) -> Flow[IdTokenClaims]:
        """Verify signature and claims of an ID token. OpenID Connect Core section 3.1.3.7.

        `nonce`, `subject` and `access_token` are compared with what the token says when they are
        given: the nonce of the sign-in, the user known before, the token that came along.
        """
        key = yield from self._find_key(id_token)
        header, claims = tokens.verify_signature(
            id_token,
            key=key,
            algorithms=self.metadata.id_token_signing_alg_values_supported,
        )
        if access_token is not None:
            tokens.check_access_token_hash(header, claims, access_token)
        return tokens.check_id_token(
            claims,
            issuer=self.metadata.issuer,
            client_id=client_id,
            now=time.time(),
            nonce=nonce,
            subject=subject,
        )

    def verify_access_token(self, access_token: str, *, audience: str) -> Flow[AccessTokenClaims]:
        """Verify a JWT access token that was sent to the API `audience`. RFC 9068 section 4."""
        key = yield from self._find_key(access_token)
        header, claims = tokens.verify_signature(
            access_token, key=key, algorithms=tokens.ALGORITHMS
        )
        return tokens.check_access_token(
            header, claims, issuer=self.metadata.issuer, audience=audience, now=time.time()
        )

    def _find_key(self, token: str) -> Flow[Key]:
        header = tokens.read_header(token)
        # Before any request: a token whose algorithm is refused needs no key.
        if header.get("alg") not in tokens.ALGORITHMS:
            raise LogtoException(
                f"The token is signed with {header.get('alg')!r}, which is refused"
            )
        return (yield from PUBLISHED_KEYS.find_key(self.metadata.jwks_uri, header.get("kid")))


_metadata: dict[str, tuple[OidcProviderMetadata, float]] = {}
_metadata_lock = threading.Lock()


def fetch_metadata(discovery_url: str) -> Flow[OidcProviderMetadata]:
    """Fetch a discovery document. OpenID Connect Discovery section 4.

    Raises:
        LogtoException: there is none, or it speaks of another issuer.
    """
    response: Response = yield transport.send(Request("GET", discovery_url))
    metadata = _parse(response, OidcProviderMetadata, discovery_url)
    expected = discovery_url.removesuffix("/.well-known/openid-configuration")
    # Section 4.3. Else one server could hand out tokens in the name of another.
    if metadata.issuer != expected:
        raise LogtoException(
            f"{discovery_url} describes the issuer {metadata.issuer}. The endpoint of the client"
            f" and the endpoint that the server is set up with must be the same"
        )
    return metadata


def find_metadata(endpoint: str) -> Flow[OidcProviderMetadata]:
    """Return the discovery document of the server at `endpoint`, fetched at most once an hour."""
    url = endpoint.rstrip("/") + DISCOVERY_PATH
    with _metadata_lock:
        metadata, fetched_at = _metadata.get(url, (None, 0.0))
    if metadata is None or time.monotonic() - fetched_at > DISCOVERY_LIFETIME:
        metadata = yield from fetch_metadata(url)
        with _metadata_lock:
            _metadata[url] = metadata, time.monotonic()
    return metadata


def _authenticated(
    url: str, client_id: str, client_secret: str | None, form: Mapping[str, str]
) -> Request:
    """A POST of `form` by this client: with its secret, or with its name alone if it has none."""
    if not client_secret:
        return Request("POST", url, form={"client_id": client_id, **form})
    # RFC 6749 section 2.3.1: each half is form-encoded before the two are joined.
    pair = f"{quote_plus(client_id)}:{quote_plus(client_secret)}"
    credentials = b64encode(pair.encode("utf-8")).decode("ascii")
    return Request("POST", url, headers={"authorization": f"Basic {credentials}"}, form=form)


def _parse(response: Response, model: type[M], url: str) -> M:
    if response.status != 200:
        raise _refusal(response, url)
    try:
        return model.model_validate(response.json())
    except ValidationError as error:
        raise LogtoException(f"{url} gave an answer that makes no sense: {error}") from error


def _refusal(response: Response, url: str) -> LogtoException:
    body = response.json()
    error, description = body.get("error"), body.get("error_description")
    if not isinstance(error, str):
        return LogtoException(f"{url} answered {response.status}", status=response.status)
    return LogtoException(
        f"{error}: {description}" if description else error,
        error=error,
        error_description=description if isinstance(description, str) else None,
        status=response.status,
    )
