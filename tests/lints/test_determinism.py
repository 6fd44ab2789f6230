"""Clock and randomness come from kit."""

import pytest

from tests.lints.conftest import Found
from tools.lints import determinism

CODE = "src/doorward/oidc/authorization/codes.py"


class TestDeterminism:
    @pytest.mark.parametrize(
        "call",
        [
            "datetime.now(UTC)",
            "datetime.datetime.utcnow()",
            "time.time()",
            "random.random()",
            "secrets.token_urlsafe(32)",
            "uuid.uuid4()",
            "os.urandom(8)",
        ],
    )
    def test_finds_a_reading(self, found: Found, call: str) -> None:
        assert len(found(determinism, CODE, f"x = {call}")) == 1
        assert found(determinism, "src/doorward/kit/clock.py", f"x = {call}") == []
        assert found(determinism, "tests/oidc/test_codes.py", f"x = {call}") == []

    @pytest.mark.parametrize(
        "call", ["clock.now()", "time.monotonic()", "secrets.compare_digest(a, b)", "now()"]
    )
    def test_leaves_the_rest_alone(self, found: Found, call: str) -> None:
        assert found(determinism, CODE, f"x = {call}") == []
