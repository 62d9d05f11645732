"""`--jq`: filters the JSON of a result with a jq program."""

import sys
from typing import Any

from kentik_async.cli.output.messages import printable
from kentik_async.errors import ConfigError, ValidationError

__all__ = ["JqFilter"]


class JqFilter:
    """A compiled jq program."""

    def __init__(self, program: str) -> None:
        """Compile a program.

        Raises:
            ConfigError: The package jq is not installed.
            ValidationError: The program is invalid.
        """
        try:
            import jq  # type: ignore[import-not-found]  # it ships no types
        except ModuleNotFoundError:
            raise ConfigError("--jq needs the package jq: pip install 'kentik-async[jq]'") from None
        try:
            self._program: Any = jq.compile(program)
        except ValueError as error:
            raise ValidationError(f"--jq is not a valid jq program: {_first_line(error)}") from None

    def lines(self, document: bytes) -> bytes:
        """Return the results for a JSON document, one per line: texts without quotes, the rest as JSON.

        Raises:
            ValidationError: The program fails for this document.
        """
        import msgspec

        try:
            results = self._program.input_text(document.decode()).all()
        except ValueError as error:
            raise ValidationError(f"--jq failed: {_first_line(error)}") from None
        terminal = sys.stdout.isatty()
        lines: list[bytes] = []
        for result in results:
            if isinstance(result, str):
                text = printable(result) if terminal else result
                lines.append(text.encode("utf-8", "replace"))
            else:
                lines.append(msgspec.json.encode(result))
        return b"".join(line + b"\n" for line in lines)


def _first_line(error: ValueError) -> str:
    return str(error).partition("\n")[0].removeprefix("jq: error: ")
