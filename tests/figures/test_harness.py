"""The arithmetic and the table of the figures."""

from __future__ import annotations

from benchmarks.harness import Figure, alternate, ratio, table


class TestAlternate:
    def test_measures_in_turn_after_a_round_that_does_not_count(self) -> None:
        order: list[str] = []

        def measure(name: str, value: float) -> float:
            order.append(name)
            return value

        taken = alternate(
            {"a": lambda: measure("a", 3.0), "b": lambda: measure("b", 2.0)}, rounds=2
        )

        assert order == ["a", "b", "a", "b", "a", "b"]
        assert taken == {"a": [3.0, 3.0], "b": [2.0, 2.0]}


class TestRatio:
    def test_is_the_median_of_the_rounds(self) -> None:
        """A round in which the whole machine was slow changes nothing."""
        taken = {"a": [300.0, 30.0, 310.0], "b": [200.0, 20.0, 200.0]}

        assert ratio(taken, "a", "b") == 1.5


class TestFigure:
    def test_some_must_be_large_and_some_small(self) -> None:
        assert Figure("rate", 1.3, 1.3).is_met
        assert not Figure("rate", 1.29, 1.3).is_met
        assert Figure("time", 2.0, 2.0, unit="s", at_least=False).is_met
        assert not Figure("time", 2.1, 2.0, unit="s", at_least=False).is_met

    def test_the_table_says_which_missed(self) -> None:
        figures = [
            Figure("a rate", 1.5, 1.3),
            Figure("another rate", 1.2, 1.3),
            Figure("a time", 2.5, 2.0, unit="s", at_least=False),
        ]

        assert table(figures).splitlines() == [
            "figure        measured  target",
            "------------------------------",
            "a rate        1.5 x     at least 1.3 x  ok",
            "another rate  1.2 x     at least 1.3 x  BELOW",
            "a time        2.5 s     at most 2 s     ABOVE",
        ]
