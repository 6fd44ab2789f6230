"""The visitor sends what a browser without scripts would send."""

from __future__ import annotations

import httpx
import pytest

from tests.support.pages import PageError, Visitor, parse_page

PAGE = """<!doctype html><title>t</title><style>p{}</style>
<form id="sign-in" method="post" action="/sign-in?step=1">
  <input type="hidden" name="csrf" value="c1">
  <input name="identifier" value="ada"><input type="password" name="password">
  <input type="checkbox" name="stay" checked><input type="checkbox" name="news">
  <select name="language"><option value="en">English</option><option value="fr" selected>x</select>
  <textarea name="note">as it
was</textarea>
  <button name="action" value="go">Sign  in</button>
  <button type="submit" formaction="/other">Other</button><button type="button">Show</button>
</form>
<form action="/search"><input name="q"><button>Search</button></form>
<button form="sign-in" name="action" value="late">Late</button>
<p>Hello <a href="/up">Create <b>account</b></a></p>"""


class Transport(httpx.BaseTransport):
    """Answers the page to everything but /sign-in, which redirects, and notes each request."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if request.url.path == "/sign-in":
            return httpx.Response(303, headers={"location": "/next"})
        if request.url.path == "/next":
            return httpx.Response(303, headers={"location": "http://app.test/callback?code=1"})
        return httpx.Response(200, html=PAGE)


@pytest.fixture
def transport() -> Transport:
    return Transport()


@pytest.fixture
def visitor(transport: Transport) -> Visitor:
    visitor = Visitor()
    visitor.client = httpx.Client(transport=transport)
    return visitor


class TestVisitor:
    def test_sends_the_whole_form(self, visitor: Visitor, transport: Transport) -> None:
        """Hidden, chosen and checked fields go along with what is typed and pressed."""
        page = visitor.open("http://door.test/")

        page.submit({"password": "p w"}, button="Sign in")

        sent = transport.requests[1]
        assert (sent.method, str(sent.url)) == ("POST", "http://door.test/sign-in?step=1")
        assert sent.read() == (
            b"csrf=c1&identifier=ada&stay=on&language=fr&note=as+it%0Awas&password=p+w&action=go"
        )

    def test_follows_redirects_until_they_leave_the_pages(self, visitor: Visitor) -> None:
        """A walk ends at the address of another origin, which is not opened."""
        page = visitor.open("http://door.test/").submit({"password": "x"}, button="Sign in")

        assert page.location == "http://app.test/callback?code=1"

    def test_a_get_form_makes_a_query(self, visitor: Visitor, transport: Transport) -> None:
        visitor.open("http://door.test/").submit({"q": "a b"})

        assert str(transport.requests[1].url) == "http://door.test/search?q=a+b"

    def test_a_button_may_send_the_form_elsewhere(
        self, visitor: Visitor, transport: Transport
    ) -> None:
        visitor.open("http://door.test/").submit({"identifier": "bob"}, button="Other")

        assert transport.requests[1].url.path == "/other"

    def test_a_button_outside_belongs_to_the_form_it_names(
        self, visitor: Visitor, transport: Transport
    ) -> None:
        visitor.open("http://door.test/").submit(button="Late")

        assert b"action=late" in transport.requests[1].read()

    def test_follows_a_link_by_its_words(self, visitor: Visitor, transport: Transport) -> None:
        visitor.open("http://door.test/").follow("Create account")

        assert transport.requests[1].url.path == "/up"

    def test_refuses_what_the_page_lacks(self, visitor: Visitor) -> None:
        """A field, button or link that is not there is an error that shows the page."""
        page = visitor.open("http://door.test/")

        with pytest.raises(PageError, match="Hello Create account"):
            page.submit({"missing": "1"})
        with pytest.raises(PageError, match="no form with button 'Show'"):
            page.submit(button="Show")
        with pytest.raises(PageError, match="no link"):
            page.follow("Nowhere")

    def test_reads_only_what_is_visible(self, visitor: Visitor) -> None:
        request = httpx.Request("GET", "http://door.test/")

        page = parse_page(visitor, httpx.Response(200, html=PAGE, request=request))

        assert "Hello Create account" in page.text
        assert "p{}" not in page.text
