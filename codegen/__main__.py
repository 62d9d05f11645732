"""The command `python -m codegen`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from kentik_async._codegen import output, schema
from kentik_async._codegen.errors import CodegenError
from kentik_async._codegen.packages import build
from kentik_async._codegen.render import render

_PROJECT = Path(__file__).resolve().parent.parent
_GENERATED = _PROJECT / "kentik_async" / "_generated"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        arguments: The arguments after the command; those of the process by default.

    Returns:
        0 on success, 1 if `--check` found differences, 2 if code generation is not possible.
    """
    options = _parser().parse_args(arguments)
    try:
        return _run(options)
    except CodegenError as error:
        sys.stderr.write(f"codegen: {error}\n")
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m codegen",
        description="Compile protos into a Python package: messages, typed asyncio stubs and servicers.",
        epilog="Exit codes: 0 success, 1 --check found differences, 2 code generation failed.",
    )
    parser.add_argument("--check", action="store_true", help="write nothing; list the files that differ")
    parser.add_argument(
        "--schema",
        metavar="DIR",
        type=Path,
        help="a clone of kentik/api-schema-public (default: the protos of this project)",
    )
    parser.add_argument(
        "--api",
        metavar="API",
        action="append",
        default=[],
        help="generate only this API, such as as_group/v202212; keep the others; repeatable (default: all)",
    )
    parser.add_argument(
        "--out",
        metavar="DIR",
        type=Path,
        default=_GENERATED,
        help="output package, imported by the name of the folder (default: kentik_async/_generated)",
    )
    return parser


def _run(options: argparse.Namespace) -> int:
    source = schema.checkout(options.schema) if options.schema else schema.bundled(_PROJECT)
    files = render(*build(source, options.api))
    out: Path = options.out.resolve()
    whole = not options.api
    changes = (output.differences if options.check else output.write)(out, files, whole=whole)
    for name, change in changes.items():
        sys.stdout.write(f"{change if options.check else _DONE[change]}: {_shown(out / name)}\n")
    if changes and not options.check and out != _GENERATED:
        sys.stdout.write(f"import it as {out.name}.<api>.<version>, with {out.parent} on sys.path\n")
    return 1 if options.check and changes else 0


_DONE = {"missing": "added", "differs": "changed", "stale": "removed"}


def _shown(path: Path) -> str:
    """Return a path as the user would type it."""
    relative = os.path.relpath(path)
    return str(path) if relative.startswith(os.pardir) else relative


if __name__ == "__main__":
    sys.exit(main())
