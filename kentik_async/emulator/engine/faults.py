"""Faults that a test scripts: which calls fail, how, and before or after the server has acted."""

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal

from kentik_async.emulator.errors import grpc_name

__all__ = ["SHAPES", "Fault", "FaultQueue", "RefusalShape", "When"]

When = Literal["before", "after"]
RefusalShape = Literal["resource_exhausted", "http2_429", "envoy"]
SHAPES: tuple[RefusalShape, ...] = ("resource_exhausted", "http2_429", "envoy")


@dataclass(frozen=True, slots=True)
class Fault:
    """What is done to one call.

    Attributes:
        status: The answer: an HTTP status or a gRPC status's name; None to answer as usual.
        operation: To which calls: an operation's name, a pattern such as "kmi.*", or a path; None for any.
        when: Whether the server fails "before" it has acted on the request, or "after".
        retry_after: The pause, in seconds, that a refusal asks for; None to name none.
        drop: Whether the connection is cut instead of answering.
        delay: Seconds of real time by which the call is slowed.
        body: What is sent in place of the answer's body: HTML, malformed JSON or protobuf.
        shape: In which form a refusal appears over gRPC; None for the emulator's usual one.
    """

    status: int | str | None = None
    operation: str | None = None
    when: When = "before"
    retry_after: float | None = None
    drop: bool = False
    delay: float = 0.0
    body: bytes | str | None = None
    shape: RefusalShape | None = None

    def __post_init__(self) -> None:
        if self.status is not None:
            grpc_name(self.status)
        if self.when not in ("before", "after"):
            raise ValueError(f"when is {self.when!r}: give 'before' or 'after'")
        if self.retry_after is not None and not isinstance(self.retry_after, int | float):
            raise ValueError(f"retry_after is {self.retry_after!r}: give seconds")
        if self.shape is not None and self.shape not in SHAPES:
            raise ValueError(f"shape is {self.shape!r}: give one of {', '.join(SHAPES)}")
        if not isinstance(self.delay, int | float) or not self.delay >= 0.0:
            raise ValueError(f"delay is {self.delay!r}: give seconds, 0 or more")
        if self.status is None and not self.drop and not self.delay and self.body is None:
            raise ValueError("the fault does nothing: give a status, a body, a delay, or drop=True")

    def hits(self, operation: str, path: str) -> bool:
        """Tell whether this fault is meant for a call."""
        pattern = self.operation
        return pattern is None or pattern == path or fnmatchcase(operation, pattern)


class FaultQueue:
    """Scripted faults, used up in the order in which they were scripted."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def __len__(self) -> int:
        return len(self._faults)

    def add(self, fault: Fault, n: int = 1) -> None:
        """Do a fault to the next `n` calls that it is meant for.

        Raises:
            ValueError: `n` is less than 1.
        """
        if not isinstance(n, int) or n < 1:
            raise ValueError(f"n is {n!r}: give how many calls are to fail, at least 1")
        self._faults.extend([fault] * n)

    def take(self, operation: str, path: str) -> Fault | None:
        """Return, and use up, the first fault meant for a call."""
        for place, fault in enumerate(self._faults):
            if fault.hits(operation, path):
                return self._faults.pop(place)
        return None

    def clear(self) -> None:
        """Forget all faults."""
        self._faults.clear()
