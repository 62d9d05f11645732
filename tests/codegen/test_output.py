"""The output folder: comparing, writing, keeping and refusing files."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from codegen.__main__ import main
from kentik_async._codegen.output import MANIFEST
from tests.codegen.support import GENERATED, refusal, snapshot


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
        ("aiohttp", "got 'aiohttp'"),
        ("__main__", "got '__main__'"),
        ("apiﬁ", "got 'apiﬁ'"),
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


def test_output_shows_the_import(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "service").mkdir()
    (tmp_path / "service" / "__init__.py").touch()
    assert main(["--out", str(tmp_path / "service" / "apis")]) == 0
    hint = capsys.readouterr().out.splitlines()[-1]
    assert hint == f"import it as service.apis.<api>.<version>, with {tmp_path} on sys.path"


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


def test_a_folder_that_cannot_be_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("mine")
    assert f"cannot write {tmp_path}/file: it is a file" in refusal(capsys, "--out", tmp_path / "file")
    assert f"cannot write {tmp_path}/file/out" in refusal(capsys, "--out", tmp_path / "file" / "out")
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize("content", [b"mine\n", b"\xff\xfe", b""])
def test_a_manifest_of_somebody_else_is_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes
) -> None:
    (tmp_path / "made").mkdir()
    (tmp_path / "made" / MANIFEST).write_bytes(content)
    said = refusal(capsys, "--out", tmp_path / "made")
    assert f"made/{MANIFEST} was not written by code generation; move it away" in said
    assert snapshot(tmp_path / "made") == {MANIFEST: content}


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
