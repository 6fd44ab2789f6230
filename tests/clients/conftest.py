"""A running server with a Bookstore, shared by the tests of one module."""

from __future__ import annotations

import pytest

from tests.support.bookstore import Bookstore, open_bookstore
from tests.support.server import Server


@pytest.fixture(scope="module")
def bookstore(server: Server) -> Bookstore:
    return open_bookstore(server)
