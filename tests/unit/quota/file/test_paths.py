"""The paths of quota files, and the folders that are refused."""

import os
import pwd
from pathlib import Path

import pytest

from kentik_async.errors import ConfigError
from kentik_async.quota.file.paths import Place, check_local, default_quota_folder, quota_place

ENDPOINTS = ("https://grpc.api.kentik.com:443", "https://api.kentik.com/api/v5")

MOUNTS = """\
22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard
30 27 0:40 / /home rw,relatime shared:3 master:1 - nfs4 nas:/home rw,vers=4.2
31 30 254:1 / /home/me/local rw - xfs /dev/vdb rw
32 27 0:42 / /mnt/with\\040space rw - fuse.sshfs me@far:/ rw
34 27 0:44 / /over rw - cifs //nas/share rw
not a line
"""


def test_the_default_is_the_users_state_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert default_quota_folder().is_relative_to(Path(os.environ["XDG_STATE_HOME"]))
    place = quota_place(None, ENDPOINTS, "me@example.com")
    assert place.folder == default_quota_folder()
    assert place.folder.stat().st_mode & 0o777 == 0o700


def test_the_file_name_identifies_only_the_quota(tmp_path: Path) -> None:
    mine = quota_place(tmp_path, ENDPOINTS, "me@example.com")
    assert mine.folder == tmp_path
    assert "me" not in mine.stem.replace("e", "")
    assert set(mine.stem) <= set("0123456789abcdef")
    assert quota_place(tmp_path, ENDPOINTS, "me@example.com") == mine
    assert quota_place(tmp_path, ENDPOINTS, "you@example.com") != mine
    assert quota_place(tmp_path, ENDPOINTS[:1], "me@example.com") != mine


def test_a_path_is_a_folder_if_one_exists_or_it_ends_in_a_slash(tmp_path: Path) -> None:
    new = quota_place(f"{tmp_path}/new/", (), "c")
    assert new.folder == tmp_path / "new"
    assert quota_place(tmp_path / "new", (), "c") == new
    assert quota_place(tmp_path / "other" / "shared", (), "c") == Place(tmp_path / "other", "shared")


@pytest.mark.parametrize(("folder", "file"), [(0o700, 0o600), (0o2770, 0o660), (0o2750, 0o640)])
def test_a_file_is_shared_with_the_group_of_its_folder(tmp_path: Path, folder: int, file: int) -> None:
    tmp_path.chmod(folder)
    place = Place(tmp_path, "q")
    place.lock.touch()
    place.share(place.lock)
    assert place.lock.stat().st_mode & 0o777 == file


def test_a_user_without_a_home_folder_gets_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)

    def nobody(uid: int) -> None:
        raise KeyError(uid)

    monkeypatch.setattr(pwd, "getpwuid", nobody)
    with pytest.raises(ConfigError, match=r"no home directory for the quota file.*'file:PATH'"):
        default_quota_folder()


def test_a_tilde_in_the_path_is_expanded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert quota_place("~/q", (), "c") == Place(tmp_path, "q")


def test_a_folder_that_cannot_be_created_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match=r"cannot create the quota folder .*/file/sub: Not a directory"):
        quota_place(tmp_path / "file" / "sub" / "q", (), "c")


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("x" * 300, "File name too long"),
        ("x/" * 2500, "File name too long"),
        ("~nobody-of-that-name/q", "home directory"),
        ("a\0b", "null (byte|character)"),
        ("\ud800", "surrogates not allowed"),
    ],
    ids=["too long a name", "too long a folder", "nobody's", "NUL", "no text"],
)
def test_an_invalid_path_is_refused(path: str, reason: str) -> None:
    with pytest.raises(ConfigError, match=rf"^the quota f.* cannot be .*{reason}.*set another path with"):
        quota_place(path, (), "c")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(ConfigError, match="cannot be written"):
        quota_place(tmp_path / "q", (), "c")


def test_a_world_writable_folder_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    with pytest.raises(ConfigError, match=r"other users can write to .*chmod 700"):
        quota_place(tmp_path / "q", (), "c")
    tmp_path.chmod(0o1777)
    quota_place(tmp_path / "q", (), "c")


@pytest.mark.parametrize(
    ("device", "kind"),
    [((254, 0), None), ((0, 40), "nfs4"), ((254, 1), None), ((0, 42), "fuse.sshfs"), ((0, 44), "cifs")],
)
def test_a_network_file_system_is_refused(device: tuple[int, int], kind: str | None) -> None:
    if kind is None:
        check_local(Path("/x"), os.makedev(*device), MOUNTS)
        return
    with pytest.raises(ConfigError, match=rf"/x is on a network file system \({kind}\).*'file:PATH'"):
        check_local(Path("/x"), os.makedev(*device), MOUNTS)


def test_the_mounts_of_this_machine_name_the_device_of_a_folder(tmp_path: Path) -> None:
    """The real mount table is parsed, so the check does not pass only because it finds nothing."""
    device = Path("/proc").stat().st_dev
    mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8").replace(" - proc ", " - nfs4 ")
    with pytest.raises(ConfigError, match=r"network file system \(nfs4\)"):
        check_local(Path("/proc"), device, mounts)
    check_local(tmp_path, tmp_path.stat().st_dev, "")
