"""Reports from saved targets: prospects, trends, comparisons, and single networks. Nothing is sent.

    report = kentik_async.report.prospects("data", markets=["US"], mine=[64500])
    report.save("prospects.html")

A report holds its figures as tables (`Report.tables`), and its page is one HTML file with interactive charts
and sortable tables that loads nothing from elsewhere. It needs the extra `report`.
"""

from kentik_async.report.compare import compare
from kentik_async.report.document import Report
from kentik_async.report.model import ReportColumn, ReportTable
from kentik_async.report.network import network
from kentik_async.report.prospects import prospects
from kentik_async.report.trend import trend

__all__ = ["Report", "ReportColumn", "ReportTable", "compare", "network", "prospects", "trend"]
