"""`kentik-async codegen`, for users who only installed the package."""

from __future__ import annotations

from pathlib import Path

import pytest

from kentik_async.cli.__main__ import main
from tests.codegen.support import snapshot


def refusal(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> str:
    assert main(["codegen", *map(str, arguments)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    return err


def test_list(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["codegen", "--schema", str(checkout), "--list"]) == 0
    listed = capsys.readouterr().out.splitlines()
    assert {"zoo/v202601", "zoo/v202601/keepers", "old/v1"} <= set(listed)
    assert listed == sorted(listed)


def test_all_writes_what_the_checkout_command_writes(
    checkout: Path, tree: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["codegen", "--schema", str(checkout), "--all", "--out", str(tmp_path / "apis")]
    assert main(arguments) == 0
    out, err = capsys.readouterr()
    assert f"added: {tmp_path}/apis/zoo/v202601/__init__.py" in out.splitlines()
    assert err == f"note: import it as apis.<api>.<version>, with {tmp_path} on sys.path\n"
    assert snapshot(tmp_path / "apis") == snapshot(tree)
    assert main(arguments) == 0
    assert capsys.readouterr() == ("", f"note: {tmp_path}/apis is up to date\n")


def test_some_apis(checkout: Path, tmp_path: Path) -> None:
    arguments = ["--schema", str(checkout), "--api", "old/v1", "left/v1", "--out", str(tmp_path / "apis")]
    assert main(["codegen", *arguments]) == 0
    assert {path.name for path in (tmp_path / "apis").iterdir() if path.is_dir()} == {
        "_runtime", "left", "old", "right"
    }  # fmt: skip


def test_what_is_refused(checkout: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    schema = ["--schema", checkout]
    assert "give one of --api NAME, --all and --list" in refusal(capsys, *schema)
    assert "give one of" in refusal(capsys, *schema, "--all", "--api", "old/v1", "--out", tmp_path / "apis")
    assert "--out DIR is required" in refusal(capsys, *schema, "--all")
    assert "--out DIR is required" in refusal(capsys, *schema, "--all", "--out", "")
    assert "no schema checkout at" in refusal(capsys, "--schema", tmp_path, "--list")
    assert "no API 'odl/v1'" in refusal(capsys, *schema, "--api", "odl/v1", "--out", tmp_path / "apis")
    assert "Python can import" in refusal(capsys, *schema, "--all", "--out", tmp_path / "my-apis")
    assert list(tmp_path.iterdir()) == []
