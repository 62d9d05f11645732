"""The charts of each report, made with Altair from its tables."""

from collections.abc import Callable, Mapping

from kentik_async.report.charts import compare, network, prospects, trend
from kentik_async.report.charts.style import ReportChart
from kentik_async.report.model import ReportTable

__all__ = ["charts_of"]

_MAKERS: Mapping[str, Callable[[Mapping[str, ReportTable]], list[ReportChart]]] = {
    "prospects": prospects.charts,
    "trend": trend.charts,
    "compare": compare.charts,
    "network": network.charts,
}


def charts_of(name: str, tables: Mapping[str, ReportTable]) -> list[ReportChart]:
    """Return the charts of a report, without empty charts."""
    return _MAKERS[name](tables)
