"""Compares the generated tree with what should be there, and writes it: all of it or nothing."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from codegen.errors import CodegenError
from codegen.render import DESCRIPTORS, FOLDER, RUNTIME

__all__ = ["differences", "write"]


def differences(out: Path, files: Mapping[str, bytes], *, whole: bool) -> dict[str, str]:
    """What writing would change.

    Args:
        out: The generated root.
        files: Paths below it, with slashes, to contents.
        whole: Whether these are all it is to hold; otherwise packages that are not among them stay.

    Returns:
        Paths below the root, in order, to `missing`, `differs` or `stale`.
    """
    there = set(_existing(out))
    result = {}
    for name, content in files.items():
        if name not in there:
            result[name] = "missing"
        elif (out / name).read_bytes() != content and not _is_package_of_another_run(
            name, content, files, there
        ):
            result[name] = "differs"
    for name in there - set(files):
        if whole or f"{PurePosixPath(name).parent}/{DESCRIPTORS}" in files:
            result[name] = "stale"
    return dict(sorted(result.items()))


def write(out: Path, files: Mapping[str, bytes], *, whole: bool) -> dict[str, str]:
    """Makes the tree what it should be; the old one stands until the new one is complete.

    Args:
        out: The generated root; made where it is not there.
        files: As for `differences`.
        whole: Likewise.

    Returns:
        What changed, as `differences` tells it.

    Raises:
        CodegenError: The folder holds other things, or cannot be written.
    """
    try:
        _refuse_foreign(out)
        changes = differences(out, files, whole=whole)
        if changes:
            _swap(out, files, changes)
    except OSError as error:
        raise CodegenError(f"cannot write {out}: {error.strerror or error}") from error
    return changes


def _existing(out: Path) -> Iterator[str]:
    """Paths of the files below a folder, but for what Python leaves there itself."""
    for path in out.rglob("*"):
        name = path.relative_to(out)
        if path.is_file() and "__pycache__" not in name.parts:
            yield name.as_posix()


def _is_package_of_another_run(
    name: str, content: bytes, files: Mapping[str, bytes], there: set[str]
) -> bool:
    """Whether a mere folder on the way to a package would replace a package of an earlier run."""
    descriptors = f"{PurePosixPath(name).parent}/{DESCRIPTORS}"
    return content == FOLDER and descriptors in there and descriptors not in files


def _refuse_foreign(out: Path) -> None:
    """Only a folder that code generation wrote, or an empty one, is ever overwritten."""
    if not out.exists():
        return
    if not out.is_dir():
        raise CodegenError(f"cannot write {out}: it is a file; give a folder")
    others = sorted(name for name in _existing(out) if name != "__init__.py")
    if others and RUNTIME not in others:
        raise CodegenError(
            f"{out} holds other files ({others[0]}); give a new or empty folder, or one written before"
        )


def _swap(out: Path, files: Mapping[str, bytes], changes: Mapping[str, str]) -> None:
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{out.name}-", dir=out.parent) as scratch:
        new, old = Path(scratch, "new"), Path(scratch, "old")
        new.mkdir()
        for name in _existing(out):
            if name not in changes:
                _put(new / name, (out / name).read_bytes())
        for name, change in changes.items():
            if change != "stale":
                _put(new / name, files[name])
        if out.exists():
            out.rename(old)
        try:
            new.rename(out)
        except OSError:
            old.rename(out)
            raise


def _put(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
