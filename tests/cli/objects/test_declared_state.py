"""The commands export, plan, apply and schema."""

import json
from pathlib import Path

import pytest

from tests.cli.shell import PATIENCE, Shell


@pytest.fixture
def at(shell: Shell, tmp_path: Path) -> Path:
    shell("export", str(tmp_path / "kentik.yaml"))
    return tmp_path


def changed(at: Path) -> Path:
    file = at / "kentik.yaml"
    file.write_text(file.read_text().replace("64511", "AS1").replace("city: Frankfurt", "city: Bonn"))
    return file


def test_the_plan_of_an_export_is_empty(shell: Shell, at: Path) -> None:
    done = shell("plan", "kentik.yaml", "--prune", "--exit-code", at=at)
    assert (done.code, done.out) == (0, "No changes.\n")
    assert shell("export").out == (at / "kentik.yaml").read_text()
    shell("export", str(at / "kentik.json"))
    assert shell("plan", "kentik.json", "--exit-code", at=at).code == 0
    assert json.loads((at / "kentik.json").read_text()) == json.loads(shell("export", "-o", "json").out)


def test_an_export_is_a_file_like_any_other(shell: Shell, at: Path) -> None:
    plain, link = at / "plain", at / "link.yaml"
    plain.touch()
    link.symlink_to("kentik.yaml")
    assert (at / "kentik.yaml").stat().st_mode == plain.stat().st_mode
    (at / "kentik.yaml").write_text("")
    shell("export", "link.yaml", at=at)
    assert link.is_symlink()
    text = (at / "kentik.yaml").read_text()
    assert text
    assert shell.process("export", "/dev/stdout").out == text
    assert Path("/dev/stdout").is_symlink()


def test_an_export_makes_no_folder(shell: Shell, at: Path) -> None:
    done = shell("export", "no/such/folder.yaml", at=at)
    assert (done.code, done.out) == (1, "")
    assert done.err == "error: cannot write no/such/folder.yaml: No such file or directory\n"
    assert not (at / "no").exists()


def test_a_plan_is_shown_like_a_diff(shell: Shell, at: Path) -> None:
    changed(at)
    done = shell("plan", "kentik.yaml", at=at)
    assert done.code == 0
    *lines, figures = done.out.splitlines()
    assert lines == [
        "sites",
        "  ~ Frankfurt 1 (id 1)",
        "      postal_address.city: Frankfurt -> Bonn",
        "as_groups",
        "  ~ Documentation (id 1001)",
        "      asn: +1 -64511",
    ]
    assert figures.startswith("Plan: 2 to update; 4 calls, about ")
    assert shell.operations()[-3:].count("as_groups.list") == 1


def test_formats_of_a_plan(shell: Shell, at: Path) -> None:
    changed(at)
    plan = json.loads(shell("plan", "kentik.yaml", "-o", "json", at=at).out)
    assert list(plan) == ["changes", "unmanaged", "calls", "seconds", "checksum"]
    assert [list(change) for change in plan["changes"]] == [["kind", "name", "id", "action", "fields"]] * 2
    markdown = shell("plan", "kentik.yaml", "-o", "markdown", at=at).out.splitlines()
    assert markdown[0].startswith("### Plan: 2 to update; 4 calls, about ")
    assert markdown[2:5] == [
        "| | Kind | Name | Id | Fields |",
        "|---|---|---|---|---|",
        r"| ~ | sites | Frankfurt 1 | 1 | `postal_address.city`: Frankfurt -&gt; Bonn |",
    ]
    assert len(shell("plan", "kentik.yaml", "-o", "csv", at=at).out.splitlines()) == 3
    refused = shell("sites", "list", "-o", "markdown")
    assert (refused.code, refused.out) == (2, "")
    assert "-o markdown is for 'plan' and 'apply'" in refused.err


@pytest.mark.parametrize(
    ("arguments", "code", "strict"),
    [
        (["kentik.yaml"], 0, 2),
        (["kentik.yaml", "--nonsense"], 2, 1),
        (["missing.yaml"], 2, 1),
        (["wrong.yaml"], 2, 1),
        ([], 2, 1),
        (["kentik.yaml", "-o", "yaml"], 2, 1),
    ],
)
def test_exit_codes(shell: Shell, at: Path, arguments: list[str], code: int, strict: int) -> None:
    changed(at)
    (at / "wrong.yaml").write_text("version: 1\nas_groups: {a: {asn: [x]}}\n")
    assert shell("plan", *arguments, at=at).code == code
    assert shell("plan", "--exit-code", *arguments, at=at).code == strict


def test_any_error_is_1_with_exit_code(shell: Shell, at: Path) -> None:
    shell.control("fail", {"operation": "as_groups.list", "status": "UNAUTHENTICATED", "n": 2})
    assert shell("plan", "kentik.yaml", at=at).code == 3
    assert shell("plan", "kentik.yaml", "--exit-code", at=at).code == 1


def test_mistakes_are_lines_with_their_place(shell: Shell, at: Path) -> None:
    (at / "wrong.yaml").write_text("version: 1\nas_groups: {a: {asn: [x]}}\nsites: {s: {lat: 91}}\n")
    done = shell("apply", "wrong.yaml", "--yes", at=at)
    assert done.code == 2
    assert [line.split(" ")[0] for line in done.err.splitlines()] == ["wrong.yaml:2:23:", "wrong.yaml:3:18:"]


def test_apply_and_restore(shell: Shell, at: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # A request that waits behind another is noted after two seconds, which can happen on a loaded machine.
    monkeypatch.setattr("kentik_async.cli.output.wait_notice._FIRST_CHECK", PATIENCE)
    changed(at)
    checksum = json.loads(shell("plan", "kentik.yaml", "-o", "json", at=at).out)["checksum"]
    command = ["apply", "kentik.yaml", "--yes", "-o", "json", "--backup", "backup.json"]
    assert shell(*command, "--plan-checksum", "other", at=at).code == 2
    done = shell(*command, "--plan-checksum", checksum, at=at)
    assert (done.code, done.err) == (0, "note: backup: backup.json\n")
    report = json.loads(done.out)
    assert [one["name"] for one in report["done"]] == ["Frankfurt 1", "Documentation"]
    assert [report[key] for key in ("failed", "conflicted", "not_tried")] == [[], [], []]
    assert shell("plan", "kentik.yaml", "--exit-code", at=at).code == 0
    restored = shell("apply", "--from-backup", "backup.json", "--yes", at=at)
    assert restored.code == 0
    assert restored.out.endswith("done: 2, failed: 0, conflicted: 0, not tried: 0\n")
    assert shell("plan", "kentik.yaml", "--exit-code", at=at).code == 2


def test_apply_asks_and_reports_failures(shell: Shell, at: Path) -> None:
    changed(at)
    asked = shell("apply", "kentik.yaml", at=at)
    assert asked.code == 2
    assert "cannot ask for confirmation to change the account without a terminal; add --yes" in asked.err
    shell.control("fail", {"operation": "as_groups.update", "status": "PERMISSION_DENIED", "n": 1})
    failed = shell("apply", "kentik.yaml", "--yes", "-o", "csv", "--backup", "b.json", at=at)
    assert failed.code == 5
    assert [line.split(",")[0] for line in failed.out.splitlines()] == ["result", "done", "failed"]
    assert shell("apply", "kentik.yaml", "--yes", "--backup", "b.json", at=at).code == 0
    assert shell("apply", "kentik.yaml", "--from-backup", "b.json", "--yes", at=at).code == 2


def test_the_schema_is_printed(shell: Shell) -> None:
    assert json.loads(shell("schema").out)["required"] == ["version"]
