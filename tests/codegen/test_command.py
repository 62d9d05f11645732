"""The command: its output, its error messages, and that it writes nothing after an error."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from codegen.__main__ import main
from kentik_async._codegen.output import MANIFEST
from tests.codegen.support import GENERATED, refusal, snapshot
from tests.support.paths import ROOT


def command(*arguments: str | Path, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "codegen", *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_what_is_committed_is_what_the_protos_give() -> None:
    done = command("--check")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_same_protos_give_the_same_bytes(checkout: Path, tree: Path, tmp_path: Path) -> None:
    moved = tmp_path / "elsewhere" / "schema"
    shutil.copytree(checkout, moved)
    done = command(
        "--schema", moved, "--out", "other_name", cwd=tmp_path
    )  # another process, folder, name, cwd
    assert done.returncode == 0, done.stderr
    assert snapshot(tmp_path / "other_name") == snapshot(tree)


def test_generated_code_equals_the_committed(tmp_path: Path) -> None:
    assert main(["--out", str(tmp_path / "made")]) == 0
    assert snapshot(tmp_path / "made") == snapshot(GENERATED)


def test_list(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--schema", str(checkout), "--list"]) == 0
    assert capsys.readouterr().out.splitlines()[:3] == ["clash/v1", "core/v202303", "helloworld/v1"]


def test_options_that_exclude_each_other(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "give --api or --all" in refusal(capsys, "--api", "kmi/v202212", "--all")
    assert "--schema needs --out DIR" in refusal(capsys, "--schema", checkout)


def test_api_takes_what_it_uses_along_and_leaves_the_rest(checkout: Path, tmp_path: Path, tree: Path) -> None:
    out = tmp_path / "some"
    schema = ["--schema", str(checkout), "--out", str(out)]
    assert main([*schema, "--api", "lambda/v1", "--api", "old/v1/"]) == 0
    assert {name.rpartition("/")[0] for name in snapshot(out)} == {
        "", "_runtime", "core", "core/v202303", "lambda_", "lambda_/v1", "old", "old/v1"
    }  # fmt: skip
    assert main([*schema, "--api", "zoo/v202601/keepers"]) == 0
    assert (out / "old" / "v1" / "descriptors.binpb").exists()
    together = snapshot(out)
    assert set(together.pop(MANIFEST).decode().splitlines()[1:]) == together.keys()
    assert together == {name: data for name, data in snapshot(tree).items() if name in together}
    assert main([*schema, "--check", "--api", "old/v1"]) == 0


def test_nested_package_keeps_the_outer_one(checkout: Path, tmp_path: Path) -> None:
    schema = tmp_path / "schema"
    shutil.copytree(checkout, schema)
    inner = schema / "proto" / "kentik" / "zoo" / "v202601" / "alone"
    inner.mkdir()
    (inner / "alone.proto").write_text(
        'syntax = "proto3"; package kentik.zoo.v202601.alone; message Alone {}\n'
    )
    options = ["--schema", str(schema), "--out", str(tmp_path / "out")]
    assert main([*options, "--api", "zoo/v202601"]) == 0
    before = snapshot(tmp_path / "out")
    assert main([*options, "--api", "zoo/v202601/alone"]) == 0
    after = snapshot(tmp_path / "out")
    assert before.pop(MANIFEST) != after.pop(MANIFEST)
    assert before.items() <= after.items()
    assert len(after) == len(before) + 3


@pytest.mark.parametrize("folder", ["nowhere", "empty", "file"])
def test_a_path_that_is_no_schema(folder: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").touch()
    said = refusal(capsys, "--schema", tmp_path / folder, "--out", tmp_path / "out")
    assert f"no schema checkout at {tmp_path / folder}" in said
    assert not (tmp_path / "out").exists()


def test_an_api_that_is_not_there(checkout: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--schema", checkout, "--out", tmp_path / "out"]
    near = refusal(capsys, *options, "--api", "zoo/v202602")
    assert "no API 'zoo/v202602'" in near
    assert "did you mean zoo/v202601 or zoo/v202601/keepers?" in near
    assert "did you mean core/v202303?" in refusal(capsys, *options, "--api", "core")
    assert "did you mean clash/v1?" in refusal(capsys, *options, "--api", "kentik/clash/v1")
    far = refusal(capsys, *options, "--api", "qqqqqq")
    assert "available: clash/v1, core/v202303, helloworld/v1, " in far
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            'syntax = "proto3";\npackage kentik.bad.v1;\nmessage M { string a = ; }\n',
            "bad.proto:3:24: Expected",
        ),
        ('syntax = "proto3";\nimport "kentik/none/v1/none.proto";\n', 'bad.proto:2:1: Import "kentik/none'),
        ('syntax = "proto3";\npackage kentik.bad.v1;\nmessage M { Gone a = 1; }\n', 'bad.proto:3:13: "Gone"'),
        (
            'syntax = "proto3";\npackage kentik.bad.v1;\nservice S {}\nmessage SStub {}\n',
            "kentik.bad.v1.SStub has the name of a class of the service S",
        ),
        ('edition = "2023";\npackage kentik.bad.v1;\nmessage M {}\n', "bad.proto uses protobuf editions"),
    ],
    ids=["syntax", "import", "type", "name", "edition"],
)
def test_a_proto_that_does_not_compile(
    text: str, said: str, checkout: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    schema, out = tmp_path / "schema", tmp_path / "out"
    shutil.copytree(checkout, schema)
    options = ["--schema", str(schema), "--out", str(out)]
    assert main([*options, "--api", "old/v1"]) == 0
    before = snapshot(out)
    capsys.readouterr()
    (schema / "proto" / "kentik" / "bad").mkdir()
    (schema / "proto" / "kentik" / "bad" / "bad.proto").write_text(text)
    assert said in refusal(capsys, *options)
    assert snapshot(out) == before
    assert main([*options, "--api", "old/v1"]) == 0  # the other APIs are not affected


def test_two_packages_that_would_become_one(
    checkout: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    schema = tmp_path / "schema"
    shutil.copytree(checkout, schema)
    (schema / "proto" / "old" / "v1").mkdir(parents=True)
    (schema / "proto" / "old" / "v1" / "other.proto").write_text(
        'syntax = "proto3"; package old.v1; message M {}'
    )
    said = refusal(capsys, "--schema", schema, "--out", tmp_path / "out")
    assert "packages 'kentik.old.v1' and 'old.v1' have the same Python name old.v1" in said


def test_without_protoc_the_error_has_the_pip_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "grpc_tools" else find_spec(name)
    )
    assert "pip install 'kentik-async[codegen]'" in refusal(capsys, "--out", tmp_path / "out")


def test_bad_usage_ends_with_2() -> None:
    done = command("--nonsense")
    assert done.returncode == 2
    assert "--nonsense" in done.stderr
    assert command("--help").returncode == 0
