"""Alembic migrations, run by `doorward migrate` and at the start of `doorward up`.

`HEAD` is the newest revision. A start compares it with the database by one plain query and
imports Alembic only when they differ: Alembic takes half a second to import.
"""

HEAD = "0015"
