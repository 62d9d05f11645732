"""Where things lie: the tables of a target, and what a pull keeps of its own."""

import os
import shutil
from pathlib import Path

from kentik_async.bulk.target.local import LocalFolder, TableFolder, system_errors
from kentik_async.bulk.target.remote import RemoteFolder, is_url, state_folder
from kentik_async.errors import TargetError

__all__ = ["Layout"]


class Layout:
    """The paths of one target.

    TARGET/<table>/run_date=YYYY-MM-DD/part-NNNN.<suffix>
    TARGET/.kentik-async/{journal.sqlite,lock,tmp,staged}

    Of a target that is a URL the second line lies in the user's own state folder.

    Attributes:
        name: The target, as it is shown.
        local: The folder, or None if the target is a URL.
        tables: Where the tables lie.
        state: What the pull keeps of its own.
    """

    def __init__(self, target: str | os.PathLike[str]) -> None:
        """Tell where a target's things lie; nothing is touched, and they need not be there.

        Raises:
            ConfigError: What such a URL needs is not installed.
            TargetError: Nothing can be there: the path is too long, say, or forbidden.
            ValidationError: There is no such kind of URL.
        """
        self.tables: TableFolder
        self.local: Path | None = None
        if is_url(target):
            remote = RemoteFolder(str(target))
            self.name = remote.shown
            self.tables = remote
            self.state = state_folder(remote.shown)
        else:
            self.local = Path(target)
            self.name = str(self.local)
            self.tables = LocalFolder(self.local)
            self.state = self.local / ".kentik-async"
        self.journal = self.state / "journal.sqlite"
        self.lock = self.state / "lock"
        self.tmp = self.state / "tmp"
        if self.local is not None:
            self._refuse_what_cannot_be()

    def make(self) -> None:
        """Make the target's folders.

        Raises:
            TargetError: The target cannot be written.
        """
        self.tables.make()
        with system_errors(self.name):
            self.state.mkdir(parents=True, exist_ok=True)

    def clear_unfinished(self) -> None:
        """Clear away what a killed run left unfinished; only the lock's holder may.

        Raises:
            TargetError: The target cannot be written.
        """
        with system_errors(self.name):
            if self.tmp.exists():
                shutil.rmtree(self.tmp)
            self.tmp.mkdir()

    def staged(self, run_id: str) -> Path:
        """Return where the parts of a run are kept aside until it is complete."""
        return self.state / "staged" / run_id

    def drop_staged(self, *, but: set[str]) -> None:
        """Clear away what was kept aside, but for that of some runs.

        Raises:
            TargetError: The target cannot be written.
        """
        folder = self.state / "staged"
        with system_errors(self.name):
            for path in folder.iterdir() if folder.exists() else ():
                if path.name not in but:
                    shutil.rmtree(path)

    def _refuse_what_cannot_be(self) -> None:
        try:
            self.journal.stat()
        except (FileNotFoundError, NotADirectoryError):
            return  # whoever needs it says so
        except OSError as error:
            raise TargetError(f"the target {self.name} cannot be used: {error.strerror}") from None
        except ValueError:
            raise TargetError(f"the target {self.name!r} cannot be used: that is no path") from None
