"""Exit codes, and the line that is printed for an error."""

import pytest

import kentik_async
from kentik_async import KentikError, errors
from kentik_async._operations import as_groups, kmi, sites_v6
from kentik_async._operations.request import Operation
from kentik_async.cli import parameters
from kentik_async.cli.error_text import SCOPES, error_line
from kentik_async.cli.exit_codes import Exit, exit_for, worst
from kentik_async.emulator.api.v6 import RPCS

CODES = {
    "ConfigError": 2,
    "DocumentError": 2,
    "ValidationError": 2,
    "AuthenticationError": 3,
    "PermissionDeniedError": 3,
    "RateLimitedError": 4,
    "QuotaWaitError": 4,
    "TargetLockedError": 6,
}


@pytest.mark.parametrize("name", sorted(set(errors.__all__) - {"APIError"}))
def test_every_error_has_its_exit_code(name: str) -> None:
    error = getattr(errors, name)("said")
    assert exit_for(error) == CODES.get(name, 1)


@pytest.mark.parametrize(
    ("exits", "first"),
    [
        ([], Exit.OK),
        ([Exit.OK, Exit.FAILURES], Exit.FAILURES),
        ([Exit.FAILURES, Exit.RATE_LIMITED, Exit.LOCKED], Exit.LOCKED),
        ([Exit.API_ERROR, Exit.LOCKED, Exit.AUTH], Exit.AUTH),
        ([Exit.AUTH, Exit.USAGE], Exit.USAGE),
        ([Exit.INTERRUPTED, *Exit], Exit.INTERRUPTED),
    ],
)
def test_of_several_exits_the_worst_counts(exits: list[Exit], first: Exit) -> None:
    assert worst(exits) is worst(reversed(exits)) is first


def test_every_exit_code_has_a_rank() -> None:
    assert {worst([one]) for one in Exit} == set(Exit)


def test_the_codes_are_what_scripts_rely_on() -> None:
    assert {code.name: int(code) for code in Exit} == {
        "OK": 0,
        "API_ERROR": 1,
        "USAGE": 2,
        "AUTH": 3,
        "RATE_LIMITED": 4,
        "FAILURES": 5,
        "LOCKED": 6,
        "INTERRUPTED": 130,
    }


def test_every_operation_of_api_v6_has_a_scope() -> None:
    operations = {
        value.name
        for module in (as_groups, kmi, sites_v6)
        for value in vars(module).values()
        if isinstance(value, Operation)
    }
    assert set(SCOPES) == operations
    assert {rpc.name: rpc.scope for rpc in RPCS}.items() <= SCOPES.items()


@pytest.mark.parametrize(("operation", "scope"), SCOPES.items())
def test_a_refused_right_names_the_missing_scope(operation: str, scope: str) -> None:
    error = errors.PermissionDeniedError("gRPC PERMISSION_DENIED: no")
    error.operation = operation
    assert f"lacks the scope {scope}" in error_line(error)
    reads = any(word in operation for word in ("get", "list"))
    assert scope.endswith(":read" if reads else ":write")


@pytest.mark.parametrize("name", sorted(set(errors.__all__) - {"APIError"}))
def test_an_error_is_one_line_that_begins_with_the_operation(name: str) -> None:
    error: KentikError = getattr(errors, name)("something\nwent\twrong")
    error.operation = "kmi.get_rankings"
    line = error_line(error)
    # A full disk is unrelated to a call, and the command line names a wrong argument itself.
    apart = isinstance(error, errors.TargetError | errors.ValidationError)
    about = "" if apart else "kmi.get_rankings: "
    assert line.startswith(f"{about}something went wrong")
    assert "\n" not in line


def test_advice_is_not_given_twice() -> None:
    error = errors.DecodeError("broken; please report it")
    assert error_line(error).count("please report it") == 1


@pytest.mark.parametrize(
    ("offered", "enumeration"),
    [
        (parameters.Family, kentik_async.IPFamily),
        (parameters.RankKind, kentik_async.RankType),
        (parameters.RelationKind, kentik_async.Relation),
        (parameters.Choice, kentik_async.Filter),
        (parameters.InsightKind, kentik_async.InsightType),
        (parameters.SiteKind, kentik_async.SiteType),
    ],
)
def test_the_choices_offered_are_those_of_the_api(offered: object, enumeration: type) -> None:
    texts = offered.__args__
    assert {enumeration(text) for text in texts} == set(enumeration) - {"unspecified"}
