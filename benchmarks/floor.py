"""The floor: the least work a durable client_credentials answer can be, on our web server.

One plain ASGI program: parse the form, compare the secret in constant time, sign an ES256 JWT,
commit one audit row in SQLite (WAL, synchronous=FULL) with group commit, answer JSON. No routing,
no clients, no scopes, no settings. What Doorward needs beyond this is the price of a real server.

    python -m benchmarks.floor PORT DATABASE_FILE     (CLIENT_ID, CLIENT_SECRET in the environment)
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
import os
import secrets
import sqlite3
import sys
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qsl

import uvloop
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from granian.constants import Interfaces
from granian.server.embed import Server

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

SIGNATURE_ALGORITHM = ec.ECDSA(hashes.SHA256())
INSERT = "INSERT INTO audit (tenant_id, id, key, payload, created_at) VALUES (?, ?, ?, ?, ?)"


class GroupCommit:
    """One SQLite writer whose transactions share a commit.

    Rows are inserted in the event loop while the writer is free; the commit runs in a thread, and
    rows that arrive meanwhile wait for the next one. `add` returns once its row is on disk.
    """

    def __init__(self, path: str) -> None:
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS audit (tenant_id TEXT, id TEXT, key TEXT, payload TEXT,"
            " created_at INTEGER, PRIMARY KEY (tenant_id, id)) WITHOUT ROWID"
        )
        self._waiting: list[tuple[tuple[object, ...], asyncio.Future[None]]] = []
        self._arrived = asyncio.Event()

    async def add(self, row: tuple[object, ...]) -> None:
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((row, done))
        self._arrived.set()
        await done

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            batch, self._waiting = self._waiting, []
            self._db.execute("BEGIN IMMEDIATE")
            self._db.executemany(INSERT, [row for row, _ in batch])
            await loop.run_in_executor(None, self._db.execute, "COMMIT")
            for _, done in batch:
                done.set_result(None)


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Floor:
    def __init__(self, *, audit: GroupCommit, client_id: str, client_secret: str) -> None:
        self._audit = audit
        self._client_id = client_id
        self._client_secret = client_secret.encode()
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._header = base64url(b'{"alg":"ES256","typ":"at+jwt","kid":"floor"}')

    def sign(self, claims: dict[str, object]) -> str:
        signing_input = f"{self._header}.{base64url(json.dumps(claims).encode())}"
        r, s = decode_dss_signature(self._key.sign(signing_input.encode(), SIGNATURE_ALGORITHM))
        return f"{signing_input}.{base64url(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        status, answer = await self.answer(body)
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(answer)).encode()),
            (b"cache-control", b"no-store"),
        ]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    async def answer(self, body: bytes) -> tuple[int, bytes]:
        form = dict(parse_qsl(body.decode()))
        secret = form.get("client_secret", "").encode()
        known = form.get("client_id") == self._client_id
        if not (hmac.compare_digest(secret, self._client_secret) and known):
            return 401, b'{"error":"invalid_client"}'

        now = int(time.time())
        token_id = secrets.token_urlsafe(16)
        scope = form.get("scope", "")
        token = self.sign(
            {
                "jti": token_id,
                "sub": self._client_id,
                "iat": now,
                "exp": now + 3600,
                "scope": scope,
                "client_id": self._client_id,
                "iss": "http://127.0.0.1/oidc",
                "aud": form.get("resource", ""),
            }
        )

        entry = {"applicationId": self._client_id, "scope": scope, "result": "Success"}
        await self._audit.add(
            ("default", token_id, "ExchangeTokenBy.ClientCredentials", json.dumps(entry), now)
        )

        answer = {
            "access_token": token,
            "expires_in": 3600,
            "scope": scope,
            "token_type": "Bearer",
        }
        return 200, json.dumps(answer).encode()


async def serve(port: int, path: str) -> None:
    audit = GroupCommit(path)
    app = Floor(
        audit=audit,
        client_id=os.environ["CLIENT_ID"],
        client_secret=os.environ["CLIENT_SECRET"],
    )
    server = Server(
        app,
        "127.0.0.1",
        port,
        interface=Interfaces.ASGI,
        log_enabled=False,
        websockets=False,
    )
    writer = asyncio.create_task(audit.run())
    try:
        await server.serve()
    finally:
        writer.cancel()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]), sys.argv[2]))
