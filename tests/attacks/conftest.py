"""A house with people in it, as the tests of the provider have it."""

from __future__ import annotations

import pytest_asyncio

from doorward.users.tables import User
from tests.attacks.credentials import Scene
from tests.oidc.conftest import ada, admin_house, house, web
from tests.oidc.house import House, RegisteredClient

__all__ = ["ada", "admin_house", "house", "scene", "web"]


@pytest_asyncio.fixture
async def scene(house: House, web: RegisteredClient, ada: User) -> Scene:
    """Ada, her client, and whoever else is about."""
    return Scene(house=house, client=web, user=ada, thief=await house.add_client())
