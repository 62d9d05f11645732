"""Runs protoc in another process and returns a serialized FileDescriptorSet."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from kentik_async._codegen.errors import CodegenError
from kentik_async._codegen.schema import Schema

__all__ = ["compile_protos", "protoc_command"]

_PROTOC = "import sys; from grpc_tools import protoc; sys.exit(protoc.main(sys.argv))"


def compile_protos(schema: Schema, files: Sequence[str]) -> bytes:
    """Compiles files and everything they import.

    Args:
        schema: The tree in which imports are looked up.
        files: Import paths of the files to compile.

    Returns:
        A serialized FileDescriptorSet; each file follows the files that it imports.

    Raises:
        CodegenError: grpcio-tools is not installed, or a file does not compile.
    """
    with tempfile.TemporaryDirectory(prefix="codegen-") as scratch:
        target = Path(scratch, "set.binpb")
        options = ["--include_imports", "--include_source_info", f"--descriptor_set_out={target}"]
        run = subprocess.run(  # noqa: S603 (this interpreter, without a shell)
            [*protoc_command(schema), *options, *files],
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
        if run.returncode != 0:
            raise CodegenError(f"protoc failed: {_first_error(run.stderr)}")
        return target.read_bytes()


def protoc_command(schema: Schema) -> list[str]:
    """Return the command that starts protoc with its import folders, to which options and files are added.

    Raises:
        CodegenError: grpcio-tools is not installed.
    """
    folders = [_well_known_protos(), schema.protos, *schema.vendored]
    return [sys.executable, "-c", _PROTOC, *(f"--proto_path={folder}" for folder in folders)]


def _well_known_protos() -> Path:
    """Return the compiler's own google/protobuf files. They come first, so that both match."""
    spec = importlib.util.find_spec("grpc_tools")
    if spec is None or not spec.submodule_search_locations:
        raise CodegenError("protoc is not installed: pip install 'kentik-async[codegen]'")
    return Path(spec.submodule_search_locations[0]) / "_proto"


def _first_error(stderr: str) -> str:
    """Return the first error with a file and a line; later errors are mostly consequences of it."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    errors = [line for line in lines if "warning:" not in line]
    located = [line for line in errors if re.match(r".+\.proto:\d+:", line)]
    return (located or errors or lines or ["no error message"])[0]
