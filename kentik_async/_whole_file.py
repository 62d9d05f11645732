"""Files that appear whole or not at all."""

import os
from pathlib import Path

__all__ = ["replace_file"]


def replace_file(path: Path, text: str, *, keep_mode: bool = False) -> None:
    """Write a file in one step: a reader sees the old or the new content, also after a power cut.

    Args:
        path: The file; it may exist, its folder must.
        text: The content.
        keep_mode: Whether the permissions of an existing file stay; else only the user may read the file.

    Raises:
        OSError: The file cannot be written; the old one is unchanged.
    """
    import tempfile  # here, because it loads ten modules, and most programs write no such file

    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mode 0600
    unfinished = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if keep_mode and path.exists():
            unfinished.chmod(path.stat().st_mode & 0o777)
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
