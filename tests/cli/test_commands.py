"""The command line, as an operator on the host uses it."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.databases import Kind, empty_database
from tests.support.server import Server, ServerError, running_server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A running server, started as an operator starts it."""
    with running_server(tmp_path_factory.mktemp("server")) as server:
        yield server


@pytest.fixture
def host(tmp_path: Path) -> Server:
    """A host on which nothing runs yet."""
    return Server(directory=tmp_path)


class TestAdminCreate:
    def test_by_the_rules_of_the_page(self, host: Server) -> None:
        """A weak password and a taken name are refused in words, a good pair is created."""
        short = _refusal(host, "admin", "create", "ada", "--password", "short")
        weak = _refusal(host, "admin", "create", "ada", "--password", "adaaaaaa")
        strange = _refusal(host, "admin", "create", "a@b", "--password", "violet-lamp-harbour")
        created = host.command("admin", "create", "ada", "--password", "violet-lamp-harbour")
        taken = _refusal(host, "admin", "create", "ada", "--password", "violet-lamp-harbour")

        assert short == (
            "doorward: The password does not meet the policy. "
            "This password is too short. Minimum length: 8.\n"
        )
        assert weak == (
            "doorward: The password does not meet the policy. "
            "This password repeats the same character too often. "
            "This password contains your own name or address.\n"
        )
        assert strange == "doorward: A username has only letters, digits and underscores.\n"
        assert created.startswith("created administrator ada (")
        assert taken == "doorward: The username is in use.\n"


class TestKeys:
    def test_a_running_server_signs_with_the_new_key_and_shows_both(self, server: Server) -> None:
        """The JWKS gains a key within a second and keeps the old one."""
        before = httpx.get(f"{server.issuer}/jwks").json()["keys"]

        printed = server.command("keys", "rotate", "--grace", "0")

        kid = printed.rpartition(" ")[2]
        after = _jwks_with(server, kid)
        assert [key["kid"] for key in after] == [kid, *(key["kid"] for key in before)]

    def test_a_key_waits_for_its_time(self, server: Server) -> None:
        """Rotating with a grace period lists a next key; without one a second is refused."""
        printed = server.command("keys", "rotate", "--algorithm", "ES384")

        listed = server.command("keys", "list").splitlines()
        kid = printed.rpartition(" ")[2].strip()
        assert listed[0].split()[:3] == ["default", "Next", "ES384"]
        assert listed[0].endswith(kid)
        assert listed[1].split()[:3] == ["default", "Current", "ES256"]
        with pytest.raises(ServerError, match="a next key is waiting"):
            server.command("keys", "rotate", "--grace", "0")
        with pytest.raises(ServerError, match="no key set 'PS256'"):
            server.command("keys", "rotate", "--set", "PS256")


class TestToken:
    def test_opens_the_management_api(self, server: Server) -> None:
        """The printed token lists applications; without it the answer is 401."""
        url = f"{server.endpoint}/api/applications"
        token = server.command("token")

        assert httpx.get(url, headers={"Authorization": f"Bearer {token}"}).status_code == 200
        assert httpx.get(url).status_code == 401

    def test_an_unknown_tenant_is_an_error(self, server: Server) -> None:
        """No token for a tenant that does not exist."""
        with pytest.raises(ServerError, match="no tenant 'nowhere'"):
            server.command("token", "--tenant", "nowhere")


class TestBackup:
    def test_of_a_running_server_restores_to_the_same_users(
        self, database_kind: Kind, tmp_path: Path
    ) -> None:
        """Taken while it serves, put back after a loss; refused while the server runs."""
        copy = tmp_path / "copy.backup"
        with (
            empty_database(database_kind, directory=tmp_path) as url,
            running_server(tmp_path / "one", database_url=url) as server,
        ):
            server.command("admin", "create", "ada", "--password", "violet-lamp-harbour")
            server.command("backup", str(copy))
            server.command("admin", "create", "bob", "--password", "violet-lamp-harbour")
            with pytest.raises(ServerError, match=r"in use; stop (the|every) server first"):
                server.command("restore", str(copy), "--yes")
            with pytest.raises(ServerError, match="The username is in use"):
                server.command("admin", "create", "bob", "--password", "violet-lamp-harbour")
            server.stop()

            server.command("restore", str(copy), "--yes")
            server.start()

            with pytest.raises(ServerError, match="The username is in use"):
                server.command("admin", "create", "ada", "--password", "violet-lamp-harbour")
            server.command("admin", "create", "bob", "--password", "violet-lamp-harbour")

    def test_does_not_overwrite(self, host: Server, tmp_path: Path) -> None:
        """A file that exists is somebody's last backup."""
        host.command("migrate")
        target = tmp_path / "copy.sqlite"
        target.write_text("precious")

        with pytest.raises(ServerError, match="exists already"):
            host.command("backup", str(target))

        assert target.read_text() == "precious"

    def test_restore_refuses_what_is_no_backup(self, host: Server, tmp_path: Path) -> None:
        """A damaged or foreign file leaves the database as it was."""
        host.command("admin", "create", "ada", "--password", "violet-lamp-harbour")
        foreign = tmp_path / "foreign.sqlite"
        foreign.write_bytes(b"not a database, not at all, nothing of the kind" * 100)
        empty = tmp_path / "empty.sqlite"
        with sqlite3.connect(empty) as connection:
            connection.execute("CREATE TABLE t (a)")

        for source in (foreign, empty):
            with pytest.raises(ServerError, match="is not a Doorward backup"):
                host.command("restore", str(source), "--yes")
        with pytest.raises(ServerError, match="The username is in use"):
            host.command("admin", "create", "ada", "--password", "violet-lamp-harbour")


class TestMasterKey:
    def test_a_database_does_not_open_without_its_own(
        self, database_kind: Kind, tmp_path: Path
    ) -> None:
        """Restored without the key, or beside another one: each command says so in one line, and
        none makes up a key that opens nothing. With the right key back, all is well."""
        with empty_database(database_kind, directory=tmp_path) as url:
            host = Server(directory=tmp_path, database_url=url, is_warm=True)
            host.command("admin", "create", "ada", "--password", "violet-lamp-harbour")
            key = tmp_path / "data" / "secret.key"
            right = key.read_text()

            key.unlink()
            create = ["admin", "create", "bob", "--password", "violet-lamp-harbour"]
            for command in (["up"], ["token"], ["keys", "list"], create):
                assert _refusal(host, *command) == (
                    "doorward: there is no master key, but the database is sealed with one: "
                    f"put back {key}, or set DOORWARD_SECRET_KEY\n"
                )
            with pytest.raises(ServerError, match="fail master key: there is no master key"):
                host.command("doctor")
            assert not key.exists()

            key.write_text("A" * 43 + "\n")
            key.chmod(0o600)
            for command in (["up"], ["token"]):
                assert _refusal(host, *command) == (
                    "doorward: this master key does not open the database: "
                    f"put back the {key} that sealed it\n"
                )
            with pytest.raises(ServerError, match="fail master key: this master key does not"):
                host.command("doctor")

            key.write_text(right)
            assert f"ok   master key: {key}" in host.command("doctor")
            assert host.command("token").startswith("eyJ")

    def test_several_workers_do_not_start_without_it_either(self, tmp_path: Path) -> None:
        """What no worker can do is not tried again and again."""
        host = Server(directory=tmp_path, settings={"DOORWARD_WORKERS": "2"})
        host.command("admin", "create", "ada", "--password", "violet-lamp-harbour")
        (tmp_path / "data" / "secret.key").unlink()

        assert "there is no master key" in _refusal(host, "up")
        assert not (tmp_path / "data" / "secret.key").exists()

    def test_half_a_key_is_said_clearly(self, host: Server) -> None:
        """A file that was cut off is no key."""
        host.command("migrate")
        key = host.directory / "data" / "secret.key"
        key.write_text("half")
        key.chmod(0o600)

        assert _refusal(host, "token") == f"doorward: {key}: must be 32 bytes in base64url\n"
        with pytest.raises(ServerError, match=r"fail master key: .*must be 32 bytes"):
            host.command("doctor")


class TestWhatTheMachineRefuses:
    """One line says what is wrong; a traceback would say where our code was."""

    def test_a_data_folder_that_cannot_be(self, tmp_path: Path) -> None:
        """A file in its place, or a place where nobody can make a folder."""
        (tmp_path / "file").touch()
        settings = {"DOORWARD_DATA_DIR": str(tmp_path / "file")}
        file = Server(directory=tmp_path, settings=settings)
        nowhere = Server(directory=tmp_path, settings={"DOORWARD_DATA_DIR": "/proc/nope"})

        for command in ("up", "token"):
            assert _refusal(file, command) == f"doorward: {tmp_path / 'file'} is not a folder\n"
        assert _refusal(nowhere, "up") == "doorward: /proc/nope: No such file or directory\n"
        with pytest.raises(ServerError, match="file cannot be written into: Not a directory"):
            file.command("doctor")
        with pytest.raises(ServerError, match="/proc cannot be written into: No such file"):
            nowhere.command("doctor")

    def test_a_database_that_is_none(self, host: Server) -> None:
        """A file that is something else is left as it is."""
        path = host.directory / "data" / "doorward.sqlite"
        path.parent.mkdir()
        path.write_text("a shopping list " * 100)
        says = f"{path} is not an SQLite database: file is not a database\n"

        assert _refusal(host, "up") == f"doorward: {says}"
        assert _refusal(host, "backup", "copy") == "doorward: SQLite: file is not a database\n"
        with pytest.raises(ServerError, match=f"fail database: {says}"):
            host.command("doctor")
        assert path.read_text() == "a shopping list " * 100

    def test_a_backup_into_a_folder_that_is_not_there(self, host: Server) -> None:
        """The target is named, not the file that is written first."""
        host.command("migrate")

        for target in ("/no/such/folder/copy", "/proc/copy"):
            assert _refusal(host, "backup", target) == (
                f"doorward: {target} cannot be written: No such file or directory\n"
            )

    def test_a_full_disk(self, host: Server) -> None:
        """A first start, and a backup, for which there is no room."""
        started = _refusal(host, "up", largest_file=100_000)
        host.command("migrate")
        copy = host.directory / "copy"

        copied = _refusal(host, "backup", str(copy), largest_file=100_000)

        assert started == "doorward: the database cannot be migrated: disk I/O error\n"
        assert copied == "doorward: SQLite: disk I/O error\n"
        assert list(host.directory.iterdir()) == [host.directory / "data"]


class TestLooking:
    def test_doctor_finds_a_readable_key(self, host: Server) -> None:
        """A master key that others can read is a failure, exit status 1."""
        host.command("migrate")
        assert "fail" not in host.command("doctor")
        host.command("admin", "create", "ada", "--password", "violet-lamp-harbour")
        (host.directory / "data" / "secret.key").chmod(0o644)

        with pytest.raises(ServerError, match="readable by others"):
            host.command("doctor")

    def test_routes_names_method_path_and_place(self, host: Server) -> None:
        """Each line leads to the code that answers."""
        lines = [line.split() for line in host.command("routes").splitlines()]
        places = {(method, path): place for method, path, place in lines}

        assert places["POST", "/oidc/token"].startswith("doorward/oidc/token.py:")
        assert places["GET", "/api/applications"].startswith("doorward/applications/api.py:")
        assert places["GET", "/sign-in"].startswith("doorward/sign_in/")
        assert places["GET", "/console"].startswith("doorward/console/")

    def test_an_unknown_variable_is_one_clear_line(self, host: Server) -> None:
        """No traceback for a misspelt setting."""
        result = subprocess.run(
            [sys.executable, "-m", "doorward", "migrate"],
            env=host.environment | {"DOORWARD_PROT": "1"},
            capture_output=True,
            text=True,
            check=False,
        )

        assert result.returncode == 1
        assert result.stderr == "doorward: unknown setting DOORWARD_PROT\n"


def _refusal(host: Server, *arguments: str, largest_file: int | None = None) -> str:
    """Run a command that is refused; return what it says.

    No file may grow beyond `largest_file` bytes, as on a disk that is full.
    """
    command = [sys.executable, "-m", "doorward", *arguments]
    if largest_file is not None:
        command = ["prlimit", f"--fsize={largest_file}", *command]
    result = subprocess.run(
        command,
        env=host.environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert result.returncode == 1
    return result.stderr


def _jwks_with(server: Server, kid: str) -> list[dict[str, str]]:
    import time

    deadline = time.monotonic() + 1.5
    while True:
        keys: list[dict[str, str]] = httpx.get(f"{server.issuer}/jwks").json()["keys"]
        if kid in {key["kid"] for key in keys} or time.monotonic() > deadline:
            return keys
        time.sleep(0.05)
