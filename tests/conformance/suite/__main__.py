"""`make run-conformance`: run a server that the OpenID Foundation's suite can be pointed at."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import tempfile
from pathlib import Path

from tests.conformance.suite.front import serve
from tests.conformance.suite.target import Bench, Target, running_target


async def stay(target: Target, bench: Bench, *, folder: Path) -> None:
    """Serve https until interrupted."""
    server = await serve(
        host=bench.host,
        port=bench.port,
        behind=target.port,
        authorities=folder / "authorities.pem",
    )
    async with server:
        await server.serve_forever()


def main() -> None:
    """Start everything, say where it is, and stay."""
    usual = Bench()
    parser = argparse.ArgumentParser(prog="make run-conformance", description=main.__doc__)
    parser.add_argument("--suite", default=usual.suite, help="origin of the suite")
    parser.add_argument("--host", default=usual.host, help="name by which the suite reaches us")
    parser.add_argument("--port", type=int, default=usual.port, help="https port to listen on")
    parser.add_argument("--alias", default=usual.alias, help="alias of the suite's plans")
    parser.add_argument("--output", type=Path, default=Path("conformance-suite"))
    options = parser.parse_args()
    bench = Bench(options.suite, options.host, options.port, options.alias)
    with tempfile.TemporaryDirectory() as name, running_target(Path(name), bench) as target:
        for path in target.write(options.output):
            print(path)
        print(f"{bench.endpoint}/oidc/.well-known/openid-configuration; Ctrl-C ends it", flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(stay(target, bench, folder=Path(name)))


if __name__ == "__main__":
    main()
