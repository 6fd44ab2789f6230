"""Nothing skips escaping."""

import pytest

from tests.lints.conftest import Found
from tools.lints import markup

PAGE = "src/doorward/console/templates/list.html"


class TestMarkup:
    @pytest.mark.parametrize(
        "text",
        [
            "<p>{{ name|safe }}</p>",
            "<p>{{ name | trim | safe }}</p>",
            "{% autoescape false %}",
            "{{ Markup(name) }}",
        ],
    )
    def test_finds_it_in_templates(self, found: Found, text: str) -> None:
        assert [line for line, _ in found(markup, PAGE, f"<h1>x</h1>\n{text}")] == [2]

    def test_finds_an_environment_without_escaping(self, found: Found) -> None:
        text = "env = Environment(\n    autoescape=False,\n)"

        assert len(found(markup, "src/doorward/kit/html.py", text)) == 1
        assert found(markup, "src/doorward/kit/html.py", "env = Environment(autoescape=True)") == []

    def test_takes_a_reason_in_a_template_comment(self, found: Found) -> None:
        text = "{# lint: markup: our own file, read at start #}\n{{ sprite|safe }}"

        assert found(markup, PAGE, text) == []

    def test_leaves_other_filters_alone(self, found: Found) -> None:
        assert found(markup, PAGE, "{{ name|safe_name }} is safe") == []
