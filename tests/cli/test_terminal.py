"""The command line on a terminal: tables, questions, Ctrl-C."""

import re
import signal
from pathlib import Path

import pytest

from tests.cli.shell import Shell, Terminal


def test_a_terminal_gets_a_table_that_fits(shell: Shell) -> None:
    terminal = Terminal(shell, "kmi", "rankings", "planet:earth", "--limit", "5")
    assert terminal.end() == 0
    plain = re.sub(r"\x1b\[[0-9;]*m", "", terminal.screen)
    lines = plain.splitlines()
    assert lines[0].split() == ["rank", "rank", "+/-", "asn", "name", "score", "score", "+/-"]
    assert max(map(len, lines)) <= 80
    assert "\x1b[1m" in terminal.screen, "bold titles"


def test_a_targets_runs_fit_a_terminal(shell: Shell, tmp_path: Path) -> None:
    target = str(tmp_path / "data")
    assert (
        shell("kmi", "pull", "rankings", target, "--markets", "US", "--rank-types", "peering_base").code == 0
    )
    terminal = Terminal(shell, "kmi", "status", target)
    assert terminal.end() == 0
    head, line, run, size = re.sub(r"\x1b\[[0-9;]*m", "", terminal.screen).splitlines()
    assert head.split() == ["run", "state", "done", "failed", "left", "rows", "started", "(UTC)"]
    assert len(line) <= 80
    assert run.split()[1:5] == ["complete", "2", "0", "0"]
    assert size.startswith(f"{target}: ")


def test_long_table_is_shown_in_a_pager(shell: Shell, tmp_path: Path) -> None:
    pager = tmp_path / "pager"
    pager.write_text(f"#!/bin/sh\ncat >{tmp_path}/paged; echo $LESS\n")
    pager.chmod(0o700)
    terminal = Terminal(shell, "kmi", "markets", PAGER=str(pager))
    assert terminal.end() == 0
    assert terminal.screen.split() == ["FRX"]
    assert len((tmp_path / "paged").read_text().splitlines()) > 200
    for arguments, program in ((["--no-pager"], str(pager)), ([], "cat"), ([], "/missing")):
        terminal = Terminal(shell, "kmi", "markets", *arguments, PAGER=program)
        assert terminal.end() == 0
        assert len(terminal.screen.splitlines()) > 200
    short = Terminal(shell, "kmi", "rankings", "US", "--limit", "5", PAGER=str(pager))
    assert short.end() == 0
    assert "rank" in short.screen


@pytest.mark.parametrize("how", [{"arguments": ["--no-color"]}, {"env": {"NO_COLOR": "1"}}])
def test_without_colours(shell: Shell, how: dict[str, dict[str, str] | list[str]]) -> None:
    arguments, env = how.get("arguments", []), dict(how.get("env", {}))
    terminal = Terminal(shell, "kmi", "rankings", "US", "--limit", "2", *arguments, **env)
    assert terminal.end() == 0
    assert not re.search(r"\x1b\[[0-9;]*3[0-7]m", terminal.screen)


@pytest.mark.parametrize(("answer", "code", "left"), [("y", 0, 2), ("n", 130, 3), ("", 130, 3)])
def test_a_deletion_is_asked_about(shell: Shell, answer: str, code: int, left: int) -> None:
    terminal = Terminal(shell, "sites", "delete", "3")
    terminal.read_until(r"Delete site 3 'Warehouse'\? \[y/N\] ")
    terminal.type(f"{answer}\n")
    assert terminal.end() == code
    assert len(shell("sites", "list").rows) == left
    if code:
        assert "note: nothing was deleted" in terminal.screen


def test_ctrl_c_in_a_question_deletes_nothing(shell: Shell) -> None:
    terminal = Terminal(shell, "sites", "delete", "3")
    terminal.read_until(r"\[y/N\] ")
    terminal.process.send_signal(signal.SIGINT)
    assert terminal.end() == 130
    assert "interrupted" in terminal.screen
    assert len(shell("sites", "list").rows) == 3


def test_ctrl_c_in_a_call_ends_it_at_once_and_cleanly(shell: Shell) -> None:
    shell.control("fail", {"n": 1, "status": 429, "retry_after": 3600})
    terminal = Terminal(shell, "sites", "list")
    terminal.read_until("waiting for quota: the server refused a request; next request in 3")
    terminal.process.send_signal(signal.SIGINT)
    assert terminal.end() == 130
    assert terminal.screen.rstrip().endswith("interrupted")
    assert "Traceback" not in terminal.screen


PLAIN = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


def words(text: str) -> set[str]:
    """The words of a text without the control sequences of a terminal."""
    return set(PLAIN.sub("", text).split())


@pytest.mark.parametrize("width", [40, 80])
@pytest.mark.parametrize(
    "command",
    [
        "raw GET /plans",
        "kmi insights --limit 5",
        "kmi rankings US --limit 5",
        "kmi markets",
        "sites list",
        "as-groups list",
        "plans list",
        "quota",
    ],
)
def test_a_narrow_terminal_breaks_no_word(shell: Shell, width: int, command: str) -> None:
    whole = words(shell(*command.split(), "-o", "table").out)
    done = shell.on_terminal(*command.split(), COLUMNS=str(width))
    assert done.code == 0
    lines = PLAIN.sub("", done.out).splitlines()
    assert max(map(len, lines)) <= width
    shown = {word for word in words("\n".join(lines)) if word.isalpha() and len(word) > 1}
    assert shown <= whole | NOTE


NOTE = words("note: the terminal is too narrow for 1 of 4 columns; -o json shows all")


def test_continued_lines_keep_their_indent(shell: Shell) -> None:
    lines = PLAIN.sub("", shell.on_terminal("quota", COLUMNS="40").out).splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("  used by"))
    assert [line.rstrip() for line in lines[start + 1 : start + 3]] == ["  others", "  (inferred)"]


def test_the_title_of_a_network_fits_a_narrow_terminal(shell: Shell) -> None:
    (first,) = shell("kmi", "rankings", "planet:earth", "--limit", "1").rows
    done = shell.on_terminal("kmi", "asn", "planet:earth", str(first["asn"]), COLUMNS="40")
    assert done.code == 0
    lines = PLAIN.sub("", done.out).splitlines()
    assert lines[0].startswith(f"AS{first['asn']} ")
    assert " ".join(lines[:3]).count("market planet$earth") == 1
    assert max(map(len, lines)) <= 40


@pytest.mark.parametrize(("answer", "code", "installed"), [("y", 0, True), ("n", 130, False)])
def test_completion_is_installed_only_after_yes(
    shell: Shell, tmp_path: Path, answer: str, code: int, installed: bool
) -> None:
    startup_file = tmp_path / ".bashrc"
    startup_file.write_text("# mine\n", encoding="utf-8")
    terminal = Terminal(shell, "completion", "bash", "--install", HOME=str(tmp_path))
    terminal.read_until(r"Add kentik-async completion to ~/\.bashrc\? \[y/N\] ")
    terminal.type(f"{answer}\n")
    assert terminal.end() == code
    text = startup_file.read_text(encoding="utf-8")
    assert ("kentik-async" in text) is installed
    assert text.startswith("# mine\n")


def test_completion_without_a_terminal_needs_yes(shell: Shell, tmp_path: Path) -> None:
    done = shell("completion", "bash", "--install", HOME=str(tmp_path))
    assert (done.code, done.out) == (2, "")
    assert "edit ~/.bashrc without a terminal; add --yes" in done.err
    assert not list(tmp_path.iterdir())
    assert shell("completion", "bash", "--install", "--yes", HOME=str(tmp_path)).code == 0
    text = (tmp_path / ".bashrc").read_text(encoding="utf-8")
    assert "kentik-async" in text
    again = shell("completion", "bash", "--install", HOME=str(tmp_path))
    assert (again.code, again.out) == (0, "")
    assert again.err == "~/.bashrc already loads the completion; to update it, add --yes\n"
    assert shell("completion", "bash", "--install", "--yes", HOME=str(tmp_path)).code == 0
    assert (tmp_path / ".bashrc").read_text(encoding="utf-8") == text


@pytest.mark.parametrize(
    ("group", "id", "question"),
    [
        ("as-groups", "1002", "Delete AS group 1002 'Private use' with 2 members?"),
        ("sites-v6", "1", "Delete site 1 'Frankfurt 1' (data_center)?"),
        ("site-markets", "1", "Delete site market 1 'Europe' with 1 site?"),
    ],
)
def test_a_deletion_names_the_object(shell: Shell, group: str, id: str, question: str) -> None:
    terminal = Terminal(shell, group, "delete", id)
    terminal.read_until(re.escape(f"{question} [y/N] "))
    terminal.type("n\n")
    assert terminal.end() == 130
