"""The unsaved answers of runs, beside the data of a remote target: another machine can resume them.

    TARGET/.kentik-async/runs/<run_id>/run.json              the run, and the process that works on it
    TARGET/.kentik-async/runs/<run_id>/answers/<hash>.json   one answer each

Everything here is deleted when the pages of the run are in the tables.
"""

import base64
import hashlib
import os
import socket
import time
from dataclasses import dataclass
from pathlib import Path

import msgspec

from kentik_async.bulk.journal.journal import JournalRun, instant, microseconds
from kentik_async.bulk.page_key import PageKey
from kentik_async.bulk.pages import Answer
from kentik_async.bulk.target.lock import is_locked
from kentik_async.bulk.target.remote import RemoteFolder
from kentik_async.errors import TargetError

__all__ = ["RENEWAL_SECONDS", "FoundRun", "RemoteRun", "find_runs"]

_FOLDER, _RUN_FILE = ".kentik-async/runs", "/run.json"

RENEWAL_SECONDS = 20.0
"""Seconds between the heartbeats of a run."""

_DEAD_AFTER = 90.0
"""Seconds without a heartbeat after which the run of another machine counts as dead."""


_RESUMABLE = 24 * 3600.0
"""Seconds for which an interrupted run is resumed."""


class _RunFile(msgspec.Struct, frozen=True):
    run: JournalRun
    host: str
    pid: int
    lock: str
    renewed_at: float


class _AnswerFile(msgspec.Struct, frozen=True):
    key: str
    fetched_at: int
    attempts: int
    raw: str


class RemoteRun:
    """The objects of one run; each method sends requests to the store."""

    def __init__(self, folder: RemoteFolder, run: JournalRun, lock: Path) -> None:
        """Store the names of the objects; nothing is sent.

        Args:
            folder: The target.
            run: The run.
            lock: The file whose lock this process holds while it works on the run.
        """
        self._folder = folder
        self._run = run
        self._lock = lock
        self._path = f"{_FOLDER}/{run.run_id}"

    def renew(self) -> None:
        """Write a heartbeat: this process is working on the run.

        Raises:
            TargetError: The target cannot be written.
        """
        content = _RunFile(self._run, socket.gethostname(), os.getpid(), str(self._lock), time.time())
        self._folder.write(f"{self._path}{_RUN_FILE}", msgspec.json.encode(content))

    def keep(self, answer: Answer) -> None:
        """Write an answer.

        Raises:
            TargetError: The target cannot be written.
        """
        raw = base64.b85encode(answer.raw).decode()
        content = _AnswerFile(answer.key.text, microseconds(answer.fetched_at), answer.attempts, raw)
        name = hashlib.blake2b(answer.key.text.encode(), digest_size=12).hexdigest()
        self._folder.write(f"{self._path}/answers/{name}.json", msgspec.json.encode(content))

    def remove(self) -> None:
        """Delete all objects of the run; `run.json`, which leads to the others, is deleted last."""
        paths = self._folder.find(self._path)
        self._folder.remove_many([path for path in paths if not path.endswith(_RUN_FILE)])
        self._folder.remove_many([path for path in paths if path.endswith(_RUN_FILE)])


@dataclass(frozen=True, slots=True)
class FoundRun:
    """A run that has unsaved answers in a remote target.

    Attributes:
        run: The run.
        host: The last machine that worked on it.
        pid: Its process.
        alive: Whether that process seems to be still running.
        silent_for: Seconds since its last heartbeat.
    """

    run: JournalRun
    host: str
    pid: int
    alive: bool
    silent_for: float
    folder: RemoteFolder

    @property
    def is_expired(self) -> bool:
        """Whether it began more than a day ago, so that no command resumes it."""
        return time.time() - instant(self.run.started_at).timestamp() > _RESUMABLE

    def answers(self) -> list[Answer]:
        """Return the answers of the run.

        Raises:
            TargetError: They cannot be read.
        """
        paths = self.folder.find(f"{_FOLDER}/{self.run.run_id}/answers")
        answers = []
        for path, data in self.folder.read_many(paths).items():
            try:
                found = msgspec.json.decode(data, type=_AnswerFile)
                raw = base64.b85decode(found.raw)
            except (msgspec.MsgspecError, ValueError) as error:
                raise TargetError(f"{self.folder.shown}/{path} is damaged: {error}; delete it") from error
            answers.append(Answer(PageKey.parse(found.key), instant(found.fetched_at), found.attempts, raw))
        return sorted(answers, key=lambda answer: answer.fetched_at)


def find_runs(folder: RemoteFolder, lock: Path | None = None) -> list[FoundRun]:
    """Return the runs that have unsaved answers in a remote target.

    Args:
        folder: The target.
        lock: The file whose lock this process holds, if it does: the earlier holder is dead.

    Raises:
        TargetError: The target cannot be read.
    """
    paths = [path for path in folder.find(_FOLDER) if path.endswith(_RUN_FILE)]
    found = []
    for path, data in folder.read_many(paths).items():
        try:
            content = msgspec.json.decode(data, type=_RunFile)
        except msgspec.MsgspecError as error:
            raise TargetError(f"{folder.shown}/{path} is damaged: {error}; delete it") from error
        silent_for = time.time() - content.renewed_at
        alive = _is_alive(content, silent_for, lock)
        found.append(FoundRun(content.run, content.host, content.pid, alive, silent_for, folder))
    return sorted(found, key=lambda other: other.run.started_at)


def _is_alive(content: _RunFile, silent_for: float, mine: Path | None) -> bool:
    lock = Path(content.lock)
    if content.host == socket.gethostname() and lock.exists():
        return lock != mine and is_locked(lock)
    return silent_for < _DEAD_AFTER
