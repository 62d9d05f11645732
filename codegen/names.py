"""What a proto name becomes in Python; every rule of naming stands here.

A proto package `kentik.kmi.v202212` becomes the Python package `kmi.v202212` below the generated root, and
the proto package `kentik_async.kmi.v202212`; `google.type` becomes `google.type` and
`kentik_async.google.type`. So the new proto names stay out of the way of any other build of the same protos.
"""

from __future__ import annotations

import keyword
import re
from pathlib import PurePosixPath

__all__ = ["ROOT", "json_name", "new_file", "new_package", "python_path", "safe"]

ROOT = "kentik_async"
_VENDOR = "kentik"


def safe(name: str) -> str:
    """The name, with an underscore behind it where Python cannot bear it."""
    return f"{name}_" if keyword.iskeyword(name) else name


def python_path(package: str, file: str) -> str:
    """The Python package of a proto package, dotted, below the generated root.

    Args:
        package: The proto package; empty where the file names none, then its folders stand for it.
        file: The import path of the file.
    """
    pure = PurePosixPath(file)
    parts = package.split(".") if package else [*pure.parent.parts] or [pure.stem]
    if parts[0] == _VENDOR and len(parts) > 1:
        parts = parts[1:]
    return ".".join(safe(re.sub(r"\W", "_", part)) for part in parts)


def new_package(path: str) -> str:
    """The proto package under which a Python package's messages are registered."""
    return f"{ROOT}.{path}"


def new_file(path: str, stem: str) -> str:
    """The name under which a file is registered; its folder tells the Python package that holds it."""
    return f"{ROOT}/{path.replace('.', '/')}/{stem}.proto"


def json_name(field: str) -> str:
    """The JSON name a field has when none is given (lowerCamelCase), as protobuf derives it."""
    return re.sub(r"_+(.?)", lambda match: match[1].upper(), field)
