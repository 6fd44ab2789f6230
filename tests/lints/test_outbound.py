"""One way out."""

import pytest

from tests.lints.conftest import Found
from tools.lints import outbound


class TestOutbound:
    @pytest.mark.parametrize(
        "text",
        [
            "import httpx",
            "from requests import get",
            "import urllib.request",
            "def f():\n    from http.client import HTTPConnection",
        ],
    )
    def test_finds_another_client(self, found: Found, text: str) -> None:
        assert len(found(outbound, "src/doorward/connectors/discord.py", text)) == 1

    def test_allows_the_guarded_client(self, found: Found) -> None:
        assert found(outbound, "src/doorward/kit/http_client.py", "import httpx") == []

    def test_leaves_parsers_and_other_packages_alone(self, found: Found) -> None:
        text = "import urllib.parse\nfrom http import HTTPStatus\nimport httpx2"

        assert found(outbound, "src/doorward/connectors/discord.py", text) == []
        assert found(outbound, "sdk/src/logto/client.py", "import httpx") == []
