"""`make run-conformance`: run a server that the OpenID Foundation's suite can be pointed at."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
import tempfile
from pathlib import Path

from tests.conformance.suite.front import serve
from tests.conformance.suite.target import Bench, Target, running_target

WELCOME = """
{endpoint}/oidc/.well-known/openid-configuration
Where a person has to sign in: {username}, {password}
Enter rotates the signing keys, Ctrl-C ends it.
"""


async def stay(target: Target, bench: Bench, *, folder: Path) -> None:
    """Serve https until a signal asks to end; each line typed rotates the keys."""
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    if sys.stdin.isatty():
        loop.add_reader(sys.stdin, _rotate, target)
    server = await serve(
        bench,
        behind=target.port,
        authorities=folder / "authorities.pem",
    )
    account = target.account
    print(
        WELCOME.format(
            endpoint=bench.endpoint, username=account.username, password=account.password
        ),
        flush=True,
    )
    await ended.wait()
    server.close()


def _rotate(target: Target) -> None:
    if sys.stdin.readline():
        target.rotate_keys()
        print("The keys are rotated.", flush=True)


def main() -> None:
    """Start everything, say where it is, and stay."""
    usual = Bench()
    parser = argparse.ArgumentParser(
        prog="make run-conformance",
        description='Run a server for the suite. Options go into ARGS="...".',
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--suite", default=usual.suite, help="origin of the suite")
    parser.add_argument("--host", default=usual.host, help="name by which the suite reaches us")
    parser.add_argument("--port", type=int, default=usual.port, help="https port to listen on")
    parser.add_argument("--alias", default=usual.alias, help="alias of the suite's plans")
    parser.add_argument(
        "--output",
        type=Path,
        default=Path("conformance-suite"),
        help="folder for the configurations",
    )
    options = parser.parse_args()
    bench = Bench(options.suite, options.host, options.port, options.alias)
    with tempfile.TemporaryDirectory() as name, running_target(Path(name), bench) as target:
        for path in target.write(options.output):
            print(path)
        asyncio.run(stay(target, bench, folder=Path(name)))


if __name__ == "__main__":
    main()
