"""The naming rules: the Python and proto names of the output.

The proto package `kentik.kmi.v202212` becomes the Python package `kmi.v202212` below the generated root, and
the proto package `kentik_async.kmi.v202212`; `google.type` becomes `google.type` and
`kentik_async.google.type`. So the new proto names do not collide with another build of the same protos.
"""

from __future__ import annotations

import keyword
import re
from pathlib import PurePosixPath

__all__ = ["ROOT", "json_name", "new_file", "new_package", "python_path", "safe", "snake_case"]

ROOT = "kentik_async"
_VENDOR = "kentik"


def safe(name: str) -> str:
    """Return the name; a Python keyword gets a trailing underscore."""
    return f"{name}_" if keyword.iskeyword(name) else name


def python_path(package: str, file: str) -> str:
    """Return the dotted Python package of a proto package, below the generated root.

    Args:
        package: The proto package; if it is empty, the folders of the file are used.
        file: The import path of the file.
    """
    pure = PurePosixPath(file)
    parts = package.split(".") if package else [*pure.parent.parts] or [pure.stem]
    if parts[0] == _VENDOR and len(parts) > 1:
        parts = parts[1:]
    return ".".join(safe(re.sub(r"\W", "_", part)) for part in parts)


def snake_case(name: str) -> str:
    """Return the snake_case of a CamelCase name: `GetASNDetails` becomes `get_asn_details`."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z](?!s(?![a-z]))[a-z])", "_", name)
    return safe(words.lower())


def new_package(path: str) -> str:
    """Return the proto package in which the messages of a Python package are registered."""
    return f"{ROOT}.{path}"


def new_file(path: str, stem: str) -> str:
    """Return the name under which a file is registered; its folder is the Python package."""
    return f"{ROOT}/{path.replace('.', '/')}/{stem}.proto"


def json_name(field: str) -> str:
    """Return the default JSON name of a field (lowerCamelCase), as protobuf derives it."""
    return re.sub(r"_+(.?)", lambda match: match[1].upper(), field)
