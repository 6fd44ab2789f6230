"""The package as such: its examples run, its import is quick, a forked worker begins anew."""

from __future__ import annotations

import doctest
import importlib
import inspect
import multiprocessing
import pkgutil
import subprocess
import sys

import logto
import pytest
from logto import (
    AccessToken,
    LogtoClient,
    LogtoClientSync,
    LogtoConfig,
    MemoryStorage,
    OidcCore,
    SignInSession,
    TokenResponse,
)

from tests.sdk.fake_provider import REDIRECT_URI, FakeProvider

MODULES = ["logto", *(m.name for m in pkgutil.walk_packages(logto.__path__, "logto."))]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    """The examples of the docstrings do what they say."""
    importlib.import_module(name)

    assert doctest.testmod(sys.modules[name]).failed == 0


def test_import_is_light() -> None:
    """The HTTP client and the cryptography are loaded by the first request, not by the import."""
    heavy = "{'httpx', 'joserfc', 'cryptography', 'aiohttp', 'anyio'}"
    program = f"import sys, logto; print(sorted({heavy} & set(sys.modules)))"

    seen = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)

    assert seen.stdout == "[]\n"


@pytest.mark.parametrize("door", [LogtoClient, LogtoClientSync, OidcCore])
def test_every_method_has_both_spellings(door: type) -> None:
    """`signIn` and `sign_in`, whichever client."""
    names = {n for n, v in inspect.getmembers(door, callable) if not n.startswith("_")}
    names -= {"OidcCore"}
    camel = {name for name in names if name != name.lower()}

    snake = {"".join(f"_{c.lower()}" if c.isupper() else c for c in name) for name in camel}

    assert snake == names - camel


def test_both_clients_have_the_same_methods() -> None:
    """What one can do, the other can, with the same parameters."""
    public = [n for n in vars(LogtoClient) if not n.startswith("_")]

    for name in public:
        ours, theirs = getattr(LogtoClient, name), getattr(LogtoClientSync, name)
        assert list(inspect.signature(ours).parameters) == list(
            inspect.signature(theirs).parameters
        ), name


def test_secrets_are_not_printed() -> None:
    """What ends up in a log by accident says nothing."""
    printed = [
        LogtoConfig(endpoint="http://localhost:3001", appId="a", appSecret="hush"),
        TokenResponse(
            access_token="hush", token_type="", expires_in=1, refresh_token="hush", id_token="hush"
        ),
        AccessToken(token="hush", expiresAt=1),
        SignInSession(redirectUri="", codeVerifier="hush", state=""),
    ]

    assert "hush" not in repr(printed)


def _sign_in_url(config: LogtoConfig) -> str:
    return LogtoClientSync(config, MemoryStorage()).sign_in(REDIRECT_URI)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # forking beside threads is the point
def test_forked_worker(provider: FakeProvider, config: LogtoConfig) -> None:
    """A server that forks after the first request: its workers get connections of their own."""
    _sign_in_url(config)
    provider.metadata = {}

    with multiprocessing.get_context("fork").Pool(1) as pool:
        url = pool.apply_async(_fetch_again, (config,)).get(timeout=20)

    assert url.startswith(f"{provider.issuer}/auth?")


def _fetch_again(config: LogtoConfig) -> str:
    from logto import provider

    provider._metadata.clear()
    return _sign_in_url(config)
