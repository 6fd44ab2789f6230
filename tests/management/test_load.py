"""Too much at once: 503 with Retry-After, and what does not hash goes on."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.support.management import management_api
from tests.support.server import Server, running_server


@pytest.fixture(scope="module")
def slow_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose hashes take long and whose queue is short."""
    settings = {
        "DOORWARD_PASSWORD_HASH_TIME": "40",
        "DOORWARD_PASSWORD_HASH_MEMORY": "19456",
        "DOORWARD_PASSWORD_HASH_THREADS": "1",
        "DOORWARD_PASSWORD_HASH_QUEUE": "1",
    }
    with running_server(tmp_path_factory.mktemp("slow"), settings=settings, is_warm=True) as server:
        yield server


def test_a_full_queue(slow_server: Server) -> None:
    with management_api(slow_server) as api, ThreadPoolExecutor(6) as pool:
        waiting = [
            pool.submit(api.post, "/api/users", json={"password": f"secret {n}"}) for n in range(6)
        ]
        between = api.get("/api/applications")
        answers: list[httpx.Response] = [one.result() for one in waiting]
        users = api.get("/api/users").json()

    refused = [answer for answer in answers if answer.status_code == 503]
    assert between.status_code == 200
    assert {answer.status_code for answer in answers} == {200, 503}
    assert all(int(answer.headers["retry-after"]) > 0 for answer in refused)
    assert all(set(answer.json()) == {"message"} for answer in refused)
    assert len(users) == len(answers) - len(refused)
