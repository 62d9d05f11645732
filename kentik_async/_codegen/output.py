"""Compares the generated files with those in the output folder, and writes them: all or nothing."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from kentik_async._codegen.errors import CodegenError
from kentik_async._codegen.render import DESCRIPTORS, FOLDER, RUNTIME

__all__ = ["differences", "write"]


def differences(out: Path, files: Mapping[str, bytes], *, whole: bool) -> dict[str, str]:
    """Return what `write` would change.

    Args:
        out: The generated root.
        files: Paths below the root, with slashes, to contents.
        whole: Whether these are all packages; otherwise other packages are kept.

    Returns:
        Sorted paths below the root to `missing`, `differs` or `stale`.
    """
    existing = set(_existing(out))
    result = {}
    for name, content in files.items():
        if name not in existing:
            result[name] = "missing"
        elif (out / name).read_bytes() != content and not _is_package_of_another_run(
            name, content, files, existing
        ):
            result[name] = "differs"
    for name in existing - set(files):
        if whole or f"{PurePosixPath(name).parent}/{DESCRIPTORS}" in files:
            result[name] = "stale"
    return dict(sorted(result.items()))


def write(out: Path, files: Mapping[str, bytes], *, whole: bool) -> dict[str, str]:
    """Write the files. The old tree is replaced when the new one is complete.

    Args:
        out: The generated root; created if it does not exist.
        files: As for `differences`.
        whole: As for `differences`.

    Returns:
        The changes, as returned by `differences`.

    Raises:
        CodegenError: The folder contains other files, or cannot be written.
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
    """Yield the paths of the files below a folder, without Python's caches."""
    for path in out.rglob("*"):
        name = path.relative_to(out)
        if path.is_file() and "__pycache__" not in name.parts:
            yield name.as_posix()


def _is_package_of_another_run(
    name: str, content: bytes, files: Mapping[str, bytes], existing: set[str]
) -> bool:
    """Return whether an intermediate folder would replace a package of an earlier run."""
    descriptors = f"{PurePosixPath(name).parent}/{DESCRIPTORS}"
    return content == FOLDER and descriptors in existing and descriptors not in files


def _refuse_foreign(out: Path) -> None:
    """Refuse a folder that is neither empty nor written by code generation."""
    if not out.exists():
        return
    if not out.is_dir():
        raise CodegenError(f"cannot write {out}: it is a file; --out must be a folder")
    others = sorted(name for name in _existing(out) if name != "__init__.py")
    if others and RUNTIME not in others:
        raise CodegenError(
            f"{out} contains other files ({others[0]}); use a new or empty folder, or earlier output"
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
