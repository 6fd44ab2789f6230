"""Sign-in experience: branding, the ways to sign up and in, and the live preview of both."""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post
from litestar.params import SkipValidation

from doorward.applications.store import ApplicationFilter, list_applications
from doorward.connectors.cached import ConfiguredConnector, list_social_connectors
from doorward.connectors.views import logo_url
from doorward.console.console import AnyRequest, Console
from doorward.console.experience_forms import (
    TABS,
    branding_changes,
    branding_values,
    check_branding,
    check_methods,
    methods_changes,
    methods_values,
    typed_branding,
    typed_methods,
)
from doorward.console.fields import Errors, refusal_text
from doorward.console.lists import first_entries
from doorward.console.preview import DEVICES, THEMES, RenderPreview
from doorward.errors import RequestError
from doorward.kit.clock import Clock
from doorward.kit.i18n import LANGUAGES, Catalogues
from doorward.sign_in_experience.document import (
    Experience,
    IdentifierType,
    SignInMode,
    apply_changes,
    parse_experience,
)
from doorward.sign_in_experience.settings import FindNameConflicts, change_experience
from doorward.sign_in_experience.store import get_experience
from doorward.storage import Database, Executor, Snapshots
from doorward.tenants.store import find_config, save_config

PAGE = "/console/sign-in-experience"
_TEMPLATES = {
    "branding": "experience_branding.html",
    "sign-up-and-sign-in": "experience_methods.html",
}


@get(PAGE, include_in_schema=False)
async def show_experience(console: Console) -> Response[str]:
    """Lead to the first tab."""
    return console.redirect(f"{PAGE}/branding")


@get(f"{PAGE}/preview", include_in_schema=False)
async def show_preview(
    request: AnyRequest,
    console: Console,
    db: Database,
    snapshots: Snapshots,
    render_preview: SkipValidation[RenderPreview],
) -> Response[str]:
    """Render the sign-in page as it is saved."""
    experience = await _stored_experience(db, console)
    params = request.query_params
    return await _preview(
        console,
        db,
        snapshots,
        experience,
        theme=params.get("preview_theme", ""),
        language=params.get("preview_language", ""),
        render=render_preview,
    )


@post(f"{PAGE}/preview", status_code=200, include_in_schema=False)
async def show_unsaved_preview(
    console: Console,
    db: Database,
    snapshots: Snapshots,
    clock: Clock,
    render_preview: SkipValidation[RenderPreview],
) -> Response[str]:
    """Render the sign-in page as the form has it; what cannot be is shown as saved."""
    form = console.form
    stored = await get_experience(db, tenant_id=console.tenant_id)
    changes = _changes(console, form.text("tab"), stored.document)
    document = apply_changes(stored.document, changes, known_targets=None, now=clock.now())
    mode = changes.get("signInMode", stored.sign_in_mode)
    try:
        experience = parse_experience(document, sign_in_mode=mode)
    except RequestError:
        experience = await _stored_experience(db, console)
    return await _preview(
        console,
        db,
        snapshots,
        experience,
        theme=form.text("preview_theme"),
        language=form.text("preview_language"),
        render=render_preview,
    )


@get(f"{PAGE}/{{tab:str}}", include_in_schema=False)
async def show_tab(
    console: Console, tab: str, db: Database, snapshots: Snapshots, texts: Catalogues
) -> Response[str]:
    """Show a tab."""
    if tab not in TABS:
        return console.redirect(f"{PAGE}/branding")
    experience = await _stored_experience(db, console)
    values = branding_values(experience) if tab == "branding" else methods_values(experience)
    return await _page(console, tab, snapshots, values=values, errors={}, texts=texts)


@post(f"{PAGE}/{{tab:str}}", include_in_schema=False)
async def save_tab(
    console: Console,
    tab: str,
    db: Database,
    snapshots: Snapshots,
    clock: Clock,
    texts: Catalogues,
    find_name_conflicts: FindNameConflicts,
) -> Response[str]:
    """Save a tab."""
    if tab not in TABS:
        return console.redirect(f"{PAGE}/branding")

    # 1. What was typed.
    is_branding = tab == "branding"
    values = typed_branding(console.form) if is_branding else typed_methods(console.form)
    errors = check_branding(console, values) if is_branding else check_methods(console, values)
    form_error = None

    # 2. Save it by the rules that the API applies.
    if not errors:
        try:
            async with db.transaction(console.tenant_id) as tx:
                stored = await get_experience(tx, tenant_id=console.tenant_id)
                await change_experience(
                    tx,
                    tenant_id=console.tenant_id,
                    changes=_changes(console, tab, stored.document),
                    sealer=console.sealer,
                    find_name_conflicts=find_name_conflicts,
                    now=clock.now(),
                )
                await _remember_customization(tx, console, clock)
                await console.audit(tx, "SignInExperience.Updated", at=clock.now(), tab=tab)
        except RequestError as error:
            form_error = refusal_text(error)
    if errors or form_error:
        return await _page(
            console,
            tab,
            snapshots,
            values=values,
            errors=errors,
            form_error=form_error,
            texts=texts,
            status=422,
        )
    return console.redirect(f"{PAGE}/{tab}", toast="toast.saved_live")


def _changes(console: Console, tab: str, document: dict[str, Any]) -> dict[str, Any]:
    """Return what the form of a tab changes, by wire keys."""
    if tab == "branding":
        return branding_changes(typed_branding(console.form), document)
    return methods_changes(typed_methods(console.form), document)


async def _stored_experience(db: Executor, console: Console) -> Experience:
    stored = await get_experience(db, tenant_id=console.tenant_id)
    return parse_experience(stored.document, sign_in_mode=stored.sign_in_mode)


async def _remember_customization(tx: Any, console: Console, clock: Clock) -> None:
    """Tick the third step of the start page."""
    tenant_id = console.tenant_id
    config = await find_config(tx, tenant_id=tenant_id, key="adminConsole") or {}
    if not config.get("signInExperienceCustomized"):
        value = {**config, "signInExperienceCustomized": True}
        await save_config(tx, tenant_id=tenant_id, key="adminConsole", value=value, now=clock.now())


async def _preview(
    console: Console,
    db: Database,
    snapshots: Snapshots,
    experience: Experience,
    *,
    theme: str,
    language: str,
    render: RenderPreview,
) -> Response[str]:
    newest = await list_applications(
        db, tenant_id=console.tenant_id, where=ApplicationFilter(), window=first_entries(1)
    )
    return render(
        console.edge,
        experience=experience,
        connectors=await _connectors(console, snapshots),
        application_name=newest.entries[0].name if newest.entries else None,
        theme=theme if theme in THEMES else THEMES[0],
        language=language if language in LANGUAGES else None,
    )


async def _connectors(console: Console, snapshots: Snapshots) -> tuple[ConfiguredConnector, ...]:
    snapshot = await snapshots.current(console.tenant_id)
    return await list_social_connectors(snapshot, sealer=console.sealer)


async def _page(
    console: Console,
    tab: str,
    snapshots: Snapshots,
    *,
    values: dict[str, Any],
    errors: Errors,
    texts: Catalogues,
    form_error: str | None = None,
    status: int = 200,
) -> Response[str]:
    form = console.form
    connectors = {
        connector.target: {
            "target": connector.target,
            "name": connector.name,
            "logo_url": logo_url(connector.logo, static=console.static),
        }
        for connector in await _connectors(console, snapshots)
    }
    languages = [(code, LANGUAGES[code]) for code in texts.languages]
    theme, device = form.text("preview_theme"), form.text("preview_device")
    language = form.text("preview_language")
    return console.page(
        _TEMPLATES[tab],
        status=status,
        tab=tab,
        values=values,
        errors=errors,
        form_error=form_error,
        preview_theme=theme if theme in THEMES else THEMES[0],
        preview_device=device if device in DEVICES else DEVICES[0],
        preview_language=language if language in texts.languages else "en",
        preview_languages=languages,
        languages=languages,
        modes=[(str(mode), console.text(f"experience.mode.{mode}")) for mode in SignInMode],
        sign_up_identifiers=[
            (value, console.text(f"experience.identifier.{value}"))
            for value in ("username", "none")
        ],
        sign_in_identifiers=[
            {
                "value": str(kind),
                "text": console.text(f"identifier.{kind}"),
                "help": console.text(f"experience.sign_in.{kind}"),
            }
            for kind in IdentifierType
        ],
        social=[
            connectors[target]
            for target in values.get("social_targets", ())
            if target in connectors
        ],
        available=list(connectors.values()),
    )
