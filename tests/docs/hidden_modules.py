"""Runs the command line as if some modules were not installed.

python hidden_modules.py '["pandas", "polars"]' kmi markets
"""

import json
import runpy
import sys
from importlib.abc import MetaPathFinder
from typing import Any


class Hiding(MetaPathFinder):
    """Finds the same modules as other finders, except modules of some packages."""

    def __init__(self, names: list[str], finders: list[Any]) -> None:
        self._names = frozenset(names)
        self._finders = finders

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> Any:
        if fullname.partition(".")[0] in self._names:
            return None
        specs = (finder.find_spec(fullname, path, target) for finder in self._finders)
        return next((spec for spec in specs if spec is not None), None)

    def find_distributions(self, *arguments: Any) -> Any:
        for finder in self._finders:
            if hasattr(finder, "find_distributions"):
                yield from finder.find_distributions(*arguments)


if __name__ == "__main__":
    sys.meta_path[:] = [Hiding(json.loads(sys.argv[1]), [*sys.meta_path])]
    del sys.argv[1]
    runpy.run_module("kentik_async.cli", run_name="__main__", alter_sys=True)
