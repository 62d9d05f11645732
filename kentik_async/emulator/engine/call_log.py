"""What the emulator remembers of the calls it received, and what it says of them in sum."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

__all__ = ["Call", "QuotaClass", "Report", "Transport", "report"]

QuotaClass = Literal["non_query", "query"]
Transport = Literal["grpc", "rest", "mirror"]


@dataclass(frozen=True, slots=True)
class Call:
    """One request and its answer.

    Attributes:
        number: Its place in the order of receipt, from 1.
        customer: Whose quota it counted in; "" if the credentials were wrong.
        user: The e-mail address that it came with.
        operation: What was asked, such as "kmi.get_rankings".
        path: The RPC's path, or the HTTP method and path.
        arguments: The arguments, briefly.
        transport: "grpc", "rest" (API v5) or "mirror" (API v6 as JSON).
        quota_class: Under which limits it counted.
        received: The instant of receipt, in seconds of the system's monotonic clock.
        answered: The instant of its answer, on the same clock.
        status: The answer's HTTP status, or the one that its gRPC status corresponds to.
        code: The answer's gRPC status, or the one that its HTTP status corresponds to.
        refusal: Which limit refused it: "minute", "hour", "concurrency"; "" if none.
        delay: By how many seconds the answer was held back for exceeding the soft limit.
        concurrent: Requests of its customer and class under way at its receipt, itself included.
        overrun: Whether that is more than allowed.
        in_minute: Requests in the rolling minute at its receipt, itself included.
        in_hour: Requests in the rolling hour at its receipt, itself included.
        fault: Whether a scripted fault was done to it.
        dropped: Whether the connection was cut instead of answering.
    """

    number: int
    customer: str
    user: str
    operation: str
    path: str
    arguments: Mapping[str, Any]
    transport: Transport
    quota_class: QuotaClass
    received: float
    answered: float
    status: int
    code: str
    refusal: str = ""
    delay: float = 0.0
    concurrent: int = 0
    overrun: bool = False
    in_minute: int = 0
    in_hour: int = 0
    fault: bool = False
    dropped: bool = False

    @property
    def refused(self) -> bool:
        """Whether the answer was that the quota is exhausted, by the rules or by script."""
        return self.status == 429

    @property
    def delayed(self) -> bool:
        """Whether the answer was held back for exceeding the soft limit."""
        return self.delay > 0.0

    @property
    def violation(self) -> bool:
        """Whether the request exceeded a limit: concurrency, minute or hour."""
        return self.overrun or bool(self.refusal)

    def to_dict(self) -> dict[str, Any]:
        """Return the fields, and the conclusions drawn from them, by name."""
        return asdict(self) | {
            "refused": self.refused,
            "delayed": self.delayed,
            "violation": self.violation,
        }


@dataclass(frozen=True, slots=True)
class Report:
    """Calls in numbers.

    Attributes:
        requests: All requests received and answered.
        refused: Answers that the quota is exhausted, by the rules or by script.
        delayed: Answers held back for exceeding the soft limit.
        concurrency_overruns: Requests received while as many as allowed were under way.
        violations: Requests that exceeded a limit: concurrency, minute or hour.
        faults: Calls that a scripted fault was done to.
        errors: Answers other than success, refusals included.
        busy_seconds: The sum of answered minus received: the least time in which a client with one request
            at a time could have made the same calls.
        peak_in_minute: The most requests in a rolling minute.
        peak_concurrent: The most requests under way at once.
        in_flight: Requests received and not yet answered, which the other numbers leave out.
        customers: The same of each customer's calls alone, by name.
    """

    requests: int = 0
    refused: int = 0
    delayed: int = 0
    concurrency_overruns: int = 0
    violations: int = 0
    faults: int = 0
    errors: int = 0
    busy_seconds: float = 0.0
    peak_in_minute: int = 0
    peak_concurrent: int = 0
    in_flight: int = 0
    customers: Mapping[str, "Report"] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain dictionaries and numbers."""
        return asdict(self)


def report(calls: Iterable[Call], in_flight: Mapping[str, int]) -> Report:
    """Sum up some calls, all together and by customer.

    Args:
        calls: The calls.
        in_flight: How many requests of each customer are not answered yet.
    """
    every = list(calls)
    theirs: dict[str, list[Call]] = {customer: [] for customer, number in in_flight.items() if number}
    for call in every:
        if call.customer:
            theirs.setdefault(call.customer, []).append(call)
    customers = {name: _tally(some, in_flight.get(name, 0)) for name, some in theirs.items()}
    return replace(_tally(every, sum(in_flight.values())), customers=customers)


def _tally(calls: Sequence[Call], in_flight: int) -> Report:
    return Report(
        requests=len(calls),
        refused=sum(call.refused for call in calls),
        delayed=sum(call.delayed for call in calls),
        concurrency_overruns=sum(call.overrun for call in calls),
        violations=sum(call.violation for call in calls),
        faults=sum(call.fault for call in calls),
        errors=sum(call.code != "OK" for call in calls),
        busy_seconds=sum(call.answered - call.received for call in calls),
        peak_in_minute=max((call.in_minute for call in calls), default=0),
        peak_concurrent=max((call.concurrent for call in calls), default=0),
        in_flight=in_flight,
    )
