"""`as-groups add` and `as-groups remove` against an emulator."""

from tests.cli.shell import Shell


def test_members_are_added_and_removed(shell: Shell) -> None:
    (before,) = shell("as-groups", "get", "1001").rows
    (added,) = shell("as-groups", "add", "1001", "AS3356", "1.10").rows
    assert added["asn"][: len(before["asn"])] == before["asn"]
    assert [member["asn"] for member in added["asn"][len(before["asn"]) :]] == [3356, 65546]
    (removed,) = shell("as-groups", "remove", "1001", "3356", "65546").rows
    assert removed["asn"] == before["asn"]
    assert shell("as-groups", "add", "1001").code == 2
    assert shell("as-groups", "remove", "1001", "x").code == 2


def test_group_is_found_by_its_name(shell: Shell) -> None:
    first, *others = shell("as-groups", "list").rows
    assert shell("as-groups", "get", first["name"]).rows == [first]
    assert shell("as-groups", "get", first["name"], "--fields", "id").rows == [{"id": first["id"]}]
    names = shell("as-groups", "list", "--jq", ".[].name").out.splitlines()
    assert names == [group["name"] for group in (first, *others)]
    unknown = shell("as-groups", "get", "Downstreams")
    assert (unknown.code, unknown.out) == (1, "")
    assert "no AS group has the name 'Downstreams'" in unknown.err


def test_invalid_output_option_sends_nothing(shell: Shell) -> None:
    done = shell("as-groups", "create", "New", "64512", "--jq", ".[")
    assert (done.code, shell.operations()) == (2, [])


def test_gateway_that_serves_everything(shell: Shell) -> None:
    nowhere = {f"KENTIK_{name}_ENDPOINT": "http://127.0.0.1:1" for name in ("GRPC", "V6_REST", "REST")}
    options = ("--endpoint", shell.ready["v6_rest_endpoint"], "--transport", "rest", "--customer", "acme")
    for command in ("as-groups list", "sites list"):
        done = shell(*command.split(), *options, **nowhere)
        assert done.code == 0, done.err
        assert done.rows
