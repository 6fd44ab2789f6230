"""samples/device_cli, a program without a browser, and the person who lets it in."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.samples.programs import SAMPLES
from tests.support.bookstore import PASSWORD, Bookstore, open_bookstore
from tests.support.pages import Page, Visitor
from tests.support.server import Server


@pytest.fixture(scope="module")
def bookstore(server: Server) -> Bookstore:
    return open_bookstore(server)


def start(bookstore: Bookstore) -> subprocess.Popen[str]:
    own = {"LOGTO_ENDPOINT": bookstore.endpoint, "LOGTO_APP_ID": bookstore.device.id}
    return subprocess.Popen(
        [sys.executable, "main.py"],
        cwd=SAMPLES / "device_cli",
        env=os.environ | own,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def enter_code(visitor: Visitor, program: subprocess.Popen[str]) -> Page:
    """Do what the program says, up to the page that asks."""
    assert program.stdout is not None
    address = program.stdout.readline().removeprefix("Open").strip()
    code = program.stdout.readline().removeprefix("Enter").strip()
    page = visitor.open(address).submit({"user_code": code}, button="Continue")
    return page.submit({"identifier": "reader0", "password": PASSWORD}, button="Sign in")


def test_says_hello(bookstore: Bookstore) -> None:
    """The person enters the code, signs in and says yes."""
    program = start(bookstore)
    with Visitor() as visitor:
        page = enter_code(visitor, program).submit(button="Connect the device")
    output, errors = program.communicate(timeout=30)

    assert "Your device is connected" in page.text
    assert program.returncode == 0, errors
    assert output.endswith("Hello, reader0!\n")


def test_refused(bookstore: Bookstore) -> None:
    """The person says no, and the program hears it."""
    program = start(bookstore)
    with Visitor() as visitor:
        enter_code(visitor, program).submit(button="Refuse")
    _, errors = program.communicate(timeout=30)

    assert program.returncode == 1
    assert "You refused this device." in errors
