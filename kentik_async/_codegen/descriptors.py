"""Turns the output of protoc into the descriptors that are registered: pruned, stripped, renamed. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from google.protobuf import descriptor_pb2 as pb
from google.protobuf.message import Message

from kentik_async._codegen import names

__all__ = ["WELL_KNOWN", "declared", "is_option", "rename", "strip", "types_of", "used_files"]

WELL_KNOWN = "google/protobuf/"
"""Prefix of the import paths that every default pool has. They are neither written nor renamed."""

_Part = (
    pb.FieldDescriptorProto
    | pb.DescriptorProto
    | pb.EnumDescriptorProto
    | pb.EnumValueDescriptorProto
    | pb.OneofDescriptorProto
    | pb.DescriptorProto.ExtensionRange
)
_KEPT = {
    "google.protobuf.MessageOptions": ("map_entry", "message_set_wire_format", "deprecated"),
    "google.protobuf.FieldOptions": ("packed", "deprecated"),
    "google.protobuf.EnumOptions": ("allow_alias", "deprecated"),
    "google.protobuf.EnumValueOptions": ("deprecated",),
}
"""The options that change the meaning of a message. Without `map_entry`, a map is a repeated field. A custom
option is an extension, whose file would have to be registered too."""


def declared(
    file: pb.FileDescriptorProto,
) -> Iterator[tuple[str, pb.DescriptorProto | pb.EnumDescriptorProto]]:
    """Yield every message and enum of a file with its full name, outer ones first."""
    prefix = f"{file.package}." if file.package else ""
    for enum in file.enum_type:
        yield prefix + enum.name, enum
    for message in file.message_type:
        yield from _declared_in(prefix, message)


def types_of(file: pb.FileDescriptorProto) -> Iterator[str]:
    """Yield the full names of the types that fields, extensions and methods use, with repetitions."""
    yield from _types_of_messages(file)
    for service in file.service:
        for method in service.method:
            yield method.input_type.removeprefix(".")
            yield method.output_type.removeprefix(".")


def is_option(extension: pb.FieldDescriptorProto) -> bool:
    """Return whether an extension defines a custom option.

    Custom options are not registered: nothing reads them, and their numbers would collide with other builds.
    """
    return extension.extendee.startswith(".google.protobuf.")


def used_files(files: Iterable[pb.FileDescriptorProto], wanted: Iterable[str]) -> set[str]:
    """Return the wanted files and the files whose types they use, directly or not, without well-known ones.

    A file that is imported only for its options is not used.
    """
    by_name = {file.name: file for file in files}
    home = {name: file.name for file in by_name.values() for name, _ in declared(file)}
    found: set[str] = set()
    todo = list(wanted)
    while todo:
        name = todo.pop()
        if name not in found and not name.startswith(WELL_KNOWN):
            found.add(name)
            todo.extend(home[type_name] for type_name in types_of(by_name[name]))
    return found


def strip(file: pb.FileDescriptorProto, home: Mapping[str, str]) -> pb.FileDescriptorProto:
    """Return a copy without everything that does not define messages, so that the output is reproducible.

    Args:
        file: The output of protoc.
        home: Full names of types to the files that declare them.
    """
    result = pb.FileDescriptorProto()
    result.CopyFrom(file)
    for unwanted in ("source_code_info", "options", "public_dependency", "weak_dependency"):
        result.ClearField(unwanted)
    for holder in _extension_holders(result):
        kept = [extension for extension in holder.extension if not is_option(extension)]
        del holder.extension[:]
        holder.extension.extend(kept)
    for part in _parts(result):
        _keep_options(part)
        if isinstance(part, pb.FieldDescriptorProto) and part.json_name == names.json_name(part.name):
            part.ClearField("json_name")
    result.dependency[:] = sorted({home[name] for name in _types_of_messages(result)} - {file.name})
    return result


def rename(
    file: pb.FileDescriptorProto, files: Mapping[str, str], types: Mapping[str, str]
) -> pb.FileDescriptorProto:
    """Return a copy with the project's own names and without services. Well-known types keep their names.

    Services are removed because the stubs contain the vendor's RPC paths.

    Args:
        file: A stripped file.
        files: Old import paths to new ones, for every file that is written.
        types: Old full names of types to new ones.
    """
    result = pb.FileDescriptorProto()
    result.CopyFrom(file)
    result.name = files[file.name]
    result.package = names.new_package(names.python_path(file.package, file.name))
    del result.service[:]
    result.dependency[:] = sorted(files.get(name, name) for name in file.dependency)
    for holder, attribute in _references(result):
        old = getattr(holder, attribute).removeprefix(".")
        setattr(holder, attribute, f".{types.get(old, old)}")
    return result


def _declared_in(
    prefix: str, message: pb.DescriptorProto
) -> Iterator[tuple[str, pb.DescriptorProto | pb.EnumDescriptorProto]]:
    name = prefix + message.name
    yield name, message
    for enum in message.enum_type:
        yield f"{name}.{enum.name}", enum
    for nested in message.nested_type:
        yield from _declared_in(f"{name}.", nested)


def _messages(file: pb.FileDescriptorProto) -> Iterator[pb.DescriptorProto]:
    return (part for _, part in declared(file) if isinstance(part, pb.DescriptorProto))


def _extension_holders(
    file: pb.FileDescriptorProto,
) -> Iterator[pb.FileDescriptorProto | pb.DescriptorProto]:
    yield file
    yield from _messages(file)


def _parts(file: pb.FileDescriptorProto) -> Iterator[_Part]:
    """Yield everything in a file that can have options, except services."""
    for holder in _extension_holders(file):
        yield from holder.extension
    for _, part in declared(file):
        yield part
        if isinstance(part, pb.EnumDescriptorProto):
            yield from part.value
        else:
            yield from part.field
            yield from part.oneof_decl
            yield from part.extension_range


def _types_of_messages(file: pb.FileDescriptorProto) -> Iterator[str]:
    for holder, attribute in _references(file):
        yield getattr(holder, attribute).removeprefix(".")


def _references(file: pb.FileDescriptorProto) -> Iterator[tuple[Message, str]]:
    """Yield each part of a file that names a type, with the attribute that does; services are excluded."""
    fields = [field for message in _messages(file) for field in message.field]
    extensions = [
        one for holder in _extension_holders(file) for one in holder.extension if not is_option(one)
    ]
    for field in (*fields, *extensions):
        if field.type_name:
            yield field, "type_name"
    for extension in extensions:
        yield extension, "extendee"


def _keep_options(part: _Part) -> None:
    """Clear the options of a part, except those that change its meaning."""
    kept_names = _KEPT.get(part.options.DESCRIPTOR.full_name, ())
    kept = [
        (field.name, value)
        for field, value in part.options.ListFields()
        if field.name in kept_names and not field.is_extension
    ]
    part.ClearField("options")
    for name, value in kept:
        setattr(part.options, name, value)
