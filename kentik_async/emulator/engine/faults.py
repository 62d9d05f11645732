"""Scripted faults: which calls fail, how, and before or after the server has carried them out."""

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal

from kentik_async.emulator.errors import grpc_name

__all__ = ["SHAPES", "Fault", "FaultQueue", "RefusalShape", "When"]

When = Literal["before", "after"]
RefusalShape = Literal["resource_exhausted", "http2_429", "envoy"]
SHAPES: tuple[RefusalShape, ...] = ("resource_exhausted", "http2_429", "envoy")

_LONGEST = 1e9
"""The longest pause and delay in seconds."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault that applies to one call.

    Attributes:
        status: The status of the answer: an HTTP status or the name of a gRPC status; None for the usual one.
        operation: The calls that fail: the name of an operation, a pattern such as "kmi.*", or a path; None
            for any call.
        when: Fail "before" or "after" the server has carried out the request.
        retry_after: Seconds until the client may retry, sent with a refusal; None sends nothing.
        drop: Cut the connection instead of answering.
        delay: Additional seconds of real time before the answer.
        body: Replacement for the body of the answer: HTML, malformed JSON or protobuf.
        shape: The form of a refusal over gRPC; None for the emulator's default.
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
            raise ValueError(f"when must be 'before' or 'after'; got {self.when!r}")
        if self.operation is not None and not isinstance(self.operation, str):
            raise ValueError(f"operation must be a name, a pattern or a path; got {self.operation!r}")
        if self.body is not None and not isinstance(self.body, bytes | str):
            raise ValueError(f"body must be bytes or a text; got {self.body!r}")
        pause = 0 if self.retry_after is None else self.retry_after
        if not isinstance(pause, int | float) or not abs(pause) <= _LONGEST:
            raise ValueError(f"retry_after must be a number of seconds; got {self.retry_after!r}")
        if self.shape is not None and self.shape not in SHAPES:
            raise ValueError(f"shape must be one of {', '.join(SHAPES)}; got {self.shape!r}")
        if not isinstance(self.delay, int | float) or not 0.0 <= self.delay <= _LONGEST:
            raise ValueError(f"delay must be 0 or more seconds; got {self.delay!r}")
        if self.status is None and not self.drop and not self.delay and self.body is None:
            raise ValueError("the fault has no effect: set status, body, delay or drop")

    def matches(self, operation: str, path: str) -> bool:
        """Return whether the fault applies to a call."""
        pattern = self.operation
        return pattern is None or pattern == path or fnmatchcase(operation, pattern)


class FaultQueue:
    """A queue of scripted faults, used in the order in which they were added."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def __len__(self) -> int:
        return len(self._faults)

    def add(self, fault: Fault, n: int = 1) -> None:
        """Apply a fault to the next `n` calls that it matches.

        Raises:
            ValueError: `n` is less than 1 or more than a million.
        """
        if not isinstance(n, int) or not 1 <= n <= 1_000_000:
            raise ValueError(f"n must be a whole number of calls, 1 to 1000000; got {n!r}")
        self._faults.extend([fault] * n)

    def take(self, operation: str, path: str) -> Fault | None:
        """Remove and return the first fault that matches a call; None if there is none."""
        for index, fault in enumerate(self._faults):
            if fault.matches(operation, path):
                return self._faults.pop(index)
        return None

    def clear(self) -> None:
        """Remove all faults."""
        self._faults.clear()
