"""`kentik-async codegen`: generates typed messages and stubs for any API of Kentik's public schema."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from kentik_async.cli.context import Ctx
from kentik_async.cli.parameters import Flag
from kentik_async.errors import ConfigError, ValidationError

if TYPE_CHECKING:
    from cyclopts import Token

__all__ = ["codegen"]


def _folder(_: object, tokens: Sequence["Token"]) -> Path | None:
    """Return a folder; None for an empty text, which `Path` would take for the current folder."""
    return Path(tokens[0].value) if tokens[0].value else None


def codegen(
    *,
    schema: Path,
    api: Annotated[tuple[str, ...], Parameter(consume_multiple=1, show_default=False)] = (),
    all_apis: Annotated[Flag, Parameter(name="--all")] = False,
    list_apis: Annotated[Flag, Parameter(name="--list")] = False,
    out: Annotated[Path | None, Parameter(converter=_folder)] = None,
    context: Ctx,
) -> None:
    """Generate a Python package of messages and asyncio stubs for other Kentik APIs.

    It needs the extra codegen: pip install 'kentik-async[codegen]'

    For example:

      git clone https://github.com/kentik/api-schema-public schema
      kentik-async codegen --schema schema --list
      kentik-async codegen --schema schema --api device/v202504beta2 --out apis

    Args:
        schema: Folder of a clone of kentik/api-schema-public.
        api: API to generate, such as device/v202504beta2; may be repeated. Other APIs in --out are kept.
        all_apis: Generate all APIs.
        list_apis: List the APIs of the schema.
        out: Folder of the Python package to write. Files of others in it are not changed.
        context: The command context.
    """
    from kentik_async._codegen.errors import CodegenError
    from kentik_async._codegen.run import generate, import_hint
    from kentik_async._codegen.schema import checkout

    if (bool(api), all_apis, list_apis).count(True) != 1:
        raise ValidationError("give one of --api NAME, --all and --list")
    try:
        source = checkout(schema)
        if list_apis:
            for name in source.apis():
                context.printer.text(name)
            return
        if out is None:
            raise ValidationError("--out DIR is required, the folder of the package to write")
        changed = list(generate(source, api, out))
    except CodegenError as error:
        raise ConfigError(str(error)) from None
    for line in changed:
        context.printer.text(line)
    context.notes.note(import_hint(out) if changed else f"{out} is up to date")
