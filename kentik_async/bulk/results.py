"""What a pull will cost, and from when on that asks for a second thought. Pure."""

from dataclasses import dataclass

from kentik_async.errors import ValidationError

__all__ = ["LONG_SECONDS", "MULTI_DAY_SECONDS", "NOT_MEANT", "PullPlan", "refuse_multi_day"]

NOT_MEANT = "the vendor's APIs are not meant for full data extraction"

LONG_SECONDS = 12 * 3600.0
"""A pull that takes longer is warned of: the vendor's APIs are not meant for full data extraction."""

MULTI_DAY_SECONDS = 24 * 3600.0
"""A pull that takes longer has to be allowed: the data it reads are computed anew each day."""


@dataclass(frozen=True, slots=True)
class PullPlan:
    """What a pull will cost.

    Attributes:
        calls: How many requests it takes.
        exact: Whether that is known; else it is the most that it can be.
        seconds: How long that takes from now, by the quota's present state and the latency measured.
    """

    calls: int
    exact: bool
    seconds: float

    @property
    def hours(self) -> float:
        """How long it takes, in hours."""
        return self.seconds / 3600

    @property
    def long(self) -> bool:
        """Whether it takes more than 12 hours."""
        return self.seconds > LONG_SECONDS

    @property
    def multi_day(self) -> bool:
        """Whether it takes more than 24 hours, and so has to be allowed."""
        return self.seconds > MULTI_DAY_SECONDS


def refuse_multi_day(plan: PullPlan) -> None:
    """Refuse a pull of more than 24 hours that nobody allowed.

    Raises:
        ValidationError: It takes so long; nothing was asked for but the list of markets.
    """
    if plan.multi_day:
        most = "" if plan.exact else "up to "
        raise ValidationError(
            f"the pull takes {most}{plan.calls} calls and {most}{plan.hours:.0f} hours, and more than "
            "24 have to be allowed: ask for less, or give allow_multi_day=True (--allow-multi-day)"
        )
