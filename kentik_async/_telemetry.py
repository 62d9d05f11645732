"""OpenTelemetry: one span for each call, and metrics, if the program uses OpenTelemetry.

Nothing is imported before the program itself has imported OpenTelemetry, which it must do to set a provider.
Without one, a call costs two look-ups in `sys.modules`. Only the API is used; the program chooses the SDK.
"""

import logging
import sys
from typing import TYPE_CHECKING, Any

from kentik_async._config import Endpoint
from kentik_async._operations.request import Request
from kentik_async._version import __version__
from kentik_async.errors import APIError
from kentik_async.events import Event
from kentik_async.models import ASNDetails, Records

if TYPE_CHECKING:
    from opentelemetry.trace import Span
    from opentelemetry.util.types import AttributeValue

__all__ = ["CallTrace", "Telemetry", "telemetry"]

_log = logging.getLogger("kentik_async")

_NAME = "kentik_async"
_WAITS = (0.0, 0.01, 0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0)
_LATENCIES = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


class Telemetry:
    """The tracer and the instruments of this process. A provider that is set later is used from then on."""

    def __init__(self) -> None:
        from opentelemetry import context, metrics, trace

        self.context, self.trace = context, trace
        self.tracer = trace.get_tracer(_NAME, __version__)
        meter = metrics.get_meter(_NAME, __version__)
        self.calls = meter.create_counter("kentik.client.calls", "{call}", "Calls that ended.")
        self.refusals = meter.create_counter(
            "kentik.client.refusals", "{refusal}", "Requests that the server refused over its rate limit."
        )
        self.queue = meter.create_up_down_counter(
            "kentik.client.queue.length", "{call}", "Calls that wait to be sent."
        )
        self.rows = meter.create_counter("kentik.client.rows", "{row}", "Rows in the results of calls.")
        self.wait = meter.create_histogram(
            "kentik.client.quota.wait",
            "s",
            "How long a call waited for quota.",
            explicit_bucket_boundaries_advisory=_WAITS,
        )
        self.latency = meter.create_histogram(
            "kentik.client.request.duration",
            "s",
            "The time from sending a request to its answer.",
            explicit_bucket_boundaries_advisory=_LATENCIES,
        )

    def begin(self, request: Request[Any], endpoint: Endpoint) -> "CallTrace":
        """Start the span of a call; the current span is its parent."""
        operation = request.operation
        attributes: dict[str, AttributeValue] = {
            "kentik.operation": operation.name,
            "kentik.quota.class": operation.quota_class,
            "server.address": endpoint.host,
            "server.port": endpoint.port,
        }
        if operation.protocol == "grpc":
            name = request.path.lstrip("/")
            attributes |= {"rpc.system.name": "grpc", "rpc.method": name}
        else:
            name = f"{operation.verb} {operation.name}"
            # Without the query, which may hold private data.
            url = (endpoint.url + request.path).partition("?")[0]
            attributes |= {"http.request.method": operation.verb, "url.full": url}
        span = self.tracer.start_span(name, kind=self.trace.SpanKind.CLIENT, attributes=attributes)
        return CallTrace(self, span, request)


class CallTrace:
    """The span and the measurements of one call."""

    __slots__ = ("_labels", "_latest_wait", "_operation", "_queued", "_span", "_telemetry", "_token")

    def __init__(self, telemetry: Telemetry, span: "Span", request: Request[Any]) -> None:
        """Measure a call with the given span."""
        self._telemetry = telemetry
        self._span = span
        self._operation = request.operation
        self._labels = {"kentik.operation": request.operation.name}
        self._latest_wait = 0.0
        self._queued = False
        self._token: Any = None

    def activate(self) -> None:
        """Make the span the current one of this task until the call ends."""
        if self._span.is_recording():
            current = self._telemetry.trace.set_span_in_context(self._span)
            self._token = self._telemetry.context.attach(current)

    def step(self, event: Event) -> None:
        """Record a step of the call."""
        self._queue(event.kind not in ("sent", "answered"))
        if event.kind == "sent":
            wait, self._latest_wait = event.duration - self._latest_wait, event.duration
            self._note("kentik.quota.wait", event, {"kentik.quota.wait": wait})
        elif event.kind == "retried":
            self._note("kentik.retry", event, {"kentik.retry.pause": event.duration})
        elif event.kind in ("answered", "refused"):
            self._telemetry.latency.record(event.duration, self._labels | _error_type(event.error))
            if event.kind == "refused":
                self._telemetry.refusals.add(1, self._labels)
                pause = event.error.retry_after if isinstance(event.error, APIError) else None
                self._note("kentik.refusal", event, {} if pause is None else {"kentik.retry.pause": pause})

    def end(
        self,
        *,
        sent: int,
        waited: float,
        http_status: int | None = None,
        result: object = None,
        error: BaseException | None = None,
    ) -> None:
        """End the span and record the call.

        Args:
            sent: The number of times the request was sent.
            waited: How long the call waited for quota, in seconds.
            http_status: The status of the answer; None over gRPC and with an error.
            result: The result of the call.
            error: The exception of the call; GeneratorExit if its caller has dropped it.
        """
        self._queue(False)
        if self._token is not None and not isinstance(error, GeneratorExit):
            self._telemetry.context.detach(self._token)
        labels = self._labels | _error_type(error)
        self._telemetry.calls.add(1, labels)
        self._telemetry.wait.record(waited, self._labels)
        rows = _rows(result)
        if rows is not None:
            self._telemetry.rows.add(rows, self._labels)
        if self._span.is_recording():
            self._describe(max(sent - 1, 0), waited, http_status, rows, error)
        self._span.end()

    def _describe(
        self,
        resent: int,
        waited: float,
        http_status: int | None,
        rows: int | None,
        error: BaseException | None,
    ) -> None:
        span, grpc_status = self._span, None
        if isinstance(error, APIError):
            http_status, grpc_status = error.http_status, error.grpc_status
        elif error is None and http_status is None and self._operation.protocol == "grpc":
            grpc_status = "OK"
        span.set_attributes({"kentik.quota.wait": waited, "kentik.resend_count": resent})
        if grpc_status is not None:
            span.set_attribute("rpc.response.status_code", grpc_status)
        if http_status is not None:
            span.set_attribute("http.response.status_code", http_status)
        if resent and self._operation.protocol != "grpc":
            span.set_attribute("http.request.resend_count", resent)
        if rows is not None:
            span.set_attribute("kentik.rows", rows)
        if error is not None and not isinstance(error, GeneratorExit):
            span.set_attributes(_error_type(error))
            # Not record_exception: its traceback may quote the errors of libraries, with their secrets.
            kind = type(error)
            name = f"{kind.__module__}.{kind.__qualname__}"
            message = str(error)
            span.add_event("exception", {"exception.type": name, "exception.message": message})
            span.set_status(self._telemetry.trace.StatusCode.ERROR, message)

    def _note(self, name: str, event: Event, attributes: dict[str, float]) -> None:
        if self._span.is_recording():
            about: dict[str, AttributeValue] = {"kentik.attempt": event.attempt, **_error_type(event.error)}
            self._span.add_event(name, {**about, **attributes})

    def _queue(self, queued: bool) -> None:
        """Add the call to the length of the queue, or remove it."""
        if queued is not self._queued:
            self._queued = queued
            self._telemetry.queue.add(1 if queued else -1, self._labels)


def telemetry() -> Telemetry | None:
    """Return the telemetry of this process; None if the program does not use OpenTelemetry."""
    if _state.tried or not ("opentelemetry.trace" in sys.modules or "opentelemetry.metrics" in sys.modules):
        return _state.telemetry
    _state.tried = True
    try:
        _state.telemetry = Telemetry()
    except Exception as error:  # noqa: BLE001 (whatever is wrong with it, calls go on)
        _log.warning("OpenTelemetry is not used: %s; install kentik-async[otel]", error)
    return _state.telemetry


class _State:
    tried = False
    telemetry: Telemetry | None = None


_state = _State()


def _error_type(error: BaseException | None) -> dict[str, str]:
    return (
        {} if error is None or isinstance(error, GeneratorExit) else {"error.type": type(error).__qualname__}
    )


def _rows(result: object) -> int | None:
    if isinstance(result, Records):
        return len(result)
    if isinstance(result, ASNDetails):
        return len(result.customers) + len(result.providers) + len(result.peers)
    rows = getattr(result, "rows", None)  # the summary of a page of a pull
    return rows if isinstance(rows, int) else None
