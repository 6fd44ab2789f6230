"""Which connectors there are: built-ins, and those of installed packages."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from doorward.connectors.registry import BUILT_IN, connector_factories
from doorward.errors import ConfigurationError

MODULE = """
from doorward.connectors.oauth2 import CLIENT_FIELDS, OAuth2Connector
from doorward.connectors.protocol import ConnectorMetadata, ConnectorType, Platform, SocialIdentity

CONNECTOR = OAuth2Connector(
    metadata=ConnectorMetadata(
        id={id!r},
        target="paper",
        type=ConnectorType.SOCIAL,
        platform=Platform.UNIVERSAL,
        name="Paper",
        description="Sign in with Paper.",
        logo="data:image/svg+xml,%3Csvg/%3E",
        form=CLIENT_FIELDS,
    ),
    authorization_endpoint="https://paper.example/authorize",
    token_endpoint="https://paper.example/token",
    user_endpoint="https://paper.example/me",
    default_scope="me",
    identity=lambda user: SocialIdentity(id=user["id"], raw=dict(user)),
)
"""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder on the import path, as an installed package would be."""
    monkeypatch.syspath_prepend(str(tmp_path))
    connector_factories.cache_clear()
    yield tmp_path
    connector_factories.cache_clear()
    sys.modules.pop("paper_connector", None)


def install(site: Path, *, id_: str) -> None:
    """Install a package with a connector, the way pip leaves one behind."""
    (site / "paper_connector.py").write_text(MODULE.format(id=id_))
    info = site / "paper_connector-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: paper-connector\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[doorward.connectors]\npaper = paper_connector:CONNECTOR\n"
    )


def test_built_in() -> None:
    """Discord is there without anything installed."""
    assert [connector.metadata.id for connector in BUILT_IN] == ["discord-universal"]
    assert "discord-universal" in connector_factories()


def test_installed_package(site: Path) -> None:
    """A package adds a connector through the entry point group."""
    install(site, id_="paper-web")

    assert connector_factories()["paper-web"].metadata.name == "Paper"


def test_taken_id(site: Path) -> None:
    """A package cannot take the place of a built-in."""
    install(site, id_="discord-universal")

    with pytest.raises(ConfigurationError, match="two connectors are called 'discord-universal'"):
        connector_factories()
