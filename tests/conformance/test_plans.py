"""The plans and the tests are of the same mind."""

from __future__ import annotations

import ast
from pathlib import Path

from tests.conformance.plans import DYNAMIC_OP, PLANS, list_runs, name_of_test

FOLDER = Path(__file__).parent


def written_tests() -> dict[bool, list[str]]:
    """Return the names of the tests that run modules: those of the Dynamic OP, and the others."""
    names: dict[bool, list[str]] = {True: [], False: []}
    for path in FOLDER.glob("test_*.py"):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                names[path.name == "test_dynamic.py"].append(node.name)
    return names


class TestPlans:
    def test_each_module_has_a_test_of_its_name_and_each_test_a_plan(self) -> None:
        for is_dynamic, names in written_tests().items():
            planned = {
                name_of_test(run.module)
                for run in list_runs()
                if (run.profile == DYNAMIC_OP) == is_dynamic
            }
            assert sorted(names) == sorted(planned)

    def test_no_run_is_listed_twice(self) -> None:
        runs = list(list_runs())

        assert len(runs) == len(set(runs))

    def test_names_are_those_of_the_suite(self) -> None:
        assert name_of_test("oidcc-prompt-login") == "test_oidcc_prompt_login"
        assert (
            name_of_test("fapi2-security-profile-final-par-attempt-reuse-request_uri")
            == "test_fapi2_par_attempt_reuse_request_uri"
        )
        assert len({plan.profile for plan in PLANS}) == len(PLANS)
