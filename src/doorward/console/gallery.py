"""Applications > gallery: what are you building? Cards, filtered by type and by words."""

from __future__ import annotations

from litestar import Response, get

from doorward.console.console import AnyRequest, Console
from doorward.console.frameworks import FRAMEWORKS, TYPE_TEXTS, Framework


@get("/console/applications/gallery", include_in_schema=False)
async def show_gallery(request: AnyRequest, console: Console) -> Response[str]:
    """Show the frameworks; the server filters, a script does it while one types."""
    chosen = set(request.query_params.getall("type", [])) & set(TYPE_TEXTS)
    search = request.query_params.get("q", "").strip()
    return console.page(
        "gallery.html",
        search=search,
        types=[
            {
                "value": type_,
                "text": console.text(key),
                "count": sum(framework.type in {type_, None} for framework in FRAMEWORKS),
                "checked": type_ in chosen,
            }
            for type_, key in TYPE_TEXTS.items()
        ],
        groups=[
            group
            for type_, key in [*TYPE_TEXTS.items(), (None, "gallery.any")]
            if (group := _group(console, type_, key, chosen=chosen, search=search))["frameworks"]
        ],
    )


def card_of(console: Console, framework: Framework) -> dict[str, object]:
    """Return a framework as the templates show it."""
    type_name = console.text(TYPE_TEXTS[framework.type] if framework.type else "gallery.any")
    return {
        "id": framework.id,
        "name": framework.name,
        "logo_url": console.static.url(framework.logo),
        "type": framework.type or " ".join(TYPE_TEXTS),
        "type_name": type_name,
        "description": console.text(framework.text_key),
    }


def _group(
    console: Console, type_: str | None, key: str, *, chosen: set[str], search: str
) -> dict[str, object]:
    cards = []
    for framework in FRAMEWORKS:
        if framework.type == type_:
            has_type = not chosen or type_ is None or type_ in chosen
            card = card_of(console, framework)
            words = f"{card['name']} {card['type_name']} {card['description']}"
            is_shown = has_type and search.lower() in words.lower()
            cards.append({**card, "words": words, "is_shown": is_shown})
    return {"title": console.text(key), "frameworks": cards}
