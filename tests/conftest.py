"""Settings for every test, so that it runs in the same way on each machine."""

import gc
import os
from collections.abc import Generator, Iterator
from pathlib import Path

import hypothesis
import pytest

import kentik_async
from tests.support.secret_scanner import files_with_a_token, token_in

# No deadline, because loaded machines are slow. In CI every run has the same examples, so failures repeat.
hypothesis.settings.register_profile("local", deadline=None)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
hypothesis.settings.register_profile("fuzz", deadline=None, max_examples=500, print_blob=True)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "local")

_TESTS = Path(__file__).parent
_MULTIPROCESS = _TESTS / "multiprocess"
"""These tests run several processes with real time: they wait more than they compute."""

_OURS = ("KENTIK_", "KTAPI_")
_FOR_TESTS = "KENTIK_ASYNC_"
_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "grpc_proxy")


@pytest.fixture(scope="session", autouse=True)
def _own_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Hide the developer's credentials, profiles and proxies: no test reaches the real Kentik by accident."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            ours = name.startswith(_OURS) and not name.startswith(_FOR_TESTS)
            if ours or name.lower() in _PROXIES:
                patch.delenv(name)
        # pip keeps its settings, because some tests create virtual environments.
        patch.setenv("XDG_CONFIG_HOME", os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config"))
        patch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
        # Caches are empty at first, then shared by all workers, because libraries need seconds to fill them.
        base = tmp_path_factory.getbasetemp()
        run = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
        patch.setenv("XDG_CACHE_HOME", str(run / "cache"))
        yield


@pytest.fixture(scope="session", autouse=True)
def _no_file_holds_a_token(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Search the temporary folders of the tests, including targets and quota files."""
    yield
    found = files_with_a_token(tmp_path_factory.getbasetemp())
    assert not found, f"a token was written to {found}"


def pytest_report_header() -> str:
    """Show which installation is tested: the working tree or a wheel."""
    return f"kentik_async: {Path(kentik_async.__file__).parent}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail a test whose captured output or log holds a token."""
    report = yield
    if report.when == "teardown":
        for name, text in report.sections:
            if (token := token_in(text)) is not None:
                report.outcome = "failed"
                report.longrepr = f"{name} holds the token {token!r}:\n{text}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Exclude all imported objects from garbage collection, which would otherwise visit them each time."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start with the tests that wait more than they compute."""
    items.sort(key=lambda item: not item.path.is_relative_to(_MULTIPROCESS))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """With `--dist loadfile`, also keep some folders with one worker."""
    from tests.support.scheduling import FileScheduling  # xdist may not be installed

    return FileScheduling(config, log) if config.getvalue("dist") == "loadfile" else None
