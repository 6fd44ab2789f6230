"""Unexpected errors are not swallowed."""

import pytest

from tests.lints.conftest import Found
from tools.lints import broad_except

CODE = "src/doorward/users/passwords.py"


class TestBroadExcept:
    @pytest.mark.parametrize(
        "handler",
        ["except Exception:", "except BaseException as e:", "except:", "except (A, Exception):"],
    )
    def test_finds_a_handler_of_everything(self, found: Found, handler: str) -> None:
        text = f"try:\n    f()\n{handler}\n    pass\n"

        assert found(broad_except, CODE, text) == [(3, "swallows errors that nobody expected")]

    def test_finds_suppress(self, found: Found) -> None:
        text = "with contextlib.suppress(Exception):\n    f()\n"

        assert found(broad_except, CODE, text) == [(1, "suppresses any error")]

    @pytest.mark.parametrize(
        "handler",
        [
            "except ValueError:\n    pass",
            "except BaseException:\n    undo()\n    raise",
            "except Exception as error:\n    raise Other from error",
            "except Exception:  # lint: broad-except: the edge answers 500\n    answer()",
        ],
    )
    def test_allows_narrow_handlers_and_those_that_raise(self, found: Found, handler: str) -> None:
        assert found(broad_except, CODE, f"try:\n    f()\n{handler}\n") == []

    def test_a_handler_that_raises_only_sometimes_is_found(self, found: Found) -> None:
        text = "try:\n    f()\nexcept Exception:\n    if x:\n        raise\n"

        assert [line for line, _ in found(broad_except, CODE, text)] == [3]
