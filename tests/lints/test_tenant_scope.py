"""A store function that runs a statement takes the tenant."""

from tests.lints.conftest import Found
from tools.lints import tenant_scope

STORE = "src/doorward/users/store.py"


class TestTenantScope:
    def test_finds_a_read_without_a_tenant(self, found: Found) -> None:
        text = "async def find_user(db, *, id):\n    return await db.one(FIND, id=id)\n"

        assert found(tenant_scope, STORE, text) == [
            (1, "find_user runs a statement but has no keyword-only tenant_id")
        ]

    def test_finds_a_tenant_that_could_be_swapped_with_an_id(self, found: Found) -> None:
        """Positional parameters are mixed up easily: the tenant is given by name."""
        text = "async def find_user(db, tenant_id, id):\n    return await db.one(F, id=id)\n"

        assert [line for line, _ in found(tenant_scope, STORE, text)] == [1]

    def test_finds_a_tenant_that_is_not_used(self, found: Found) -> None:
        text = "async def drop(tx, *, tenant_id, id):\n    await tx.execute(DROP, id=id)\n"

        assert found(tenant_scope, STORE, text) == [(1, "drop takes tenant_id but does not use it")]

    def test_looks_into_inner_functions_and_classes(self, found: Found) -> None:
        text = (
            "class Users:\n"
            "    async def count(self, db):\n"
            "        async def inner():\n"
            "            return await db.value(COUNT)\n"
            "        return await inner()\n"
        )

        assert [line for line, _ in found(tenant_scope, STORE, text)] == [2]

    def test_is_content_with_a_tenant_that_is_used(self, found: Found) -> None:
        text = (
            "async def find_user(db, *, tenant_id, id):\n"
            "    return await db.one(FIND, tenant_id=tenant_id, id=id)\n"
            "def is_active(user):\n"
            "    return all(user.flags)\n"
        )

        assert found(tenant_scope, STORE, text) == []

    def test_takes_a_reason(self, found: Found) -> None:
        text = (
            "# lint: tenant-scope: sweeps expired rows of every tenant\n"
            "async def sweep(tx, *, now):\n"
            "    return await tx.execute(SWEEP, now=now)\n"
        )

        assert found(tenant_scope, STORE, text) == []

    def test_takes_no_excuse_without_a_reason(self, found: Found) -> None:
        text = "async def sweep(tx):  # lint: tenant-scope:\n    await tx.execute(SWEEP)\n"

        assert len(found(tenant_scope, STORE, text)) == 1

    def test_looks_at_stores_only(self, found: Found) -> None:
        text = "async def find_user(db, *, id):\n    return await db.one(FIND, id=id)\n"

        assert found(tenant_scope, "src/doorward/users/api.py", text) == []
