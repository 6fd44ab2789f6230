"""How often signing keys rotate by themselves, in the console."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from tests.support.pages import Page

Open = Callable[[str], Page]
POLICY = "/api/configs/oidc/key-rotation"


class TestSchedule:
    def test_save(self, console: Open, api: httpx.Client) -> None:
        """The schedule is that of the API; algorithms that were chosen there stay."""
        before = api.get(POLICY).json()
        chosen = {"rotationPeriodInDays": 90, "algorithms": ["RS256"]}
        api.put(POLICY, json=chosen).raise_for_status()

        page = console("/signing-keys").submit({"period": "30"}, button="Save changes")

        assert "Saved." in page.text
        assert ("period", "30") in page.form(holding="period").values
        assert api.get(POLICY).json() == {"rotationPeriodInDays": 30, "algorithms": ["RS256"]}
        api.put(POLICY, json=before).raise_for_status()

    @pytest.mark.parametrize("period", ["", "-1", "3651", "soon"])
    def test_refused(self, console: Open, api: httpx.Client, period: str) -> None:
        """Nothing is saved, and what was typed is kept."""
        before = api.get(POLICY).json()

        page = console("/signing-keys").submit({"period": period}, button="Save changes")

        assert page.status == 422
        assert ("period", period) in page.form(holding="period").values
        assert api.get(POLICY).json() == before
