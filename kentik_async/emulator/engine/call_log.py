"""The log of received calls, and its summary."""

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
        number: Position in the order of receipt, from 1.
        customer: The customer whose quota was used; "" if the credentials were wrong.
        user: The email address in the request.
        operation: The operation, such as "kmi.get_rankings".
        path: The RPC path, or the HTTP method and path.
        arguments: A summary of the arguments.
        transport: "grpc", "rest" (API v5) or "mirror" (API v6 as JSON).
        quota_class: The quota class of the request.
        received: Time of receipt, in seconds of the system's monotonic clock.
        answered: Time of the answer, on the same clock.
        status: The HTTP status of the answer, or the one that corresponds to its gRPC status.
        code: The gRPC status of the answer, or the one that corresponds to its HTTP status.
        refusal: The limit that refused the request: "minute", "hour" or "concurrency"; "" if none.
        delay: Seconds by which the answer was delayed because of the soft limit.
        concurrent: Requests of its customer and class in flight at its receipt, including itself.
        overrun: Whether that is more than allowed.
        in_minute: Requests in the rolling minute at its receipt, including itself.
        in_hour: Requests in the rolling hour at its receipt, including itself.
        fault: Whether a scripted fault was applied.
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
        """Whether the request was refused with 429, by the rate limits or by a scripted fault."""
        return self.status == 429

    @property
    def delayed(self) -> bool:
        """Whether the answer was delayed because of the soft limit."""
        return self.delay > 0.0

    @property
    def violation(self) -> bool:
        """Whether the request exceeded a limit: concurrency, minute or hour."""
        return self.overrun or bool(self.refusal)

    def to_dict(self) -> dict[str, Any]:
        """Return the fields and the derived properties by name."""
        return asdict(self) | {
            "refused": self.refused,
            "delayed": self.delayed,
            "violation": self.violation,
        }


@dataclass(frozen=True, slots=True)
class Report:
    """Counts of calls.

    Attributes:
        requests: Requests received and answered.
        refused: Requests refused with 429, by the rate limits or by a scripted fault.
        delayed: Answers delayed because of the soft limit.
        concurrency_overruns: Requests received over the concurrency limit.
        violations: Requests that exceeded a limit: concurrency, minute or hour.
        faults: Calls with a scripted fault.
        errors: Answers with an error, including refusals.
        busy_seconds: The sum of answered minus received: the minimum time in which a client with one request
            at a time could have made the same calls.
        peak_in_minute: The largest number of requests in a rolling minute.
        peak_concurrent: The largest number of requests in flight at the same time.
        in_flight: Requests received and not yet answered. The other counts do not include them.
        customers: The report of each customer, by name.
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
        """Return the report as nested dictionaries."""
        return asdict(self)


def report(calls: Iterable[Call], in_flight: Mapping[str, int]) -> Report:
    """Summarize calls, in total and by customer.

    Args:
        calls: The calls.
        in_flight: Number of unanswered requests by customer.
    """
    all_calls = list(calls)
    by_customer: dict[str, list[Call]] = {customer: [] for customer, number in in_flight.items() if number}
    for call in all_calls:
        if call.customer:
            by_customer.setdefault(call.customer, []).append(call)
    customers = {name: _counts(own, in_flight.get(name, 0)) for name, own in by_customer.items()}
    return replace(_counts(all_calls, sum(in_flight.values())), customers=customers)


def _counts(calls: Sequence[Call], in_flight: int) -> Report:
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
