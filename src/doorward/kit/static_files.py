"""Static files held in memory, compressed once, addressed by the hash of their contents.

    /static/<digest>/<name>      digest over all files of the table

One digest for the whole table keeps relative references between files (`url(...)`, `import`)
working. An address with the current digest may be cached for ever; one with another digest comes
from a page that an older or newer node rendered during an upgrade and is answered uncached.
"""

import gzip
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

import msgspec

CONTENT_TYPES: Final = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
    "png": "image/png",
    "ico": "image/x-icon",
    "json": "application/json",
    "txt": "text/plain; charset=utf-8",
}
FOREVER: Final = "public, max-age=31536000, immutable"
REVALIDATE: Final = "public, no-cache"


class StaticFile(msgspec.Struct, frozen=True):
    """One file: its bytes, the same bytes compressed (None where that is no gain) and its ETag."""

    name: str
    body: bytes
    compressed: bytes | None
    content_type: str
    etag: str


class StaticResponse(msgspec.Struct, frozen=True):
    """What to answer, for any web framework: header names are lower case."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


class StaticFiles:
    """The table of all static files of a process.

    `folders` names packages and a folder in each, e.g. `("doorward.kit", "static")`; `bundles` maps
    the name of a file to make to the names of the files it is made of, in order. A name that two
    folders share is an error, raised here.
    """

    def __init__(
        self,
        folders: Iterable[tuple[str, str]],
        *,
        bundles: Mapping[str, Sequence[str]] | None = None,
        prefix: str = "/static/",
    ) -> None:
        contents: dict[str, bytes] = {}
        for package, folder in folders:
            for name, body in _read_tree(files(package) / folder):
                if name in contents:
                    raise ValueError(f"two static files are called {name}")
                contents[name] = body
        for name, parts in (bundles or {}).items():
            contents[name] = b"\n".join(contents[part] for part in parts)
        self._files = {name: _static_file(name, body) for name, body in contents.items()}
        self.prefix = prefix
        self.digest = _digest(
            b"".join(f.etag.encode() + n.encode() for n, f in sorted(self._files.items()))
        )

    def url(self, name: str) -> str:
        """The address of a file. Raises KeyError for a name that is not in the table."""
        return f"{self.prefix}{self.digest}/{self._files[name].name}"

    def get_file(self, name: str) -> StaticFile:
        """A file by its name. Raises KeyError for a name that is not in the table."""
        return self._files[name]

    def find_file(self, name: str) -> StaticFile | None:
        """A file by its name, e.g. `icons.svg` or `logos/flask.svg`."""
        return self._files.get(name)

    def respond(
        self, path: str, *, accept_encoding: str = "", if_none_match: str = ""
    ) -> StaticResponse:
        """The answer to a GET of `path` (which begins with the prefix): 200, 304 or 404."""
        digest, _, name = path.removeprefix(self.prefix).partition("/")
        found = self._files.get(name)
        if found is None:
            return StaticResponse(
                404, (("content-type", "text/plain"), ("cache-control", "no-store")), b"Not found"
            )

        common = (
            ("etag", found.etag),
            ("cache-control", FOREVER if digest == self.digest else REVALIDATE),
            ("vary", "accept-encoding"),
        )
        if found.etag in if_none_match:
            return StaticResponse(304, common, b"")

        # An SVG opened by itself is a document: it may neither run nor load anything.
        headers = (
            *common,
            ("content-type", found.content_type),
            ("x-content-type-options", "nosniff"),
            ("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox"),
            (
                "cross-origin-resource-policy",
                "cross-origin" if name.startswith("logos/") else "same-origin",
            ),
        )
        if found.compressed is not None and "gzip" in accept_encoding:
            return StaticResponse(200, (*headers, ("content-encoding", "gzip")), found.compressed)
        return StaticResponse(200, headers, found.body)


def _read_tree(folder: Traversable, path: str = "") -> Iterable[tuple[str, bytes]]:
    for entry in sorted(folder.iterdir(), key=lambda item: item.name):
        if entry.is_dir():
            yield from _read_tree(entry, f"{path}{entry.name}/")
        elif entry.name.rpartition(".")[2] in CONTENT_TYPES:
            yield path + entry.name, entry.read_bytes()


def _static_file(name: str, body: bytes) -> StaticFile:
    compressed = gzip.compress(body, 9, mtime=0)
    return StaticFile(
        name=name,
        body=body,
        compressed=compressed if len(compressed) < len(body) else None,
        content_type=CONTENT_TYPES[name.rpartition(".")[2]],
        etag=f'"{_digest(body)}"',
    )


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()[:16]
