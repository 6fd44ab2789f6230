"""What has just happened, carried over a redirect in a cookie that lives for one page."""

from __future__ import annotations

from doorward.kit.crypto import Sealer
from doorward.kit.jose import JoseError, decode_base64url, encode_base64url

TOAST_COOKIE = "_console_toast"
_PURPOSE = "console.toast"
_MAX_LENGTH = 500


def seal_toast(text: str, *, sealer: Sealer) -> str:
    """Return the cookie's value: the text, signed so that no neighbour can write one."""
    encoded = encode_base64url(text[:_MAX_LENGTH].encode())
    return f"{encoded}.{sealer.sign(encoded, purpose=_PURPOSE)}"


def open_toasts(value: str | None, sealer: Sealer) -> tuple[str, ...]:
    """Return the texts of a cookie's value; none when it is missing or not ours."""
    encoded, _, signature = (value or "").partition(".")
    if not encoded or not sealer.is_signature(signature, encoded, purpose=_PURPOSE):
        return ()
    try:
        return (decode_base64url(encoded).decode(),)
    except (JoseError, UnicodeDecodeError):
        return ()
