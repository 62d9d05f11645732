"""A tracer provider and a meter provider, set as by a program, and an emulator."""

from collections.abc import AsyncIterator
from functools import cache

import pytest
from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from kentik_async import _telemetry
from kentik_async.emulator import Emulator
from tests.wire.observing.recorded import Recorded

# This module imports OpenTelemetry into every process of the tests, but only this folder should use it.
_telemetry._state.tried = True


@cache
def providers() -> tuple[Recorded, _telemetry.Telemetry]:
    """Set the providers of this process, which OpenTelemetry allows once."""
    spans, reader = InMemorySpanExporter(), InMemoryMetricReader()
    tracer_provider = TracerProvider(shutdown_on_exit=False)
    tracer_provider.add_span_processor(SimpleSpanProcessor(spans))
    trace.set_tracer_provider(tracer_provider)
    metrics.set_meter_provider(MeterProvider([reader], shutdown_on_exit=False))
    return Recorded(spans, reader), _telemetry.Telemetry()


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> Recorded:
    """The spans and metrics of a test; recording is off for other tests of the process."""
    recorded, telemetry = providers()
    monkeypatch.setattr(_telemetry._state, "telemetry", telemetry)
    recorded.begin()
    return recorded


@pytest.fixture
async def emulator() -> AsyncIterator[Emulator]:
    """An emulator whose minute lasts a second."""
    async with Emulator(speed=60) as emulator:
        yield emulator
