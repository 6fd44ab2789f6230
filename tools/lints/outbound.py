"""One way out: `kit/http_client.py`, which limits time, size and redirects and guards addresses."""

from __future__ import annotations

from collections.abc import Iterator

from tools.lints.source import Finding, Source, imported_modules

RULE = "outbound"
PLACE = "src/doorward/kit/http_client.py"
CLIENTS = ("httpx", "requests", "aiohttp", "urllib3", "urllib.request", "http.client")


def check(source: Source) -> Iterator[Finding]:
    """Yield each import of another HTTP client in the server package."""
    if not source.is_server_code or source.path == PLACE:
        return
    for module, line in imported_modules(source.tree):
        if any(module == client or module.startswith(f"{client}.") for client in CLIENTS):
            yield from source.finding(line, RULE, f"{module}: call through kit.http_client")
