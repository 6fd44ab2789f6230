"""The recipes list themselves, and the installer asks the system for what is missing only."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ROOT / "tools/packages.sh"


class System:
    """A system on which nothing is installed but a shell and the programs that a test adds."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.calls = folder / "calls"
        for name in ("bash", "env"):
            (folder / name).symlink_to(shutil.which(name) or name)

    def add(self, name: str, script: str = "") -> None:
        """Add a program that notes how it was called."""
        path = self.folder / name
        note = f'echo "{name} $*" >> {self.calls}' if not script else ""
        path.write_text(f"#!{self.folder}/bash\n{note}\n{script}\n")
        path.chmod(0o755)

    def ensure(self, *names: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.folder / "bash", PACKAGES, *names],
            env={"PATH": str(self.folder)},
            capture_output=True,
            text=True,
            check=False,
        )

    @property
    def called(self) -> list[str]:
        return self.calls.read_text().splitlines() if self.calls.exists() else []


@pytest.fixture
def system(tmp_path: Path) -> System:
    return System(tmp_path)


class TestPackages:
    def test_asks_for_nothing_that_is_there(self, system: System) -> None:
        system.add("node")

        assert system.ensure("node").returncode == 0
        assert system.called == []

    def test_installs_what_is_missing_as_root(self, system: System) -> None:
        """Commands are known by the packages that bring them."""
        system.add("id", "echo 0")
        system.add("apt-get")
        system.add("npm")

        result = system.ensure("node", "npm", "chromium")

        assert (result.returncode, result.stderr) == (0, "Installing nodejs chromium ...\n")
        assert system.called == [
            "apt-get update -qq",
            "apt-get install -y -qq --no-install-recommends nodejs chromium",
        ]

    def test_asks_sudo_when_not_root(self, system: System) -> None:
        system.add("id", "echo 1000")
        system.add("apt-get")
        system.add("sudo")

        system.ensure("wrk")

        assert system.called == [
            "sudo apt-get update -qq",
            "sudo env DEBIAN_FRONTEND=noninteractive apt-get install "
            "-y -qq --no-install-recommends wrk",
        ]

    @pytest.mark.parametrize("there", [[], ["apt-get"]], ids=["no apt", "no sudo"])
    def test_says_what_to_install_where_it_cannot(self, system: System, there: list[str]) -> None:
        system.add("id", "echo 1000")
        for name in there:
            system.add(name)

        result = system.ensure("chromium", "wrk")

        assert result.returncode == 1
        assert result.stderr == (
            "Please install chromium wrk with your system's package manager, then run make again.\n"
        )
        assert system.called == []


class TestRecipes:
    def test_make_alone_lists_the_recipes(self) -> None:
        listed = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True)

        names = [line.split()[1] for line in listed.stdout.splitlines()]
        assert {"help", "run", "test", "lint", "types", "bench", "docs"} <= set(names)

    def test_what_they_do_stands_in_one_column(self) -> None:
        """However long a name is."""
        listed = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True)

        columns = {line.index(re.split(r" {2,}", line)[2]) for line in listed.stdout.splitlines()}
        assert len(columns) == 1

    def test_ci_runs_recipes_and_nothing_else(self) -> None:
        """Whatever CI finds, a developer finds with the same words."""
        lines = (ROOT / ".ci/run").read_text().splitlines()
        code = [line for line in lines if line and not line.startswith("#")]

        assert code == [
            "set -euo pipefail",
            'cd "$(dirname "$0")/.."',
            "make --jobs --output-sync lint types contracts docs-check",
            "make test",
        ]
