"""Where the quota files of a customer are on this machine, and whether they may be there."""

import hashlib
import os
import stat
import sys
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
_ADVICE = "name another place with limiter='file:PATH'"
_OTHERS_MAY_WRITE = 0o002
_GROUP = 0o060
_STICKY = 0o1000


@dataclass(frozen=True, slots=True)
class Place:
    """The files of one customer.

    Attributes:
        folder: Where they are.
        stem: What their names begin with.
    """

    folder: Path
    stem: str

    @property
    def database(self) -> Path:
        """The database with what was used; SQLite adds files with longer names."""
        return self.folder / f"{self.stem}.sqlite"

    @property
    def lock(self) -> Path:
        """The file whose lock is held for each change."""
        return self.folder / f"{self.stem}.lock"

    def member(self, name: str) -> Path:
        """Return the pipe of a member, which is open for reading as long as the member is alive."""
        return self.folder / f"{self.stem}.{name}.pipe"

    def has_others(self) -> bool:
        """Tell whether there is the database of another customer in the folder."""
        return any(path != self.database for path in self.folder.glob("*.sqlite"))

    def share(self, path: Path) -> None:
        """Give a file that was just made the permissions of the folder's group.

        Raises:
            OSError: The file is gone, or it is somebody else's.
        """
        folder = self.folder.stat()
        path.chmod(0o600 | (folder.st_mode & _GROUP))
        if path.stat().st_gid != folder.st_gid and folder.st_mode & _GROUP:
            with suppress(PermissionError):  # not a member of that group
                os.chown(path, -1, folder.st_gid)

    def unusable(self, reason: object) -> ConfigError:
        """Return the error of files that cannot be used."""
        return ConfigError(f"the quota file {self.database} cannot be used: {reason}; {_ADVICE}")


def default_quota_folder() -> Path:
    """Return the folder of quota files in the user's state directory, which need not exist.

    Raises:
        ConfigError: The user has no home directory.
    """
    import platformdirs

    try:
        folder = platformdirs.user_state_path("kentik-async", appauthor=False) / "quota"
    except (RuntimeError, KeyError) as error:
        raise ConfigError(f"the user has no home directory for the quota file: {error}; {_ADVICE}") from error
    if not folder.is_absolute():
        raise ConfigError(f"the user has no home directory for the quota file; {_ADVICE}")
    return folder


def quota_place(path: str | os.PathLike[str] | None, endpoints: tuple[str, ...], customer: str) -> Place:
    """Choose the files and make their folder, for this user alone.

    Args:
        path: A folder, where it exists or ends with a slash: the files are named by a hash of endpoints
            and customer. Else what the files' names shall begin with: all that name it share one quota,
            whatever their endpoints and customer. None for the default folder.
        endpoints: Where the requests go.
        customer: Whose quota it is.

    Raises:
        ConfigError: There can be no quota file.
    """
    name = hashlib.sha256("\n".join((customer, *endpoints)).encode()).hexdigest()[:32]
    if path is None:
        place = Place(default_quota_folder(), name)
    else:
        text = os.fspath(path)
        try:
            given = Path(text).expanduser()
            into = text.endswith(("/", os.sep)) or _is_folder(given)
        except (OSError, RuntimeError, ValueError) as error:  # too long, nobody's home, no text
            reason = getattr(error, "strerror", None) or error
            raise ConfigError(f"the quota file {text!r} cannot be used: {reason}; {_ADVICE}") from None
        place = Place(given, name) if into else Place(given.parent, given.name)
    _prepare(place.folder)
    return place


def _is_folder(path: Path) -> bool:
    try:
        return stat.S_ISDIR(path.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False


def _prepare(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        mode = folder.stat().st_mode
    except OSError as error:
        raise ConfigError(f"the quota folder {folder} cannot be made: {error.strerror}; {_ADVICE}") from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise ConfigError(f"the quota folder {folder} cannot be written; {_ADVICE}")
    if mode & _OTHERS_MAY_WRITE and not mode & _STICKY:
        raise ConfigError(f"others may write to the quota folder {folder}: chmod 700 it; or {_ADVICE}")
    if sys.platform == "linux":  # elsewhere the system does not tell without a program to ask
        with suppress(FileNotFoundError):
            table = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape")
            check_local(folder.resolve(), table)


def check_local(folder: Path, mountinfo: str) -> None:
    """Make sure that a folder is not on a network file system.

    Args:
        folder: An absolute path without links.
        mountinfo: The text of /proc/self/mountinfo; of mounts on one point, the last is the visible one.

    Raises:
        ConfigError: It is: locks there hold for one machine at best.
    """
    best, kind = "", ""
    for line in mountinfo.splitlines():
        before, _, after = line.partition(" - ")
        fields, types = before.split(" "), after.split(" ")
        if len(fields) < 5 or not types[0]:
            continue
        point = _unescape(fields[4])
        if folder.is_relative_to(point) and len(point) >= len(best):
            best, kind = point, types[0]
    if kind in _NETWORK_TYPES:
        raise ConfigError(
            f"the quota folder {folder} is on a network file system ({kind}), where locks hold for one "
            f"machine at best; {_ADVICE}"
        )


def _unescape(point: str) -> str:
    for code, character in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        point = point.replace(code, character)
    return point
