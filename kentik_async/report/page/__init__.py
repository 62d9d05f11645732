"""A report as one HTML page that loads nothing from elsewhere."""

import importlib
from collections.abc import Mapping
from importlib import resources
from typing import Any

import msgspec

from kentik_async._version import __version__
from kentik_async.errors import ConfigError
from kentik_async.report.cells import cell_text, is_long, is_number, shown_columns, shown_rows
from kentik_async.report.charts import charts_of
from kentik_async.report.model import ReportContents, ReportTable
from kentik_async.report.vega import compiled, vega_script

__all__ = ["page_of"]

_PACKAGES = {"altair": "altair", "jinja2": "jinja2", "vl_convert": "vl-convert-python"}


def page_of(report: ReportContents) -> str:
    """Return a report as HTML.

    Raises:
        ConfigError: A package of the extra `report` is not installed.
    """
    for name, package in _PACKAGES.items():
        try:
            importlib.import_module(name)
        except ImportError:
            raise ConfigError(
                f"HTML reports need {package}: pip install 'kentik-async[report]'; -o csv works without it"
            ) from None
    import jinja2

    made = charts_of(report.name, report.tables)
    charts = [
        {"title": chart.title, "description": chart.description, "spec": _json(compiled(chart.chart))}
        for chart in made
    ]
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    return environment.from_string(_file("page.html")).render(
        report=report,
        charts=charts,
        tables=[_table(table) for table in report.tables.values() if not table.charted],
        charted=[table.title for table in report.tables.values() if table.charted and len(table)],
        style=_file("page.css"),
        script=_file("page.js"),
        vega=vega_script() if charts else "",
        version=__version__,
    )


def _table(table: ReportTable) -> Mapping[str, Any]:
    columns = shown_columns(table)
    rows, left_out = shown_rows(table)
    return {
        "name": table.name,
        "title": table.title,
        "caption": table.caption,
        "left_out": left_out,
        "size": f"{len(rows):,} {'row' if len(rows) == 1 else 'rows'}",
        "columns": [
            (column.title, "n" if is_number(column) else "w" if is_long(column, rows) else "")
            for column in columns
        ],
        "rows": [[cell_text(column, row.get(column.name)) for column in columns] for row in rows],
    }


def _json(spec: Mapping[str, Any]) -> str:
    """Return JSON that cannot end the surrounding script element."""
    return msgspec.json.encode(spec).decode().replace("<", "\\u003c")


def _file(name: str) -> str:
    return (resources.files(__name__) / name).read_text(encoding="utf-8")
