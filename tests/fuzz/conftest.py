"""A running server with a Bookstore, and Hypothesis set for a test of a network service."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from hypothesis import HealthCheck, settings

from tests.support.bookstore import Bookstore, open_bookstore
from tests.support.server import Server

settings.register_profile(
    "server",
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
settings.load_profile("server")


@pytest.fixture(scope="module")
def bookstore(server: Server) -> Bookstore:
    return open_bookstore(server)


@pytest.fixture(scope="module")
def http() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=20, verify=False) as client:
        yield client
