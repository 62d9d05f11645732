"""What a user can do about an error: the second half of the one line that is printed of it."""

from collections.abc import Mapping

from cyclopts import CycloptsError, UnusedCliTokensError

from kentik_async.cli.output.messages import on_one_line
from kentik_async.errors import (
    AuthenticationError,
    ConnectError,
    DeadlineExceededError,
    DecodeError,
    KentikError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitedError,
    ServerError,
    TargetError,
    UnavailableError,
)

__all__ = ["SCOPES", "error_line", "usage_lines"]

_PROGRAM = "kentik-async"

SCOPES: Mapping[str, str] = {
    "kmi.list_markets": "admin.kmi:read",
    "kmi.get_rankings": "admin.kmi:read",
    "kmi.get_asn_details": "admin.kmi:read",
    "kmi.get_global_insights": "admin.kmi:read",
    "kmi.get_asn_insights": "admin.kmi:read",
    "as_groups.list": "admin.as_group:read",
    "as_groups.get": "admin.as_group:read",
    "as_groups.create": "admin.as_group:write",
    "as_groups.update": "admin.as_group:write",
    "as_groups.delete": "admin.as_group:write",
}
"""The scope that each operation of API v6 takes, as the vendor's schema says."""

_WHERE_TO_LOOK: Mapping[str, str] = {
    "kmi": "'kentik-async kmi markets' lists the markets",
    "as_groups": "'kentik-async as-groups list' lists those there are",
    "sites": "'kentik-async sites list' lists those there are",
}

_ADVICE: tuple[tuple[type[KentikError], str], ...] = (
    (AuthenticationError, "check the e-mail address, the token and the region: see 'auth status'"),
    (RateLimitedError, "the company's quota is used up: try again later"),
    (ConnectError, "check the network, the proxy and the region"),
    (DeadlineExceededError, "give a longer --timeout"),
    (DecodeError, "please report it"),
    (UnavailableError, "try again later"),
    (ServerError, "try again later"),
)


def error_line(error: KentikError) -> str:
    """Return what went wrong and what to do about it, on one line.

    Args:
        error: Any error of the SDK's.
    """
    said = str(error)
    advice = _advice(error)
    if advice and advice not in said:
        said = f"{said}; {advice}"
    about_a_call = error.operation and not isinstance(error, TargetError)  # a full disk is no call's fault
    subject = f"{error.operation}: " if about_a_call else ""
    return " ".join(f"{subject}{said}".split())


def _advice(error: KentikError) -> str:
    operation = error.operation or ""
    if isinstance(error, PermissionDeniedError):
        scope = SCOPES.get(operation)
        if scope is None:
            return "a Member-level user may only read; ask an administrator"
        return f"the user lacks the scope {scope}: ask an administrator for it"
    if isinstance(error, NotFoundError):
        return _WHERE_TO_LOOK.get(operation.partition(".")[0], "")
    return next((advice for kind, advice in _ADVICE if isinstance(error, kind)), "")


def usage_lines(error: CycloptsError) -> str:
    """Return what was wrong on one line, and the command whose help says what is allowed on a second."""
    error.verbose = False
    if isinstance(error, UnusedCliTokensError) and error.unused_tokens:
        said = f"unexpected: {' '.join(map(repr, error.unused_tokens))}"
    else:
        said = on_one_line(str(error)).removesuffix(".")
        said = said[:1].lower() + said[1:]
    command = " ".join([_PROGRAM, *(error.command_chain or ())])
    return f"{said}\nhint: {command} --help"
