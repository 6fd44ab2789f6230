"""A third party's application asks for access, and the user answers: /consent, and the same as
GET and POST /api/interaction/consent.

Whoever answers is signed in already, so these interactions belong to a session
(`oidc/authorization/consent.py`). What the page names is what its form carries back: if the
application or the user could do more by the time of the answer, the page is shown again.
"""

from __future__ import annotations

import hashlib
from typing import Annotated, Any
from urllib.parse import urlsplit

import msgspec
from litestar import Response, get, post
from msgspec import UNSET, Meta, UnsetType, structs

from doorward.applications.cached import Client
from doorward.consents.asked import (
    Asked,
    find_asked,
    find_missing,
    is_asked_anew,
    remember,
)
from doorward.errors import RequestError
from doorward.interactions.store import answer_consent
from doorward.kit.jose import encode_base64url
from doorward.management.body import Body, View
from doorward.resources.cached import find_resource
from doorward.resources.detail_types import describe_all, known_types
from doorward.resources.store import ScopeFilter, list_scopes
from doorward.resources.tables import Resource, Scope
from doorward.sign_in.hosted import HostedPage, UseForm, UsePage
from doorward.sign_in.proceed import see_other
from doorward.sign_in.surface import Surface, UseSurface
from doorward.sign_in.visit import UseVisit, Visit, overtaken
from doorward.sign_in_experience.application import ApplicationExperience
from doorward.sign_in_experience.cached import application_experience
from doorward.storage import Database, Snapshot
from doorward.users.store import find_user, update_user
from doorward.users.tables import User

CONSENT = "/consent"
_MAX_APPLICATION_ID = 21
_ICONS = {
    "openid": "keys",
    "profile": "user",
    "email": "mail",
    "phone": "phone",
    "address": "globe",
    "custom_data": "book",
    "identities": "link",
    "roles": "roles",
    "offline_access": "clock",
}


class AskedResource(msgspec.Struct, frozen=True):
    """What is asked for of one API resource."""

    resource: Resource
    scopes: tuple[Scope, ...]


class AskedDetail(msgspec.Struct, frozen=True):
    """An authorization detail (RFC 9396) in words: what it is, then its members."""

    title: str
    members: list[str]


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What a user is asked. `asked` is all of it, `missing` what they have not allowed before."""

    client_id: str
    client_name: str
    client_host: str | None
    appearance: ApplicationExperience
    user: User
    asked: Asked
    missing: Asked
    resources: tuple[AskedResource, ...]
    details: tuple[AskedDetail, ...]
    redirect_uri: str | None

    @property
    def name(self) -> str:
        """What the application is called on the page."""
        return self.appearance.display_name or self.client_name

    @property
    def digest(self) -> str:
        """A value that changes with what is asked."""
        encoded = msgspec.json.encode(
            (self.asked, self.missing, self.details), order="deterministic"
        )
        return encode_base64url(hashlib.sha256(encoded).digest()[:16])


class ConsentApplicationView(View):
    """The application that asks."""

    id: str
    name: str
    branding: dict[str, Any]
    display_name: str | None
    terms_of_use_url: str | None
    privacy_policy_url: str | None


class ConsentUserView(View):
    """The user who is asked."""

    id: str
    name: str | None
    avatar: str | None
    username: str | None
    primary_email: str | None
    primary_phone: str | None


class AskedResourceView(View):
    """An API resource."""

    id: str
    name: str
    indicator: str


class AskedScopeView(View):
    """A scope of an API resource."""

    id: str
    name: str
    description: str | None


class MissingResourceView(View):
    """What is asked for of one API resource."""

    resource: AskedResourceView
    scopes: list[AskedScopeView]


class DetailView(View):
    """An authorization detail (RFC 9396) in words."""

    title: str
    members: list[str]


class QuestionView(View):
    """What a user is asked. `missingOIDCScope` is without openid and offline_access."""

    application: ConsentApplicationView
    user: ConsentUserView
    missing_oidc_scope: list[str] = msgspec.field(name="missingOIDCScope")
    missing_resource_scopes: list[MissingResourceView]
    redirect_uri: str | UnsetType = UNSET
    authorization_details: list[DetailView] | UnsetType = UNSET


class Answer(Body):
    """The user's yes. Organizations cannot be chosen yet."""

    organization_ids: tuple[Annotated[str, Meta(max_length=128)], ...] = ()


class AnsweredView(View):
    """Where the browser goes next."""

    redirect_to: str


@get(CONSENT, include_in_schema=False)
async def show_consent(visit: UseVisit, page: UsePage, surface: UseSurface) -> Response[Any]:
    """Ask."""
    if visit.interaction.state:
        return see_other(visit.return_url)
    return _page(page, await _question(visit, surface))


@post(CONSENT, status_code=200, include_in_schema=False)
async def answer(
    form: UseForm, visit: UseVisit, page: UsePage, surface: UseSurface
) -> Response[Any]:
    """Take a yes or a no; anything else is asked again."""
    choice = form.get("choice")
    if visit.interaction.state or choice not in {"allow", "deny"}:
        return see_other(visit.return_url)
    question = await _question(visit, surface)
    if choice == "allow" and form.get("asked") != question.digest:
        return _page(page, question)
    await _store(visit, surface, question=question, is_allowed=choice == "allow")
    return see_other(visit.return_url)


@get("/api/interaction/consent", tags=["Interaction"])
async def show_question(visit: UseVisit, surface: UseSurface) -> QuestionView:
    """Show what the user is asked."""
    question = await _question(visit, surface)
    user, look = question.user, question.appearance
    branding = {k: v for k, v in msgspec.to_builtins(look.branding).items() if v is not None}
    return QuestionView(
        application=ConsentApplicationView(
            id=question.client_id,
            name=question.client_name,
            branding=branding,
            display_name=look.display_name,
            terms_of_use_url=look.terms_of_use_url,
            privacy_policy_url=look.privacy_policy_url,
        ),
        user=ConsentUserView(
            id=user.id,
            name=user.name,
            avatar=user.avatar,
            username=user.username,
            primary_email=user.primary_email,
            primary_phone=user.primary_phone,
        ),
        missing_oidc_scope=[
            name for name in question.missing.scopes if name not in {"openid", "offline_access"}
        ],
        missing_resource_scopes=[_view_resource(entry) for entry in question.resources],
        redirect_uri=question.redirect_uri or UNSET,
        authorization_details=[
            DetailView(title=detail.title, members=detail.members) for detail in question.details
        ]
        or UNSET,
    )


@post("/api/interaction/consent", status_code=200, tags=["Interaction"])
async def submit_consent(data: Answer, visit: UseVisit, surface: UseSurface) -> AnsweredView:
    """Allow what was asked for, and say where to go."""
    if data.organization_ids:
        raise RequestError("request.feature_not_supported", status=422)
    if not visit.interaction.state:
        question = await _question(visit, surface)
        await _store(visit, surface, question=question, is_allowed=True)
    return AnsweredView(redirect_to=visit.return_url)


async def _question(visit: Visit, surface: Surface) -> Question:
    """Return what is asked in a visit.

    Raises:
        RequestError: 400 session.not_found, the application or the user is gone.
    """
    interaction, snapshot, db = visit.interaction, visit.snapshot, surface.db
    client = await surface.documents.find_client(snapshot, interaction.client_id, edge=visit.edge)
    user_id = interaction.user_id or ""
    user = await find_user(db, tenant_id=visit.tenant_id, user_id=user_id)
    if client is None or user is None or user.is_suspended:
        raise RequestError("session.not_found")
    params = interaction.params
    asked = await find_asked(
        db,
        snapshot,
        client_id=client.id,
        user_id=user.id,
        scope=str(params.get("scope", "")),
        resources=params.get("resource", ()),
    )
    missing = await find_missing(
        db,
        tenant_id=visit.tenant_id,
        client_id=client.id,
        user_id=user.id,
        asked=asked,
        is_all_asked=is_asked_anew(
            prompts=str(params.get("prompt", "")).split(),
            is_unproven=client.is_unproven,
            has_details="authorization_details" in params,
        ),
    )
    return Question(
        client_id=client.id,
        client_name=client.name,
        client_host=client.document_host,
        appearance=await _appearance(snapshot, client),
        user=user,
        asked=asked,
        missing=missing or asked,
        resources=await _asked_resources(visit, db, missing or asked),
        details=await _details(visit, params.get("authorization_details")),
        redirect_uri=params.get("redirect_uri") or next(iter(client.redirect_uris), None),
    )


async def _appearance(snapshot: Snapshot, client: Client) -> ApplicationExperience:
    """Return how an administrator wants the application to look; where that is not said, its terms
    and its privacy policy are those that it named when it registered itself."""
    look = await application_experience(snapshot, client.id)
    return structs.replace(
        look,
        terms_of_use_url=look.terms_of_use_url or client.metadata.tos_uri,
        privacy_policy_url=look.privacy_policy_url or client.metadata.policy_uri,
    )


async def _asked_resources(visit: Visit, db: Database, missing: Asked) -> tuple[AskedResource, ...]:
    found = []
    for indicator, names in missing.resource_scopes.items():
        resource = await find_resource(visit.snapshot, indicator)
        if resource is None:
            continue
        where = ScopeFilter(resource_id=resource.id)
        scopes = (await list_scopes(db, tenant_id=visit.tenant_id, where=where)).entries
        asked = tuple(scope for scope in scopes if scope.name in names)
        found.append(AskedResource(resource=resource, scopes=asked))
    return tuple(found)


async def _details(visit: Visit, stored: str | None) -> tuple[AskedDetail, ...]:
    if stored is None:
        return ()
    described = describe_all(msgspec.json.decode(stored), await known_types(visit.snapshot))
    return tuple(AskedDetail(lines[0], lines[1:]) for lines in described)


async def _store(visit: Visit, surface: Surface, *, question: Question, is_allowed: bool) -> None:
    """Store the answer, and what was allowed, together.

    Raises:
        RequestError: 409 session.identity_conflict, another request was faster.
    """
    tenant_id, user = visit.tenant_id, question.user
    async with surface.db.transaction(tenant_id) as tx:
        if not await answer_consent(
            tx, tenant_id=tenant_id, interaction=visit.interaction, is_allowed=is_allowed
        ):
            raise overtaken()
        if not is_allowed:
            return
        await remember(
            tx,
            tenant_id=tenant_id,
            client_id=question.client_id,
            user_id=user.id,
            asked=question.asked,
            now=visit.now,
        )
        # Reference section 17: the first application that a user lets in is noted, once.
        if user.application_id is None and len(question.client_id) <= _MAX_APPLICATION_ID:
            await update_user(
                tx,
                tenant_id=tenant_id,
                user_id=user.id,
                now=visit.now,
                application_id=question.client_id,
            )


def _page(page: HostedPage, question: Question) -> Response[Any]:
    look, user = question.appearance, question.user
    brand = structs.replace(page.brand, terms_url=None, privacy_url=None)
    page = structs.replace(page, brand=brand)
    return page.respond(
        "consent.html",
        action=page.url(CONSENT),
        application=question.name,
        client_host=question.client_host,
        account=user.username or user.primary_email or user.primary_phone or user.name or user.id,
        rights=[
            {"icon": _ICONS[name], "text": page.text(f"consent.scope_{name}")}
            for name in question.missing.scopes
            if name != "openid" or len(question.missing.scopes) == 1
        ],
        resources=[
            {
                "title": page.text("consent.resource", resource=entry.resource.name),
                "scopes": [scope.description or scope.name for scope in entry.scopes],
            }
            for entry in question.resources
        ]
        + [{"title": detail.title, "scopes": detail.members} for detail in question.details],
        asked=question.digest,
        destination=_destination(question.redirect_uri),
        terms_url=look.terms_of_use_url,
        privacy_url=look.privacy_policy_url,
    )


def _destination(redirect_uri: str | None) -> str | None:
    """Return the host that a person ends up at; a program on their own device has none."""
    parts = urlsplit(redirect_uri or "")
    return parts.netloc.rpartition("@")[2] if parts.scheme in {"http", "https"} else None


def _view_resource(entry: AskedResource) -> MissingResourceView:
    resource = entry.resource
    return MissingResourceView(
        resource=AskedResourceView(
            id=resource.id, name=resource.name, indicator=resource.indicator
        ),
        scopes=[
            AskedScopeView(id=scope.id, name=scope.name, description=scope.description)
            for scope in entry.scopes
        ],
    )
