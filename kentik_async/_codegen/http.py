"""Reads the `google.api.http` option: the mapping of each RPC to HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from google.protobuf import descriptor_pb2 as pb
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass

__all__ = ["NO_RULE", "HttpRule", "http_rules"]

_OPTION = "google.api.http"
_DESCRIPTOR_PROTO = "google/protobuf/descriptor.proto"


@dataclass(frozen=True, slots=True)
class HttpRule:
    """The HTTP mapping of an RPC.

    Attributes:
        verb: `GET`, `POST` and so on; empty if the proto has no mapping.
        path: The path template; empty if the proto has no mapping.
        body: `*`, the request field that is the body, or empty for none.
    """

    verb: str = ""
    path: str = ""
    body: str = ""


NO_RULE = HttpRule()


def http_rules(compiled: bytes) -> dict[str, HttpRule]:
    """Return the HTTP mappings of all RPCs in a set; the first one of several bindings.

    Args:
        compiled: A serialized FileDescriptorSet with its imports.

    Returns:
        Full method names (`kentik.kmi.v202212.KmiService.ListMarkets`) to rules.
    """
    files = pb.FileDescriptorSet.FromString(compiled).file
    if not any(file.name == _DESCRIPTOR_PROTO for file in files):
        return {}
    # A custom option is an extension. Only a class from a pool with this extension can read it.
    pool = DescriptorPool()
    for file in files:
        pool.AddSerializedFile(file.SerializeToString())
    set_class: Any = GetMessageClass(pool.FindMessageTypeByName("google.protobuf.FileDescriptorSet"))
    rules = {}
    for file in set_class.FromString(compiled).file:
        for service in file.service:
            prefix = ".".join(part for part in (file.package, service.name) if part)
            for method in service.method:
                for option, value in method.options.ListFields():
                    if option.full_name == _OPTION:
                        rules[f"{prefix}.{method.name}"] = _read(value)
    return rules


def _read(rule: Any) -> HttpRule:
    verb = rule.WhichOneof("pattern")
    if verb is None:
        return NO_RULE
    if verb == "custom":
        return HttpRule(rule.custom.kind, rule.custom.path, rule.body)
    return HttpRule(verb.upper(), getattr(rule, verb), rule.body)
