"""SQL has few places."""

import pytest

from tests.lints.conftest import Found
from tools.lints import sql_place

API = "src/doorward/users/api.py"


class TestSqlPlace:
    @pytest.mark.parametrize(
        "text",
        [
            "from sqlalchemy import select",
            "import sqlite3",
            "def f():\n    import asyncpg",
            'x = "SELECT id FROM users WHERE id = 1"',
            'x = f"delete from users where id = {y}"',
            'x = "UPDATE users SET name = 1"',
        ],
    )
    def test_finds_sql_elsewhere(self, found: Found, text: str) -> None:
        assert len(found(sql_place, API, text)) == 1

    @pytest.mark.parametrize(
        "path",
        [
            "src/doorward/users/store.py",
            "src/doorward/users/tables.py",
            "src/doorward/storage/sqlite.py",
            "tests/users/test_store.py",
        ],
    )
    def test_allows_it_in_its_place(self, found: Found, path: str) -> None:
        assert found(sql_place, path, "from sqlalchemy import select") == []

    @pytest.mark.parametrize(
        "text",
        [
            '"""Select a user from the list."""',
            "from doorward.users import store",
            'x = "Select a country"',
            'x = "Update your password"',
        ],
    )
    def test_leaves_prose_alone(self, found: Found, text: str) -> None:
        assert found(sql_place, API, text) == []

    @pytest.mark.parametrize(
        "text",
        ["from doorward.users.tables import users", "from doorward.users import store, tables"],
    )
    def test_finds_another_slices_tables(self, found: Found, text: str) -> None:
        """Even a store reads another slice's rows through that slice's store."""
        other = "src/doorward/sessions/store.py"

        assert found(sql_place, other, text) == [(1, "call users.store, not its tables")]
        assert found(sql_place, "src/doorward/users/store.py", text) == []

    def test_allows_another_slices_records(self, found: Found) -> None:
        """A record is a value that the store returned; naming its type reads no table."""
        text = "from doorward.users.tables import User, UserId"

        assert found(sql_place, "src/doorward/sessions/store.py", text) == []
