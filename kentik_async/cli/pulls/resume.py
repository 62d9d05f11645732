"""The command that resumes an interrupted pull."""

import shlex
from collections.abc import Sequence

__all__ = ["resume_command"]

_PROGRAM = "kentik-async"
_PROFILE = "--profile"


def resume_command(
    arguments: Sequence[str], *, target: str | None = None, own_target: str = "", profile: str = ""
) -> str:
    """Return a command line that resumes a pull.

    Args:
        arguments: The command line that was interrupted, without the program's name.
        target: The target in it, if it pulls for several profiles into a folder each.
        own_target: The target of one profile.
        profile: That profile.

    Returns:
        The same command; or, for one of several profiles, a command for that profile alone, if the target
        can be distinguished from the other arguments.
    """
    if target is None:
        return shlex.join([_PROGRAM, *arguments])
    others = _without_profiles(arguments)
    if others.count(target) != 1:  # the value of an option is the same: resume all profiles
        return shlex.join([_PROGRAM, *arguments])
    others[others.index(target)] = own_target
    return shlex.join([_PROGRAM, *others, _PROFILE, profile])


def _without_profiles(arguments: Sequence[str]) -> list[str]:
    kept = []
    rest = iter(arguments)
    for argument in rest:
        if argument == _PROFILE:
            next(rest, None)
        elif not argument.startswith(f"{_PROFILE}="):
            kept.append(argument)
    return kept
