"""Files in the user's state folder, and files that are written atomically."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kentik_async._whole_file import replace_file, write_file
from kentik_async.bulk.target.lock import TargetLock
from kentik_async.errors import TargetError, TargetLockedError

__all__ = ["account_lock", "state_folder", "write_whole"]


def state_folder(name: str) -> Path:
    """Return a folder in the user's state folder; it need not exist."""
    import platformdirs

    return platformdirs.user_state_path("kentik-async", appauthor=False) / name


def write_whole(path: Path, text: str, *, private: bool = True) -> None:
    """Write a file in one step: a reader sees the old or the new content, also after a power cut.

    Args:
        path: The file; it may exist.
        text: The content.
        private: Whether only the user may read a new file; its folder is then created too. Otherwise the
            folder must exist, the umask applies, and links are followed.

    Raises:
        TargetError: It cannot be written.
    """
    try:
        if private:
            path.parent.mkdir(parents=True, exist_ok=True)
            replace_file(path, text, keep_mode=True)
        else:
            write_file(path, text)
    except OSError as error:
        raise TargetError(f"cannot write {path}: {error.strerror or error}") from None


@contextmanager
def account_lock(account: str) -> Iterator[None]:
    """Hold the lock of an account while the block runs; a process that dies releases it.

    Args:
        account: A name for the account.

    Raises:
        TargetLockedError: Another apply on this machine holds it.
        TargetError: The lock's file cannot be written.
    """
    folder = state_folder("apply")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TargetError(f"cannot write {folder}: {error.strerror or error}") from None
    try:
        lock = TargetLock(folder / f"{account}.lock", "this account")
    except TargetLockedError as error:
        holder = f": process {error.pid} on {error.host}" if error.pid is not None else ""
        raise TargetLockedError(
            f"another apply is changing this account{holder}; wait for it to end",
            pid=error.pid,
            host=error.host,
        ) from None
    try:
        yield
    finally:
        lock.release()
