"""Keeps some tests on one worker, if there are several (`-n`)."""

from xdist.scheduler import LoadFileScheduling

__all__ = ["FileScheduling"]

_FOLDERS = ("tests/browser", "tests/multiprocess/file", "tests/multiprocess/redis", "tests/report")
"""These folders stay on one worker: they use all processors, or share objects that are slow to create."""


class FileScheduling(LoadFileScheduling):
    """Assigns whole files to workers, like `--dist loadfile`, and some whole folders.

    The marks of `--dist loadgroup` would be enough, but xdist 3.8 ignores them with pytest 9.2.
    """

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        return next((folder for folder in _FOLDERS if file.startswith(f"{folder}/")), file)
