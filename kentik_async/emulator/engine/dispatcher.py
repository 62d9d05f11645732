"""The path of every request, for both protocols: authentication, limits, faults, latency, call log."""

import asyncio
import logging
import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from kentik_async.emulator.engine.auth import User, authenticate, authorize
from kentik_async.emulator.engine.call_log import Call, QuotaClass, Transport
from kentik_async.emulator.engine.faults import Fault, FaultQueue
from kentik_async.emulator.engine.rate_limits import NON_QUERY, QUERY, RateLimitDecision, RateLimiter
from kentik_async.emulator.errors import AnswerError, details_headers, grpc_name, pause_headers

__all__ = ["DispatchResult", "Dispatcher", "IncomingRequest", "in_order"]

_log = logging.getLogger("kentik_async.emulator")


@dataclass(frozen=True, slots=True)
class IncomingRequest:
    """A received request.

    Attributes:
        operation: The operation, such as "kmi.get_rankings".
        path: The RPC path, or the HTTP method and path.
        transport: The protocol that it was received over.
        received: When the request was complete, on the event loop's clock.
        credentials: The email and the token in the request.
        quota_class: The quota class that it counts in.
        scope: The required API v6 scope; None for API v5.
        writes: Whether it changes data.
        success: The HTTP status of a successful answer.
        arguments: The arguments, for the call log.
    """

    operation: str
    path: str
    transport: Transport
    received: float
    credentials: tuple[str | None, str | None]
    quota_class: QuotaClass = "non_query"
    scope: str | None = None
    writes: bool = False
    success: int = 200
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DispatchResult:
    """The result of a request.

    Attributes:
        payload: The value that the handler returned; None if it was not called.
        error: The error to answer instead.
        fault: The scripted fault of the request; the transport applies `drop`, `body` and `shape`.
        headers: HTTP headers or trailing metadata to send with any answer.
        on_sent: Callback that records when the answer was sent. Without it, the call log has the time at
            which the answer was complete.
    """

    payload: Any = None
    error: AnswerError | None = None
    fault: Fault | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    on_sent: Callable[[float], None] = lambda _: None

    @property
    def dropped(self) -> bool:
        """Whether the transport must cut the connection instead of answering."""
        return self.fault is not None and self.fault.drop


_STOPPING = DispatchResult(error=AnswerError("UNAVAILABLE", "the emulator is stopping"))


@dataclass(slots=True)
class Dispatcher:
    """Applies the rate limits and scripted faults to requests, and logs the calls.

    Attributes:
        users: The users, by email.
        speed: The clock speed-up factor of the rate limits.
        strict: Refuse requests over the concurrency limit.
        details: Send the remaining quota with each answer.
        latency: Latency of each answer in seconds of real time: a number, or a (min, max) range.
        rng: The random number generator for latencies.
        on_call: Called with each answered call; None for nothing.
        faults: The scripted faults.
        calls: The answered calls, in the order of the answers.
    """

    users: dict[str, User]
    speed: float = 1.0
    strict: bool = False
    details: bool = False
    latency: float | tuple[float, float] = 0.0
    rng: random.Random = field(default_factory=lambda: random.Random(0))
    on_call: Callable[[Call], None] | None = None
    faults: FaultQueue = field(default_factory=FaultQueue)
    calls: list[Call] = field(default_factory=list)
    _rate_limiters: dict[tuple[str, QuotaClass], RateLimiter] = field(default_factory=dict)
    _received: int = 0
    _latest: float = 0.0
    _closed: bool = False
    _tasks: set[asyncio.Task[DispatchResult]] = field(default_factory=set)

    def reset(self) -> None:
        """Clear calls, counts and faults. Requests in flight are not logged."""
        self.faults.clear()
        # New objects, because requests in flight still write to the old ones.
        self.calls = []
        self._rate_limiters = {}
        self._received = 0

    def in_flight(self) -> dict[str, int]:
        """Return the number of unanswered requests of each customer."""
        counts: dict[str, int] = {}
        for (customer, _), limiter in self._rate_limiters.items():
            counts[customer] = counts.get(customer, 0) + limiter.in_flight
        return counts

    async def serve(self, incoming: IncomingRequest, work: Callable[[User], Any]) -> DispatchResult:
        """Process a request and return its result when the answer is due.

        A request whose client disconnects stays in flight until its answer is due, and is logged, as on the
        vendor's servers.

        Args:
            incoming: The request.
            work: The handler, called with the user if the rate limits allow the request. Raises AnswerError.
        """
        if self._closed:
            return _STOPPING
        task = asyncio.get_running_loop().create_task(self._serve(incoming, work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if task.cancelled():  # by `aclose()`, before the task started
                return _STOPPING
            raise

    def open(self) -> None:
        """Accept requests."""
        self._closed = False

    async def aclose(self) -> None:
        """Cancel the requests in flight and accept no others until `open()`."""
        self._closed = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, incoming: IncomingRequest, work: Callable[[User], Any]) -> DispatchResult:
        self._received += 1
        number, calls = self._received, self.calls
        # The rate limiter needs times in order, but the times of the two protocols differ in precision.
        self._latest = received = max(self._latest, incoming.received)
        incoming = replace(incoming, received=received)
        limiter: RateLimiter | None = None
        decision: RateLimitDecision | None = None
        customer, headers = "", dict[str, str]()
        try:
            user = authenticate(self.users, *incoming.credentials)
            customer = user.customer
            limiter = self._rate_limiter(customer, incoming.quota_class)
            decision = limiter.receive(incoming.received)
            if self.details:
                headers = details_headers(*limiter.remaining(incoming.received))
            if decision.refusal:
                raise self._refuse(decision)
            result = await self._answer(incoming, user, work, decision.delay)
        except AnswerError as error:
            result = DispatchResult(error=error)
        except asyncio.CancelledError:
            # Only `aclose()` cancels this task. The caller still gets an answer.
            result = _STOPPING
        finally:
            answered = asyncio.get_running_loop().time()
            if limiter is not None:
                limiter.answer()
        entry = _log_entry(number, customer, incoming, decision, result, answered)
        index = len(calls)
        calls.append(entry)
        if self.on_call is not None:
            self.on_call(entry)

        def on_sent(sent: float) -> None:
            calls[index] = replace(entry, answered=sent)

        return replace(result, on_sent=on_sent, headers=headers)

    def _rate_limiter(self, customer: str, quota_class: QuotaClass) -> RateLimiter:
        key = (customer, quota_class)
        if key not in self._rate_limiters:
            limits = QUERY if quota_class == "query" else NON_QUERY
            self._rate_limiters[key] = RateLimiter(limits.scaled(self.speed), strict=self.strict)
        return self._rate_limiters[key]

    async def _answer(
        self, incoming: IncomingRequest, user: User, work: Callable[[User], Any], delay: float
    ) -> DispatchResult:
        fault = self.faults.take(incoming.operation, incoming.path)
        due = incoming.received + self._draw_latency()
        if fault is not None and fault.when == "before":
            due += fault.delay
        await _sleep_until(due)
        result = _fault_result(fault) if fault is not None and fault.when == "before" else None
        if result is None:
            result = _work_result(incoming, user, work, fault)
            if fault is not None and fault.when == "after":
                due += fault.delay
                result = _fault_result(fault) or result
            await _sleep_until(due + delay)
        return result

    def _draw_latency(self) -> float:
        if isinstance(self.latency, tuple):
            return self.rng.uniform(*self.latency)
        return self.latency

    def _refuse(self, decision: RateLimitDecision) -> AnswerError:
        limit = decision.refusal
        words = "concurrent requests" if limit == "concurrency" else f"requests per {limit}"
        pause = decision.retry_after
        headers = {} if pause is None else pause_headers(pause, whole_seconds=self.speed == 1.0)
        return AnswerError(429, f"Rate limit exceeded: too many {words}", headers=headers)


def _work_result(
    incoming: IncomingRequest, user: User, work: Callable[[User], Any], fault: Fault | None
) -> DispatchResult:
    try:
        authorize(user, scope=incoming.scope, writes=incoming.writes)
        return DispatchResult(payload=work(user), fault=fault)
    except AnswerError as error:
        return DispatchResult(error=error, fault=fault)
    except Exception as error:  # noqa: BLE001 (the client gets an answer, and the log has the error)
        _log.error("the handler of %s failed", incoming.operation, exc_info=error)
        return DispatchResult(error=AnswerError(500, f"the emulator failed: {error!r}"), fault=fault)


def _fault_result(fault: Fault) -> DispatchResult | None:
    """Return the result of a fault that replaces the answer; None for a fault that does not."""
    if fault.drop:
        return DispatchResult(fault=fault)
    if fault.status is None or grpc_name(fault.status) == "OK":
        return None
    pause, message = fault.retry_after, f"scripted fault: {fault.status}"
    headers = {} if pause is None else pause_headers(pause, whole_seconds=pause == int(pause))
    return DispatchResult(error=AnswerError(fault.status, message, headers=headers), fault=fault)


async def _sleep_until(due: float) -> None:
    """Sleep until a time of the event loop's clock; return immediately if it has passed."""
    remaining = due - asyncio.get_running_loop().time()
    if remaining > 0.0:
        await asyncio.sleep(remaining)


def _log_entry(
    number: int,
    customer: str,
    incoming: IncomingRequest,
    decision: RateLimitDecision | None,
    result: DispatchResult,
    answered: float,
) -> Call:
    failure = result.error or (AnswerError("UNAVAILABLE", "") if result.dropped else None)
    return Call(
        number=number,
        customer=customer,
        user=incoming.credentials[0] or "",
        operation=incoming.operation,
        path=incoming.path,
        arguments=incoming.arguments,
        transport=incoming.transport,
        quota_class=incoming.quota_class,
        received=incoming.received,
        answered=answered,
        status=failure.status if failure else incoming.success,
        code=failure.code if failure else "OK",
        refusal=decision.refusal if decision else "",
        delay=decision.delay if decision else 0.0,
        concurrent=decision.concurrent if decision else 0,
        overrun=decision.overrun if decision else False,
        in_minute=decision.in_minute if decision else 0,
        in_hour=decision.in_hour if decision else 0,
        fault=result.fault is not None,
        dropped=result.dropped,
    )


def in_order(calls: Iterable[Call]) -> tuple[Call, ...]:
    """Return calls in the order of receipt."""
    return tuple(sorted(calls, key=lambda call: call.number))
