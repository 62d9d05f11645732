"""The pure parts of code generation, compared with protobuf and Python themselves."""

from __future__ import annotations

import ast
import keyword

import pytest
from google.protobuf import descriptor_pb2 as pb
from google.protobuf.descriptor_pool import DescriptorPool
from hypothesis import example, given
from hypothesis import strategies as st

from kentik_async._codegen import names
from kentik_async._codegen.comments import cleaned
from kentik_async._codegen.compile import compile_protos
from kentik_async._codegen.descriptors import declared, rename, strip, types_of, used_files
from kentik_async._codegen.python_module import docstring, indented, quote
from kentik_async._codegen.schema import bundled
from tests.support.paths import ROOT

IDENTIFIERS = st.from_regex(r"\A[a-zA-Z_][a-zA-Z0-9_]{0,12}\Z")


@given(IDENTIFIERS)
def test_json_names_are_those_that_protobuf_derives(field: str) -> None:
    file = pb.FileDescriptorProto(name="x.proto", syntax="proto3")
    file.message_type.add(name="M").field.add(name=field, number=1, type=9, label=1)
    pool = DescriptorPool()
    pool.Add(file)
    assert names.json_name(field) == pool.FindMessageTypeByName("M").fields[0].json_name


@given(st.text() | st.text('\\"a\n'))
@example('Sent as """raw"""')
def test_any_comment_becomes_an_equal_docstring(comment: str) -> None:
    text = cleaned(comment)
    lines = docstring(text)
    assert bool(lines) == bool(text)
    if text:
        module = ast.parse("\n".join(["class C:", *indented(lines)]))
        (declared_class,) = module.body
        assert isinstance(declared_class, ast.ClassDef)
        assert ast.get_docstring(declared_class) == text


@given(st.text())
def test_any_text_is_quoted(text: str) -> None:
    assert ast.literal_eval(quote(text)) == text


@given(st.lists(IDENTIFIERS, min_size=1, max_size=4).map(".".join))
def test_python_paths_can_be_imported(package: str) -> None:
    path = names.python_path(package, "a/b.proto")
    assert all(part.isidentifier() and not keyword.iskeyword(part) for part in path.split("."))


@pytest.mark.parametrize(
    ("package", "file", "path"),
    [
        ("kentik.kmi.v202212", "kentik/kmi/v202212/kmi.proto", "kmi.v202212"),
        ("google.type", "google/type/latlng.proto", "google.type"),
        ("kentik.lambda.v1", "kentik/lambda/v1/lambda.proto", "lambda_.v1"),
        ("kentik", "kentik/all.proto", "kentik"),
        ("", "hello-world/v1/hello.proto", "hello_world.v1"),
        ("", "hello.proto", "hello"),
    ],
)
def test_python_paths(package: str, file: str, path: str) -> None:
    assert names.python_path(package, file) == path


@pytest.mark.parametrize(
    ("name", "python_name"),
    [
        ("GetASNDetails", "get_asn_details"),
        ("ListASNs", "list_asns"),
        ("ListASGroups", "list_as_groups"),
        ("V2Thing", "v2_thing"),
        ("import", "import_"),
        ("Import", "import_"),
        ("already_snake", "already_snake"),
    ],
)
def test_snake_case(name: str, python_name: str) -> None:
    assert names.snake_case(name) == python_name


@pytest.fixture(scope="module")
def compiled() -> dict[str, pb.FileDescriptorProto]:
    data = compile_protos(bundled(ROOT), bundled(ROOT).select([]))
    return {file.name: file for file in pb.FileDescriptorSet.FromString(data).file}


def test_a_file_imported_for_its_options_is_not_used(compiled: dict[str, pb.FileDescriptorProto]) -> None:
    kmi = "kentik/kmi/v202212/kmi.proto"
    assert "google/api/annotations.proto" in compiled[kmi].dependency
    assert used_files(compiled.values(), [kmi]) == {kmi}


def test_stripping_changes_a_copy(compiled: dict[str, pb.FileDescriptorProto]) -> None:
    home = {name: file.name for file in compiled.values() for name, _ in declared(file)}
    for name, file in compiled.items():
        before = file.SerializeToString(deterministic=True)
        stripped = strip(file, home)
        assert file.SerializeToString(deterministic=True) == before
        assert strip(stripped, home) == stripped  # nothing is left to strip
        assert [name for name, _ in declared(stripped)] == [name for name, _ in declared(file)]
        assert name == stripped.name


def test_renaming_leaves_no_name_of_upstreams(compiled: dict[str, pb.FileDescriptorProto]) -> None:
    home = {name: file.name for file in compiled.values() for name, _ in declared(file)}
    file = strip(compiled["kentik/as_group/v202212/as_group.proto"], home)
    types = {name: f"kentik_async.{name.removeprefix('kentik.')}" for name, _ in declared(file)}
    renamed = rename(file, {file.name: "kentik_async/as_group/v202212/as_group.proto"}, types)
    assert not renamed.service
    assert all(name.startswith("kentik_async.") for name, _ in declared(renamed))
    assert {name.split(".")[0] for name in types_of(renamed)} == {"kentik_async", "google"}
    assert list(renamed.dependency) == ["google/protobuf/timestamp.proto"]


def test_apis_of_a_schema() -> None:
    assert list(bundled(ROOT).apis()) == ["as_group/v202212", "core/v202303", "kmi/v202212", "site/v202509"]
