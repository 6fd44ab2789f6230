"""kill -9 in the middle of sign-ins, fifty times, on each database.

Four people sign in again and again, and an operator creates users, until the server is killed at a
moment of chance. It is started again on the same data, with nothing repaired, and asked about all
that it had acknowledged before.
"""

from __future__ import annotations

import random
import secrets
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import httpx
import pytest

from tests.support.bookstore import REDIRECT_URI, Bookstore, code_challenge, open_bookstore
from tests.support.databases import KINDS, Kind, empty_database
from tests.support.management import management_token
from tests.support.pages import Visitor
from tests.support.server import Server, running_server

KILLS = 50
PEOPLE = 4
CHECKED = 3  # of each kind of acknowledgement, the last ones before each kill


@dataclass(frozen=True)
class Code:
    """An authorization code with what it takes to use it."""

    value: str
    verifier: str


@dataclass
class Acknowledged:
    """What the server had said yes to when it was killed. Appended to by several threads."""

    unspent: list[Code] = field(default_factory=list)
    spent: list[Code] = field(default_factory=list)
    uncertain: list[Code] = field(default_factory=list)
    live: list[str] = field(default_factory=list)
    rotated: list[tuple[str, str]] = field(default_factory=list)
    users: list[str] = field(default_factory=list)


class Client:
    """The application's side of the token endpoint."""

    def __init__(self, bookstore: Bookstore) -> None:
        self.bookstore = bookstore
        self.http = httpx.Client(timeout=20, verify=False)

    def exchange(self, code: Code) -> httpx.Response:
        return self._ask(
            grant_type="authorization_code",
            code=code.value,
            code_verifier=code.verifier,
            redirect_uri=REDIRECT_URI,
        )

    def refresh(self, refresh_token: str) -> httpx.Response:
        return self._ask(grant_type="refresh_token", refresh_token=refresh_token)

    def _ask(self, **form: str) -> httpx.Response:
        form |= self.bookstore.native.credentials
        return self.http.post(f"{self.bookstore.issuer}/token", data=form)


@pytest.fixture(scope="module", params=KINDS)
def world(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Server, Bookstore, str]]:
    """A server to kill, its Bookstore, and a token of the management API."""
    kind: Kind = request.param
    directory = tmp_path_factory.mktemp("kill")
    with (
        empty_database(kind, directory=directory) as url,
        running_server(directory, database_url=url, is_warm=True) as server,
    ):
        bookstore = open_bookstore(server, users=PEOPLE)
        yield server, bookstore, management_token(server)


@pytest.mark.slow
class TestKill:
    def test_what_was_acknowledged_stays(self, world: tuple[Server, Bookstore, str]) -> None:
        """No acknowledged write is lost, no code or rotated token works twice, every start works.

        RFC 6749 section 4.1.2: the client MUST NOT use the authorization code more than once.
        """
        server, bookstore, token = world
        moments = random.Random(7)
        sign_ins = 0

        for _ in range(KILLS):
            acknowledged = kill_amid_sign_ins(
                server, bookstore, token=token, after=moments.uniform(0, 0.4)
            )
            sign_ins += len(acknowledged.spent)
            server.start()
            check(acknowledged, bookstore, token=token)

        assert sign_ins >= KILLS


def kill_amid_sign_ins(
    server: Server, bookstore: Bookstore, *, token: str, after: float
) -> Acknowledged:
    acknowledged = Acknowledged()
    errors: list[BaseException] = []

    def run(work: object, *arguments: object) -> None:
        try:
            while True:
                work(*arguments)  # type: ignore[operator]
        except httpx.TransportError:
            return
        except BaseException as error:
            errors.append(error)

    threads = [
        threading.Thread(target=run, args=(sign_in, bookstore, person, acknowledged))
        for person in range(PEOPLE)
    ]
    threads.append(threading.Thread(target=run, args=(create_user, server, token, acknowledged)))
    for thread in threads:
        thread.start()
    # In the middle of sign-ins means that some have come through.
    deadline = time.monotonic() + 10
    while not acknowledged.spent and not errors and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(after)
    server.kill()
    for thread in threads:
        thread.join()
    assert not errors, errors
    return acknowledged


def sign_in(bookstore: Bookstore, person: int, acknowledged: Acknowledged) -> None:
    """Sign in, use the code, use the refresh token; note each answer."""
    client = Client(bookstore)
    with Visitor() as visitor, client.http:
        verifier = secrets.token_urlsafe(48)
        challenge = {"code_challenge": code_challenge(verifier), "code_challenge_method": "S256"}
        value = bookstore.authorize(visitor, bookstore.native, user=person, **challenge)
        code = Code(value, verifier)

        acknowledged.unspent.append(code)
        if random.random() < 0.2:
            return
        acknowledged.unspent.remove(code)
        acknowledged.uncertain.append(code)
        answer = client.exchange(code)
        assert answer.status_code == 200, answer.text
        acknowledged.uncertain.remove(code)
        acknowledged.spent.append(code)
        first = answer.json()["refresh_token"]

        if random.random() < 0.5:
            acknowledged.live.append(first)
            return
        answer = client.refresh(first)
        assert answer.status_code == 200, answer.text
        acknowledged.rotated.append((first, answer.json()["refresh_token"]))


def create_user(server: Server, token: str, acknowledged: Acknowledged) -> None:
    answer = httpx.post(
        f"{server.endpoint}/api/users",
        json={"name": "Somebody"},
        headers={"authorization": f"Bearer {token}"},
        timeout=20,
        verify=False,
    )
    assert answer.status_code == 200, answer.text
    acknowledged.users.append(answer.json()["id"])


def check(acknowledged: Acknowledged, bookstore: Bookstore, *, token: str) -> None:
    client = Client(bookstore)
    with client.http:
        # 1. A code that was handed out works once.
        for code in acknowledged.unspent[-CHECKED:]:
            assert outcomes(client, code) == [200, 400]

        # 2. A code whose use was cut off by the kill works at most once more.
        for code in acknowledged.uncertain:
            assert outcomes(client, code) in ([200, 400], [400, 400])

        # 3. A refresh token that was handed out works.
        for refresh_token in acknowledged.live[-CHECKED:]:
            answer = client.refresh(refresh_token)
            assert answer.status_code == 200, answer.text

        # 4. Of two refresh tokens, the newer works and the older does not.
        for older, newer in acknowledged.rotated[-CHECKED:]:
            answer = client.refresh(newer)
            assert answer.status_code == 200, answer.text
            answer = client.refresh(older)
            assert answer.json()["error"] == "invalid_grant"

        # 5. A code that was used does not work again.
        for code in acknowledged.spent[-CHECKED:]:
            answer = client.exchange(code)
            assert answer.json()["error"] == "invalid_grant"

        # 6. A user that was created exists.
        for user_id in acknowledged.users[-CHECKED:]:
            answer = client.http.get(
                f"{bookstore.endpoint}/api/users/{user_id}",
                headers={"authorization": f"Bearer {token}"},
            )
            assert answer.status_code == 200, answer.text


def outcomes(client: Client, code: Code) -> list[int]:
    """The statuses of using a code twice."""
    return [client.exchange(code).status_code for _ in range(2)]
