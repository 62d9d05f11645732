"""A tracer and a meter provider, as a program sets them, and an emulator."""

from collections.abc import AsyncIterator, Iterator

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


@pytest.fixture(scope="package")
def providers() -> Iterator[Recorded]:
    """The providers of this process: OpenTelemetry lets a program set them once."""
    spans, reader = InMemorySpanExporter(), InMemoryMetricReader()
    tracer_provider = TracerProvider(shutdown_on_exit=False)
    tracer_provider.add_span_processor(SimpleSpanProcessor(spans))
    trace.set_tracer_provider(tracer_provider)
    meter_provider = MeterProvider([reader], shutdown_on_exit=False)
    metrics.set_meter_provider(meter_provider)
    yield Recorded(spans, reader)
    # The providers stay for the life of the process: other tests are not to pay for them.
    _telemetry._state.telemetry = None
    spans.shutdown()


@pytest.fixture
def recorded(providers: Recorded) -> Recorded:
    """What is recorded from now on."""
    providers.begin()
    return providers


@pytest.fixture
async def emulator() -> AsyncIterator[Emulator]:
    """An emulator whose minute lasts a second."""
    async with Emulator(speed=60) as emulator:
        yield emulator
