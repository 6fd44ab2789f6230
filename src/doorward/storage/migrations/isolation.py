"""Row-level security of a new table, as every table has it since the first revision.

A connection sees the rows of the tenant it says it serves, or, for work that crosses tenants, of
all ('*'). FORCE makes it hold for the table owner too.
"""

from __future__ import annotations

from alembic import op


def isolate_tenants(*tables: str) -> None:
    """Let PostgreSQL show the rows of `tables` to their own tenant only."""
    if op.get_bind().dialect.name != "postgresql":
        return
    for table in tables:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY tenant_isolation ON {table} USING ("
            "tenant_id = current_setting('doorward.tenant', true) "
            "OR current_setting('doorward.tenant', true) = '*')"
        )
