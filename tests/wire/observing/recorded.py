"""The spans and metrics recorded by OpenTelemetry."""

from collections.abc import Mapping
from typing import Any

from opentelemetry.sdk.metrics.export import HistogramDataPoint, InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

__all__ = ["Recorded"]


class Recorded:
    """Spans and metrics since `begin`."""

    def __init__(self, spans: InMemorySpanExporter, reader: InMemoryMetricReader) -> None:
        self._spans = spans
        self._reader = reader
        self._before: Mapping[tuple[Any, ...], float] = {}

    def begin(self) -> None:
        """Discard the spans, and count the metrics from now on."""
        self._spans.clear()
        self._before = self._totals()

    @property
    def spans(self) -> tuple[ReadableSpan, ...]:
        """The spans that ended, in order."""
        return self._spans.get_finished_spans()

    def metric(self, name: str, **labels: str) -> float:
        """The increase of a sum, or of a histogram's count, with exactly these labels (`_` for a dot)."""
        key = (f"kentik.client.{name}", *sorted(labels.items()))
        return self._totals().get(key, 0) - self._before.get(key, 0)

    def _totals(self) -> dict[tuple[Any, ...], float]:
        data, totals = self._reader.get_metrics_data(), {}
        metrics = [
            metric
            for resource in (data.resource_metrics if data else ())
            for scope in resource.scope_metrics
            for metric in scope.metrics
        ]
        for metric in metrics:
            for point in metric.data.data_points:
                labels = {label.replace(".", "_"): value for label, value in (point.attributes or {}).items()}
                value = point.count if isinstance(point, HistogramDataPoint) else getattr(point, "value", 0)
                totals[(metric.name, *sorted(labels.items()))] = value
        return totals
