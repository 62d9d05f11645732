"""The options that every command takes, at any place of the command line."""

from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias

from cyclopts import Parameter

from kentik_async.cli.groups import GLOBAL

__all__ = ["Flag", "Format", "Options"]

Format: TypeAlias = Literal["table", "json", "ndjson", "csv"]


Flag: TypeAlias = Annotated[bool, Parameter(show_default=False)]
"""The type of an option that is there or not."""


@dataclass(frozen=True, slots=True)
class Options:
    """How to print and whom to be."""

    output: Annotated[
        Format | None,
        Parameter(
            name=("--output", "-o"),
            group=GLOBAL,
            help="Form of the result; table on a terminal, ndjson elsewhere.",
        ),
    ] = None
    profile: Annotated[
        tuple[str, ...],
        Parameter(
            group=GLOBAL,
            show_default=False,
            help="Credentials from ~/.kentik/PROFILE, before the environment; 'kmi pull' takes several.",
        ),
    ] = ()
    region: Annotated[Literal["us", "eu"] | None, Parameter(group=GLOBAL, help="The company's region.")] = (
        None
    )
    max_wait: Annotated[
        float | None,
        Parameter(group=GLOBAL, help="Longest wait for quota, in seconds; as long as it takes by default."),
    ] = None
    timeout: Annotated[
        float | None, Parameter(group=GLOBAL, help="Longest wait for one answer, in seconds; 60 by default.")
    ] = None
    quiet: Annotated[
        Flag, Parameter(name=("--quiet", "-q"), group=GLOBAL, help="No notes and no progress, errors only.")
    ] = False
    no_color: Annotated[Flag, Parameter(group=GLOBAL, help="No colours; NO_COLOR does the same.")] = False
