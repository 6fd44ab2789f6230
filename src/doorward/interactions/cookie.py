"""The browser's cookie `_interaction_<tenant>`: which sign-ins wait in which application's tab.

    {"<client_id>": "<uid>", ..., "_legacy": "<the latest uid>"}      signed, at most 8 applications

A client id that is longer than ours is represented by its hash.

A page says which application it belongs to (header `Logto-App-Id`, query `app_id`); a page that
does not gets the latest. The signature makes the cookie the proof that a sign-in began in THIS
browser: whoever merely learns a uid, from a URL for example, cannot write one.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from doorward.interactions.store import LIFETIME
from doorward.kit.cookies import cookie_name, find_cookie, set_cookie
from doorward.kit.crypto import Sealer, hash_token
from doorward.kit.edge import Edge, RawHeaders
from doorward.kit.jose import JoseError, decode_base64url, encode_base64url

NAME = "_interaction"
LATEST = "_legacy"
MAX_ENTRIES = 8
_MAX_KEY = 43

_decode = msgspec.json.Decoder(dict[str, str]).decode

Entries = Mapping[str, str]


def read_interactions(headers: RawHeaders, *, edge: Edge, sealer: Sealer) -> dict[str, str]:
    """Return the map of the request's cookie; empty when it is missing or not ours."""
    value = find_cookie(headers, cookie_name(NAME, edge=edge))
    if not value:
        return {}
    text, _, signature = value.partition(".")
    if not sealer.is_signature(signature, text, purpose=_purpose(edge)):
        return {}
    try:
        return _decode(decode_base64url(text))
    except (JoseError, msgspec.MsgspecError):
        return {}


def select_uid(entries: Entries, *, app_id: str | None) -> str | None:
    """Return the uid of the application's interaction, or of the latest when none is named."""
    return entries.get(_key(app_id) if app_id else LATEST)


def with_interaction(entries: Entries, *, client_id: str, uid: str) -> dict[str, str]:
    """Return the map with a new interaction as its latest; the oldest ones give way."""
    key = _key(client_id)
    kept = [(k, v) for k, v in entries.items() if k not in {key, LATEST}]
    return {**dict(kept[-(MAX_ENTRIES - 1) :]), key: uid, LATEST: uid}


def without_interaction(entries: Entries, *, uid: str) -> dict[str, str]:
    """Return the map without an interaction that is over."""
    return {client_id: known for client_id, known in entries.items() if known != uid}


def interaction_cookie(entries: Entries, *, edge: Edge, sealer: Sealer) -> str:
    """Return the Set-Cookie header value that makes the browser keep `entries`."""
    text = encode_base64url(msgspec.json.encode(entries))
    signature = sealer.sign(text, purpose=_purpose(edge))
    name = cookie_name(NAME, edge=edge)
    return set_cookie(name, f"{text}.{signature}", edge=edge, lifetime=LIFETIME)


def _key(client_id: str) -> str:
    # A browser drops a cookie of more than 4 kB; the URL of a document may take half of that.
    return client_id if len(client_id) <= _MAX_KEY else hash_token(client_id)


def _purpose(edge: Edge) -> str:
    return f"{NAME}:{edge.tenant_id}"
