"""OpenID Connect Core sections 3.1.2.1 and 3.1.2.3, Initiating User Registration 1.0, RFC 9470:
whether the person is asked anything before the answer, and whether what they did is enough.

    none             no page: the session answers, or an error does
    login            sign in again
    create           make an account, where the tenant lets people do so
    select_account   continue as the present account, or use another
    consent          ask again what was allowed already (third parties; `offline_access`)
"""

from __future__ import annotations

from datetime import datetime, timedelta

from doorward.interactions.tables import Interaction
from doorward.oidc.authorization.request import AuthorizationRequest
from doorward.oidc.authorization.step_up import is_fulfilled
from doorward.oidc.errors import (
    InteractionRequired,
    LoginRequired,
    UnmetAuthenticationRequirements,
)
from doorward.sessions.tables import Session


def why_sign_in(
    request: AuthorizationRequest, session: Session | None, *, now: datetime
) -> str | None:
    """Return why the person has to sign in, or None when the session answers the request."""
    if session is None:
        return "End-User authentication is required"
    if "login" in request.prompts:
        return "prompt login was requested"
    if "create" in request.prompts:
        return "prompt create was requested"
    # OpenID Connect Core section 3.1.2.1: older than max_age means signing in again.
    if request.max_age is not None:
        age = now - session.authenticated_at
        if request.max_age == 0 or age > timedelta(seconds=request.max_age):
            return "End-User authentication could not be obtained within max_age"
    if not request.is_about(session.user_id):
        return "the hinted and the authenticated subject do not match"
    # RFC 9470 section 4.1: not strong enough.
    if not is_fulfilled(request.demand, session.amr):
        return "the session does not reach the requested acr"
    return None


def check_silent(request: AuthorizationRequest, reason: str | None) -> None:
    """Check that prompt=none can be answered; `reason` is why the person has to sign in.

    Raises:
        LoginRequired, InteractionRequired.
    """
    if reason is not None:
        raise LoginRequired(reason)
    # RFC 8252 section 8.6: anybody can register a native application's redirect URI on a device,
    # so it does not get a code without anything being seen.
    if request.target.client.is_native:
        raise InteractionRequired("native clients require End-User interaction")


def check_continued(
    request: AuthorizationRequest,
    session: Session | None,
    *,
    interaction: Interaction,
    now: datetime,
) -> None:
    """Check that the session with which somebody went on is still that of this browser, and still
    answers the request.

    Raises:
        LoginRequired.
    """
    if session is None or session.id != interaction.session_id:
        raise LoginRequired("the session that was chosen has ended")
    if session.user_id != interaction.user_id:
        raise LoginRequired("another user has signed in")
    reason = why_sign_in(request, session, now=now)
    if reason is not None:
        raise LoginRequired(reason)


def check_outcome(request: AuthorizationRequest, *, user_id: str, amr: list[str]) -> None:
    """Check that who signed in, and how, is what the client asked for. Nobody is asked twice.

    Raises:
        LoginRequired: OpenID Connect Core section 3.1.2.1: another person than the hint names.
        UnmetAuthenticationRequirements: RFC 9470 section 5.
    """
    if not request.is_about(user_id):
        raise LoginRequired("the hinted and the authenticated subject do not match")
    if not is_fulfilled(request.demand, amr):
        raise UnmetAuthenticationRequirements("the requested acr was not reached")
