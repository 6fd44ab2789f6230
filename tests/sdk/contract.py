"""Two packages of one name side by side: each in programs of its own.

with running_app(Package.PYPI, endpoint=..., appId=...) as app:
    url = app.call("signIn", redirectUri=...)
"""

from __future__ import annotations

import contextlib
import fcntl
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PYPI_VERSION = "0.2.1"
PYPI_DIRECTORY = ROOT / ".cache" / f"logto-{PYPI_VERSION}"


class Package(StrEnum):
    """Who provides `import logto`."""

    DOORWARD = "doorward-sdk"
    PYPI = "logto"

    @property
    def environment(self) -> dict[str, str]:
        """The environment in which `import logto` finds this package."""
        own = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        where = ROOT / "sdk" / "src" if self is Package.DOORWARD else install_pypi_package()
        return own | {"PYTHONPATH": str(where)}


class Refused(Exception):
    """The application got a LogtoException."""


class Raised(Exception):
    """The application got another exception."""


class App:
    """A running contract_app.py."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def call(self, method: str, **parameters: Any) -> Any:
        """Call `client.<method>(**parameters)` there."""
        return self.order(do=method, **{"with": parameters})

    def order(self, **order: Any) -> Any:
        """Do what is not a method of the client: `interface`, `kept`, `keep`, `forget`."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, f"the application ended at {order}"
        answer = json.loads(line)
        if "refused" in answer:
            raise Refused(answer["refused"])
        if "raised" in answer:
            raise Raised(answer["raised"])
        return answer["result"]


@contextlib.contextmanager
def running_app(package: Package, **config: Any) -> Iterator[App]:
    """Run an application that uses `package`, set up with LogtoConfig(**config)."""
    process = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("contract_app.py")), json.dumps(config)],
        env=package.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield App(process)
    finally:
        process.communicate(timeout=20)


def install_pypi_package() -> Path:
    """Install the package that ours stands in for into a folder of its own, once."""
    PYPI_DIRECTORY.parent.mkdir(exist_ok=True)
    with PYPI_DIRECTORY.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (PYPI_DIRECTORY / "logto").exists():
            target = ["--quiet", "--target", str(PYPI_DIRECTORY), f"logto=={PYPI_VERSION}"]
            subprocess.run([*_installer(), *target], check=True, timeout=300)
    return PYPI_DIRECTORY


def _installer() -> list[str]:
    if importlib.util.find_spec("pip"):
        return [sys.executable, "-m", "pip", "install"]
    uv = shutil.which("uv")
    assert uv, "neither pip nor uv is here"
    return [uv, "pip", "install", "--python", sys.executable]
