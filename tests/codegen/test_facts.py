"""Our protos have exactly the wire facts of the vendor's schema."""

from __future__ import annotations

import csv
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import descriptor_pb2 as pb
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass

from kentik_async._codegen.comments import comments
from kentik_async._codegen.compile import compile_protos
from kentik_async._codegen.schema import bundled
from kentik_async._generated.as_group import v202212 as as_group
from kentik_async._generated.kmi import v202212 as kmi
from kentik_async._generated.site import v202509 as site
from tests.support.paths import ROOT

FILES = (
    "kentik/as_group/v202212/as_group.proto",
    "kentik/kmi/v202212/kmi.proto",
    "kentik/site/v202509/site.proto",
)
NOTHING = "-"
Row = dict[str, str]


def facts(name: str) -> list[Row]:
    with Path(__file__).with_name("facts").joinpath(name).open(newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


@pytest.fixture(scope="module")
def files() -> dict[str, Any]:
    """Our protos as read by protoc, in classes that support the custom options."""
    compiled = compile_protos(bundled(ROOT), FILES)
    pool = DescriptorPool()
    for file in pb.FileDescriptorSet.FromString(compiled).file:
        pool.AddSerializedFile(file.SerializeToString())
    kind: Any = GetMessageClass(pool.FindMessageTypeByName("google.protobuf.FileDescriptorSet"))
    return {file.name: file for file in kind.FromString(compiled).file if file.name in FILES}


def option(part: Any, name: str) -> Any:
    """Return the value of a custom option; None if it is not set."""
    return next((value for field, value in part.options.ListFields() if field.full_name == name), None)


def type_name(field: Any) -> str:
    if field.type_name:
        return str(field.type_name.removeprefix("."))
    return pb.FieldDescriptorProto.Type.Name(field.type).removeprefix("TYPE_").lower()


def presence(field: Any) -> str:
    if field.label == pb.FieldDescriptorProto.LABEL_REPEATED:
        return NOTHING
    explicit = field.proto3_optional or field.type == pb.FieldDescriptorProto.TYPE_MESSAGE
    return "explicit" if explicit else "implicit"


def behavior(field: Any) -> str:
    values = option(field, "google.api.field_behavior")
    if not values:
        return NOTHING
    return {2: "REQUIRED", 3: "OUTPUT_ONLY"}[values[0]]


def test_fields(files: dict[str, Any]) -> None:
    stated: defaultdict[tuple[str, str], set[tuple[str, ...]]] = defaultdict(set)
    keys = ("number", "name", "json_name", "type", "label", "presence", "behavior")
    for row in facts("fields.tsv"):
        fields = stated[row["file"], row["message"]]
        if row["number"] != NOTHING:
            fields.add(tuple(row[key] for key in keys))
    ours = {
        (name, message.name): {
            (
                str(field.number),
                field.name,
                field.json_name,
                type_name(field),
                "repeated" if field.label == pb.FieldDescriptorProto.LABEL_REPEATED else "singular",
                presence(field),
                behavior(field),
            )
            for field in message.field
        }
        for name, file in files.items()
        for message in file.message_type
    }
    assert ours == dict(stated)


def test_methods(files: dict[str, Any]) -> None:
    ours = set()
    for name, file in files.items():
        for service in file.service:
            host = option(service, "google.api.default_host")
            for method in service.method:
                rule = option(method, "google.api.http")
                verb = rule.WhichOneof("pattern")
                ours.add(
                    (
                        name,
                        f"/{file.package}.{service.name}/{method.name}",
                        method.input_type.rpartition(".")[2],
                        method.output_type.rpartition(".")[2],
                        f"{verb.upper()} {getattr(rule, verb)}",
                        rule.body or NOTHING,
                        option(method, "kentik.core.v202303.method_scope"),
                        host,
                    )
                )
    assert ours == {tuple(row.values()) for row in facts("methods.tsv")}


def test_comments_list_the_allowed_values(files: dict[str, Any]) -> None:
    told = {name: text for file in files.values() for name, text in comments(file).items()}
    for row in facts("fields.tsv"):
        if row["allowed"] != NOTHING:
            package = row["file"].rpartition("/")[0].replace("/", ".")
            text = told[f"{package}.{row['message']}.{row['name']}"]
            assert all(value in text for value in row["allowed"].split("|")), row
            assert f"{row['default']} (the default)" in text, row


@pytest.mark.parametrize("stub", [as_group.ASGroupServiceStub, kmi.KmiServiceStub, site.SiteServiceStub])
def test_generated_methods_carry_the_facts(stub: Any) -> None:
    service = stub.__name__.removesuffix("Stub")
    stated = [row for row in facts("methods.tsv") if f".{service}/" in row["full_method"]]
    assert len(stated) == len(stub.METHODS) > 0
    for row in stated:
        spec = stub.METHODS[row["full_method"].rpartition("/")[2]]
        assert spec.path == row["full_method"]
        assert f"{spec.verb} {spec.http_path}" == row["http"]
        assert (spec.body or NOTHING) == row["body"]
        assert (spec.request.__name__, spec.response.__name__) == (row["request"], row["response"])
        assert spec.kind == "unary_unary"
