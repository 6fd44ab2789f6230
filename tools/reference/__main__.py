"""Write the pages of docs/reference, or check them."""

from __future__ import annotations

import sys
from pathlib import Path

from tools.reference import PAGES

FOLDER = Path(__file__).parents[2] / "docs/reference"
NOTE = "<!-- Written from the code by `make docs`. Change the code, not this page. -->\n\n"


def main(arguments: list[str], *, folder: Path = FOLDER) -> int:
    """Write each page that differs; with --check, only name it. Return the exit code."""
    is_check = "--check" in arguments
    stale = []
    for page in PAGES:
        path = folder / page.FILE
        text = NOTE + page.render()
        if not path.exists() or path.read_text() != text:
            stale.append(page.FILE)
            if not is_check:
                path.write_text(text)
    for name in stale:
        print(f"docs/reference/{name} {'is out of date: run make docs' if is_check else 'written'}")
    return 1 if is_check and stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
