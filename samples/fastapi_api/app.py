"""An API that asks for an access token: scope read:books to list, write:books to add."""

import os
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException
from fastapi.responses import HTMLResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from logto import AccessTokenClaims, AccessTokenVerifier, LogtoException

RESOURCE = os.environ.get("API_RESOURCE", "https://books.example/api")

app = FastAPI(title="Books")
books = ["The Name of the Rose", "Gödel, Escher, Bach"]
bearer = HTTPBearer(auto_error=False)
verifier = AccessTokenVerifier(
    os.environ.get("LOGTO_ENDPOINT", "http://localhost:3001"), resource=RESOURCE
)


async def check_token(
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)],
) -> AccessTokenClaims:
    """Return the claims of the request's token, or answer 401 (RFC 6750 section 3)."""
    if credentials is None:
        raise HTTPException(401, "no token", {"WWW-Authenticate": "Bearer"})
    try:
        return await verifier.verify(credentials.credentials)
    except LogtoException as error:
        challenge = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
        raise HTTPException(401, str(error), challenge) from error


def needs(scope: str):
    """Let only tokens pass that were granted `scope`; the others are answered 403."""

    async def check(claims: Annotated[AccessTokenClaims, Depends(check_token)]) -> None:
        if scope not in claims.scopes:
            challenge = {"WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{scope}"'}
            raise HTTPException(403, f"the token lacks the scope {scope}", challenge)

    return Depends(check)


@app.get("/api/books", dependencies=[needs("read:books")])
async def list_books() -> list[str]:
    return books


@app.post("/api/books", dependencies=[needs("write:books")], status_code=201)
async def add_book(title: str) -> list[str]:
    books.append(title)
    return books


@app.get("/", response_class=HTMLResponse, include_in_schema=False)
async def home() -> str:
    return f"""<!doctype html><html lang="en"><meta charset="utf-8"><title>Books API</title>
<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">
<style>body{{font:16px/1.6 system-ui;max-width:36rem;margin:12vh auto;padding:0 1rem}}
code{{padding:.1em .4em;border-radius:6px;background:#8882}}</style>
<h1>Books API</h1><p>Resource <code>{RESOURCE}</code></p>
<p><code>GET /api/books</code> needs <code>read:books</code>,
<code>POST /api/books?title=…</code> needs <code>write:books</code>.</p>
<p><a href="/docs">Try it</a> with an access token of a user or of a machine.</p></html>"""
