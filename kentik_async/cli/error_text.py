"""The text of errors: one line that says what is wrong and what to do about it."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from itertools import chain

from cyclopts import (
    Argument,
    CoercionError,
    ConsumeMultipleError,
    CycloptsError,
    MissingArgumentError,
    Token,
    UnknownCommandError,
    UnknownOptionError,
    UnusedCliTokensError,
)

from kentik_async.cli.output.messages import on_one_line
from kentik_async.cli.parameters import Options
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
    ValidationError,
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
    **{
        f"{resource}.{method}": f"admin.site:{'read' if method in ('list', 'get') else 'write'}"
        for resource in ("sites_v6", "site_markets")
        for method in ("list", "get", "create", "replace", "update", "delete")
    },
}
"""The scope that each operation of API v6 requires, from the vendor's schema."""

_LIST_COMMANDS: Mapping[str, str] = {
    "kmi": "'kentik-async kmi markets' lists the markets",
    "as_groups": "'kentik-async as-groups list' lists the AS groups",
    "sites": "'kentik-async sites list' lists the sites",
    "sites_v6": "'kentik-async sites-v6 list' lists the sites",
    "site_markets": "'kentik-async site-markets list' lists the site markets",
}

_ABOUT_A_NETWORK = frozenset({"kmi.get_asn_details", "kmi.get_asn_insights"})

_HINTS: tuple[tuple[type[KentikError], str], ...] = (
    (AuthenticationError, "check the email, the token and the region"),
    (RateLimitedError, "the quota is used up; try again later"),
    (ConnectError, "check the network, the proxy and the region"),
    (DeadlineExceededError, "increase --timeout"),
    (DecodeError, "please report it"),
    (UnavailableError, "try again later"),
    (ServerError, "try again later"),
)


def error_line(error: KentikError) -> str:
    """Return what went wrong and what to do about it, on one line.

    Args:
        error: Any error of the SDK.
    """
    text = str(error)
    hint = _hint(error)
    if hint and hint not in text:
        text = f"{text}; {hint}"
    # A full disk is unrelated to the call, and the command already names the operation of a wrong argument.
    about_a_call = error.operation and not isinstance(error, TargetError | ValidationError)
    subject = f"{error.operation}: " if about_a_call else ""
    return " ".join(f"{subject}{text}".split())


def _hint(error: KentikError) -> str:
    operation = error.operation or ""
    if isinstance(error, PermissionDeniedError):
        scope = SCOPES.get(operation)
        if scope is None:
            return "users with the Member role may only read; ask an administrator"
        return f"the user lacks the scope {scope}; ask an administrator for it"
    if isinstance(error, NotFoundError):
        if operation in _ABOUT_A_NETWORK:
            return "'kentik-async kmi rankings MARKET' lists the networks of a market"
        return _LIST_COMMANDS.get(operation.partition(".")[0], "")
    return next((hint for kind, hint in _HINTS if isinstance(error, kind)), "")


def usage_lines(error: CycloptsError) -> str:
    """Return two lines: what is wrong with a command line, and a hint.

    Args:
        error: The error of the command line parser.
    """
    error.verbose = False
    text = _unknown(error) or _wrong_value(error)
    if text is None:
        text = str(error) if str(error).endswith("...") else str(error).removesuffix(".")
        text = text[:1].lower() + text[1:]
    text = on_one_line(text)
    command = " ".join([_PROGRAM, *(error.command_chain or ())])
    hint = _usage_hint(error)
    return f"{text}\nhint: {f'{hint}; ' if hint else ''}run '{command} --help'"


_NUMBERS: Mapping[type | None, str] = {int: "a whole number", float: "a number"}

_GLOBAL_OPTIONS = {
    f"--{field.name.replace('_', '-')}": field.default is not False for field in fields(Options)
}
"""The global options, and whether they take a value."""

_SIMILARITY = 0.75
"""The least similarity of a suggested option, without the hyphens: `--target` is not `--markets`."""


def _unknown(error: CycloptsError) -> str | None:
    """Return the text for an argument, a command or an option that does not exist."""
    match error:
        case UnusedCliTokensError(unused_tokens=[_, *_] as tokens):
            return f"unexpected argument: {' '.join(map(repr, tokens))}"
        case UnknownOptionError(token=token):
            known = [argument.names for argument in error.argument_collection if argument.parse]
            return _unknown_option(token.keyword or token.value, [*chain(*known), *_GLOBAL_OPTIONS])
        case UnknownCommandError(unused_tokens=[token, *_]) if token.startswith("-"):
            return _unknown_option(token, [*_GLOBAL_OPTIONS, "--help", "--version"])
        case UnknownCommandError(unused_tokens=[token, *_]) if not error.command_chain:
            option, value = _option_before(token, error.app or ())
            return f'unknown command "{token}": {option} took {value!r} as its value' if option else None
    return None


def _wrong_value(error: CycloptsError) -> str | None:
    """Return the text for a value that is missing, or is not a number."""
    match error:
        case ConsumeMultipleError():
            return f"{error.keyword} requires at least one value"
        case MissingArgumentError() if error.keyword is not None:
            return f"{error.keyword} requires a value"
        case MissingArgumentError(argument=Argument(name=name, names=names)):
            typed = [token for token in error.unused_tokens or () if token not in names]
            near = _similar(name, typed) if name.startswith("--") else ""
            return f"{name} is required{f'; did you mean {name} instead of {near}?' if near else ''}"
        case CoercionError(token=Token() as token, target_type=wanted) if wanted in _NUMBERS:
            name = token.keyword or (error.argument.name if error.argument else "the value")
            return f"{name} must be {_NUMBERS[wanted]}; got {token.value!r}"
    return None


def _unknown_option(token: str, names: Sequence[str]) -> str:
    """Return the text for an option that does not exist, with the most similar one."""
    option = token.partition("=")[0]
    near = _similar(option, names) if option.startswith("--") else ""
    return f"unknown option: {option}{f'. Did you mean {near}?' if near else ''}"


def _similar(option: str, names: Sequence[str]) -> str:
    """Return the option that is most similar to another one; "" if none is similar."""
    import difflib  # here, because only errors need it

    plain = {name.removeprefix("--"): name for name in names if name.startswith("--")}
    near = difflib.get_close_matches(option.removeprefix("--"), plain, n=1, cutoff=_SIMILARITY)
    return plain[near[0]] if near else ""


def _option_before(token: str, commands: Iterable[str]) -> tuple[str, str]:
    """Return the global option that has probably taken the command before a token, and the command."""
    line = sys.argv[1:]
    for option, value, following in zip(line, line[1:], line[2:], strict=False):
        if following == token and _GLOBAL_OPTIONS.get(option) and value in commands:
            return option, value
    return "", ""


_SEVERAL_VALUES = frozenset(
    {"--market", "--markets", "--rank-types", "--ips", "--asn", "--asns", "--mine", "--types"}
)
"""The options that take all the values after them."""


def _usage_hint(error: CycloptsError) -> str:
    """Return how to correct a frequent mistake; "" for others."""
    if isinstance(error, CoercionError) and error.token is not None and "," in error.token.value:
        values = " ".join(part for part in error.token.value.split(",") if part)
        return f"separate several values with spaces: {error.token.keyword} {values}"
    if isinstance(error, MissingArgumentError) and error.argument is not None:
        name = error.argument.name
        option = _last_list_option(error.root_input_tokens or [])
        if option and not name.startswith("-"):
            return f"{option} takes all the values after it; write {name} before the options"
    if isinstance(error, UnusedCliTokensError) and tuple(error.command_chain or ()) == ("kmi", "insights"):
        return "select a market or a network with an option: --market US, --asn 3356"
    return ""


def _last_list_option(tokens: Sequence[str]) -> str:
    """Return the option that has probably taken an argument: the last with several values; "" for none."""
    values: dict[str, int] = {}
    option = ""
    for token in tokens:
        if token.startswith("-"):
            option = token
        if option in _SEVERAL_VALUES:
            values[option] = values.get(option, -1) + 1
    several = [name for name, count in values.items() if count > 1] or list(values)
    return several[-1] if several else ""
