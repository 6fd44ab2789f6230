"""An hour of bad requests: no 500, no growth of memory.

    make fuzz                    # an hour
    make fuzz MINUTES=5

Starts a server, sends it spoilt requests to every endpoint of the provider from four threads, and
watches what it answers and how much memory it has. Good requests are mixed in, with codes, tokens
and pushed requests that are good, so that what comes behind the first checks is reached. They come
from many addresses, so that a limit for one of them stops none of it. What failed is printed as it
was sent; a connection that the server closed without an answer is counted as `closed`.
"""

from __future__ import annotations

import argparse
import random
import secrets
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote_plus

import httpx

from tests.fuzz.mangling import AWKWARD, NAMES, OVERSIZED, RAW_VALUES
from tests.support.bookstore import (
    REDIRECT_URI,
    RESOURCE,
    RESOURCE_SCOPE,
    Bookstore,
    code_challenge,
    open_bookstore,
)
from tests.support.pages import Visitor
from tests.support.server import Server, running_server

THREADS = 4
SAMPLE_SECONDS = 10.0
WARM_UP = 0.3
"""The part of a run in which caches fill and the allocator finds its size."""

GROWTH = 1.15
LONG_HEAD = 8_000
"""Bytes of a head beyond which the web server may close the connection without a word."""

CLOSED = "closed"
BEHIND_A_PROXY = {"DOORWARD_TRUSTED_PROXIES": "127.0.0.0/8"}
ADDRESSES = 50_000
VERIFIER = "a-verifier-of-more-than-43-characters-0123456789"
HEADERS = (
    {},
    {"accept": "text/html"},
    {"accept": "application/json"},
    {"origin": "https://evil.example"},
    {"dpop": "a.b.c"},
    {"dpop": "eyJhbGciOiJub25lIn0.e30."},
    {"authorization": "Bearer x"},
    {"authorization": "DPoP " + "A" * 64},
    {"authorization": "Basic !!!"},
    {"cookie": "_session_default=x; _interaction_default=y.z"},
)
JSON_VALUES = ("null", "[]", "{}", "1e309", '{"a":{"b":[1,2,{"c":null}]}}', "[[[[[[[[]]]]]]]]", '"')


@dataclass
class Findings:
    """What the server has answered, by all threads."""

    statuses: Counter[tuple[str, str]] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    memory: list[int] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, path: str, answer: httpx.Response, request: str) -> None:
        """Count an answer; a 5xx that is no 503 with Retry-After is a failure."""
        is_failure = answer.status_code >= 500 and "retry-after" not in answer.headers
        with self.lock:
            self.statuses[path, str(answer.status_code)] += 1
            if is_failure:
                self.failures.append(f"{answer.status_code} {path} {request[:600]}")

    def note_closed(self, path: str, form: bytes, error: httpx.HTTPError) -> None:
        """Count a request without an answer; one that is not too long is a failure."""
        is_too_long = isinstance(error, httpx.NetworkError | httpx.RemoteProtocolError) and (
            len(form) > LONG_HEAD
        )
        with self.lock:
            self.statuses[path, CLOSED] += 1
            if not is_too_long:
                self.failures.append(f"{error!r} {path} {form[:600]!r}")


class Attacker:
    """One thread: good requests, spoilt."""

    def __init__(self, bookstore: Bookstore, *, seed: int) -> None:
        self.bookstore = bookstore
        self.random = random.Random(seed)
        # A connection for each request: one that is closed is then the answer to that request.
        self.http = httpx.Client(timeout=60, limits=httpx.Limits(max_keepalive_connections=0))
        self.visitor = Visitor()
        self.good: dict[str, Callable[[], dict[str, str]]] = {
            "/auth": self._authorize,
            "/token": self._token,
            "/request": self._push,
            "/token/introspection": self._about_token,
            "/token/revocation": self._about_token,
            "/device/auth": self._device,
            "/device": self._user_code,
            "/session/end": self._sign_out,
            "/me": dict,
        }
        self.tokens: dict[str, str] = {}
        """Values that are good, by the names of the parameters that carry them."""

    def run(self, findings: Findings, *, until: float) -> None:
        """Send requests until then."""
        while time.monotonic() < until:
            path = self.random.choice([*self.good])
            if self.random.random() < 0.02:
                self._refresh_tokens()
            form = self._spoilt(self.good[path]())
            headers = {**self.random.choice(HEADERS), "x-forwarded-for": self._address()}
            try:
                answer = self._send(path, form, headers)
            except httpx.InvalidURL:
                continue
            except httpx.HTTPError as error:
                findings.note_closed(path, form, error)
                continue
            findings.note(path, answer, f"{headers} {form!r}")
            if path == "/request" and answer.status_code == 201:
                self.tokens["request_uri"] = answer.json()["request_uri"]

    def _send(self, path: str, form: bytes, headers: dict[str, str]) -> httpx.Response:
        url = f"{self.bookstore.issuer}{path}"
        self.http.cookies.clear()
        if path in {"/auth", "/session/end", "/me", "/device"} and self.random.random() < 0.6:
            return self.http.get(f"{url}?{form.decode('latin-1')}"[:16_000], headers=headers)
        content_type = self.random.choice(
            ["application/x-www-form-urlencoded"] * 8 + ["application/json", "text/plain", ""]
        )
        return self.http.post(url, content=form, headers={**headers, "content-type": content_type})

    def _spoilt(self, good: Mapping[str, str]) -> bytes:
        pairs = [*good.items()]
        draw = self.random
        for _ in range(draw.choice([0, 1, 1, 2, 3, 5])):
            at = draw.randrange(len(pairs)) if pairs else 0
            mishap = draw.randrange(6)
            if mishap == 0 or not pairs:
                pairs.insert(at, (draw.choice(NAMES), self._word()))
            elif mishap == 1:
                del pairs[at]
            elif mishap == 2:
                pairs.append((pairs[at][0], self._word()))
            elif mishap == 3:
                pairs[at] = (pairs[at][0], self._word())
            elif mishap == 4:
                pairs[at] = (pairs[at][0], self._flipped(pairs[at][1]))
            else:
                pairs[at] = (pairs[at][0].upper(), pairs[at][1].swapcase())
        encoded = "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in pairs)
        if draw.random() < 0.05:
            encoded += f"&{draw.choice(NAMES)}={draw.choice(RAW_VALUES)}"
        body = encoded.encode()
        return draw.randbytes(len(body) % 200) if draw.random() < 0.02 else body

    def _word(self) -> str:
        draw = self.random
        kind = draw.randrange(5)
        if kind == 0:
            return draw.choice(OVERSIZED)
        if kind == 1:
            return draw.choice(JSON_VALUES)
        if kind == 2:
            parts = (secrets.token_urlsafe(draw.randrange(1, 40)) for _ in range(3))
            return ".".join(parts)
        if kind == 3:
            return "".join(chr(draw.randrange(1, 0xD7FF)) for _ in range(draw.randrange(30)))
        return draw.choice(AWKWARD)

    def _address(self) -> str:
        number = self.random.randrange(ADDRESSES)
        return f"2001:db8:{number:x}::1" if number % 2 else f"10.1.{number >> 8}.{number & 255}"

    def _flipped(self, value: str) -> str:
        if not value:
            return "x"
        at = self.random.randrange(len(value))
        return value[:at] + chr(self.random.randrange(33, 127)) + value[at + 1 :]

    def _refresh_tokens(self) -> None:
        challenge = {"scope": "openid profile offline_access"}
        self.tokens = {
            name: value
            for name, value in self.bookstore.sign_in(
                self.visitor, self.bookstore.native, **challenge
            ).items()
            if isinstance(value, str)
        }
        self.tokens["code"] = self.bookstore.authorize(
            self.visitor,
            self.bookstore.web,
            code_challenge=code_challenge(VERIFIER),
            code_challenge_method="S256",
        )
        answer = self.http.post(
            f"{self.bookstore.issuer}/device/auth",
            data=self._device(),
            headers={"x-forwarded-for": self._address()},
        )
        self.tokens |= {name: str(value) for name, value in answer.json().items()}

    # Good requests

    def _authorize(self) -> dict[str, str]:
        if self.random.random() < 0.2 and "request_uri" in self.tokens:
            pushed = self.tokens["request_uri"]
            return {"client_id": self.bookstore.web.id, "request_uri": pushed}
        return self._full_request()

    def _full_request(self) -> dict[str, str]:
        application = self.random.choice([self.bookstore.web, self.bookstore.native])
        return {
            "client_id": application.id,
            "redirect_uri": REDIRECT_URI,
            "response_type": "code",
            "scope": "openid profile",
            "state": "a-state",
            "nonce": "a-nonce",
            "code_challenge": code_challenge(VERIFIER),
            "code_challenge_method": "S256",
        }

    def _token(self) -> dict[str, str]:
        grant_type = self.random.choice(
            [
                "client_credentials",
                "refresh_token",
                "authorization_code",
                "urn:ietf:params:oauth:grant-type:device_code",
                "urn:ietf:params:oauth:grant-type:token-exchange",
            ]
        )
        forms = {
            "client_credentials": {
                **self.bookstore.machine.credentials,
                "resource": RESOURCE,
                "scope": RESOURCE_SCOPE,
            },
            "refresh_token": {
                **self.bookstore.native.credentials,
                "refresh_token": self.tokens.get("refresh_token", "x"),
            },
            "authorization_code": {
                **self.bookstore.web.credentials,
                "code": self.tokens.get("code", "x"),
                "redirect_uri": REDIRECT_URI,
                "code_verifier": VERIFIER,
            },
        }
        is_device = grant_type.endswith("device_code")
        client = self.bookstore.device if is_device else self.bookstore.web
        rest = {
            **client.credentials,
            "device_code": self.tokens.get("device_code", "x"),
            "subject_token": self.tokens.get("access_token", "x"),
            "subject_token_type": "urn:ietf:params:oauth:token-type:access_token",
        }
        return {"grant_type": grant_type, **forms.get(grant_type, rest)}

    def _push(self) -> dict[str, str]:
        form = {**self._full_request(), "client_id": self.bookstore.web.id}
        return form | self.bookstore.web.credentials

    def _about_token(self) -> dict[str, str]:
        token = self.random.choice([*self.tokens.values(), secrets.token_urlsafe(48)])
        return {"token": token, **self.bookstore.web.credentials}

    def _device(self) -> dict[str, str]:
        return {**self.bookstore.device.credentials, "scope": "openid"}

    def _user_code(self) -> dict[str, str]:
        return {"user_code": self.tokens.get("user_code", "BCDF-GHJK")}

    def _sign_out(self) -> dict[str, str]:
        return {
            "id_token_hint": self.tokens.get("id_token", "x"),
            "post_logout_redirect_uri": "http://localhost:3000/",
        }


def memory_of(server: Server) -> int:
    """Return the resident memory of a server and its workers, in kB."""
    assert server.process is not None
    return sum(_resident(pid) for pid in _family(server.process.pid))


def _family(pid: int) -> Iterator[int]:
    yield pid
    children = Path(f"/proc/{pid}/task/{pid}/children")
    for child in children.read_text().split() if children.exists() else ():
        yield from _family(int(child))


def _resident(pid: int) -> int:
    status = Path(f"/proc/{pid}/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((int(line.split()[1]) for line in lines if line.startswith("VmRSS")), 0)


def attack(server: Server, bookstore: Bookstore, *, seconds: float, seed: int) -> Findings:
    """Attack a server for so long; return what came of it."""
    findings = Findings()
    until = time.monotonic() + seconds
    with ThreadPoolExecutor(THREADS) as threads:
        attackers = [Attacker(bookstore, seed=seed + number) for number in range(THREADS)]
        runs = [threads.submit(attacker.run, findings, until=until) for attacker in attackers]
        while time.monotonic() < until:
            time.sleep(min(SAMPLE_SECONDS, seconds / 20))
            findings.memory.append(memory_of(server))
    # An attacker that gave up was not let in with good credentials: that is a failure as well.
    findings.failures += [f"gave up: {error!r}" for run in runs if (error := run.exception())]
    return findings


def growth(memory: list[int]) -> float:
    """Return by what factor memory grew once the server was warm."""
    warm = memory[int(len(memory) * WARM_UP) :]
    part = max(1, len(warm) // 5)
    return (sum(warm[-part:]) / part) / (sum(warm[:part]) / part)


def main(arguments: list[str] | None = None) -> int:
    """Run for `--minutes`; return 1 if the server failed or grew."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**32))
    options = parser.parse_args(arguments)
    print(f"seed {options.seed}, {options.minutes:g} minutes")
    with (
        tempfile.TemporaryDirectory() as folder,
        running_server(Path(folder), settings=BEHIND_A_PROXY) as server,
    ):
        bookstore = open_bookstore(server)
        findings = attack(server, bookstore, seconds=options.minutes * 60, seed=options.seed)
        tracebacks = server.log.count("Traceback (most recent call last)")

    for (path, status), count in sorted(findings.statuses.items()):
        print(f"{path:24} {status:6} {count:8}")
    factor = growth(findings.memory)
    first, last = findings.memory[0] // 1024, findings.memory[-1] // 1024
    print(f"{sum(findings.statuses.values())} requests, {len(findings.failures)} failures")
    print(f"{tracebacks} tracebacks in the log")
    print(f"memory {first} MB at first, {last} MB at last, grew by {factor:.3f} once warm")
    for failure in findings.failures[:20]:
        print(failure)
    return 1 if findings.failures or tracebacks or factor > GROWTH else 0


if __name__ == "__main__":
    sys.exit(main())
