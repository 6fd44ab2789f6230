"""OAuth 2.0 Multiple Response Types, Form Post Response Mode, RFC 9207: the answer of /auth."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote, urlencode

from doorward.keys.ring import signing_key
from doorward.oidc.authorization.request import RedirectTarget
from doorward.oidc.errors import OAuthError
from doorward.oidc.html_pages import page
from doorward.oidc.provider import Provider
from doorward.oidc.request import OidcRequest
from doorward.oidc.response import OidcResponse, redirect
from doorward.storage import Snapshot


async def answer_client(
    provider: Provider,
    snapshot: Snapshot,
    request: OidcRequest,
    *,
    target: RedirectTarget,
    fields: Mapping[str, str],
) -> OidcResponse:
    """Hand `fields` to the client at its redirect URI, in the mode it asked for."""
    # 1. The client's own state, and RFC 9207 section 2: who answers, against mix-up.
    answer = dict(fields)
    if target.state is not None:
        answer["state"] = target.state
    answer["iss"] = request.edge.issuer

    # 2. JARM: all of it as one signed JWT.
    if target.response_mode.is_jwt:
        # Imported here: hardly anybody asks for it.
        from doorward.oidc.authorization.jarm import sign_answer

        algorithm = target.client.metadata.authorization_signed_response_alg
        answer = sign_answer(
            await signing_key(snapshot, algorithm, sealer=provider.sealer),
            answer,
            target=target,
            issuer=request.edge.issuer,
            now=provider.clock.now(),
        )

    # 3. The transport.
    if target.response_mode.transport == "form_post":
        return await page(
            provider,
            snapshot,
            request,
            "oidc/form_post.html",
            application_name=target.client.name,
            form_action=target.redirect_uri,
            action=target.redirect_uri,
            fields=answer,
        )
    return redirect(_with_answer(target, answer))


async def answer_error(
    provider: Provider,
    snapshot: Snapshot,
    request: OidcRequest,
    *,
    target: RedirectTarget,
    error: OAuthError,
) -> OidcResponse:
    """Tell the client what is wrong (RFC 6749 section 4.1.2.1)."""
    fields = {"error": error.error}
    if error.description:
        fields["error_description"] = error.description
    return await answer_client(provider, snapshot, request, target=target, fields=fields)


def _with_answer(target: RedirectTarget, answer: Mapping[str, str]) -> str:
    encoded = urlencode(answer, quote_via=quote)
    uri = target.redirect_uri
    if target.response_mode.transport == "fragment":
        return f"{uri}#{encoded}"
    # RFC 6749 section 3.1.2: a query of the registered URI is kept.
    separator = "" if uri.endswith(("?", "&")) else "&" if "?" in uri else "?"
    return f"{uri}{separator}{encoded}"
