"""What a million users, and five million sessions and refresh tokens, cost each request.

Two servers on SQLite, one with a crowd in its database and one with next to nothing, loaded in turn
with tokens that are spread over the whole of their tables. Then the sweep of expired rows runs
under load. Filling takes some minutes and about ten gigabytes, so this figure is asked for by name.
"""

from __future__ import annotations

import sqlite3
import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from benchmarks import authorization_code, dpop, par, token_exchange
from benchmarks.crowd import Size, expire, fill
from benchmarks.harness import (
    SERVER_CORE,
    BenchmarkError,
    Figure,
    Load,
    Options,
    alternate,
    medians,
    on_cores,
    ratio,
    wrk,
)
from benchmarks.password_sign_in import AT_ONCE, sign_ins
from benchmarks.workbench import Workbench, workbench

SMALL = Size(users=1_000, sessions=20_000, applications=10, resources=10)
EXPIRED = 400_000
SWEEP_STARTS_WITHIN = 90.0

Run = Callable[[Options], Load]


def measure(options: Options) -> list[Figure]:
    size = Size() if options.rounds > 1 else Size(users=10_000, sessions=50_000)
    with workbench() as small, workbench() as full:
        _populate(small, SMALL)
        _populate(full, size)
        figures = [_compare(name, small, full, options) for name in LOADS]
        figures.append(_password_sign_in(small, full, options))
        figures.append(_sweep(full, size, options))
    return figures


def _populate(bench: Workbench, size: Size) -> None:
    bench.server.stop()
    tokens = fill(bench.server.directory / "data", client_id=bench.bookstore.native.id, size=size)
    _read_once(bench)
    bench.tokens_file.write_text("".join(f"{token}\n" for token in tokens.refresh))
    _access_tokens_file(bench).write_text("".join(f"{token}\n" for token in tokens.access))
    with on_cores(SERVER_CORE):
        bench.server.start()


def _read_once(bench: Workbench) -> None:
    """Bring the file into memory, where a server that has been running for a day finds it."""
    with (bench.server.directory / "data" / "doorward.sqlite").open("rb", buffering=0) as file:
        while file.read(1 << 24):
            pass


def _access_tokens_file(bench: Workbench) -> Path:
    return bench.server.directory / "access-tokens"


def _userinfo(bench: Workbench, options: Options) -> Load:
    return wrk(
        f"{bench.origin}/oidc/me",
        options=options,
        headers=bench.headers,
        script="spread.lua",
        tokens_file=_access_tokens_file(bench),
    )


def _introspection(bench: Workbench, options: Options) -> Load:
    credentials = bench.bookstore.web.credentials
    return wrk(
        f"{bench.origin}/oidc/token/introspection",
        options=options,
        body="&".join(f"{name}={value}" for name, value in credentials.items()),
        headers=bench.headers,
        script="spread.lua",
        tokens_file=_access_tokens_file(bench),
    )


def _authorization_code(bench: Workbench) -> Run:
    cookies = authorization_code.cookies_of_somebody(bench)
    return lambda options: authorization_code.exchange(bench, options, cookies=cookies)


def _dpop(bench: Workbench) -> Run:
    provers = dpop.new_provers()
    return lambda options: dpop.bound_client_credentials(bench, provers, options)


def _token_exchange(bench: Workbench) -> Run:
    body = token_exchange.exchange_form(bench)
    return lambda options: bench.post("/oidc/token", body, options)


LOADS: dict[str, Callable[[Workbench], Run]] = {
    "client_credentials": lambda bench: bench.client_credentials,
    "refresh_token": lambda bench: bench.refresh_token,
    "userinfo": lambda bench: partial(_userinfo, bench),
    "introspection": lambda bench: partial(_introspection, bench),
    "authorization_code": _authorization_code,
    "PAR": lambda bench: partial(par.push, bench),
    "client_credentials with DPoP": _dpop,
    "token exchange": _token_exchange,
    "discovery": lambda bench: bench.discovery,
}
"""What is prepared once on a server, for the runs of one load."""


def _compare(name: str, small: Workbench, full: Workbench, options: Options) -> Figure:
    on_small, on_full = (LOADS[name](bench) for bench in (small, full))
    taken = alternate(
        {"small": lambda: on_small(options).rate, "full": lambda: on_full(options).rate},
        rounds=options.rounds,
    )
    return Figure(
        name=f"{name}, a crowd in the database / nobody",
        value=ratio(taken, "full", "small"),
        target=0.8,
        detail=medians(taken),
    )


def _password_sign_in(small: Workbench, full: Workbench, options: Options) -> Figure:
    taken = alternate(
        {
            "small": lambda: sign_ins(small, at_once=AT_ONCE)[1],
            "full": lambda: sign_ins(full, at_once=AT_ONCE)[1],
        },
        rounds=options.rounds,
    )
    return Figure(
        name="password sign-in besides Argon2id, a crowd / nobody",
        value=ratio(taken, "full", "small"),
        target=1.2,
        at_least=False,
        detail=medians(taken),
    )


def _sweep(bench: Workbench, size: Size, options: Options) -> Figure:
    """The p99 of client_credentials over its median, while expired rows are being deleted."""
    bench.server.stop()
    expire(
        bench.server.directory / "data",
        count=EXPIRED,
        client_id=bench.bookstore.native.id,
        size=size,
    )
    _read_once(bench)
    with on_cores(SERVER_CORE):
        bench.server.start()
    ratios = []
    left = _expired(bench)
    deadline = time.monotonic() + SWEEP_STARTS_WITHIN
    # Codes that nobody exchanged expire meanwhile, too.
    while _expired(bench) >= left:
        if time.monotonic() > deadline:
            raise BenchmarkError("the sweep did not start")
        time.sleep(0.5)
    for _ in range(options.rounds):
        before = _expired(bench)
        load = bench.client_credentials(options)
        if _expired(bench) == 0 or before == 0:
            break
        ratios.append(load.p99 / load.p50)
    if not ratios:
        raise BenchmarkError("the sweep was over too soon to be measured")
    return Figure(
        name="p99 / median of client_credentials during a sweep",
        value=statistics.median(ratios),
        target=2.0,
        at_least=False,
        detail={"rounds during the sweep": len(ratios), "worst": max(ratios)},
    )


def _expired(bench: Workbench) -> int:
    path = bench.server.directory / "data" / "doorward.sqlite"
    now = int(time.time() * 1000)
    database = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        count: int = database.execute(
            "SELECT count(*) FROM grants WHERE expires_at <= ?",
            (now,),
        ).fetchone()[0]
    finally:
        database.close()
    return count
