"""What a command gets of its surroundings: a client, a printer for results, and a place for notes."""

import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

from cyclopts import Parameter

from kentik_async.cli.output.messages import Notes
from kentik_async.cli.output.printer import Printer
from kentik_async.cli.parameters import Options
from kentik_async.errors import ConfigError

if TYPE_CHECKING:
    from kentik_async import KentikClient

__all__ = ["Context", "Ctx"]

_CONNECT_TIMEOUT = 5.0
"""Seconds: someone sits there and waits."""


class Context:
    """One run of the command line.

    Attributes:
        options: The options that every command takes.
        notes: Where notes, progress and questions go: to stderr.
    """

    def __init__(self, options: Options, notes: Notes | None = None) -> None:
        """Take the options; nothing is opened."""
        self.options = options
        self.notes = notes or Notes(quiet=options.quiet, colour=not options.no_color)

    def of_each_profile(self) -> "dict[str, Context]":
        """Return the surroundings of each profile that was named, by its name.

        Raises:
            ConfigError: One was named twice.
        """
        profiles = self.options.profile
        twice = next((name for name in profiles if profiles.count(name) > 1), None)
        if twice is not None:
            raise ConfigError(f"--profile names {twice!r} twice")
        return {
            name: Context(replace(self.options, profile=(name,)), self.notes.about(name)) for name in profiles
        }

    @property
    def profile(self) -> str | None:
        """The profile that was named, if any.

        Raises:
            ConfigError: Several were, and a command asks as one customer.
        """
        profiles = self.options.profile
        if len(profiles) > 1:
            raise ConfigError(f"--profile names {', '.join(profiles)}: only 'kmi pull' takes several")
        return profiles[0] if profiles else None

    @cached_property
    def printer(self) -> Printer:
        """Where results go: to stdout, in the form asked for."""
        form = self.options.output or ("table" if sys.stdout.isatty() else "ndjson")
        return Printer(form, self.notes, colour=not self.options.no_color)

    @cached_property
    def settings(self) -> dict[str, Any]:
        """What is known of the client's arguments: environment, profile and options together, read once.

        Raises:
            ConfigError: A profile cannot be read.
        """
        from kentik_async._environment import settings_from

        options = self.options
        given = {"region": options.region, "max_wait": options.max_wait, "timeout": options.timeout}
        known = settings_from(self.profile, os.environ, Path.home())
        return known | {name: value for name, value in given.items() if value is not None}

    @asynccontextmanager
    async def client(self) -> AsyncIterator["KentikClient"]:
        """Open a client; while the block waits long for quota, a note says so.

        Raises:
            ConfigError: There are no credentials, or they are unusable.
        """
        from kentik_async import KentikClient
        from kentik_async._environment import client_arguments
        from kentik_async.cli.output.wait_notice import telling_of_waits

        ours = {"on_event": self.notes.retries, "connect_timeout": _CONNECT_TIMEOUT}
        kentik = KentikClient(**client_arguments(self.settings | ours))
        async with kentik, telling_of_waits(kentik, self.notes):
            yield kentik


Ctx: TypeAlias = Annotated[Context, Parameter(parse=False)]
"""The type of a command's `context` parameter: handed to it, never read from the command line."""
