"""What nobody expected, behind the provider's endpoints."""

from __future__ import annotations

import contextlib
import sqlite3

import pytest

from doorward.users.tables import User
from tests.oidc.house import House, RegisteredClient

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"])


@pytest.mark.parametrize(
    ("accept", "media_type"), [("text/html", "text/html"), ("*/*", "application/json")]
)
async def test_a_fault_is_told_and_written_down(
    house: House,
    web: RegisteredClient,
    ada: User,
    caplog: pytest.LogCaptureFixture,
    accept: str,
    media_type: str,
) -> None:
    """RFC 6749 section 4.1.2.1: server_error; nothing of the fault is shown, the log has it, and
    the person may try again."""
    browser = house.browser()
    await browser.request(web)
    uid = browser.waiting()["_legacy"]
    await browser.complete(ada, uid=uid)
    path = f"{house.app.settings.data_dir}/doorward.sqlite"
    with contextlib.closing(sqlite3.connect(path)) as file:
        file.execute(
            "CREATE TRIGGER walls BEFORE INSERT ON sessions BEGIN SELECT raise(ABORT, 'a wall');END"
        )

        answer = await browser.http.get(f"/oidc/auth/{uid}", headers={"accept": accept})
        file.execute("DROP TRIGGER walls")

    assert answer.status_code == 500
    assert answer.headers["content-type"].startswith(media_type)
    assert answer.headers["cache-control"] == "no-store"
    assert "a wall" not in answer.text
    assert "server_error" in answer.text
    assert "a wall" in caplog.text
    assert (await browser.get(f"/oidc/auth/{uid}")).status_code == 303
