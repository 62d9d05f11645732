"""Records as tables: each library reads them by column, with a schema that does not depend on values."""

import datetime as dt
import subprocess
import sys
from importlib.metadata import version

import pyarrow as pa
import pytest

from kentik_async.models import (
    ASGroup,
    ASGroupList,
    AutonomousSystem,
    CustomerProvider,
    Insight,
    Market,
    Peer,
    Plan,
    PlanDevice,
    PlanDeviceType,
    Ranking,
    Records,
    Site,
    arrow_schema,
)
from tests.unit.models.site_rows import ALMOST_EMPTY_SITES, FULL_SITES, SITE_SCHEMAS

NOON = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
INSTANT = pa.timestamp("us", tz="UTC")

SCHEMAS = {
    Market: {"market_id": pa.string(), "name": pa.string()},
    Ranking: {
        "asn": pa.int64(),
        "name": pa.string(),
        "rank": pa.int64(),
        "rank_change": pa.int32(),
        "score": pa.int64(),
        "score_change": pa.int32(),
    },
    CustomerProvider: {
        "asn": pa.int64(),
        "name": pa.string(),
        "score": pa.int64(),
        "singlehomed_customer": pa.bool_(),
        "mutual_customer": pa.bool_(),
        "mutual_provider": pa.bool_(),
    },
    Peer: {"asn": pa.int64(), "name": pa.string(), "pfx_count": pa.int64()},
    Insight: {
        "asn": pa.int64(),
        "name": pa.string(),
        "type": pa.int64(),
        "message": pa.string(),
        "created_at": INSTANT,
    },
    ASGroup: {
        "id": pa.string(),
        "name": pa.string(),
        "asn": pa.list_(pa.struct({"asn": pa.int64(), "name": pa.string()})),
        "created_date": INSTANT,
        "updated_date": INSTANT,
    },
    Site: {
        "id": pa.int64(),
        "site_name": pa.string(),
        "lat": pa.float64(),
        "lon": pa.float64(),
        "company_id": pa.int64(),
    },
    Plan: {
        "id": pa.int64(),
        "company_id": pa.int64(),
        "name": pa.string(),
        "description": pa.string(),
        "active": pa.bool_(),
        "max_devices": pa.int64(),
        "max_fps": pa.float64(),
        "bgp_enabled": pa.bool_(),
        "fast_retention": pa.float64(),
        "full_retention": pa.float64(),
        "cdate": INSTANT,
        "edate": INSTANT,
        "max_bigdata_fps": pa.string(),
        "device_types": pa.list_(pa.struct({"device_subtype": pa.string()})),
        "devices": pa.list_(
            pa.struct({"id": pa.int64(), "device_name": pa.string(), "device_subtype": pa.string()})
        ),
        "metadata": pa.string(),
    },
    **SITE_SCHEMAS,
}

ALMOST_EMPTY = {
    Market: Market("", ""),
    Ranking: Ranking(None, ""),
    CustomerProvider: CustomerProvider(None, ""),
    Peer: Peer(None, ""),
    Insight: Insight(None, ""),
    ASGroup: ASGroup("", ""),
    Site: Site(1),
    Plan: Plan(1),
    **ALMOST_EMPTY_SITES,
}

FULL = {
    Market: Market("cc$US", "United States"),
    Ranking: Ranking(4294967295, "Example", 1, -3, 4294967295, -(2**31)),
    CustomerProvider: CustomerProvider(64513, "Customer", 7, True, False, True),
    Peer: Peer(64514, "Peer", 12),
    Insight: Insight(64512, "Example", 3, "gained", NOON),
    ASGroup: ASGroup("9", "group", (AutonomousSystem(64512, "Example"),), NOON, NOON),
    Site: Site(1, "LAX", 33.77, -118.19, 1289),
    Plan: Plan(
        *(550, 1289, "Default", "words", True, 75, 4000, True, 120, 120.5, NOON, NOON),
        max_bigdata_fps={"rate": 30},
        device_types=(PlanDeviceType("router"),),
        devices=(PlanDevice(1206, "edge", "router"),),
        metadata=[1],
    ),
    **FULL_SITES,
}

every_model = pytest.mark.parametrize("model", list(SCHEMAS), ids=lambda model: model.__name__)


def variants(model):
    return [
        Records((), model),
        Records([ALMOST_EMPTY[model]]),
        Records([FULL[model]]),
        Records([ALMOST_EMPTY[model], FULL[model]]),
    ]


@every_model
def test_arrow_has_one_schema_whatever_the_values(model) -> None:
    expected = pa.schema(SCHEMAS[model])
    assert arrow_schema(model) == expected
    for records in variants(model):
        table = records.to_arrow()
        assert table.schema == expected
        assert table.num_rows == len(records)


AS_JSON = {"max_bigdata_fps", "metadata", "postal_address", "address_classification", "site_market"}


def without_free_form(rows):
    return [{key: row[key] for key in row if key not in AS_JSON} for row in rows]


@every_model
def test_arrow_holds_what_the_models_hold(model) -> None:
    for records in variants(model):
        assert without_free_form(records.to_arrow().to_pylist()) == without_free_form(records.to_dicts())


@every_model
def test_polars_agrees_with_arrow(model) -> None:
    import polars as pl

    schemas = set()
    for records in variants(model):
        frame = records.to_polars()
        assert frame.to_dicts() == records.to_arrow().to_pylist()
        assert frame.columns == list(SCHEMAS[model])
        schemas.add(str(frame.schema))
    assert len(schemas) == 1
    assert pl.Null not in frame.dtypes


@every_model
def test_pandas_agrees_with_arrow(model) -> None:
    schemas = set()
    for records in variants(model):
        frame = records.to_pandas()
        expected = records.to_arrow().to_pylist()
        found = frame.astype(object).where(frame.notna(), None).to_dict("records")
        assert found == expected
        schemas.add(str(frame.dtypes.to_dict()))
    assert len(schemas) == 1


def test_free_form_values_become_json_text() -> None:
    table = Records([FULL[Plan]]).to_arrow()
    assert table["max_bigdata_fps"].to_pylist() == ['{"rate":30}']
    assert table["metadata"].to_pylist() == ["[1]"]


def test_pandas_types_are_nullable() -> None:
    import pandas as pd

    frame = Records([FULL[Ranking], ALMOST_EMPTY[Ranking]]).to_pandas()
    assert frame.dtypes.astype(str).to_dict() == {
        "asn": "Int64",
        "name": "string",
        "rank": "Int64",
        "rank_change": "Int32",
        "score": "Int64",
        "score_change": "Int32",
    }
    assert frame["asn"][0] == 4294967295
    assert frame["rank"][1] is pd.NA


@every_model
@pytest.mark.parametrize("wrap", [Records, list], ids=["records", "list"])
def test_dataframes_read_rows_by_column(model, wrap) -> None:
    import pandas as pd
    import polars as pl

    rows = wrap([FULL[model], ALMOST_EMPTY[model]])
    assert list(pd.DataFrame(rows).columns) == list(SCHEMAS[model])
    frame = pl.DataFrame(rows)
    assert frame.columns == list(SCHEMAS[model])
    assert frame.height == 2
    assert pl.Object not in frame.dtypes


def test_dataframe_of_rankings_has_their_values() -> None:
    import pandas as pd
    import polars as pl

    rows = Records([FULL[Ranking], ALMOST_EMPTY[Ranking]])
    assert pl.DataFrame(rows)["score_change"].to_list() == [-(2**31), None]
    assert pd.DataFrame(rows)["rank"].tolist()[0] == 1


def test_a_list_answer_is_a_table_too() -> None:
    groups = ASGroupList([FULL[ASGroup]], invalid_count=1)
    assert groups.to_arrow().to_pylist()[0]["asn"] == [{"asn": 64512, "name": "Example"}]
    assert ASGroupList().to_arrow().schema == pa.schema(SCHEMAS[ASGroup])


@pytest.mark.parametrize(
    ("library", "method"), [("pyarrow", "to_arrow"), ("polars", "to_polars"), ("pandas", "to_pandas")]
)
def test_a_missing_library_error_has_the_pip_command(library: str, method: str) -> None:
    script = f"""
import sys
sys.modules[{library!r}] = None
from kentik_async.models import Peer, Records
assert not {{"pyarrow", "polars", "pandas"}} & {{name for name, module in sys.modules.items() if module}}
try:
    Records([Peer(1, "a")]).{method}()
except ImportError as error:
    print(error)
"""
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout == f"{method}() needs {library}: pip install {library}\n"


# pandas before 3 fails if pyarrow is installed but cannot be imported.
PANDAS_ALONE = ["polars", "pyarrow"] if int(version("pandas").partition(".")[0]) >= 3 else ["polars"]


@pytest.mark.parametrize(
    ("method", "others"), [("to_polars", ["pyarrow", "pandas"]), ("to_pandas", PANDAS_ALONE)]
)
def test_frames_need_no_other_library(method: str, others: list[str]) -> None:
    script = f"""
import sys
sys.modules.update(dict.fromkeys({others}))
from kentik_async.models import Peer, Records
print(len(Records([Peer(1, "a")]).{method}()))
"""
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout == "1\n"
