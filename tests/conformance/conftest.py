"""Runs each module's test in the variants that the plans ask for, and notes how it went."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conformance.fapi import FapiParty, Key, register_fapi
from tests.conformance.plans import DYNAMIC_OP, Run, Variant, list_runs, name_of_test
from tests.conformance.provider import Account, Provider, Registration, running_provider
from tests.conformance.relying_party import RelyingParty
from tools.reference import conformance


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a module once for each line that the plans have for it."""
    if "run" not in metafunc.fixturenames:
        return
    is_dynamic = metafunc.module.__name__.endswith("test_dynamic")
    runs = [
        run
        for run in list_runs()
        if name_of_test(run.module) == metafunc.function.__name__
        and (run.profile == DYNAMIC_OP) == is_dynamic
    ]
    assert runs, f"no plan has {metafunc.function.__name__}"
    names = [f"{run.profile}, {run.variant}" for run in runs]
    metafunc.parametrize("run", runs, ids=names)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Say with the report of a test which line of the table it is."""
    run: Run | None = getattr(item, "funcargs", {}).get("run")
    outcome = yield
    if run is not None:
        report = outcome.get_result()  # type: ignore[attr-defined]
        report.user_properties.append(("conformance", [run.profile, run.module, str(run.variant)]))


class Clients:
    """Registers a client when a run first needs it: what a client may do is part of the test."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        self._known: dict[tuple[str, int], Registration] = {}

    def of(self, variant: Variant, *, number: int = 1) -> Registration:
        """Return the client of a variant. Implicit and hybrid flows have to be opted into."""
        key = (variant.response_type, number)
        if key not in self._known:
            is_code = variant.response_type == "code"
            metadata = {} if is_code else {"responseTypes": [variant.response_type]}
            self._known[key] = self._provider.register(**metadata)
        return self._known[key]


class Table:
    """Collects results; with several workers, in the process that they report to."""

    def __init__(self) -> None:
        self.results: dict[tuple[str, str, str], str] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note a result; what fails in its set-up has failed."""
        for name, value in report.user_properties:
            if name == "conformance" and (report.when == "call" or report.failed):
                self.results[tuple(value)] = report.outcome

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write the page."""
        conformance.write(self.results)


def pytest_configure(config: pytest.Config) -> None:
    """Collect results where all reports arrive."""
    if config.getoption("--conformance-table", default=False) and not hasattr(
        config, "workerinput"
    ):
        config.pluginmanager.register(Table(), "conformance-table")


@pytest.fixture(scope="session")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    """The server under test, one for each worker."""
    with running_provider(tmp_path_factory.mktemp("provider")) as provider:
        yield provider


@pytest.fixture(scope="session")
def account(provider: Provider) -> Account:
    """Somebody with an account."""
    return provider.add_account("ada")


@pytest.fixture(scope="session")
def clients(provider: Provider) -> Clients:
    """The clients of the modules of OpenID Connect Core."""
    return Clients(provider)


@pytest.fixture
def rp(provider: Provider, clients: Clients, account: Account, run: Run) -> Iterator[RelyingParty]:
    """The relying party of this run, with a fresh browser."""
    registration = clients.of(run.variant)
    rp = RelyingParty(provider, registration, account=account, variant=run.variant)
    yield rp
    rp.close()


@pytest.fixture
def second_rp(
    provider: Provider, clients: Clients, account: Account, run: Run, rp: RelyingParty
) -> Iterator[RelyingParty]:
    """A second client, used by the same person in the same browser."""
    registration = clients.of(run.variant, number=2)
    second = RelyingParty(provider, registration, account=account, variant=run.variant)
    second.visitor.close()
    second.visitor = rp.visitor
    yield second
    second.http.close()


@pytest.fixture(scope="session")
def fapi_clients(provider: Provider) -> dict[tuple[Variant, int], tuple[Registration, Key]]:
    """The two clients of each variant, registered when a run first needs them."""
    return {}


def party_of(
    provider: Provider,
    clients: dict[tuple[Variant, int], tuple[Registration, Key]],
    *,
    account: Account,
    variant: Variant,
    number: int,
) -> FapiParty:
    if (variant, number) not in clients:
        clients[variant, number] = register_fapi(provider, variant)
    registration, key = clients[variant, number]
    return FapiParty(provider, registration, account=account, variant=variant, key=key)


@pytest.fixture
def party(
    provider: Provider,
    fapi_clients: dict[tuple[Variant, int], tuple[Registration, Key]],
    account: Account,
    run: Run,
) -> Iterator[FapiParty]:
    """The client of this run, with a fresh browser."""
    party = party_of(provider, fapi_clients, account=account, variant=run.variant, number=1)
    yield party
    party.close()


@pytest.fixture
def other(
    provider: Provider,
    fapi_clients: dict[tuple[Variant, int], tuple[Registration, Key]],
    account: Account,
    run: Run,
) -> Iterator[FapiParty]:
    """A second client, with keys and a browser of its own."""
    other = party_of(provider, fapi_clients, account=account, variant=run.variant, number=2)
    yield other
    other.close()
