"""The command: what it writes, what it refuses, in which words, and that a refusal writes nothing."""

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
from tests.support.paths import ROOT

GENERATED = ROOT / "kentik_async" / "_generated"


def snapshot(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


def command(*arguments: str | Path, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "codegen", *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


def refusal(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> str:
    """What a refused command says: one line on stderr, nothing on stdout, exit code 2."""
    assert main([str(argument) for argument in arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("codegen: ")
    assert err.count("\n") == 1
    return err


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


def test_check_lists_what_differs_and_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "made"
    main(["--out", str(out)])
    (out / "kmi" / "v202212" / "__init__.pyi").write_text("changed\n")
    (out / "as_group" / "v202212" / "descriptors.binpb").unlink()
    remember(out, "kmi/v1/__init__.py")
    before = snapshot(out)
    capsys.readouterr()
    assert main(["--check", "--out", str(out)]) == 1
    assert capsys.readouterr().out.splitlines() == [
        f"missing: {out}/as_group/v202212/descriptors.binpb",
        f"differs: {out}/{MANIFEST}",
        f"stale: {out}/kmi/v1/__init__.py",
        f"differs: {out}/kmi/v202212/__init__.pyi",
    ]
    assert snapshot(out) == before
    assert main(["--out", str(out)]) == 0
    assert snapshot(out) == snapshot(GENERATED)
    assert not (out / "kmi" / "v1").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["made"]


def remember(out: Path, name: str) -> None:
    """Add a file as if an earlier run had written it."""
    (out / name).parent.mkdir(parents=True, exist_ok=True)
    (out / name).write_text("old\n")
    with (out / MANIFEST).open("a") as manifest:
        manifest.write(f"{name}\n")


def test_only_files_of_earlier_runs_are_removed(tmp_path: Path) -> None:
    out = tmp_path / "made"
    main(["--out", str(out)])
    foreign = {"mine.py": b"x = 1\n", "kmi/v202212/notes.txt": b"mine", "kmi/__init__.py": b"# my own\n"}
    for name, content in foreign.items():
        (out / name).write_bytes(content)
    remember(out, "gone/v1/__init__.py")
    outside = tmp_path / "outside.txt"
    outside.write_text("mine")
    with (out / MANIFEST).open("a") as manifest:
        manifest.write(f"../outside.txt\n{outside}\n<<<<<<< HEAD\n")
    assert main(["--out", str(out)]) == 0
    generated = snapshot(GENERATED)
    del foreign["kmi/__init__.py"]  # it is in the manifest, so the change is undone
    assert snapshot(out) == generated | foreign
    assert outside.read_text() == "mine"


def test_no_file_of_others_is_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "made"
    (out / "kmi" / "v202212").mkdir(parents=True)
    (out / "__init__.py").write_text("# mine\n")
    (out / "kmi" / "v202212" / "__init__.py").write_text("# mine\n")
    before = snapshot(out)
    assert "kmi/v202212/__init__.py was not written by code generation" in refusal(capsys, "--out", out)
    assert snapshot(out) == before
    (out / "kmi" / "v202212" / "__init__.py").unlink()
    assert main(["--out", str(out)]) == 0
    assert (out / "__init__.py").read_text() == "# mine\n"  # any file makes the folder a package
    assert "__init__.py" not in (out / MANIFEST).read_text().splitlines()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("kentik-apis", "a folder that Python can import, such as kentik_apis; got 'kentik-apis'"),
        ("3apis", "got '3apis'"),
        ("class", "got 'class'"),
        ("json", "the name of another package, because one would hide the other; got 'json'"),
        ("google", "got 'google'"),
        ("in-package/apis", "got 'in-package'"),
    ],
)
def test_out_must_be_importable(
    name: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if name.startswith("in-package"):
        (tmp_path / "in-package").mkdir()
        (tmp_path / "in-package" / "__init__.py").touch()
    assert said in refusal(capsys, "--out", tmp_path / name)
    assert not (tmp_path / name).exists()


def test_output_says_how_to_import_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "service").mkdir()
    (tmp_path / "service" / "__init__.py").touch()
    assert main(["--out", str(tmp_path / "service" / "apis")]) == 0
    hint = capsys.readouterr().out.splitlines()[-1]
    assert hint == f"import it as service.apis.<api>.<version>, with {tmp_path} on sys.path"


def test_list(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--schema", str(checkout), "--list"]) == 0
    assert capsys.readouterr().out.splitlines()[:3] == ["clash/v1", "core/v202303", "helloworld/v1"]


def test_options_that_exclude_each_other(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "give --api or --all" in refusal(capsys, "--api", "kmi/v202212", "--all")
    assert "--schema needs --out DIR" in refusal(capsys, "--schema", checkout)


def test_check_of_a_folder_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--check", "--out", str(tmp_path / "none")]) == 1
    assert all(line.startswith("missing: ") for line in capsys.readouterr().out.splitlines())
    assert not (tmp_path / "none").exists()


def test_nothing_to_do_touches_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "made"
    main(["--out", str(out)])
    capsys.readouterr()
    before = out.stat().st_ino
    assert main(["--out", str(out)]) == 0
    assert capsys.readouterr().out == ""
    assert out.stat().st_ino == before


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
        ('edition = "2023";\npackage kentik.bad.v1;\nmessage M {}\n', "bad.proto uses protobuf editions"),
    ],
    ids=["syntax", "import", "type", "edition"],
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
    assert main([*options, "--api", "old/v1"]) == 0  # the other APIs are none the worse


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


def test_a_folder_that_cannot_be_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("mine")
    assert f"cannot write {tmp_path}/file: it is a file" in refusal(capsys, "--out", tmp_path / "file")
    assert f"cannot write {tmp_path}/file/out" in refusal(capsys, "--out", tmp_path / "file" / "out")
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() == 0, reason="nothing is unwritable for this user"
)
def test_a_folder_without_permission(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tmp_path.chmod(0o500)
    try:
        assert "Permission denied" in refusal(capsys, "--out", tmp_path / "out")
    finally:
        tmp_path.chmod(0o700)


def test_a_failure_while_writing_leaves_what_was_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "made"
    main(["--out", str(out)])
    (out / "kmi" / "v202212" / "__init__.pyi").write_text("old\n")
    remember(out, "aaa/__init__.py")
    before = snapshot(out)
    capsys.readouterr()
    write_bytes = Path.write_bytes

    def full_disk(path: Path, data: bytes) -> int:
        if path.name == "__init__.pyi":
            raise OSError(28, "No space left on device")
        return write_bytes(path, data)

    monkeypatch.setattr(Path, "write_bytes", full_disk)
    assert "No space left on device" in refusal(capsys, "--out", out)
    assert snapshot(out) == before
    assert [path.name for path in tmp_path.iterdir()] == ["made"]


def test_a_failure_in_the_exchange_is_undone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "made"
    main(["--out", str(out)])
    remember(out, "aaa/v1/__init__.py")  # removed before the failure
    (out / "as_group" / "v202212" / "__init__.py").write_text("old\n")  # replaced before it
    (out / "kmi" / "__init__.py").unlink()  # added before it
    (out / "kmi" / "v202212" / "__init__.pyi").unlink()
    (out / "kmi" / "v202212" / "__init__.pyi").mkdir()  # in the way
    (out / "kmi" / "v202212" / "__init__.pyi" / "mine").touch()
    before = snapshot(out)
    capsys.readouterr()
    assert "cannot write" in refusal(capsys, "--out", out)
    assert snapshot(out) == before


def test_without_protoc_it_says_what_to_install(
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
