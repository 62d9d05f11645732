"""Our messages beside other builds of the same protos in one process, in both orders of import."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from codegen.__main__ import main
from kentik_async._codegen.compile import protoc_command
from kentik_async._codegen.schema import bundled
from kentik_async._codegen.schema import checkout as schema_of
from tests.codegen.support import run_python
from tests.codegen.vendor_sdk import PYTHON_IS_TOO_NEW, SKIPPED, python_with_both
from tests.support.paths import ROOT

OURS = """
from kentik_async._generated.as_group import v202212 as our_groups
from kentik_async._generated.kmi import v202212 as our_kmi
"""
SHOW = """
ranking = our_kmi.GetRankingsResponse(rankings=[our_kmi.Ranking(asn=0, name="x", rank=1)])
again = their_kmi.GetRankingsResponse.FromString(ranking.SerializeToString())
assert again.rankings[0].HasField("asn") and not again.rankings[0].HasField("score")
group = our_groups.ASGroupDetailed(id="1", asn=[our_groups.AutonomousSystem(asn=64512)])
group.created_date.FromSeconds(5)
again = their_groups.ASGroupDetailed.FromString(group.SerializeToString())
assert again.created_date.seconds == 5 and type(again) is not type(group)
print("both")
"""


@pytest.fixture(scope="module")
def gencode(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The output of protoc for our protos: `*_pb2.py`, under the upstream names in the default pool."""
    out = tmp_path_factory.mktemp("gencode")
    schema = bundled(ROOT)
    files = [path.relative_to(schema.protos).as_posix() for path in schema.protos.rglob("*.proto")]
    subprocess.run([*protoc_command(schema), f"--python_out={out}", *files], check=True)
    # A new package `google` here would hide the installed one, so these files are added to that one.
    return out


GENCODE = """
import google
google.__path__.append(GENCODE + "/google")
from kentik.as_group.v202212 import as_group_pb2 as their_groups
from kentik.kmi.v202212 import kmi_pb2 as their_kmi
"""


@pytest.mark.parametrize("ours_first", [True, False])
def test_beside_plain_gencode_of_the_same_protos(gencode: Path, ours_first: bool) -> None:
    theirs = GENCODE.replace("GENCODE", repr(str(gencode)))
    code = OURS + theirs if ours_first else theirs + OURS
    assert run_python(code + SHOW, gencode) == "both\n"


@pytest.mark.parametrize("ours_first", [True, False])
def test_all_apis_beside_what_stock_protoc_writes(
    checkout: Path, tree: Path, tmp_path: Path, ours_first: bool
) -> None:
    schema = schema_of(checkout)
    roots = (schema.protos, *schema.vendored)
    files = {path.relative_to(root).as_posix() for root in roots for path in root.rglob("*.proto")}
    subprocess.run([*protoc_command(schema), f"--python_out={tmp_path}", *sorted(files)], check=True)
    names = [name.removesuffix(".proto").replace("/", ".").replace("-", "_") + "_pb2" for name in files]
    theirs = [f"import google; google.__path__.append({str(tmp_path / 'google')!r})"]
    theirs += [f"importlib.import_module({name!r})" for name in sorted(names)]
    packages = sorted(path.parent.relative_to(tree.parent) for path in tree.rglob("descriptors.binpb"))
    ours = [f"importlib.import_module({'.'.join(package.parts)!r})" for package in packages]
    code = ["import importlib", *(ours + theirs if ours_first else theirs + ours), "print('all')"]
    assert run_python("\n".join(code), tmp_path, tree.parent) == "all\n"


@pytest.mark.parametrize("ours_first", [True, False])
def test_beside_a_tree_made_from_a_newer_schema(tmp_path: Path, ours_first: bool) -> None:
    schema = tmp_path / "schema"
    for path in (ROOT / "proto").rglob("*.proto"):
        target = schema / "proto" / path.relative_to(ROOT / "proto")
        target.parent.mkdir(parents=True, exist_ok=True)
        text = path.read_text()
        target.write_text(text.replace("message Ranking {", "message Ranking {\n  string added = 99;"))
    assert main(["--schema", str(schema), "--out", str(tmp_path / "newer")]) == 0
    theirs = """
from newer.as_group import v202212 as their_groups
from newer.kmi import v202212 as their_kmi
assert their_kmi.Ranking(added="new").added == "new"
"""
    code = OURS + theirs if ours_first else theirs + OURS
    assert run_python(code + SHOW, tmp_path) == "both\n"


VENDOR = """
import kentik_api
from kentik_api.generated.kentik.core.v202303 import annotations_pb2
from kentik_api.generated.kentik.synthetics.v202202 import synthetics_pb2 as theirs
"""
VENDOR_SHOW = """
from zootree.core.v202303 import Page, ServiceVisibility
assert ServiceVisibility.Value("SERVICE_VISIBILITY_PUBLIC") == 3
assert annotations_pb2.DESCRIPTOR.package == "kentik.core.v202303"
assert theirs.DESCRIPTOR.package == "kentik.synthetics.v202202"
assert our_kmi.Ranking(rank=1).HasField("rank")
assert our_kmi.KmiServiceStub.METHODS["ListMarkets"].verb == "GET"
print("both")
"""


@SKIPPED
@PYTHON_IS_TOO_NEW
@pytest.mark.parametrize("ours_first", [True, False])
def test_beside_the_vendors_sdk(
    tmp_path_factory: pytest.TempPathFactory, tree: Path, ours_first: bool
) -> None:
    ours = OURS + "import zootree.zoo.v202601\n"
    code = ours + VENDOR if ours_first else VENDOR + ours
    python = python_with_both(tmp_path_factory)
    assert run_python(code + VENDOR_SHOW, tree.parent, interpreter=python) == "both\n"
