"""The command that goes on with a pull that was interrupted."""

import shlex
from collections.abc import Sequence

__all__ = ["resume_command"]

_PROGRAM = "kentik-async"
_PROFILE = "--profile"


def resume_command(
    arguments: Sequence[str], *, target: str | None = None, own_target: str = "", profile: str = ""
) -> str:
    """Return a command line that goes on with a pull.

    Args:
        arguments: The command line that was interrupted, without the program's name.
        target: The target on it, where it pulled for several profiles into a target each.
        own_target: Where the one profile's pull lands.
        profile: That profile.

    Returns:
        The same command; or one that goes on with that profile's pull alone, if it can be made.
    """
    if target is None:
        return shlex.join([_PROGRAM, *arguments])
    others = _without_profiles(arguments)
    if others.count(target) != 1:  # an option's value is the same: the command for all does it too
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
