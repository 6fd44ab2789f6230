"""The fields of a form, and the proof that it was sent from a page of ours."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

from litestar import Request
from litestar.exceptions import ClientException

from doorward.kit.edge import Edge

MAX_FORM_SIZE = 256 * 1024
_MAX_FIELDS = 2000


class Form:
    """Fields as they were typed, in order, without surrounding white space; names repeat."""

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in pairs:
            self._values.setdefault(name, []).append(value)

    def text(self, name: str) -> str:
        """Return the last value of a field, "" when it is missing."""
        return self.raw(name).strip()

    def raw(self, name: str) -> str:
        """Return the last value of a field with its white space, for passwords."""
        return self._values.get(name, [""])[-1]

    def texts(self, name: str) -> list[str]:
        """Return every value of a field that is not empty, in order, each once."""
        values = (value.strip() for value in self._values.get(name, []))
        return list(dict.fromkeys(filter(None, values)))

    def is_on(self, name: str) -> bool:
        """Tell whether a checkbox is ticked."""
        return name in self._values

    def integer(self, name: str) -> int | None:
        """Return a field as a whole number, None when it is none."""
        text = self.text(name)
        return int(text) if text.isascii() and text.isdigit() and len(text) <= 12 else None

    def optional(self, name: str) -> str | None:
        """Return a text, None for an empty one."""
        return self.text(name) or None


async def read_form(request: Request[Any, Any, Any]) -> Form:
    """Return the form of a request.

    Raises:
        ClientException: the body is no form, or too much of one.
    """
    body = await request.body()
    if len(body) > MAX_FORM_SIZE:
        raise ClientException("the form is too large")
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=_MAX_FIELDS)
    except ValueError as error:
        raise ClientException("not a form") from error
    # PostgreSQL stores no NUL; a browser's textarea ends its lines with CR LF.
    return Form([(name, value.replace("\0", "").replace("\r\n", "\n")) for name, value in pairs])


def is_same_origin(request: Request[Any, Any, Any], edge: Edge) -> bool:
    """Tell whether a form was sent by a page of this origin, by what the browser says of it.

    Without either header the form token decides alone.
    """
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    return site in {None, "same-origin"} and origin in {None, edge.endpoint}
