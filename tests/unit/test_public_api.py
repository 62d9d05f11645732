"""The public names are fixed: adding one is a decision, and removing one breaks user programs."""

import ast
import inspect
import subprocess
import sys
from collections.abc import Iterator
from types import ModuleType

import pytest

import kentik_async
from kentik_async import KentikClient, errors, models, quota
from kentik_async.resources import __all__ as resource_names

NAMES = [
    "APIError",
    "ASGroup",
    "ASGroupList",
    "ASNDetails",
    "ApplyReport",
    "AuthenticationError",
    "AutonomousSystem",
    "BadRequestError",
    "ClientClosedError",
    "ConfigError",
    "ConflictError",
    "ConnectError",
    "CustomerProvider",
    "DeadlineExceededError",
    "DecodeError",
    "Document",
    "DocumentError",
    "Event",
    "Filter",
    "Grant",
    "IPFamily",
    "Insight",
    "InsightType",
    "KentikClient",
    "KentikError",
    "Layer",
    "LayerSet",
    "Limiter",
    "LocalLimiter",
    "Market",
    "NotFoundError",
    "Page",
    "Peer",
    "PeeringDBSiteMapping",
    "PermissionDeniedError",
    "Plan",
    "PlanDevice",
    "PlanDeviceType",
    "PostalAddress",
    "Progress",
    "Pull",
    "PullPlan",
    "PullReport",
    "Quota",
    "QuotaSnapshot",
    "QuotaWaitError",
    "RankType",
    "Ranking",
    "Rankings",
    "RateLimitedError",
    "Records",
    "Relation",
    "Response",
    "Retry",
    "ServerError",
    "Site",
    "SiteIpAddressClassification",
    "SiteMarket",
    "SiteMarketList",
    "SiteType",
    "SiteV6",
    "SiteV6List",
    "StatePlan",
    "TargetError",
    "TargetLockedError",
    "UnavailableError",
    "ValidationError",
    "__version__",
    "priority",
]

CLIENT_ARGUMENTS = [
    "email",
    "token",
    "region",
    "grpc_endpoint",
    "rest_endpoint",
    "customer",
    "quota",
    "query_quota",
    "pacing",
    "limiter",
    "timeout",
    "max_wait",
    "connect_timeout",
    "outage_wait",
    "retry",
    "on_event",
    "ca_file",
    "proxy",
    "allow_plaintext",
    "transport",
    "v6_rest_endpoint",
]


def test_the_names() -> None:
    assert sorted(kentik_async.__all__) == sorted(NAMES)
    assert len(set(kentik_async.__all__)) == len(NAMES)


def test_every_name_is_there() -> None:
    for name in NAMES:
        assert getattr(kentik_async, name) is not None


def test_every_error_in_a_call_has_a_public_name() -> None:
    assert set(errors.__all__) <= set(kentik_async.__all__)


def test_the_clients_arguments() -> None:
    parameters = inspect.signature(KentikClient).parameters
    assert list(parameters) == CLIENT_ARGUMENTS
    by_position = [name for name, p in parameters.items() if p.kind is p.POSITIONAL_OR_KEYWORD]
    assert by_position == ["email", "token"]


def test_the_clients_defaults() -> None:
    defaults = {
        name: parameter.default
        for name, parameter in inspect.signature(KentikClient).parameters.items()
        if parameter.default not in (None, parameter.empty)
    }
    assert defaults == {
        "region": "us",
        "pacing": "auto",
        "timeout": 60.0,
        "connect_timeout": 10.0,
        "outage_wait": 60.0,
        "retry": kentik_async.Retry(attempts=4, base=0.5, cap=30.0),
        "allow_plaintext": False,
        "transport": "auto",
    }


def public_callables() -> Iterator[tuple[str, object]]:
    """Return everything that a user can call or create: the names above, and their attributes."""
    seeds: list[tuple[str, object]] = [(name, getattr(kentik_async, name)) for name in NAMES]
    seeds += [(name, getattr(kentik_async.resources, name)) for name in resource_names]
    seeds += [(name, getattr(module, name)) for module in (models, quota) for name in module.__all__]
    for name, thing in seeds:
        if inspect.isfunction(thing) or inspect.isclass(thing):
            yield name, thing
        if inspect.isclass(thing) and thing.__module__.startswith("kentik_async"):
            for inner, member in vars(thing).items():
                function = getattr(member, "__func__", member)
                callable_ = inspect.isfunction(function) or isinstance(function, property)
                if callable_ and not inner.startswith("_"):
                    yield f"{name}.{inner}", function


@pytest.mark.parametrize(("name", "thing"), [pytest.param(*pair, id=pair[0]) for pair in public_callables()])
def test_every_public_callable_has_a_docstring(name: str, thing: object) -> None:
    docstring = inspect.getdoc(thing)
    assert docstring, name
    assert "\n" not in docstring.partition("\n\n")[0], f"{name}: the first paragraph is one line"


def test_star_import_brings_these_names_only() -> None:
    namespace: dict[str, object] = {}
    exec("from kentik_async import *", namespace)
    assert sorted(set(namespace) - {"__builtins__"}) == sorted(NAMES)
    assert not any(
        isinstance(value, ModuleType) for name, value in namespace.items() if name != "__builtins__"
    )


def modules_after(program: str) -> set[str]:
    program = f"import sys; {program}; print(*sorted(m for m in sys.modules if '.' not in m))"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    return set(done.stdout.split())


def test_importing_it_loads_nothing_that_can_wait() -> None:
    heavy = {"aiohttp", "rich", "cyclopts", "pyarrow", "pandas", "polars", "numpy", "redis", "dlt", "yarl"}
    assert (
        heavy & modules_after("from kentik_async import *; import kentik_async; kentik_async.open") == set()
    )
    assert {"asyncio", "grpc", "google", "msgspec"} & modules_after("import kentik_async") == set()


def test_names_are_loaded_from_where_type_checkers_see_them() -> None:
    body = ast.parse(inspect.getsource(kentik_async)).body
    (seen,) = (
        node.body for node in body if isinstance(node, ast.If) and isinstance(node.body[0], ast.ImportFrom)
    )
    imports = {
        node.module: {alias.name for alias in node.names} for node in seen if isinstance(node, ast.ImportFrom)
    }
    assert imports == {home: set(names) for home, names in kentik_async._HOMES.items()}


def test_invalid_host_name() -> None:
    with pytest.raises(AttributeError, match="module 'kentik_async' has no attribute 'Klient'"):
        _ = kentik_async.Klient
    assert {*NAMES, "open", "emulator"} <= set(dir(kentik_async))


@pytest.mark.parametrize("name", ["dlt", "emulator", "errors", "events", "models", "quota", "report"])
def test_submodules_are_at_hand(name: str) -> None:
    program = f"import kentik_async; assert kentik_async.{name}.__name__ == 'kentik_async.{name}'"
    assert modules_after(program)
