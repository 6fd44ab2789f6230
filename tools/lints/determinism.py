"""Clock and randomness are injected: they come from `kit`, so that a test can hold them still."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tools.lints.source import Finding, Source, dotted

RULE = "determinism"
CLOCK = {
    "datetime.now",
    "datetime.utcnow",
    "datetime.today",
    "date.today",
    "time.time",
    "time.time_ns",
}
CHANCE = {
    "os.urandom",
    "secrets.choice",
    "secrets.randbelow",
    "secrets.randbits",
    "secrets.token_bytes",
    "secrets.token_hex",
    "secrets.token_urlsafe",
    "uuid.uuid1",
    "uuid.uuid4",
}
# settings.py makes the master key of a first start, before anything could be injected.
EXEMPT = ("src/doorward/kit/", "src/doorward/settings.py")


def check(source: Source) -> Iterator[Finding]:
    """Yield each reading of the clock, or of chance, outside kit."""
    if not source.is_server_code or source.path.startswith(EXEMPT):
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call):
            name = ".".join(dotted(node.func).split(".")[-2:])
            if name in CLOCK:
                yield from source.finding(node.lineno, RULE, f"{name}(): use the injected clock")
            elif name in CHANCE or name.startswith("random."):
                yield from source.finding(node.lineno, RULE, f"{name}(): use kit")
