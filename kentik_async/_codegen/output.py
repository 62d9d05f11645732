"""Compares the generated files with those in the output folder, and writes them all, or none.

The manifest in the folder lists what earlier runs wrote. Other files are neither changed nor removed.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path, PurePosixPath

from kentik_async._codegen.errors import CodegenError
from kentik_async._codegen.python_module import HEADER
from kentik_async._codegen.render import DESCRIPTORS, FOLDER, RUNTIME

__all__ = ["MANIFEST", "differences", "write"]

MANIFEST = "codegen_manifest.txt"
"""The file that lists all others, one per line."""


def differences(out: Path, files: Mapping[str, bytes], *, whole: bool) -> dict[str, str]:
    """Return the changes that `write` would make.

    Args:
        out: The generated root.
        files: Paths below the root, with slashes, to contents.
        whole: Whether these are all packages; otherwise other packages are kept.

    Returns:
        Sorted paths below the root to `missing`, `differs` or `stale`.

    Raises:
        CodegenError: A file that code generation did not write has the path of one that it would write.
    """
    changes, _ = _compare(out, files, whole=whole)
    return changes


def write(out: Path, files: Mapping[str, bytes], *, whole: bool) -> dict[str, str]:
    """Write the files; if that fails, the folder is restored.

    Args:
        out: The generated root; created if it does not exist.
        files: As for `differences`.
        whole: As for `differences`.

    Returns:
        The changes, as returned by `differences`.

    Raises:
        CodegenError: As for `differences`, or the folder cannot be written.
    """
    if out.exists() and not out.is_dir():
        raise CodegenError(f"cannot write {out}: it is a file; --out must be a folder")
    try:
        changes, manifest = _compare(out, files, whole=whole)
        if changes:
            _apply(out, {**files, MANIFEST: manifest}, changes)
    except OSError as error:
        raise CodegenError(f"cannot write {out}: {error.strerror or error}") from error
    return changes


def _compare(out: Path, files: Mapping[str, bytes], *, whole: bool) -> tuple[dict[str, str], bytes]:
    """Return the changes, and the manifest after them."""
    own = _read_manifest(out)
    changes, kept = {}, set()
    for name, content in files.items():
        path = out / name
        if not path.is_file():
            changes[name] = "missing"
        elif path.read_bytes() == content or _is_package_of_another_run(name, content, files, own):
            continue
        elif name in own:
            changes[name] = "differs"
        elif content == FOLDER:
            kept.add(name)  # any existing `__init__.py` is sufficient
        else:
            raise CodegenError(
                f"{path} was not written by code generation (it is not in {MANIFEST}); "
                "move it away, or use another --out"
            )
    for name in own - set(files):
        folder = PurePosixPath(name).parent
        if (whole or folder == PurePosixPath(RUNTIME) or f"{folder}/{DESCRIPTORS}" in files) and (
            out / name
        ).is_file():
            changes[name] = "stale"
    left = {name for name in own if (out / name).is_file() and changes.get(name) != "stale"}
    manifest = _manifest((left | set(files)) - kept)
    path = out / MANIFEST
    if not path.is_file():
        changes[MANIFEST] = "missing"
    elif path.read_bytes() != manifest:
        changes[MANIFEST] = "differs"
    return dict(sorted(changes.items())), manifest


def _manifest(names: set[str]) -> bytes:
    return "\n".join([f"# {HEADER}", *sorted(names), ""]).encode()


def _read_manifest(out: Path) -> set[str]:
    """Return the paths in the manifest. A line that is not a path inside the folder is ignored.

    Raises:
        CodegenError: The file is not a manifest.
    """
    path = out / MANIFEST
    if not path.is_file():
        return set()
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    if f"# {HEADER}" not in lines:
        raise CodegenError(f"{path} was not written by code generation; move it away, or use another --out")
    names = (PurePosixPath(line) for line in lines if line[:1] != "#")
    return {
        name.as_posix() for name in names if name.parts and not name.is_absolute() and ".." not in name.parts
    }


def _is_package_of_another_run(name: str, content: bytes, files: Mapping[str, bytes], own: set[str]) -> bool:
    """Return whether an intermediate folder would replace a package of an earlier run."""
    descriptors = f"{PurePosixPath(name).parent}/{DESCRIPTORS}"
    return content == FOLDER and descriptors in own and descriptors not in files


def _apply(out: Path, files: Mapping[str, bytes], changes: Mapping[str, str]) -> None:
    """Write all new contents beside the old ones, then exchange them; undo the exchange if it fails."""
    created = [path for path in (out, *out.parents) if not path.exists()]
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".codegen-", dir=out) as scratch:
            new, old = Path(scratch, "new"), Path(scratch, "old")
            for name, change in changes.items():
                if change != "stale":
                    _make_folder(new / name)
                    (new / name).write_bytes(files[name])
            _exchange(out, new, old, changes)
    except OSError:
        for path in created:
            with suppress(OSError):
                path.rmdir()
        raise
    for name, change in changes.items():
        if change == "stale":
            _remove_empty(out, out / name)


def _exchange(out: Path, new: Path, old: Path, changes: Mapping[str, str]) -> None:
    done: list[str] = []
    try:
        for name, change in changes.items():
            done.append(name)
            if change != "missing":
                _make_folder(old / name)
                (out / name).rename(old / name)
            if change != "stale":
                _make_folder(out / name)
                (new / name).rename(out / name)
    except OSError:
        for name in reversed(done):
            with suppress(OSError):
                if (old / name).exists():
                    (old / name).replace(out / name)
                elif changes[name] == "missing":
                    (out / name).unlink(missing_ok=True)
                    _remove_empty(out, out / name)
        raise


def _make_folder(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)


def _remove_empty(out: Path, removed: Path) -> None:
    """Remove the compiled code of a removed module, and the folders that are empty now."""
    for cache in removed.parent.glob(f"__pycache__/{removed.stem}.*.pyc"):
        cache.unlink()
    for folder in (removed.parent / "__pycache__", *_parents(out, removed)):
        with suppress(OSError):
            folder.rmdir()


def _parents(out: Path, path: Path) -> Iterator[Path]:
    """Yield the folders between a file and the root, inner ones first."""
    folder = path.parent
    while folder != out:
        yield folder
        folder = folder.parent
