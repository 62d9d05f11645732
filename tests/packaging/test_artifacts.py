"""The wheel and the source distribution contain the expected files, and no others."""

import os
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.paths import ROOT


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a new wheel and source distribution."""
    pytest.importorskip("hatchling", reason="building is a matter of development")
    target = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "-d", str(target)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return target


def test_the_wheel_is_the_package_and_nothing_else(dist: Path) -> None:
    (wheel,) = dist.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        shipped = {name for name in archive.namelist() if ".dist-info/" not in name}
        legal = [name for name in archive.namelist() if name.endswith("licenses/LICENSE")]
    source = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "kentik_async").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert shipped == source
    assert "kentik_async/py.typed" in shipped
    assert len(legal) == 1


@pytest.fixture
def site(dist: Path) -> Iterator[Path]:
    """A folder with the content of the wheel; not a fixture: their folders are searched for tokens."""
    (wheel,) = dist.glob("*.whl")
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
        yield Path(folder)


def test_the_wheel_generates_code(site: Path, tmp_path: Path) -> None:
    pytest.importorskip("grpc_tools", reason="generating code takes the extra codegen")
    assert {path.name.partition("-")[0] for path in site.iterdir()} == {"kentik_async"}
    proto = tmp_path / "schema" / "proto" / "kentik" / "tiny" / "v1" / "tiny.proto"
    proto.parent.mkdir(parents=True)
    proto.write_text('syntax = "proto3"; package kentik.tiny.v1; message Tiny { int32 n = 1; }')

    def run(*command: str) -> str:
        env = os.environ | {"PYTHONPATH": str(site)}
        done = subprocess.run(
            [sys.executable, *command], cwd=tmp_path, env=env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    codegen = ("-m", "kentik_async.cli", "codegen", "--schema", "schema")
    assert run(*codegen, "--list") == "tiny/v1\n"
    run(*codegen, "--all", "--out", "apis")
    use = "import kentik_async; from apis.tiny.v1 import Tiny; print(Tiny(n=3).n, kentik_async.__file__)"
    assert run("-c", use) == f"3 {site / 'kentik_async' / '__init__.py'}\n"


def test_the_source_distribution_can_build_generate_and_test(dist: Path) -> None:
    (sdist,) = dist.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        shipped = {name.partition("/")[2] for name in archive.getnames()}
    files = {"CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "Makefile", "README.md", "pyproject.toml"}
    assert files <= shipped
    for folder in ("codegen", "kentik_async", "proto", "tests"):
        assert any(name.startswith(f"{folder}/") for name in shipped), folder
    assert not [name for name in shipped if "__pycache__" in name or name.startswith((".venv", "dist"))]
