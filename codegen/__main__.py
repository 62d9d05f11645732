"""The command `python -m codegen`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from kentik_async._codegen import schema
from kentik_async._codegen.errors import CodegenError
from kentik_async._codegen.run import generate, import_hint

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
    parser.add_argument("--list", action="store_true", help="write nothing; list the APIs of the schema")
    parser.add_argument(
        "--schema",
        metavar="DIR",
        type=Path,
        help="a clone of kentik/api-schema-public; needs --out (default: the protos of this project)",
    )
    parser.add_argument(
        "--api",
        metavar="API",
        action="extend",
        nargs="+",
        default=[],
        help="generate only these APIs, such as as_group/v202212; keep the others (default: all)",
    )
    parser.add_argument("--all", action="store_true", help="generate all APIs (the default)")
    parser.add_argument(
        "--out",
        metavar="DIR",
        type=_folder,
        help="output package, imported by the name of the folder (default: kentik_async/_generated)",
    )
    return parser


def _folder(text: str) -> Path:
    if not text:  # Path("") is the current folder
        raise argparse.ArgumentTypeError("the name of the folder is empty")
    return Path(text)


def _run(options: argparse.Namespace) -> int:
    source = schema.checkout(options.schema) if options.schema else schema.bundled(_PROJECT)
    if options.list:
        sys.stdout.writelines(f"{api}\n" for api in source.apis())
        return 0
    if options.api and options.all:
        raise CodegenError("give --api or --all, not both")
    if options.schema and not options.out:
        raise CodegenError("--schema needs --out DIR, the folder of the new package")
    out: Path = options.out or _GENERATED
    lines = list(generate(source, options.api, out, check=options.check))
    sys.stdout.writelines(f"{line}\n" for line in lines)
    if lines and not options.check and options.out:
        sys.stdout.write(f"{import_hint(out)}\n")
    return 1 if options.check and lines else 0


if __name__ == "__main__":
    sys.exit(main())
