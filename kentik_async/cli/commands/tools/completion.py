"""`kentik-async completion`: shell completion."""

import os
from pathlib import Path, PurePath
from typing import Annotated, Any, Literal, TypeAlias

from cyclopts import Parameter

from kentik_async.cli.context import Ctx
from kentik_async.cli.exit_codes import Exit
from kentik_async.cli.parameters import Flag
from kentik_async.cli.prompts import confirmed, declined, require_terminal
from kentik_async.errors import ConfigError, ValidationError

__all__ = ["completion"]

_Shell: TypeAlias = Literal["bash", "zsh", "fish"]

_SHELLS: tuple[_Shell, ...] = ("bash", "zsh", "fish")
_STARTUP_FILES = {"bash": "~/.bashrc", "zsh": "~/.zshrc"}


async def completion(
    shell: _Shell | None = None,
    /,
    *,
    install: Flag = False,
    yes: Annotated[Flag, Parameter(name=("--yes", "-y"))] = False,
    context: Ctx,
    # Not typed as App: an old cyclopts would look for options in it.
    root: Annotated[Any, Parameter(parse=False)],
) -> Exit | None:
    """Print the shell completion script, or install it.

    For example:

      eval "$(kentik-async completion bash)"
      kentik-async completion --install

    Args:
        shell: Shell; by default the one in the variable SHELL.
        install: Install the script; asks before it edits ~/.bashrc or ~/.zshrc.
        yes: Install or update without confirmation.
        context: The command context.
        root: The command tree.
    """
    shell = shell or _current_shell()
    if not install:
        context.printer.text(root.generate_completion(shell=shell).rstrip("\n"))
        return None
    startup_file = _STARTUP_FILES.get(shell)
    if startup_file is not None and not yes:
        if _loads_completion(startup_file):
            context.notes.plain(f"{startup_file} already loads the completion; to update it, add --yes")
            return None
        require_terminal(f"edit {startup_file}")
        if not await confirmed(f"Add kentik-async completion to {startup_file}?"):
            return declined(context, "nothing was installed")
    try:
        script = root.install_completion(shell=shell)
    except OSError as error:
        raise ConfigError(f"cannot install the completion: {error}") from None
    context.notes.plain(f"installed {_with_tilde(script)}; start a new shell to use it")
    return None


def _current_shell() -> _Shell:
    name = PurePath(os.environ.get("SHELL", "")).name
    found: _Shell | None = next((known for known in _SHELLS if known == name), None)
    if found is None:
        raise ValidationError(
            f"the variable SHELL must name one of {', '.join(_SHELLS)}; got {name!r}; "
            "give the shell as an argument"
        )
    return found


def _loads_completion(startup_file: str) -> bool:
    """Return whether a line of the file names the completion of this program."""
    try:
        text = Path(startup_file).expanduser().read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return any("kentik-async" in line and "completion" in line for line in text.splitlines())


def _with_tilde(path: Path) -> str:
    home = Path.home()
    return f"~/{path.relative_to(home)}" if path.is_relative_to(home) else str(path)
