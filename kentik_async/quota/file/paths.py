"""The paths of a customer's quota files on this machine, and the checks of their folder."""

import hashlib
import os
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from kentik_async.errors import ConfigError

__all__ = ["Place", "check_local", "default_quota_folder", "quota_place"]

_NETWORK_TYPES = frozenset(
    {"9p", "acfs", "afs", "beegfs", "ceph", "cifs", "coda", "davfs", "drvfs", "glusterfs", "gpfs", "lustre"}
    | {"ncpfs", "nfs", "nfs4", "orangefs", "prl_fs", "smb3", "smbfs", "vboxsf", "virtiofs", "vmhgfs"}
    | {f"fuse.{name}" for name in ("ceph", "davfs", "gcsfuse", "glusterfs", "gvfsd-fuse", "juicefs")}
    | {f"fuse.{name}" for name in ("rclone", "s3fs", "sshfs")}
)
_ADVICE = "set another path with limiter='file:PATH'"
_GROUP = stat.S_IRGRP | stat.S_IWGRP


@dataclass(frozen=True, slots=True)
class Place:
    """The files of one customer: their folder, and the prefix of their names."""

    folder: Path
    stem: str

    @property
    def database(self) -> Path:
        """The database with the state; SQLite adds files with longer names."""
        return self.folder / f"{self.stem}.sqlite"

    @property
    def lock(self) -> Path:
        """The file whose lock is held for each change."""
        return self.folder / f"{self.stem}.lock"

    def member(self, name: str) -> Path:
        """Return the pipe of a member, which is open for reading while the member is alive."""
        return self.folder / f"{self.stem}.{name}.pipe"

    def has_others(self) -> bool:
        """Return whether the folder has the database of another customer."""
        return any(path != self.database for path in self.folder.glob("*.sqlite"))

    def create(self, path: Path) -> None:
        """Create an empty file; it must not exist."""
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        self.share(path)

    def share(self, path: Path) -> None:
        """Give a new file the permissions of the folder's group."""
        folder = self.folder.stat()
        path.chmod(0o600 | (folder.st_mode & _GROUP))
        if path.stat().st_gid != folder.st_gid and folder.st_mode & _GROUP:
            with suppress(PermissionError):  # the user is not in that group
                os.chown(path, -1, folder.st_gid)

    def unusable(self, reason: object) -> ConfigError:
        """Return the error for files that cannot be used."""
        return ConfigError(f"the quota file {self.database} cannot be used: {reason}; {_ADVICE}")


def default_quota_folder() -> Path:
    """Return the folder of quota files in the user's state directory; it may not exist yet."""
    import platformdirs

    reason = ""
    try:
        folder = platformdirs.user_state_path("kentik-async", appauthor=False) / "quota"
        if folder.is_absolute():
            return folder
    except (RuntimeError, KeyError) as error:
        reason = f": {error}"
    raise ConfigError(f"the user has no home directory for the quota file{reason}; {_ADVICE}")


def quota_place(path: str | os.PathLike[str] | None, endpoints: tuple[str, ...], customer: str) -> Place:
    """Return the files of a customer; create their folder, for this user only, if there is none.

    In the default folder, or if the path is a folder or ends with a slash, the files are named by a hash of
    endpoints and customer. Any other path is the prefix of the files' names: all processes that use this path
    share one quota, whatever their endpoints and customer.

    Raises:
        ConfigError: The folder cannot be used or created, is on a network file system, or others may write
            to it.
    """
    name = hashlib.sha256("\n".join((customer, *endpoints)).encode()).hexdigest()[:32]
    if path is None:
        place = Place(default_quota_folder(), name)
    else:
        text, into = os.fspath(path), False
        try:
            given = Path(text).expanduser()
            with suppress(FileNotFoundError, NotADirectoryError):
                into = stat.S_ISDIR(given.stat().st_mode)
        except (OSError, RuntimeError, ValueError) as error:  # too long, unknown home, invalid text
            reason = getattr(error, "strerror", None) or error
            raise ConfigError(f"the quota file {text!r} cannot be used: {reason}; {_ADVICE}") from None
        into = into or text.endswith(("/", os.sep))
        place = Place(given, name) if into else Place(given.parent, given.name)
    _prepare(place.folder)
    return place


def _prepare(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.stat()
    except OSError as error:
        raise ConfigError(f"cannot create the quota folder {folder}: {error.strerror}; {_ADVICE}") from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise ConfigError(f"the quota folder {folder} cannot be written; {_ADVICE}")
    if found.st_mode & (stat.S_IWOTH | stat.S_ISVTX) == stat.S_IWOTH:
        raise ConfigError(f"other users can write to the quota folder {folder}: chmod 700 it, or {_ADVICE}")
    with suppress(FileNotFoundError):  # systems other than Linux do not have this file
        mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape")
        check_local(folder, found.st_dev, mounts)


def check_local(folder: Path, device: int, mounts: str) -> None:
    """Raise ConfigError if /proc/self/mountinfo shows that a folder is on a network file system."""
    number = f"{os.major(device)}:{os.minor(device)}"
    for line in mounts.splitlines():
        mount, _, system = line.partition(" - ")
        kind = system.partition(" ")[0]
        if kind in _NETWORK_TYPES and mount.split(" ")[2:3] == [number]:
            raise ConfigError(
                f"the quota folder {folder} is on a network file system ({kind}), where locks do not hold "
                f"across machines; {_ADVICE}"
            )
