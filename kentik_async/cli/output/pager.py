"""Shows long output in the user's pager."""

import os
import shlex
import shutil
import signal
import subprocess
import sys

__all__ = ["show_in_pager"]


def show_in_pager(text: str) -> bool:
    """Show a text with colours in the pager that PAGER names, `less` by default, until the user leaves it.

    Returns:
        False if nothing was shown: PAGER is empty or cat, there is no such program, or stdin is no terminal.
    """
    command = shlex.split(os.environ.get("PAGER", "less"))
    if not command or command[0] == "cat" or not sys.stdin.isatty() or shutil.which(command[0]) is None:
        return False
    environment = {"LESS": "FRX", **os.environ}  # colours; no pager for a text that fits
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C belongs to the pager
    try:
        subprocess.run(command, input=text.encode("utf-8", "replace"), env=environment, check=False)  # noqa: S603 (the user's pager)
    finally:
        signal.signal(signal.SIGINT, before)
    return True
