"""Which tests stay with one worker, where there are several (`-n`)."""

from xdist.scheduler import LoadFileScheduling

__all__ = ["FileScheduling"]

_FOLDERS = ("tests/browser", "tests/multiprocess/file", "tests/multiprocess/redis", "tests/report")
"""These stay together whole: they keep all processors busy, or share what takes long to make."""


class FileScheduling(LoadFileScheduling):
    """Gives workers whole files, as `--dist loadfile` does, and some folders.

    The marks of `--dist loadgroup` would do, but xdist 3.8 ignores them with pytest 9.2.
    """

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        return next((folder for folder in _FOLDERS if file.startswith(f"{folder}/")), file)
