"""What a pull into a target came to."""

from dataclasses import dataclass

__all__ = ["PullReport"]


@dataclass(frozen=True, slots=True)
class PullReport:
    """What a pull into a target came to.

    Attributes:
        run_id: The run's name.
        run_date: The date that its rows bear.
        calls: Requests that were made now.
        pages: Pages that the run holds now.
        rows: Rows that the run holds now.
        failed: Pages that were given up; their errors stand in the table `pages`.
        mixed: Whether the data changed while the run went on; None where that could not be told.
        already_complete: Whether a finished run held the date, so that nothing was asked.
    """

    run_id: str
    run_date: str
    calls: int
    pages: int
    rows: int
    failed: int
    mixed: bool | None
    already_complete: bool
