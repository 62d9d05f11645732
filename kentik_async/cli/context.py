"""The context of a command: settings, a client, a printer for results, and messages."""

import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

from cyclopts import Parameter

from kentik_async.cli.output.messages import Notes
from kentik_async.cli.output.printer import Printer
from kentik_async.cli.parameters import Format, Options
from kentik_async.errors import ConfigError, ValidationError

if TYPE_CHECKING:
    from kentik_async import KentikClient

__all__ = ["Context", "Ctx"]

_CONNECT_TIMEOUT = 5.0
"""Seconds; shorter than the default of the client because a person waits."""


_CLIENT_OPTIONS = (
    "region",
    "transport",
    "customer",
    "pacing",
    "limiter",
    "ca_file",
    "proxy",
    "max_wait",
    "timeout",
)
"""The global options that are arguments of the client."""


class Context:
    """The context of one run of the command line.

    Attributes:
        options: The global options.
        notes: Prints notes, progress and questions to stderr.
    """

    def __init__(self, options: Options, notes: Notes | None = None) -> None:
        """Store the options; nothing is opened."""
        self.options = options
        self.notes = notes or Notes(quiet=options.quiet, colour=not options.no_color)

    def of_each_profile(self) -> "dict[str, Context]":
        """Return a context for each selected profile, by its name.

        Raises:
            ConfigError: A profile was given twice.
        """
        profiles = self.options.profile
        twice = next((name for name in profiles if profiles.count(name) > 1), None)
        if twice is not None:
            raise ConfigError(f"--profile {twice} is given twice")
        return {
            name: Context(replace(self.options, profile=(name,)), self.notes.about(name)) for name in profiles
        }

    @property
    def profile(self) -> str | None:
        """The selected profile, if any.

        Raises:
            ConfigError: Several profiles were given, but the command takes only one.
        """
        profiles = self.options.profile
        if len(profiles) > 1:
            raise ConfigError(
                f"--profile can be given once, except for 'kmi pull'; got {', '.join(profiles)}"
            )
        return profiles[0] if profiles else None

    @cached_property
    def printer(self) -> Printer:
        """The printer for results, with the selected format.

        Raises:
            ConfigError: The options for the output contradict each other, or a package is missing.
            ValidationError: An option for the output is invalid.
        """
        options = self.options
        form: Format = options.output or ("table" if sys.stdout.isatty() else "ndjson")
        jq = None
        if options.jq is not None:
            from kentik_async.cli.output.jq_filter import JqFilter

            if options.output not in (None, "json"):
                raise ConfigError(f"--jq reads JSON: it cannot be combined with -o {options.output}")
            form, jq = "json", JqFilter(options.jq)
        return Printer(
            form,
            self.notes,
            colour=not options.no_color,
            fields=_names(options.fields),
            jq=jq,
            pager=not options.no_pager,
        )

    @cached_property
    def settings(self) -> dict[str, Any]:
        """The arguments of the client from the environment, the profile and the options; read once.

        Raises:
            ConfigError: A profile cannot be read.
        """
        from kentik_async._environment import settings_from

        return settings_from(self.profile, os.environ, Path.home()) | self.given

    @property
    def given(self) -> dict[str, Any]:
        """The arguments of the client that the options set."""
        options = self.options
        given = {name: getattr(options, name) for name in _CLIENT_OPTIONS}
        if options.endpoint is not None:
            url = options.endpoint.rstrip("/")
            given |= {"grpc_endpoint": url, "v6_rest_endpoint": url, "rest_endpoint": f"{url}/api/v5"}
        return {name: value for name, value in given.items() if value is not None}

    @asynccontextmanager
    async def client(self, settings: Mapping[str, Any] | None = None) -> AsyncIterator["KentikClient"]:
        """Open a client. While a call waits long for quota, a message says so.

        Args:
            settings: The arguments of the client, instead of `self.settings`.

        Raises:
            ConfigError: Credentials are missing or invalid.
        """
        from kentik_async.cli.output.wait_notice import wait_notice

        async with self.open_client(settings) as kentik, wait_notice(kentik, self.notes):
            yield kentik

    def open_client(self, settings: Mapping[str, Any] | None = None) -> "KentikClient":
        """Return a client that prints no message while its calls wait.

        Args:
            settings: The arguments of the client, instead of `self.settings`.

        Raises:
            ConfigError: Credentials are missing or invalid.
        """
        from kentik_async import KentikClient
        from kentik_async._environment import client_arguments

        if settings is None:
            settings = self.settings
        if not settings.keys() & {"email", "token"}:
            raise ConfigError(_NO_CREDENTIALS)
        _ = self.printer  # invalid options for the output are reported before a request is sent
        logged = self.options.verbose or self.options.debug  # the log reports retries, too
        own = {"on_event": None if logged else self.notes.retries, "connect_timeout": _CONNECT_TIMEOUT}
        return KentikClient(**client_arguments({**settings, **own}))


def _names(text: str | None) -> tuple[str, ...]:
    """Return the names in a list with commas.

    Raises:
        ValidationError: The list is empty.
    """
    names = tuple(name.strip() for name in (text or "").split(",") if name.strip())
    if text is not None and not names:
        raise ValidationError(f"--fields must be names separated by commas; got {text!r}")
    return names


Ctx: TypeAlias = Annotated[Context, Parameter(parse=False)]
"""The type of the `context` parameter of commands, which is not read from the command line."""

_NO_CREDENTIALS = (
    "no credentials found: run 'kentik-async auth login', or set KENTIK_EMAIL and KENTIK_API_TOKEN; "
    "without an account, try: kentik-async demo"
)
