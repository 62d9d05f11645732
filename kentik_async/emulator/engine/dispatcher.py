"""The way of every request through the emulator, whatever protocol it came by: one record, one rule book."""

import asyncio
import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from kentik_async.emulator.engine.auth import User, authenticate, authorize
from kentik_async.emulator.engine.call_log import Call, QuotaClass, Transport
from kentik_async.emulator.engine.faults import Fault, FaultQueue
from kentik_async.emulator.engine.rate_limits import NON_QUERY, QUERY, Ledger, Verdict
from kentik_async.emulator.errors import AnswerError, details_headers, grpc_name, pause_headers

__all__ = ["Desk", "Incoming", "Outcome", "in_order"]


@dataclass(frozen=True, slots=True)
class Incoming:
    """A request as it arrives.

    Attributes:
        operation: What it asks, such as "kmi.get_rankings".
        path: The RPC's path, or the HTTP method and path.
        transport: By which protocol it came.
        received: When all of it had come, on the loop's clock.
        credentials: The e-mail address and the token that came with it.
        quota_class: Under which limits it counts.
        scope: The API v6 scope that it takes, None for API v5.
        writes: Whether it changes anything.
        success: The HTTP status of its success.
        arguments: Its arguments, for the record.
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
class Outcome:
    """What becomes of a request.

    Attributes:
        payload: What the work returned; None if it did not come to that.
        error: The error to answer instead.
        fault: The fault that was done to the request, which the transport may have to act out.
        headers: Headers, or trailing metadata, to send whatever becomes of it.
        leave: Tell it, if known, when the answer has left: until then it is recorded as of its completion.
    """

    payload: Any = None
    error: AnswerError | None = None
    fault: Fault | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    leave: Callable[[float], None] = lambda _: None

    @property
    def dropped(self) -> bool:
        """Whether the connection is to be cut instead of answering."""
        return self.fault is not None and self.fault.drop


_STOPPING = Outcome(error=AnswerError("UNAVAILABLE", "the emulator is stopping"))


@dataclass(slots=True)
class Desk:
    """Receives requests, applies the rules and the scripted faults, and keeps the record.

    Attributes:
        users: Who may call, by e-mail address.
        speed: How many times faster than at the vendor time passes.
        strict: Whether overruns of the concurrency are refused.
        details: Whether answers say what is left of the quota.
        latency: How long each answer takes, in seconds of real time: a span, or (least, most).
        chance: What draws a latency from its span.
        faults: What is scripted.
        calls: What has been answered, in the order of the answers.
    """

    users: dict[str, User]
    speed: float = 1.0
    strict: bool = False
    details: bool = False
    latency: float | tuple[float, float] = 0.0
    chance: random.Random = field(default_factory=lambda: random.Random(0))
    faults: FaultQueue = field(default_factory=FaultQueue)
    calls: list[Call] = field(default_factory=list)
    _ledgers: dict[tuple[str, QuotaClass], Ledger] = field(default_factory=dict)
    _received: int = 0
    _latest: float = 0.0
    _closed: bool = False
    _tasks: set[asyncio.Task[Outcome]] = field(default_factory=set)

    def reset(self) -> None:
        """Forget every call, count and fault; requests under way are no longer recorded."""
        self.faults.clear()
        # New objects: whatever is under way keeps the old ones, and disturbs nothing by its answer.
        self.calls = []
        self._ledgers = {}
        self._received = 0

    def in_flight(self) -> dict[str, int]:
        """Return how many requests of each customer are received and not answered."""
        counts: dict[str, int] = {}
        for (customer, _), ledger in self._ledgers.items():
            counts[customer] = counts.get(customer, 0) + ledger.under_way
        return counts

    async def serve(self, incoming: Incoming, work: Callable[[User], Any]) -> Outcome:
        """Take a request in, and return what becomes of it when it is time to answer.

        Like the vendor's servers, this one does not stop working when its client goes away: the request stays
        under way, and its answer is recorded, as if the client had waited.

        Args:
            incoming: The request.
            work: What to do for the user once the request is admitted; raises AnswerError.
        """
        if self._closed:
            return _STOPPING
        task = asyncio.get_running_loop().create_task(self._serve(incoming, work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if task.cancelled():  # by `aclose()`, before it had begun
                return _STOPPING
            raise

    def open(self) -> None:
        """Serve, from now on."""
        self._closed = False

    async def aclose(self) -> None:
        """Stop working on whatever is under way, and take nothing in until the next opening."""
        self._closed = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, incoming: Incoming, work: Callable[[User], Any]) -> Outcome:
        self._received += 1
        number, calls = self._received, self.calls
        # One protocol may tell the instant of receipt better than another; a ledger takes them in order.
        self._latest = received = max(self._latest, incoming.received)
        incoming = replace(incoming, received=received)
        ledger: Ledger | None = None
        verdict: Verdict | None = None
        customer, headers = "", dict[str, str]()
        try:
            user = authenticate(self.users, *incoming.credentials)
            customer = user.customer
            ledger = self._ledger(customer, incoming.quota_class)
            verdict = ledger.receive(incoming.received)
            if self.details:
                headers = details_headers(*ledger.left(incoming.received))
            if verdict.refusal:
                raise self._refuse(verdict)
            outcome = await self._answer(incoming, user, work, verdict.delay)
        except AnswerError as error:
            outcome = Outcome(error=error)
        except asyncio.CancelledError:
            # Only `aclose()` cancels, and whoever waits for the outcome is to end in order.
            outcome = _STOPPING
        finally:
            answered = asyncio.get_running_loop().time()
            if ledger is not None:
                ledger.answer()
        entry = _entry(number, customer, incoming, verdict, outcome, answered)
        place = len(calls)
        calls.append(entry)

        def leave(left: float) -> None:
            calls[place] = replace(entry, answered=left)

        return replace(outcome, leave=leave, headers=headers)

    def _ledger(self, customer: str, quota_class: QuotaClass) -> Ledger:
        key = (customer, quota_class)
        if key not in self._ledgers:
            limits = QUERY if quota_class == "query" else NON_QUERY
            self._ledgers[key] = Ledger(limits.compressed(self.speed), strict=self.strict)
        return self._ledgers[key]

    async def _answer(
        self, incoming: Incoming, user: User, work: Callable[[User], Any], delay: float
    ) -> Outcome:
        fault = self.faults.take(incoming.operation, incoming.path)
        due = incoming.received + self._draw_latency()
        if fault is not None and fault.when == "before":
            due += fault.delay
        await _until(due)
        outcome = _failed(fault) if fault is not None and fault.when == "before" else None
        if outcome is None:
            outcome = _worked(incoming, user, work, fault)
            if fault is not None and fault.when == "after":
                due += fault.delay
                outcome = _failed(fault) or outcome
            await _until(due + delay)
        return outcome

    def _draw_latency(self) -> float:
        if isinstance(self.latency, tuple):
            return self.chance.uniform(*self.latency)
        return self.latency

    def _refuse(self, verdict: Verdict) -> AnswerError:
        words = {
            "concurrency": "too many concurrent requests",
            "minute": "too many requests per minute",
            "hour": "too many requests per hour",
        }
        pause = verdict.retry_after
        headers = {} if pause is None else pause_headers(pause, whole_seconds=self.speed == 1.0)
        return AnswerError(429, f"Rate limit exceeded: {words[verdict.refusal]}", headers=headers)


def _worked(incoming: Incoming, user: User, work: Callable[[User], Any], fault: Fault | None) -> Outcome:
    try:
        authorize(user, scope=incoming.scope, writes=incoming.writes)
        return Outcome(payload=work(user), fault=fault)
    except AnswerError as error:
        return Outcome(error=error, fault=fault)


def _failed(fault: Fault) -> Outcome | None:
    """Return what a fault puts in place of the answer; None if it leaves the answer alone."""
    if fault.drop:
        return Outcome(fault=fault)
    if fault.status is None or grpc_name(fault.status) == "OK":
        return None
    pause = fault.retry_after
    headers = {} if pause is None else pause_headers(pause, whole_seconds=pause == int(pause))
    error = AnswerError(fault.status, f"scripted fault: {fault.status}", headers=headers)
    return Outcome(error=error, fault=fault)


async def _until(due: float) -> None:
    """Sleep until an instant of the loop's clock, if it is still to come."""
    rest = due - asyncio.get_running_loop().time()
    if rest > 0.0:
        await asyncio.sleep(rest)


def _entry(
    number: int,
    customer: str,
    incoming: Incoming,
    verdict: Verdict | None,
    outcome: Outcome,
    answered: float,
) -> Call:
    failure = outcome.error or (AnswerError("UNAVAILABLE", "") if outcome.dropped else None)
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
        refusal=verdict.refusal if verdict else "",
        delay=verdict.delay if verdict else 0.0,
        concurrent=verdict.concurrent if verdict else 0,
        overrun=verdict.overrun if verdict else False,
        in_minute=verdict.in_minute if verdict else 0,
        in_hour=verdict.in_hour if verdict else 0,
        fault=outcome.fault is not None,
        dropped=outcome.dropped,
    )


def in_order(calls: Iterable[Call]) -> tuple[Call, ...]:
    """Return calls in the order of their receipt."""
    return tuple(sorted(calls, key=lambda call: call.number))
