"""Static files: hashed addresses, compression, conditional requests."""

import gzip

import pytest

from doorward.kit.static_files import StaticFiles

KIT = ("doorward.kit", "static")


@pytest.fixture(scope="module")
def static() -> StaticFiles:
    return StaticFiles([KIT], bundles={"page.css": ["tokens.css", "controls.css"]})


class TestStaticFiles:
    def test_an_address_of_today_is_cached_for_ever(self, static: StaticFiles) -> None:
        """The address changes with the contents, so the answer never does."""
        response = static.respond(static.url("logos/flask.svg"))

        assert response.status == 200
        assert dict(response.headers)["cache-control"] == "public, max-age=31536000, immutable"
        assert dict(response.headers)["content-type"] == "image/svg+xml"
        assert response.body.startswith(b"<svg")

    def test_an_address_of_another_release_is_answered_uncached(self, static: StaticFiles) -> None:
        """During an upgrade, pages of the old release still find their files."""
        response = static.respond("/static/0123456789abcdef/tokens.css")

        assert response.status == 200
        assert dict(response.headers)["cache-control"] == "public, no-cache"

    def test_compressed_for_those_who_accept_it(self, static: StaticFiles) -> None:
        """Compressed once at the start, with the plain bytes for others."""
        plain = static.respond(static.url("tokens.css"))
        packed = static.respond(static.url("tokens.css"), accept_encoding="br, gzip")

        assert dict(packed.headers)["content-encoding"] == "gzip"
        assert gzip.decompress(packed.body) == plain.body
        assert "content-encoding" not in dict(plain.headers)

    def test_an_unchanged_file_is_304(self, static: StaticFiles) -> None:
        """RFC 9110 section 13.1.2."""
        etag = dict(static.respond(static.url("copy.js")).headers)["etag"]

        response = static.respond(static.url("copy.js"), if_none_match=f'W/"x", {etag}')

        assert (response.status, response.body) == (304, b"")

    @pytest.mark.parametrize(
        "name", ["../html.py", "tokens.css/..", "", "nothing.css", "__init__.py"]
    )
    def test_only_names_of_the_table_are_served(self, static: StaticFiles, name: str) -> None:
        """Nothing is read from disk after the start, so no path can climb."""
        assert static.respond(f"/static/{static.digest}/{name}").status == 404

    def test_a_bundle_holds_its_parts_in_order(self, static: StaticFiles) -> None:
        """One request for a surface's style sheet."""
        body = static.respond(static.url("page.css")).body

        assert body.index(b"--brand:") < body.index(b".button {")

    def test_two_files_of_one_name_are_refused(self) -> None:
        """Otherwise one surface would silently hide another's file."""
        with pytest.raises(ValueError, match="two static files are called"):
            StaticFiles([KIT, KIT])

    def test_an_unknown_name_in_a_template_is_an_error(self, static: StaticFiles) -> None:
        """A broken link is found by rendering the page."""
        with pytest.raises(KeyError):
            static.url("missing.css")

    def test_an_svg_opened_alone_cannot_run_scripts(self, static: StaticFiles) -> None:
        """An SVG is a document when it is the address of a tab."""
        headers = dict(static.respond(static.url("logo.svg")).headers)

        assert headers["content-security-policy"].startswith("default-src 'none'")
        assert headers["x-content-type-options"] == "nosniff"
