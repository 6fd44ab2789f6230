"""Fixtures of the SDK's tests: a provider that may misbehave, a client that is set up for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from logto import LogtoClient, LogtoConfig, MemoryStorage, UserInfoScope

from tests.sdk.fake_provider import APP_ID, APP_SECRET, FakeProvider, running_provider


@pytest.fixture
def provider() -> Iterator[FakeProvider]:
    """A provider of its own for each test."""
    with running_provider() as provider:
        yield provider


@pytest.fixture
def config(provider: FakeProvider) -> LogtoConfig:
    return LogtoConfig(
        endpoint=provider.endpoint,
        appId=APP_ID,
        appSecret=APP_SECRET,
        resources=["https://books.example/api"],
        scopes=[UserInfoScope.organizations],
    )


@pytest.fixture
def storage() -> MemoryStorage:
    return MemoryStorage()


@pytest.fixture
def client(config: LogtoConfig, storage: MemoryStorage) -> LogtoClient:
    return LogtoClient(config, storage=storage)
