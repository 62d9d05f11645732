"""The model of the output: packages, services and methods, independent of its syntax."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from pathlib import PurePosixPath

from google.protobuf import descriptor_pb2 as pb

from kentik_async._codegen import descriptors, names
from kentik_async._codegen.comments import comments
from kentik_async._codegen.compile import compile_protos
from kentik_async._codegen.errors import CodegenError
from kentik_async._codegen.http import NO_RULE, HttpRule, http_rules
from kentik_async._codegen.schema import Schema

__all__ = ["Method", "Package", "Service", "Symbol", "Symbols", "build"]


@dataclass(frozen=True, slots=True)
class Symbol:
    """The location of a type in Python.

    Attributes:
        package: The Python package below the generated root, or the absolute module of a well-known type.
        name: The name in the package; dotted if the type is nested.
        proto: The descriptor of the type.
        well_known: Whether `package` is absolute.
    """

    package: str
    name: str
    proto: pb.DescriptorProto | pb.EnumDescriptorProto
    well_known: bool = False


Symbols = dict[str, Symbol]
"""New full names of types to their locations."""


@dataclass(frozen=True, slots=True)
class Method:
    """An RPC; `request` and `response` are new full names.

    `python_name` is its second name; empty if the first one is like it, or another RPC has it.
    """

    name: str
    python_name: str
    path: str
    http: HttpRule
    request: str
    response: str
    client_streaming: bool
    server_streaming: bool
    comment: str


@dataclass(frozen=True, slots=True)
class Service:
    """A service; `full_name` is the vendor's name, as in RPC paths."""

    name: str
    full_name: str
    methods: tuple[Method, ...]
    comment: str


@dataclass(frozen=True)
class Package:
    """A Python package to write.

    Attributes:
        path: The dotted path below the generated root.
        origin: The vendor's proto package.
        files: The files as they are registered, sorted by name.
        services: The services, in the order of the files.
        comments: Names within the package (`Market.name`) to the comments in the proto.
    """

    path: str
    origin: str
    files: tuple[pb.FileDescriptorProto, ...]
    services: tuple[Service, ...]
    comments: dict[str, str]

    def free(self, name: str) -> str:
        """Return the name, with underscores added until nothing in the package has it."""
        while name in self.declared:
            name += "_"
        return name

    @cached_property
    def declared(self) -> frozenset[str]:
        """The simple names of everything that the package declares."""
        return frozenset(_declared_names(self))

    def types(self) -> set[str]:
        """Return the full names of the types that fields and methods use."""
        methods = [method for service in self.services for method in service.methods]
        named = {name for file in self.files for name in descriptors.types_of(file)}
        return named | {name for method in methods for name in (method.request, method.response)}


def build(schema: Schema, apis: Iterable[str]) -> tuple[tuple[Package, ...], Symbols]:
    """Compile APIs and their dependencies into packages.

    Args:
        schema: The tree of protos.
        apis: Names of APIs; empty selects all.

    Returns:
        The packages sorted by path, and the locations of all types.

    Raises:
        CodegenError: An API does not exist, a file does not compile, or two packages have the same name.
    """
    compiled, wanted = _compile_closure(schema, schema.select(apis))
    files = {file.name: file for file in pb.FileDescriptorSet.FromString(compiled).file}
    home = {name: file.name for file in files.values() for name, _ in descriptors.declared(file)}
    kept = []
    for name in sorted(wanted):
        if files[name].syntax == "editions":
            raise CodegenError(
                f"{name} uses protobuf editions, which the oldest supported protobuf cannot read"
            )
        file = descriptors.strip(files[name], home)
        if file.message_type or file.enum_type or file.service or file.extension:
            kept.append(file)
    return _assemble(kept, files, http_rules(compiled))


def _compile_closure(schema: Schema, files: Iterable[str]) -> tuple[bytes, set[str]]:
    """Compile until every folder that defines a used type is compiled completely.

    A package is always written completely, so that later runs which need other parts of it write the same.
    """
    wanted = set(files)
    while True:
        compiled = compile_protos(schema, sorted(wanted))
        used = descriptors.used_files(pb.FileDescriptorSet.FromString(compiled).file, wanted)
        more = {sibling for file in used for sibling in schema.siblings(file)}
        if more <= wanted:
            return compiled, wanted
        wanted |= more


def _assemble(
    kept: list[pb.FileDescriptorProto],
    originals: dict[str, pb.FileDescriptorProto],
    rules: dict[str, HttpRule],
) -> tuple[tuple[Package, ...], Symbols]:
    """Rename the files and group them by package."""
    paths = {file.name: names.python_path(file.package, file.name) for file in kept}
    files = _new_files(paths)
    renamed = {
        full: f"{names.new_package(paths[f.name])}.{short}" for f in kept for full, short, _ in _types(f)
    }
    grouped: defaultdict[str, list[pb.FileDescriptorProto]] = defaultdict(list)
    for file in kept:
        grouped[paths[file.name]].append(file)
    packages = []
    for path, members in sorted(grouped.items()):
        origins = sorted({file.package for file in members})
        if len(origins) > 1:
            raise CodegenError(
                f"packages {' and '.join(map(repr, origins))} have the same Python name {path}"
            )
        texts = {name: text for file in members for name, text in comments(originals[file.name]).items()}
        packages.append(
            Package(
                path=path,
                origin=origins[0],
                files=tuple(descriptors.rename(file, files, renamed) for file in members),
                services=tuple(
                    _service(file, one, rules, renamed, texts) for file in members for one in file.service
                ),
                comments={_relative(name, origins[0]): text for name, text in texts.items()},
            )
        )
        _check_names(packages[-1])
    return tuple(packages), _symbols(packages, originals.values())


def _check_names(package: Package) -> None:
    """Raise an error for a message or enum with the same name as a class of a service."""
    taken = {f"{one.name}{side}": one.name for one in package.services for side in ("Stub", "Servicer")}
    for file in package.files:
        names_of_types = [part.name for part in file.message_type] + [part.name for part in file.enum_type]
        for name in taken.keys() & names_of_types:
            raise CodegenError(
                f"{package.origin}.{name} has the name of a class of the service {taken[name]}"
            )


def _new_files(paths: dict[str, str]) -> dict[str, str]:
    """Return the new names of files. Files of a package with the same stem get a number."""
    result: dict[str, str] = {}
    taken: set[str] = set()
    for file, path in sorted(paths.items()):
        stem = PurePosixPath(file).stem
        stems = (stem if n == 1 else f"{stem}_{n}" for n in count(1))
        result[file] = next(name for s in stems if (name := names.new_file(path, s)) not in taken)
        taken.add(result[file])
    return result


def _relative(full_name: str, package: str) -> str:
    return full_name.removeprefix(f"{package}.") if package else full_name


def _types(
    file: pb.FileDescriptorProto,
) -> Iterator[tuple[str, str, pb.DescriptorProto | pb.EnumDescriptorProto]]:
    """Yield the types of a file: full name, name in the package, descriptor."""
    return ((name, _relative(name, file.package), proto) for name, proto in descriptors.declared(file))


def _symbols(packages: Iterable[Package], originals: Iterable[pb.FileDescriptorProto]) -> Symbols:
    result = {}
    for file in originals:
        if file.name.startswith(descriptors.WELL_KNOWN):
            module = file.name.removesuffix(".proto").replace("/", ".") + "_pb2"
            for full, short, proto in _types(file):
                result[full] = Symbol(module, short, proto, well_known=True)
    for package in packages:
        for file in package.files:
            for full, short, proto in _types(file):
                result[full] = Symbol(package.path, short, proto)
    return result


def _service(
    file: pb.FileDescriptorProto,
    service: pb.ServiceDescriptorProto,
    rules: dict[str, HttpRule],
    renamed: dict[str, str],
    texts: dict[str, str],
) -> Service:
    full_name = f"{file.package}.{service.name}" if file.package else service.name

    def type_name(name: str) -> str:
        return renamed.get(name.removeprefix("."), name.removeprefix("."))

    python_names = _python_names([method.name for method in service.method])
    methods = tuple(
        Method(
            name=method.name,
            python_name=python_names.get(method.name, ""),
            path=f"/{full_name}/{method.name}",
            http=rules.get(f"{full_name}.{method.name}", NO_RULE),
            request=type_name(method.input_type),
            response=type_name(method.output_type),
            client_streaming=method.client_streaming,
            server_streaming=method.server_streaming,
            comment=texts.get(f"{full_name}.{method.name}", ""),
        )
        for method in service.method
    )
    return Service(service.name, full_name, methods, texts.get(full_name, ""))


def _python_names(rpcs: list[str]) -> dict[str, str]:
    """Return the second names of RPCs; a name that two would have, or that is taken, is omitted."""
    python_names = {name: names.snake_case(name) for name in rpcs}
    uses = Counter(python_names.values())
    return {name: one for name, one in python_names.items() if uses[one] == 1 and one not in rpcs}


def _declared_names(package: Package) -> Iterator[str]:
    for service in package.services:
        yield from (f"{service.name}Stub", f"{service.name}Servicer")
        yield from (name for method in service.methods for name in (method.name, method.python_name))
    for file in package.files:
        for full, part in descriptors.declared(file):
            yield full.rpartition(".")[2]
            if isinstance(part, pb.DescriptorProto):
                yield from (field.name for field in part.field)
            else:
                yield from (value.name for value in part.value)
