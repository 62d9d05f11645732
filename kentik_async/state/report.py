"""The report of `apply`."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kentik_async.state.plan import Change

__all__ = ["ApplyProgress", "ApplyReport", "Outcome"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of a change.

    Attributes:
        change: The change.
        error: Why it was not made; None if it was made.
    """

    change: Change
    error: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return kind, name, id, action and error."""
        return {**self.change.subject(), "error": self.error}


@dataclass(frozen=True, slots=True)
class ApplyProgress:
    """The progress of an apply.

    Attributes:
        done: The number of changes that have ended, with any result.
        total: The number of changes.
        outcome: The result of the last change that ended.
    """

    done: int
    total: int
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class ApplyReport:
    """The result of an apply; every change of the plan is in one of the four lists.

    Attributes:
        done: Changes that were made.
        failed: Changes that were not made because of an error. If the answer to a request was lost, the
            change may have been made.
        conflicted: Changes that were not made because another user has changed the object since the plan.
        not_tried: Changes for which nothing was sent.
        backup: The file with the original objects; None if the plan was empty.
    """

    done: tuple[Outcome, ...] = ()
    failed: tuple[Outcome, ...] = ()
    conflicted: tuple[Outcome, ...] = ()
    not_tried: tuple[Outcome, ...] = ()
    backup: Path | None = None

    @property
    def complete(self) -> bool:
        """Whether all changes were made."""
        return not (self.failed or self.conflicted or self.not_tried)

    def lists(self) -> Mapping[str, tuple[Outcome, ...]]:
        """Return the four lists by name."""
        return {
            "done": self.done,
            "failed": self.failed,
            "conflicted": self.conflicted,
            "not_tried": self.not_tried,
        }

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain values, as `kentik-async apply -o json` prints it."""
        lists = {name: [one.to_dict() for one in outcomes] for name, outcomes in self.lists().items()}
        return {**lists, "backup": None if self.backup is None else str(self.backup)}
