"""Files that a user has named: written atomically, with the usual permissions of a new file."""

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from kentik_async._whole_file import replace_file, write_file


@pytest.mark.parametrize("umask", [0o022, 0o027, 0o077])
def test_a_new_file_has_the_permissions_of_the_umask(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        write_file(tmp_path / "page", "é")
        replace_file(tmp_path / "secret", "é")
    finally:
        os.umask(before)
    for name, mode in (("page", 0o666 & ~umask), ("secret", 0o600)):
        assert (tmp_path / name).stat().st_mode & 0o777 == mode
    assert (tmp_path / "page").read_bytes() == "é".encode()


def test_an_existing_file_keeps_its_permissions(tmp_path: Path) -> None:
    page = tmp_path / "page"
    page.touch()
    page.chmod(0o604)
    write_file(page, "new")
    assert (page.read_text(), page.stat().st_mode & 0o777) == ("new", 0o604)
    assert list(tmp_path.iterdir()) == [page]


@pytest.mark.parametrize("there", [True, False], ids=["of a file", "of no file yet"])
def test_a_link_stays_a_link(tmp_path: Path, there: bool) -> None:
    (tmp_path / "folder").mkdir()
    page, link = tmp_path / "folder" / "page", tmp_path / "link"
    link.symlink_to("folder/page")
    if there:
        page.write_text("old")
    write_file(link, "new")
    assert link.is_symlink()
    assert page.read_text() == "new"
    assert list(page.parent.iterdir()) == [page]


def test_links_in_a_circle_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("link")
    with pytest.raises(OSError, match="symbolic links"):
        write_file(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink()


def test_a_name_of_the_greatest_length_is_written(tmp_path: Path) -> None:
    write_file(tmp_path / ("x" * 255), "new")
    assert (tmp_path / ("x" * 255)).read_text() == "new"


@pytest.mark.parametrize("to", ["a file", "a pipe"])
@pytest.mark.parametrize("name", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
def test_stdout_is_written_directly(tmp_path: Path, to: str, name: str) -> None:
    code = f"""
from pathlib import Path
from kentik_async._whole_file import write_file
write_file(Path({name!r}), "page\\n")
"""
    with (tmp_path / "out").open("w+b") as file:
        place = file if to == "a file" else subprocess.PIPE
        ended = subprocess.run([sys.executable, "-c", code], stdout=place, check=True)
        file.seek(0)
        assert (ended.stdout or file.read()) == b"page\n", "the file that is open, not one in its place"
    assert list(tmp_path.iterdir()) == [tmp_path / "out"]
    assert Path("/dev/stdout").is_symlink()


def test_a_file_that_cannot_be_replaced_is_written(tmp_path: Path) -> None:
    page, behind = tmp_path / "page", tmp_path / "behind"
    page.write_text("old")
    behind.write_text("old")
    if os.geteuid():
        undo = ["chmod", "700", str(tmp_path)]
        tmp_path.chmod(0o500)
    else:  # root may replace files in any folder, but not a mount
        undo = ["umount", "-l", str(page)]
        if subprocess.run(["mount", "--bind", str(behind), str(page)], check=False).returncode:
            pytest.skip("nothing can be mounted here")
    try:
        write_file(page, "new")
        assert page.read_text() == "new"
        assert sorted(tmp_path.iterdir()) == [behind, page]
    finally:
        subprocess.run(undo, check=True)


def test_a_folder_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_file(tmp_path / "no" / "page", "new")


@pytest.mark.parametrize("there", [True, False], ids=["an old file", "no file"])
def test_without_room_the_old_file_stays(tmp_path: Path, there: bool) -> None:
    if there:
        (tmp_path / "page").write_text("old")
    before, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, most))
    try:
        with pytest.raises(OSError, match="File too large"):
            write_file(tmp_path / "page", "new" * 10_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (before, most))
    assert [file.read_text() for file in tmp_path.iterdir()] == ["old"] * there
