"""Forms that other sites post to an address that browsers open.

Our cookies are SameSite=Lax: they come along when another site leads a browser here by GET, but not
when it posts. Who is signed in would look like a stranger, so the form is answered with 303 to the
same address by GET, which brings the cookies.
"""

from __future__ import annotations

from urllib.parse import urlencode

from doorward.oidc.request import OidcRequest
from doorward.oidc.response import OidcResponse, redirect
from doorward.oidc.session_cookie import find_session_token


def asked_again(request: OidcRequest) -> OidcResponse | None:
    """Return where the browser asks once more, with its cookies; None where it brought them, or is
    on a page of ours, or is no browser."""
    origin = request.header(b"origin")
    if request.method != "POST" or origin in {None, request.edge.endpoint}:
        return None
    # Which of two values was meant is not for this to say.
    if request.params.repeated or find_session_token(request):
        return None
    resources = (("resource", resource) for resource in request.params.resources)
    query = urlencode([*request.params.values.items(), *resources])
    return redirect(f"{request.path}?{query}" if query else request.path)
