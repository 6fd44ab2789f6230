"""A house with people in it, as the tests of the provider have it."""

from __future__ import annotations

import pytest_asyncio

from doorward.users.tables import User
from tests.attacks.credentials import Scene
from tests.oidc.conftest import ada, admin_house, house
from tests.oidc.house import House

__all__ = ["ada", "admin_house", "house", "scene"]


@pytest_asyncio.fixture
async def scene(house: House, ada: User) -> Scene:
    """Ada, a client that may do what a client may, and another one."""
    client, thief = [await house.add_client(allowTokenExchange=True) for _ in range(2)]
    return Scene(house=house, client=client, user=ada, thief=thief)
