"""The repository speaks of the product alone: no machine, no package host, no leftovers."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tools.lints.source import Finding, Source

RULE = "words"
OWN = ("tools/lints/words.py", "tests/lints/test_words.py")
# Folders of somebody's machine. /home/<name> in prose about a container is rare enough to excuse.
FOLDERS = re.compile(r"(?<![\w.$}])/(?:work|farm|root|home/[a-z][\w-]*|Users/\w+)/")
HOSTS = re.compile(
    r"registry\.npmjs\.org|registry\.yarnpkg\.com|files\.pythonhosted\.org|pypi\.org/simple"
    r"|static\.crates\.io|proxy\.golang\.org|repo1\.maven\.org|deb\.debian\.org"
)
UNFINISHED = re.compile(r"\b(?:TODO|FIXME|XXX|NotImplementedError)\b|\b[Cc]oming soon\b")


def check(source: Source) -> Iterator[Finding]:
    """Yield each line that names a machine's folder, a package host, or unfinished work."""
    if source.path in OWN:
        return
    yield from source.search(FOLDERS, RULE, "{0} is a folder of one machine")
    yield from source.search(HOSTS, RULE, "{0} is a package host")
    yield from source.search(UNFINISHED, RULE, "{0}: finish it or take it out")
