"""OpenID Connect Core section 3.1.2.1, RFC 7636, RFC 8707, RFC 9700: an authorization request.

find_redirect_target    who asks, and where an answer may go. Faults here never redirect
parse_request           everything else. Faults here are told to the client by redirect
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from doorward.applications.cached import Client
from doorward.applications.redirect_uris import is_loopback, is_registered
from doorward.cimd.documents import ClientDocuments
from doorward.consents.asked import Asked, disallowed_scopes
from doorward.consents.ceiling import current_ceiling
from doorward.keys.ring import current_keys
from doorward.kit.crypto import Sealer
from doorward.kit.edge import Edge
from doorward.kit.jose import JoseError, decode
from doorward.oidc.authorization.authorization_details import (
    Detail,
    parse_authorization_details,
    resources_of,
)
from doorward.oidc.authorization.claims_request import NOTHING, ClaimsRequest, parse_claims_request
from doorward.oidc.authorization.response_type import (
    FRONT_CHANNEL,
    ResponseMode,
    check_response_mode,
    find_response_mode,
    parse_response_type,
)
from doorward.oidc.authorization.step_up import (
    Demand,
    can_be_fulfilled,
    find_api_demand,
    find_demand,
)
from doorward.oidc.clients.lookup import find_client_at
from doorward.oidc.dpop import parse_dpop_jkt
from doorward.oidc.errors import (
    InvalidClient,
    InvalidRedirectUri,
    InvalidRequest,
    InvalidScope,
    InvalidTarget,
    RegistrationNotSupported,
    UnmetAuthenticationRequirements,
)
from doorward.oidc.request import Params
from doorward.oidc.scopes import OFFLINE_ACCESS, OPENID
from doorward.oidc.subjects import SubjectHint, subjects_of
from doorward.resources.cached import find_default_resource, find_resource
from doorward.sign_in_experience.cached import current_experience
from doorward.storage import Snapshot

PROMPTS = frozenset({"none", "login", "consent", "select_account", "create"})
STORED_PARAMETERS = (
    "client_id",
    "redirect_uri",
    "response_type",
    "response_mode",
    "scope",
    "state",
    "nonce",
    "code_challenge",
    "code_challenge_method",
    "prompt",
    "max_age",
    "acr_values",
    "dpop_jkt",
    "login_hint",
    "ui_locales",
    "id_token_hint",
    "first_screen",
    "interaction_mode",
    "direct_sign_in",
    "identifier",
    "claims",
    "authorization_details",
)
"""What is kept while a person signs in: nothing that we do not read."""

MAX_STORED = 8 * 1024
ORGANIZATIONS_RESOURCE = "urn:logto:resource:organizations"
_S256_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_MAX_AGE = re.compile(r"[0-9]{1,9}")
_ID_TOKEN_TYPES = ("jwt",)


class RedirectTarget(msgspec.Struct, frozen=True):
    """Where the answer of a request goes, once client and redirect URI are verified."""

    client: Client
    redirect_uri: str
    is_redirect_uri_required: bool
    response_mode: ResponseMode
    state: str | None


class AuthorizationRequest(msgspec.Struct, frozen=True):
    """A request that may be granted. `scope` holds every scope asked for; which of them count is
    decided when a token is made. `hints` are the subjects that id_token_hint and claims name,
    `demand` how strongly the person has to sign in, `dpop_jkt` the key that the code will be bound
    to, `consented` what the user allowed a third party (TokenContext).
    """

    target: RedirectTarget
    response_type: frozenset[str]
    scope: str
    resources: tuple[str, ...]
    nonce: str | None
    code_challenge: str | None
    prompts: frozenset[str]
    max_age: int | None
    hints: tuple[SubjectHint, ...]
    demand: Demand
    dpop_jkt: str | None
    claims: ClaimsRequest = NOTHING
    authorization_details: list[Detail] | None = None
    consented: dict[str, tuple[str, ...]] | None = None

    def is_about(self, user_id: str) -> bool:
        """Tell whether the answer may be about this user."""
        return all(hint.names(user_id) for hint in self.hints)

    @property
    def is_offline(self) -> bool:
        """Whether tokens outlive the session."""
        return OFFLINE_ACCESS in self.scope.split()

    def narrowed(self, allowed: Asked) -> AuthorizationRequest:
        """Return the request with no more scopes than were allowed, in the order of the request."""
        names = {*allowed.scopes, *(n for names in allowed.resource_scopes.values() for n in names)}
        return msgspec.structs.replace(
            self,
            scope=" ".join(name for name in self.scope.split() if name in names),
            consented=allowed.resource_scopes,
        )


async def find_redirect_target(
    snapshot: Snapshot, params: Params, *, edge: Edge, documents: ClientDocuments
) -> RedirectTarget:
    """Return who asks and where to answer.

    Raises:
        InvalidRequest, InvalidClient, InvalidRedirectUri: shown here, never redirected.
    """
    # 1. The client. Given twice, it is anybody's guess whose rules would apply.
    if not params.repeated.isdisjoint({"client_id", "redirect_uri"}):
        raise InvalidRequest("client_id and redirect_uri must not be repeated")
    client_id = params.get("client_id")
    if client_id is None:
        raise InvalidRequest("missing required parameter client_id")
    client = await find_client_at(snapshot, client_id, edge=edge, documents=documents)
    if client is None:
        fault = documents.find_fault(client_id)
        reason = f": its metadata document cannot be used: {fault}" if fault else ""
        raise InvalidClient(f"invalid client {client_id[:128]}{reason}", status=400)

    # 2. The redirect URI. RFC 9700 section 2.1: exact match.
    redirect_uri = params.get("redirect_uri")
    is_required = redirect_uri is not None
    if redirect_uri is None:
        redirect_uri = _only_redirect_uri(client)
    elif not is_registered(
        redirect_uri, registered=client.redirect_uris, is_native=client.is_native
    ):
        raise InvalidRedirectUri(
            "redirect_uri did not match any of the client's registered redirect_uris"
        )

    # 3. How to answer there.
    return RedirectTarget(
        client=client,
        redirect_uri=redirect_uri,
        is_redirect_uri_required=is_required,
        response_mode=find_response_mode(params),
        state=None if "state" in params.repeated else params.get("state"),
    )


async def parse_request(
    snapshot: Snapshot, params: Params, *, target: RedirectTarget, edge: Edge, sealer: Sealer
) -> AuthorizationRequest:
    """Return the rest of the request, validated.

    Raises:
        OAuthError: to be told to the client at its redirect URI.
    """
    # 1. RFC 6749 section 3.1: parameters MUST NOT be included more than once.
    if params.repeated:
        names = ", ".join(sorted(name[:64] for name in params.repeated))
        raise InvalidRequest(f"parameters must not be repeated: {names}")

    # 2. What this provider answers, and to whom.
    client = target.client
    if params.get("registration") is not None:
        # OpenID Connect Core section 3.1.2.6.
        raise RegistrationNotSupported("the parameter registration is not supported")
    response_type = parse_response_type(params, client=client)
    check_response_mode(params, response_type)
    if client.is_third_party:
        await check_ceiling(snapshot, params, client=client)

    # 3. PKCE, where there is a code to be proved.
    code_challenge = None
    if "code" in response_type:
        code_challenge = _code_challenge(params, is_required=client.requires_pkce)

    # 4. What is asked for.
    prompts = await _prompts(snapshot, params)
    scope = _scope(params, prompts=prompts, client=client, response_type=response_type)
    resources = await requested_resources(snapshot, params)
    details = await parse_authorization_details(snapshot, params, client=client)
    if details is not None:
        # RFC 9396 section 6: tokens can be had for the APIs that the details are for.
        named = resources if params.resources else ()
        resources = tuple(dict.fromkeys((*named, *await resources_of(snapshot, details))))
    claims = parse_claims_request(params)
    demanded = await find_api_demand(snapshot, resources)
    if not response_type.isdisjoint(FRONT_CHANNEL):
        _check_front_channel(params, response_type, target=target, scope=scope, resources=resources)

    # 5. OpenID Connect parameters.
    return AuthorizationRequest(
        target=target,
        response_type=response_type,
        scope=scope,
        resources=resources,
        nonce=params.get("nonce"),
        code_challenge=code_challenge,
        dpop_jkt=parse_dpop_jkt(params.get("dpop_jkt")),
        prompts=prompts,
        max_age=_max_age(params, client=client, demanded=demanded.max_age),
        hints=await _hints(
            snapshot, params, client=client, claims=claims, edge=edge, sealer=sealer
        ),
        demand=await _demand(
            snapshot,
            find_demand(params, client=client, claims=claims, at_least=demanded.acr),
        ),
        claims=claims,
        authorization_details=details,
    )


def stored_params(params: Params) -> dict[str, Any]:
    """Return what an interaction keeps of a request; `resource` is a list.

    Raises:
        InvalidRequest: strangers may store requests, so a huge one is refused.
    """
    kept: dict[str, Any] = {
        name: value for name, value in params.values.items() if name in STORED_PARAMETERS
    }
    if params.resources:
        kept["resource"] = list(params.resources)
    if len(msgspec.json.encode(kept)) > MAX_STORED:
        raise InvalidRequest("the request is too large")
    return kept


def restored_params(stored: dict[str, Any]) -> Params:
    """Return the parameters that `stored_params` kept."""
    values = {name: value for name, value in stored.items() if name != "resource"}
    return Params(values, tuple(stored.get("resource", ())))


def _only_redirect_uri(client: Client) -> str:
    # OpenID Connect Core section 3.1.2.1, FAPI 2.0 Security Profile section 5.3.2.2: REQUIRED. Only
    # the tenant's own older clients may rely on RFC 6749 section 3.1.2.3.
    if client.is_third_party or client.is_hardened:
        raise InvalidRequest("missing required parameter redirect_uri")
    if len(client.redirect_uris) == 1 and "*" not in client.redirect_uris[0]:
        return client.redirect_uris[0]
    raise InvalidRequest("missing required parameter redirect_uri")


def _check_front_channel(
    params: Params,
    response_type: frozenset[str],
    *,
    target: RedirectTarget,
    scope: str,
    resources: tuple[str, ...],
) -> None:
    client, is_openid = target.client, OPENID in scope.split()
    # OpenID Connect Core section 3.2.2.1: tokens never travel in clear, but to a program on the
    # person's own device.
    if target.redirect_uri.startswith("http://") and not (
        client.is_native and is_loopback(target.redirect_uri)
    ):
        raise InvalidRequest("redirect_uri must be https for this response_type")
    if "id_token" in response_type:
        if not is_openid:
            raise InvalidRequest("the scope openid must be requested for this response_type")
        # OpenID Connect Core sections 3.2.2.1 and 3.3.2.11: against replay of the ID token.
        if params.get("nonce") is None:
            raise InvalidRequest("missing required parameter nonce")
    if "token" in response_type:
        # RFC 9700 section 4.10: what comes through a browser cannot be bound to a key of the
        # client, so a client that wants its tokens bound gets none that way.
        if is_sender_constrained(client):
            raise InvalidRequest("response_type must not hold token, for tokens are bound to a key")
        if not is_openid and len(resources) > 1:
            raise InvalidTarget("only a single resource indicator value must be resolved")


def is_sender_constrained(client: Client) -> bool:
    """Tell whether the client's tokens must be bound to a key that it holds."""
    metadata = client.metadata
    return metadata.dpop_bound_access_tokens or metadata.tls_client_certificate_bound_access_tokens


def _code_challenge(params: Params, *, is_required: bool) -> str | None:
    challenge, method = params.get("code_challenge"), params.get("code_challenge_method")
    if challenge is None:
        if method is not None:
            raise InvalidRequest("code_challenge must be provided with code_challenge_method")
        # RFC 9700 section 2.1.1: public clients MUST use PKCE; others where their switch says so.
        if is_required:
            raise InvalidRequest("Authorization Server policy requires PKCE to be used")
        return None
    # RFC 7636 section 4.3: without a method it is "plain", which anyone who sees the request knows.
    if method != "S256":
        raise InvalidRequest("not supported value of code_challenge_method")
    if not _S256_CHALLENGE.fullmatch(challenge):
        raise InvalidRequest("code_challenge must be 43 characters of base64url")
    return challenge


async def _prompts(snapshot: Snapshot, params: Params) -> frozenset[str]:
    prompts = frozenset((params.get("prompt") or "").split())
    if not prompts <= PROMPTS:
        raise InvalidRequest("unsupported prompt value requested")
    # Initiating User Registration section 4: what metadata does not name is an invalid request.
    if "create" in prompts and not (await current_experience(snapshot)).allows_registration:
        raise InvalidRequest("unsupported prompt value requested")
    # OpenID Connect Core section 3.1.2.1: none with any other value is an error.
    if "none" in prompts and len(prompts) > 1:
        raise InvalidRequest("prompt none must only be used alone")
    return prompts


def _scope(
    params: Params, *, prompts: frozenset[str], client: Client, response_type: frozenset[str]
) -> str:
    """Return the scopes in order, once each. OpenID Connect Core section 11: offline_access is
    ignored unless there is a code and the user is asked for consent."""
    names = dict.fromkeys((params.get("scope") or "").split())
    is_asked = "code" in response_type and "consent" in prompts
    if not is_asked or "refresh_token" not in client.grant_types:
        names.pop(OFFLINE_ACCESS, None)
    return " ".join(names)


async def check_ceiling(snapshot: Snapshot, params: Params, *, client: Client) -> None:
    """Refuse scopes about the user that a third party's application may not ask for.

    Scopes of resources that it may not have are dropped later, as those that the user lacks.

    Raises:
        InvalidScope.
    """
    ceiling = await current_ceiling(snapshot, client.id)
    if refused := disallowed_scopes(ceiling, params.get("scope") or ""):
        raise InvalidScope("requested scope is not allowed", scope=" ".join(refused)[:512])


def _max_age(params: Params, *, client: Client, demanded: int | None) -> int | None:
    """Return the age that a sign-in may have; what APIs demand nobody overrides."""
    max_age = params.get("max_age")
    if max_age is not None and not _MAX_AGE.fullmatch(max_age):
        raise InvalidRequest("invalid max_age parameter value")
    # OpenID Connect Registration section 2: the parameter overrides the client's default.
    wished = client.metadata.default_max_age if max_age is None else int(max_age)
    return min((age for age in (wished, demanded) if age is not None), default=None)


async def _demand(snapshot: Snapshot, demand: Demand) -> Demand:
    if can_be_fulfilled(demand, await current_experience(snapshot)):
        return demand
    # RFC 9470 section 5: nobody can reach it, so nobody is asked to try.
    raise UnmetAuthenticationRequirements("the requested acr cannot be reached")


async def requested_resources(snapshot: Snapshot, params: Params) -> tuple[str, ...]:
    """Return the resources that tokens are asked for, or the default one.

    Raises:
        InvalidTarget: an unknown one.
    """
    # Existing SDKs name this one whenever they ask for organizations. It is accepted, and since
    # there are none, nothing can be had for it.
    asked = tuple(name for name in params.resources if name != ORGANIZATIONS_RESOURCE)
    # RFC 8707 section 2: an unknown resource is an invalid_target.
    for indicator in asked:
        if await find_resource(snapshot, indicator) is None:
            raise InvalidTarget("resource indicator is missing, or unknown")
    if params.resources:
        return asked
    default = await find_default_resource(snapshot)
    return (default.indicator,) if default else ()


async def _hints(
    snapshot: Snapshot,
    params: Params,
    *,
    client: Client,
    claims: ClaimsRequest,
    edge: Edge,
    sealer: Sealer,
) -> tuple[SubjectHint, ...]:
    hints: list[SubjectHint] = []
    if (hint := params.get("id_token_hint")) is not None:
        hints.append(await _hint(snapshot, hint, client=client, edge=edge, sealer=sealer))
    if claims.subject is not None:
        # OpenID Connect Core section 5.5.1: the client asks for a user as it knows them.
        subjects = await subjects_of(snapshot, client, sealer=sealer)
        hints.append(SubjectHint(claims.subject, subjects))
    return tuple(hints)


async def _hint(
    snapshot: Snapshot, hint: str, *, client: Client, edge: Edge, sealer: Sealer
) -> SubjectHint:
    claims = await parse_id_token_hint(snapshot, hint, edge=edge, sealer=sealer)
    # The subject is in the terms of the client that the ID token was made for.
    owner: Client | None = client
    if claims.get("aud") != client.id:
        owner = await find_client_at(snapshot, str(claims.get("aud")), edge=edge, documents=None)
    if owner is None:
        raise InvalidRequest("could not validate id_token_hint", detail="its client is gone")
    subjects = await subjects_of(snapshot, owner, sealer=sealer)
    return SubjectHint(str(claims["sub"]), subjects)


async def parse_id_token_hint(
    snapshot: Snapshot, hint: str, *, edge: Edge, sealer: Sealer
) -> dict[str, Any]:
    """Return the claims of an ID token that this issuer signed; it may have expired.

    Raises:
        InvalidRequest: it is not one of ours.
    """
    ring = await current_keys(snapshot, sealer=sealer)
    try:
        claims = decode(hint, keys=ring.verification_keys, typ=_ID_TOKEN_TYPES)
    except JoseError as error:
        raise InvalidRequest("could not validate id_token_hint", detail=str(error)) from error
    if claims.get("iss") != edge.issuer or not isinstance(claims.get("sub"), str):
        raise InvalidRequest("could not validate id_token_hint")
    return claims
