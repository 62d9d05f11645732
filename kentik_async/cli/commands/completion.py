"""`kentik-async completion`: what a shell needs to complete our command lines."""

import os
from pathlib import PurePath
from typing import Literal, TypeAlias

from kentik_async.cli.context import Ctx
from kentik_async.cli.parameters import Flag
from kentik_async.errors import ValidationError

__all__ = ["completion"]

_Shell: TypeAlias = Literal["bash", "zsh", "fish"]

_SHELLS: tuple[_Shell, ...] = ("bash", "zsh", "fish")


def completion(shell: _Shell | None = None, /, *, install: Flag = False, context: Ctx) -> None:
    """Print the completion script of a shell, or install it.

      $ eval "$(kentik-async completion bash)"
      $ kentik-async completion --install

    Args:
        shell: Which shell; yours by default, as SHELL says.
        install: Write the script to where the shell looks for it, and say where that is.
        context: Handed over.
    """
    from kentik_async.cli.app import app

    if shell is None:
        name = PurePath(os.environ.get("SHELL", "")).name
        found: _Shell | None = next((known for known in _SHELLS if known == name), None)
        if found is None:
            raise ValidationError(f"SHELL names {name or 'no shell'}: give one of {', '.join(_SHELLS)}")
        shell = found
    if install:
        context.notes.plain(f"written to {app.install_completion(shell=shell)}; begin a new shell to use it")
    else:
        context.printer.text(app.generate_completion(shell=shell).rstrip("\n"))
