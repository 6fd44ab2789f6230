"""Pages: parameters, Total-Number and Link."""

from __future__ import annotations

import httpx
import pytest

REPEATED = ["page=1&page=2", "page_size=5&page_size=5", "p%61ge=1&page=2&search=a&search=b"]
INVALID = ["page=0", "page=-1", "page=x", "page=1.5", "page=", "page_size=0", "page_size=101"]


@pytest.fixture(scope="module", autouse=True)
def seven_applications(api: httpx.Client) -> None:
    for number in range(7):
        api.post("/api/applications", json={"name": f"App {number}", "type": "SPA"})


def links(answer: httpx.Response) -> dict[str, str]:
    found = [part.strip().split("; rel=") for part in answer.headers["link"].split(",")]
    return {rel.strip('"'): target.strip("<>") for target, rel in found}


def test_a_page_in_the_middle(api: httpx.Client) -> None:
    answer = api.get("/api/applications?page=2&page_size=3&types=SPA&types=Native")

    here = f"{api.base_url}/api/applications?page_size=3&types=SPA&types=Native&page="
    assert [app["name"] for app in answer.json()] == ["App 3", "App 2", "App 1"]
    assert answer.headers["total-number"] == "7"
    assert links(answer) == {
        "first": f"{here}1",
        "prev": f"{here}1",
        "next": f"{here}3",
        "last": f"{here}3",
    }


def test_the_first_page(api: httpx.Client) -> None:
    answer = api.get("/api/applications?page_size=3")

    assert len(answer.json()) == 3
    assert set(links(answer)) == {"first", "next", "last"}


def test_the_last_page(api: httpx.Client) -> None:
    answer = api.get("/api/applications?page=3&page_size=3")

    assert [app["name"] for app in answer.json()] == ["App 0"]
    assert set(links(answer)) == {"first", "prev", "last"}


def test_beyond_the_end(api: httpx.Client) -> None:
    answer = api.get("/api/applications?page=9&page_size=3")

    assert answer.json() == []
    assert answer.headers["total-number"] == "7"
    assert links(answer)["last"].endswith("page=3")


def test_one_parameter_makes_pages(api: httpx.Client) -> None:
    """The other has its default: page 1, 20 entries."""
    answer = api.get("/api/applications?page=1")

    assert len(answer.json()) == 7
    assert answer.headers["total-number"] == "7"


def test_without_parameters_all_of_it(api: httpx.Client) -> None:
    answer = api.get("/api/applications")

    assert len(answer.json()) == 7
    assert "total-number" not in answer.headers
    assert "link" not in answer.headers


def test_an_empty_list(api: httpx.Client) -> None:
    answer = api.get("/api/users")

    assert answer.json() == []
    assert answer.headers["total-number"] == "0"
    assert set(links(answer)) == {"first", "last"}


@pytest.mark.parametrize("query", [*INVALID, *REPEATED])
def test_invalid(api: httpx.Client, query: str) -> None:
    for path in ("/api/applications", "/api/users"):
        answer = api.get(f"{path}?{query}")

        assert answer.status_code == 400
        assert answer.json() == {
            "code": "guard.invalid_pagination",
            "message": "The page or the page size is not valid.",
        }


def test_a_number_beyond_all_numbers(api: httpx.Client) -> None:
    answer = api.get(f"/api/applications?page={10**30}")

    assert answer.json()["code"] == "guard.invalid_pagination"


@pytest.mark.parametrize("part", ["%0D%0Aset-cookie:%20a=b", "%F3%89%93%90", "%FF", "%22%3E"])
def test_a_path_that_wants_to_break_the_header(api: httpx.Client, part: str) -> None:
    answer = api.get(f"/api/resources/{part}/scopes?x=%0D%0A%FF")

    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers
    assert set(links(answer)) == {"first", "last"}
