"""Reports from saved targets: prospects, trends, comparisons, and single networks. Nothing is sent.

    report = kentik_async.report.prospects("data", markets=["US"], mine=[64500])
    report.save("prospects.html")

A report holds its figures as tables (`KmiReport.tables`). Its page is one HTML file with interactive charts
and sortable tables that loads nothing from elsewhere. It needs the extra `report`.
"""

from kentik_async.report.compare import compare
from kentik_async.report.document import KmiReport
from kentik_async.report.model import ReportColumn, ReportTable
from kentik_async.report.network import network
from kentik_async.report.prospects import prospects
from kentik_async.report.trend import trend

__all__ = ["KmiReport", "ReportColumn", "ReportTable", "compare", "network", "prospects", "trend"]
