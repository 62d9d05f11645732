"""Documents: reading, every mistake with its place, and writing."""

import json
from pathlib import Path

import pytest

from kentik_async.errors import ConfigError, DocumentError
from kentik_async.state import Document, json_schema
from kentik_async.state.format.fields import fields_of

EXAMPLE = """\
# yaml-language-server: $schema=kentik.schema.json
version: 1
as_groups:
  transit:            # the key is the name, unique per customer
    asn: [3356, AS1299, "1.10"]
sites:                # API v6
  fra1:
    type: data_center
    lat: 50.11
    lon: 8.68
    postal_address: {address: "Kleyerstr. 90", city: Frankfurt, country: Germany}
    site_market: europe
site_markets:
  europe: {description: "PoPs in Europe"}
protect: {as_groups: ["core-*"], sites: [fra1]}
"""


def mistakes(text: str) -> list[str]:
    with pytest.raises(DocumentError) as caught:
        Document.parse(text, name="f.yaml")
    return list(caught.value.mistakes)


def test_the_example_is_read() -> None:
    document = Document.parse(EXAMPLE)
    assert {(one.kind, one.key): dict(one.fields) for one in document.entries} == {
        ("as_groups", "transit"): {"asn": [1299, 3356, 65546]},
        ("site_markets", "europe"): {"description": "PoPs in Europe"},
        ("sites", "fra1"): {
            "type": "data_center",
            "lat": 50.11,
            "lon": 8.68,
            "postal_address.address": "Kleyerstr. 90",
            "postal_address.city": "Frankfurt",
            "postal_address.country": "Germany",
            "site_market": "europe",
        },
    }
    assert document.kinds == {"as_groups", "sites", "site_markets"}
    assert document.protect == {"as_groups": ("core-*",), "sites": ("fra1",)}


@pytest.mark.parametrize(
    ("written", "kept"), [("2", "cloud"), ("42", "42"), ("-5", "-5"), ("2147483647", "2147483647")]
)
def test_a_type_may_be_written_as_its_number(written: str, kept: str) -> None:
    document = Document.parse(f"version: 1\nsites: {{a: {{type: '{written}'}}}}")
    assert dict(document.entries[0].fields) == {"type": kept}


@pytest.mark.parametrize("written", ["0", "2147483648", "9" * 5000, "unspecified"], ids=range(4))
def test_a_number_that_is_not_a_type_is_a_mistake(written: str) -> None:
    (found,) = mistakes(f"version: 1\nsites: {{a: {{type: '{written}'}}}}")
    assert found.startswith("f.yaml:2:19: sites.a: type must be one of data_center, ")


def test_one_file_keeps_its_comments_and_order() -> None:
    assert Document.parse(EXAMPLE).dump() == EXAMPLE


def test_what_is_written_is_read_again() -> None:
    document = Document.parse(EXAMPLE)
    assert Document.parse(json.dumps(document.to_dict())) == document
    both = Document.parse(json.dumps({**document.to_dict(), "protect": {}}))
    assert Document.parse(both.dump()) == both


def test_all_mistakes_are_reported_at_once() -> None:
    text = """\
version: 1
groups: {}
as_groups:
  a: {asn: [1.10, x, 7, AS7], asns: [3]}
  b: {}
  b: {}
  7: {}
  c:
sites:
  fra1:
    type: datacenter
    lat: 91
    lon: east
    site_market: europe
    postal_address: {city: "", zip: 1}
    architecture: [{layers: [{devices: []}]}]
    id: 1
  fra2: {id: "1", title: fra1}
protect: {sites: fra1}
api: v7
"""
    found = mistakes(text)
    places = [line.split(": ")[0] for line in found]
    assert places == [
        f"f.yaml:{place}"
        for place in (
            "2:1",
            "4:13",
            "4:19",
            "4:25",
            "4:31",
            "6:3",
            "7:3",
            "8:3",
            "11:11",
            "12:10",
            "13:10",
            "14:18",
            "15:28",
            "15:32",
            "16:19",
            "18:14",
            "19:18",
            "20:6",
        )
    ]
    assert found[1].endswith("got 1.1; write asdot in quotes, such as '1.10'")
    assert found[4].endswith("unknown key 'asns'; allowed: id, name, asn; did you mean 'asn'?")
    assert found[5] == "f.yaml:6:3: as_groups: 'b' is already in line 5"
    assert found[8].endswith("got 'datacenter'; did you mean 'data_center'?")
    assert found[11].endswith("'europe' is not in site_markets; add it: site_markets: {europe: {}}")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", "f.yaml:1:1: the file is empty; it needs at least: version: 1"),
        ("as_groups: {}", "f.yaml:1:1: version must be 1"),
        ("version: true", "f.yaml:1:10: version must be 1; got True"),
        ("version: 1\nsites:", "f.yaml:2:1: sites must be a mapping; got None; write {} for none"),
        ("- 1", "f.yaml:1:1: the file must be a mapping; got a list"),
        ("version: 1\napi: v5\nsite_markets: {}", "f.yaml:3:1: site_markets needs API v6; remove it, or"),
        ("version: 1\napi: v5\nsites: {a: {type: cloud}}", "f.yaml:3:13: sites.a: unknown key 'type'"),
        ("version: 1\nas_groups: {a: {asn: 3}}", "f.yaml:2:22: as_groups.a: asn must be a list; got 3"),
        ("version: 1\nas_groups: {a: {id: 1}, b: {id: 1}}", "f.yaml:2:33: the AS group at f.yaml:2:13 also"),
        ("version: 1\nas_groups: {a: {}, b: {name: a}}", "f.yaml:2:30: the AS group at f.yaml:2:13 is also"),
        ("version: 1\nas_groups: {' ': {}}", "f.yaml:2:13: a key of as_groups must be a string that is not"),
        ("version: 1\n\tx: 1", "f.yaml:2:1: not valid YAML: found character '\\t' that cannot start any"),
        ("a: [", "f.yaml:1:5: not valid YAML: expected the node content, but found '<stream end>'"),
        ("a: 1\n---\nb: 2", "f.yaml:2:1: not valid YAML: but found another document"),
        ('a: 1\nb: "\x01"', "f.yaml:2:5: not valid YAML: special characters are not allowed"),
        ("[" * 1000, "f.yaml:1:1: not valid YAML: nested too deeply"),
    ],
)
def test_a_mistake_has_its_place(text: str, line: str) -> None:
    found = mistakes(text)
    assert len([one for one in found if one.startswith(line)]) == 1, found


def test_json_with_escaped_surrogates_is_read() -> None:
    document = Document.parse('{"version": 1, "as_groups": {"\\ud83d\\ude00": {}, "a\\\\ud83d": {}}}')
    assert [one.name for one in document.entries] == ["a\\ud83d", "😀"]


def test_a_folder_is_merged(tmp_path: Path) -> None:
    (tmp_path / "teams").mkdir()
    (tmp_path / ".git").mkdir()
    (tmp_path / "a.yaml").write_text("version: 1\nas_groups: {a: {asn: [1]}}\nprotect: {as_groups: [a]}\n")
    (tmp_path / "teams" / "b.json").write_text('{"version": 1, "as_groups": {"b": {"asn": [2]}}}')
    (tmp_path / ".git" / "c.yaml").write_text("version: 9")
    (tmp_path / "notes.txt").write_text("version: 9")
    (tmp_path / "m.yml").write_text("version: 1\nsites: {s: {site_market: m}}\nsite_markets: {m: {}}\n")
    document = Document.load(tmp_path)
    assert [one.key for one in document.entries] == ["m", "s", "a", "b"]
    assert Document.parse(document.dump()) == document


def test_mistakes_between_files_name_both(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("version: 1\napi: v6\nas_groups: {a: {}}\n")
    (tmp_path / "b.yaml").write_text("version: 1\napi: v5\nas_groups: {a: {}}\n")
    (tmp_path / "c.yaml").write_bytes(b"version: 1\n# \xff\n")
    with pytest.raises(DocumentError) as caught:
        Document.load(tmp_path / "a.yaml", tmp_path / "b.yaml", tmp_path / "c.yaml")
    assert caught.value.mistakes == (
        f"{tmp_path}/b.yaml:2:6: api must be the same in all files; {tmp_path}/a.yaml:2:6 has v6; got v5",
        f"{tmp_path}/b.yaml:3:13: AS group 'a' is already at {tmp_path}/a.yaml:3:13",
        f"{tmp_path}/c.yaml:2:3: the file must be encoded as UTF-8",
    )


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"cannot read .*nothing\.yaml: No such file"):
        Document.load(tmp_path / "nothing.yaml")
    with pytest.raises(ConfigError, match=r"has no file that ends with \.yaml, \.yml or \.json"):
        Document.load(tmp_path)
    with pytest.raises(ConfigError, match="no file given"):
        Document.load()


def test_the_schema_knows_the_same_fields() -> None:
    jsonschema = pytest.importorskip("jsonschema", reason="it checks our schema")
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    assert list(validator.iter_errors(Document.parse(EXAMPLE).to_dict())) == []
    for kind in ("as_groups", "sites", "site_markets"):
        properties = schema["properties"][kind]["additionalProperties"]["properties"]
        assert {name.partition(".")[0] for name in fields_of(kind, "v6")} == set(properties) - {
            "id",
            "name",
            "title",
        }
    for wrong in (
        {"version": 2},
        {"version": 1, "groups": {}},
        {"version": 1, "as_groups": {"a": {"asn": [-1]}}},
        {"version": 1, "as_groups": {"a": {"asn": [1.1]}}},
        {"version": 1, "sites": {"a": {"lat": 91}}},
        {"version": 1, "sites": {"a": {"type": "datacenter"}}},
        {"version": 1, "protect": {"site": []}},
    ):
        assert not validator.is_valid(wrong), wrong
