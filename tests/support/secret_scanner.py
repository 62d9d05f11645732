"""Searches all output of the tests for their tokens: none may be found.

Captured output and logs are searched after each test, the output of commands when they end, and the
temporary folders at the end of the run; only files of profiles may contain a token.
"""

import os
from pathlib import Path

__all__ = ["TOKENS", "files_with_a_token", "token_in"]

TOKENS = ("canary-5f1c0ffee5eed", "emulator-token")

_RAW = tuple(token.encode() for token in TOKENS)
_KEY_IN_A_PROFILE = b'"api-key"'
_MOST_BYTES = 64 * 1024 * 1024


def token_in(text: str) -> str | None:
    """Return the token that a text holds, or None."""
    return next((token for token in TOKENS if token in text), None)


def files_with_a_token(folder: Path) -> list[Path]:
    """Return the files under a folder that have a token in them or in their names, except profiles."""
    found = []
    for root, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name != "site-packages"]  # our own code, in environments
        paths = (Path(root, name) for name in names)
        found += [path for path in paths if token_in(str(path)) is not None or _holds_one(path)]
    return found


def _holds_one(path: Path) -> bool:
    if not path.is_file() or path.parent.name == ".kentik":  # a socket, a link that leads nowhere; a profile
        return False
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES)
    except OSError:  # just deleted, or made unreadable by a test
        return False
    return any(token in content for token in _RAW) and _KEY_IN_A_PROFILE not in content
