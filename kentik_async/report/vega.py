"""Vega: compiles charts to Vega specifications, and bundles Vega as one script."""

import hashlib
from contextlib import suppress
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kentik_async._whole_file import replace_file
from kentik_async.errors import ConfigError

if TYPE_CHECKING:
    import altair as alt

__all__ = ["compiled", "vega_script"]


def compiled(chart: "alt.TopLevelMixin") -> dict[str, Any]:
    """Return a chart as a Vega specification.

    Vega-Lite runs here, not in the browser: the page is a third smaller and starts sooner.
    """
    import altair as alt
    import vl_convert

    wanted = ".".join(alt.SCHEMA_VERSION.removeprefix("v").split(".")[:2])
    known = vl_convert.get_vegalite_versions()
    version = wanted if wanted in known else known[-1]
    spec: dict[str, Any] = vl_convert.vegalite_to_vega(chart.to_dict(), vl_version=version)
    return spec


@cache
def vega_script() -> str:
    """Return JavaScript that defines `vega`, without any external reference.

    vl-convert takes seconds to bundle it, so it is kept in the user's cache folder.

    Raises:
        ConfigError: vl-convert cannot bundle Vega.
    """
    import vl_convert
    from platformdirs import user_cache_path

    version, converter = vl_convert.get_vega_version(), metadata.version("vl-convert-python")
    file = user_cache_path("kentik-async") / f"vega-{version}-{converter}.js"
    script = _cached(file)
    if script is None:
        # vl-convert's own name `vega` is empty without Vega-Embed, which would bring Vega-Lite too.
        source = f"import * as whole from '/npm/vega@{version}/+esm'; window.vega = whole;"
        try:
            script = vl_convert.javascript_bundle(source)
        except ValueError as error:
            reason = " ".join(str(error).split())
            raise ConfigError(
                f"vl-convert {converter} cannot bundle Vega {version}: {reason}; "
                "install another version of vl-convert-python"
            ) from error
        # An HTML page ends a script at this text, also within a string.
        script = script.replace("</script", "<\\/script")
        _keep(file, script)
    return script


def _cached(file: Path) -> str | None:
    """Return a script from the cache; None if it is missing or incomplete."""
    try:
        digest, _, script = file.read_text(encoding="utf-8").partition("\n")
    except (OSError, UnicodeDecodeError):
        return None
    return script if digest == _digest(script) else None


def _keep(file: Path, script: str) -> None:
    """Write a script to the cache, in one step; errors are ignored, because the cache is optional."""
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        replace_file(file, f"{_digest(script)}\n{script}")


def _digest(script: str) -> str:
    return hashlib.sha256(script.encode()).hexdigest()
