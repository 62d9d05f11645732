"""`as-groups add` and `as-groups remove` against an emulator."""

from tests.cli.shell import Shell


def test_members_are_added_and_removed(running: Shell) -> None:
    running.control("reset")
    (before,) = running("as-groups", "get", "1001").rows
    (added,) = running("as-groups", "add", "1001", "AS3356", "1.10").rows
    assert added["asn"][: len(before["asn"])] == before["asn"]
    assert [member["asn"] for member in added["asn"][len(before["asn"]) :]] == [3356, 65546]
    (removed,) = running("as-groups", "remove", "1001", "3356", "65546").rows
    assert removed["asn"] == before["asn"]
    assert running("as-groups", "add", "1001").code == 2
    assert running("as-groups", "remove", "1001", "x").code == 2
