"""Which tests stay with one worker, where there are several (`-n`)."""

from pathlib import PurePosixPath
from typing import Any

from xdist.scheduler import LoadScopeScheduling

__all__ = ["FileScheduling"]

_FOLDERS = ("tests/browser", "tests/multiprocess/file", "tests/multiprocess/redis", "tests/report")
"""These stay together whole: they keep all processors busy, or share what takes long to make."""


class FileScheduling(LoadScopeScheduling):
    """Gives workers whole files, so that servers are made once.

    The marks of `--dist loadgroup` would do, but xdist 3.8 ignores them with pytest 9.2.
    """

    def _split_scope(self, nodeid: str) -> Any:
        path = PurePosixPath(nodeid.partition("::")[0])
        return next((folder for folder in _FOLDERS if path.is_relative_to(folder)), str(path))
