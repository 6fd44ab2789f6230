"""Walks hosted pages as a browser without scripts does: forms, hidden fields, cookies, redirects.

    visitor = Visitor()
    page = visitor.open(f"{endpoint}/oidc/auth?...")
    page = page.submit({"identifier": "ada", "password": "..."}, button="Sign in")
    page.location       # where a redirect led that left the pages, such as the callback

A form is sent with every field it holds, hidden ones included, as a browser sends it: a field
that the page lacks cannot be filled, and a missing CSRF token is noticed.
"""

from __future__ import annotations

import html.parser
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http.cookiejar import Cookie
from urllib.parse import urlencode, urljoin, urlsplit

import httpx

MAX_REDIRECTS = 20
Fields = Mapping[str, str | Sequence[str] | None]


class PageError(AssertionError):
    """The page lacks what the test wants to use; the message shows the page's text."""


@dataclass
class Button:
    """A way to send a form: its words, what it adds to the form, where it sends it instead."""

    text: str = ""
    name: str = ""
    value: str = ""
    action: str = ""


@dataclass
class Form:
    """A form as parsed: `values` is what it sends untouched, in page order."""

    action: str = ""
    method: str = "get"
    values: list[tuple[str, str]] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    buttons: list[Button] = field(default_factory=list)

    def filled(self, fields: Fields) -> list[tuple[str, str]]:
        """Return what is sent when `fields` are filled in; None leaves a field out."""
        if unknown := fields.keys() - self.names:
            raise PageError(f"the form has no field {sorted(unknown)}, only {sorted(self.names)}")
        sent = [(name, value) for name, value in self.values if name not in fields]
        for name, value in fields.items():
            many = [] if value is None else [value] if isinstance(value, str) else value
            sent += [(name, one) for one in many]
        return sent


@dataclass
class Page:
    """What a visitor sees: a page, or the last redirect of a walk that left the pages."""

    visitor: Visitor
    response: httpx.Response
    forms: list[Form] = field(default_factory=list)
    links: list[tuple[str, str]] = field(default_factory=list)
    text: str = ""

    def __str__(self) -> str:
        return f"{self.status} {self.url}\n{self.text}"

    @property
    def url(self) -> str:
        return str(self.response.url)

    @property
    def path(self) -> str:
        return urlsplit(self.url).path

    @property
    def status(self) -> int:
        return self.response.status_code

    @property
    def location(self) -> str:
        """The address that the redirect names which was not followed."""
        if "location" not in self.response.headers:
            raise PageError(f"no redirect\n{self}")
        return urljoin(self.url, self.response.headers["location"])

    def form(self, *, button: str | None = None, holding: str | None = None) -> Form:
        """Return the one form that has `button` or the field `holding`; else the first one."""
        for form in self.forms:
            by_button = button is None or any(button == b.text for b in form.buttons)
            if by_button and (holding is None or holding in form.names):
                return form
        wanted = f"button {button!r}" if button else f"field {holding!r}" if holding else "any"
        seen = [b.text for form in self.forms for b in form.buttons]
        raise PageError(
            f"no form with {wanted}; buttons {seen}\n{self.status} {self.url}\n{self.text}"
        )

    def submit(self, fields: Fields | None = None, *, button: str | None = None) -> Page:
        """Fill the form that has these fields (and `button`), press the button, follow along."""
        fields = fields or {}
        form = self.form(button=button, holding=next(iter(fields), None))
        pressed = next((b for b in form.buttons if button in (None, b.text)), Button())
        sent = form.filled(fields)
        if pressed.name:
            sent.append((pressed.name, pressed.value))
        url = urljoin(self.url, pressed.action or form.action)
        return self.visitor.send(form.method, url, sent, referer=self.url)

    def follow(self, text: str) -> Page:
        """Follow the link whose words are `text`."""
        for words, address in self.links:
            if words == text:
                return self.visitor.open(urljoin(self.url, address))
        raise PageError(
            f"no link {text!r}, only {[w for w, _ in self.links]}\n{self.url}\n{self.text}"
        )


class Visitor:
    """One person's browser: a cookie jar, and redirects followed within `origins`.

    Without `origins`, redirects are followed within the origin of the request that began the
    walk; a redirect elsewhere ends it and is found in `Page.location`.
    """

    def __init__(self, *origins: str) -> None:
        self.origins = set(origins)
        # Nothing here speaks TLS, and loading certificates takes longer than most walks.
        self.client = httpx.Client(
            timeout=20, verify=False, headers={"accept": "text/html", "accept-language": "en"}
        )

    def open(self, url: str) -> Page:
        """Open `url` and follow redirects."""
        return self.send("get", url, [])

    def send(
        self, method: str, url: str, values: list[tuple[str, str]], *, referer: str = ""
    ) -> Page:
        """Send a form's `values` and follow redirects, as GET from then on."""
        within = self.origins or {_origin(url)}
        headers = {"referer": referer, "origin": _origin(referer)} if referer else {}
        encoded = urlencode(values)
        if method.lower() == "get":
            url = f"{url.partition('?')[0]}?{encoded}" if values else url
            response = self.client.get(url, headers=headers)
        else:
            headers["content-type"] = "application/x-www-form-urlencoded"
            response = self.client.post(url, content=encoded, headers=headers)
        for _ in range(MAX_REDIRECTS):
            target = urljoin(str(response.url), response.headers.get("location", ""))
            if not response.is_redirect or _origin(target) not in within:
                return parse_page(self, response)
            response = self.client.get(target)
        raise PageError(f"more than {MAX_REDIRECTS} redirects, the last to {target}")

    @property
    def cookies(self) -> list[Cookie]:
        """The cookies that are kept, all attributes included."""
        return list(self.client.cookies.jar)

    def close(self) -> None:
        """Close its connections."""
        self.client.close()

    def __enter__(self) -> Visitor:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def parse_page(visitor: Visitor, response: httpx.Response) -> Page:
    """Return the page that `response` holds, with its forms, links and visible text."""
    page = Page(visitor=visitor, response=response)
    if "html" in response.headers.get("content-type", ""):
        reader = _Reader(page)
        reader.feed(response.text)
        reader.close()
        page.text = " ".join(" ".join(reader.words).split())
    return page


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


class _Reader(html.parser.HTMLParser):
    """Collects forms, links and visible words into a page."""

    def __init__(self, page: Page) -> None:
        super().__init__()
        self.page = page
        self.words: list[str] = []
        self._form: Form | None = None
        self._by_id: dict[str, Form] = {}
        self._button: Button | None = None
        self._link: list[str] | None = None
        self._link_address = ""
        self._select = ""
        self._option: tuple[str, bool] | None = None
        self._area: tuple[Form, str] | None = None
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        have = {name: value or "" for name, value in attrs}
        form = self._by_id.get(have["form"]) if "form" in have else self._form
        if tag in {"script", "style", "template"}:
            self._hidden += 1
        elif tag == "form":
            self._form = Form(have.get("action", ""), have.get("method", "get").lower())
            self._by_id[have.get("id", "")] = self._form
            self.page.forms.append(self._form)
        elif tag == "input" and form:
            self._input(form, have)
        elif tag == "button":
            self._button = Button(
                "", have.get("name", ""), have.get("value", ""), have.get("formaction", "")
            )
            if form and have.get("type", "submit") == "submit" and "disabled" not in have:
                form.buttons.append(self._button)
        elif tag == "select" and form:
            self._select = have.get("name", "")
            form.names.add(self._select)
        elif tag == "option" and form and self._select:
            self._choose(form, have)
        elif tag == "textarea" and form:
            form.names.add(have.get("name", ""))
            form.values.append((have.get("name", ""), ""))
            self._area = (form, have.get("name", ""))
        elif tag == "a" and "href" in have:
            self._link, self._link_address = [], have["href"]
        if tag == "img" and (alt := have.get("alt")):
            self.words.append(alt)

    def _input(self, form: Form, have: dict[str, str]) -> None:
        kind, name = have.get("type", "text"), have.get("name", "")
        if kind == "submit":
            form.buttons.append(Button(have.get("value", ""), name, have.get("value", "")))
        elif name and "disabled" not in have:
            form.names.add(name)
            if kind not in {"checkbox", "radio", "button"} or "checked" in have:
                form.values.append((name, have.get("value", "on" if kind == "checkbox" else "")))

    def _choose(self, form: Form, have: dict[str, str]) -> None:
        chosen = [name for name, _ in form.values].count(self._select)
        if "selected" in have or not chosen:
            form.values[:] = [pair for pair in form.values if pair[0] != self._select]
            form.values.append((self._select, have.get("value", "")))

    def handle_endtag(self, tag: str) -> None:
        if tag in {"script", "style", "template"}:
            self._hidden = max(0, self._hidden - 1)
        elif tag == "form":
            self._form = None
        elif tag == "button" and self._button:
            self._button.text = " ".join(self._button.text.split())
            self._button = None
        elif tag == "select":
            self._select = ""
        elif tag == "textarea":
            self._area = None
        elif tag == "a" and self._link is not None:
            self.page.links.append((" ".join(" ".join(self._link).split()), self._link_address))
            self._link = None

    def handle_data(self, data: str) -> None:
        if self._hidden:
            return
        if self._area:
            form, name = self._area
            form.values = [(n, v + data if n == name else v) for n, v in form.values]
            return
        self.words.append(data)
        if self._button:
            self._button.text += data
        if self._link is not None:
            self._link.append(data)
