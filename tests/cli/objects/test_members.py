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


def test_group_is_found_by_its_name(running: Shell) -> None:
    running.control("reset")
    first, *others = running("as-groups", "list").rows
    assert running("as-groups", "get", first["name"]).rows == [first]
    assert running("as-groups", "get", first["name"], "--fields", "id").rows == [{"id": first["id"]}]
    names = running("as-groups", "list", "--jq", ".[].name").out.splitlines()
    assert names == [group["name"] for group in (first, *others)]
    unknown = running("as-groups", "get", "Downstreams")
    assert (unknown.code, unknown.out) == (1, "")
    assert "no AS group has the name 'Downstreams'" in unknown.err


def test_invalid_output_option_sends_nothing(running: Shell) -> None:
    running.control("reset")
    done = running("as-groups", "create", "New", "64512", "--jq", ".[")
    assert (done.code, running.operations()) == (2, [])


def test_gateway_that_serves_everything(running: Shell) -> None:
    nowhere = {f"KENTIK_{name}_ENDPOINT": "http://127.0.0.1:1" for name in ("GRPC", "V6_REST", "REST")}
    options = ("--endpoint", running.ready["v6_rest_endpoint"], "--transport", "rest", "--customer", "acme")
    for command in ("as-groups list", "sites list"):
        done = running(*command.split(), *options, **nowhere)
        assert done.code == 0, done.err
        assert done.rows
