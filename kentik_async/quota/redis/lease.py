"""What a process knows of the server's clock, by its own clock alone. Pure.

The two clocks are never compared, only how far each has run. An answer was written after its question was
sent and before it came: so the server's clock shows now at most what it showed then plus the time since the
question, and at least that plus the time since the answer.

The server's clock may be set, or another machine may take over. So what the quota goes by is that clock plus
a *shift*, which is kept with the state: who was here before notices that the clock has leapt, and moves the
shift against it.
"""

from dataclasses import dataclass

__all__ = ["Reading"]

_SLACK = 0.02  # seconds; no clock is set for as little
_DRIFT = 0.0005  # by how much clocks may differ in speed, at the most while one is set right slowly


@dataclass(frozen=True, slots=True)
class Reading:
    """What a clock showed, and when; all in seconds.

    Attributes:
        asked: When the question was sent, by this process's clock.
        heard: When the answer came.
        now: What the other clock showed in between.
    """

    asked: float
    heard: float
    now: float

    def at_least(self, instant: float) -> float:
        """Return what the clock shows at an instant at the least."""
        return self.now + max(instant - self.heard, 0.0)

    def at_most(self, instant: float) -> float:
        """Return what the clock shows at an instant at the most."""
        return self.now + instant - self.asked

    def corrected(self, later: "Reading") -> float:
        """Return what a later reading must have shown unless the server's clock was set.

        Args:
            later: The reading, with the same shift.
        """
        slack = _SLACK + _DRIFT * (later.heard - self.asked)
        earliest, latest = self.at_least(later.asked), self.at_most(later.heard)
        if later.now > latest + slack:
            return latest
        return earliest if later.now < earliest - slack else later.now
