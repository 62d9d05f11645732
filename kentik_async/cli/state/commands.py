"""`kentik-async export`, `plan`, `apply` and `schema`: declared state of AS groups and sites."""

import json
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from cyclopts import Parameter

from kentik_async.cli.context import Ctx
from kentik_async.cli.exit_codes import Exit
from kentik_async.cli.output.formatting import counted
from kentik_async.cli.parameters import Flag

__all__ = ["apply", "export", "plan", "schema"]

_CHANGED = 2
"""The exit code of `plan --exit-code` if there are changes, as in similar tools."""

_Api: TypeAlias = Literal["v6", "v5"]


async def export(file: Path | None = None, /, *, api: _Api = "v6", context: Ctx) -> None:
    """Export AS groups, sites and site markets as a file.

    The objects are sorted, so that two exports of one account are equal. A plan
    of the file has no changes.

    For example:

      kentik-async export kentik.yaml

    Args:
        file: File to write; stdout by default. JSON if its name ends with .json.
        api: API of the sites; v5 for accounts without sites of API v6.
        context: The command context.
    """
    async with context.client() as kentik:
        document = await kentik.state.export(api=api)
    if context.options.output == "json" or (file is not None and file.suffix == ".json"):
        text = json.dumps(document.to_dict(), indent=2, ensure_ascii=False) + "\n"
    else:
        text = document.dump()
    if file is None:
        context.printer.text(text.removesuffix("\n"))
        return
    from kentik_async.state.files import write_whole

    write_whole(file, text, private=False)
    context.notes.note(f"{counted(len(document.entries), 'object')} written to {file}")


async def plan(
    *paths: Path,
    prune: Flag = False,
    exit_code: Flag = False,
    context: Ctx,
) -> int:
    """Show what 'apply' would change.

    The account is read with one call for each kind of object in the files.
    Nothing is changed.

    For example:

      kentik-async plan kentik.yaml
      kentik-async plan config/ --prune --exit-code -o markdown

    Args:
        paths: Files in YAML or JSON, or folders of such files.
        prune: Delete objects that the files do not name, of the kinds in the files.
        exit_code: Exit with 0 without changes, 2 with changes, and 1 after any error.
        context: The command context.
    """
    from kentik_async.cli.state.showing import show_plan
    from kentik_async.state import Document
    from kentik_async.state.guards import excessive_deletions

    document = Document.load(*paths)
    async with context.client() as kentik:
        planned = await kentik.state.plan(document, prune=prune)
    show_plan(context, planned)
    for line in excessive_deletions(planned):
        context.notes.warn(f"{line}; 'apply' will need --force")
    return _CHANGED if exit_code and not planned.empty else 0


async def apply(
    *paths: Path,
    prune: Flag = False,
    force: Flag = False,
    yes: Annotated[Flag, Parameter(name=("--yes", "-y"))] = False,
    plan_checksum: str | None = None,
    backup: Path | None = None,
    from_backup: Path | None = None,
    context: Ctx,
) -> Exit:
    """Change the account so that it matches the files.

    Objects that another user changes meanwhile are not overwritten. Objects
    that will be changed or deleted are saved first. After an interruption or a
    failure, the same command continues.

    For example:

      kentik-async apply kentik.yaml
      kentik-async apply config/ --prune --yes --plan-checksum 1f3a5c7e9b2d4f60
      kentik-async apply --from-backup backup.json

    Args:
        paths: Files in YAML or JSON, or folders of such files.
        prune: Delete objects that the files do not name, of the kinds in the files.
        force: Allow deletion of more than 30 % of the objects of a type with 10 or more objects.
        yes: Apply without confirmation.
        plan_checksum: Checksum of the reviewed plan; another plan is not applied.
        backup: File for the saved objects; by default in the user's state folder.
        from_backup: Restore the objects in this file instead.
        context: The command context.
    """
    from kentik_async.cli.state.applying import ApplyOptions, run_apply

    options = ApplyOptions(paths, prune, force, yes, plan_checksum, backup, from_backup)
    return await run_apply(context, options)


def schema(*, context: Ctx) -> None:
    """Print the JSON Schema of the files of 'plan' and 'apply'.

    Editors complete keys with it. The first line of a file names the schema:

      # yaml-language-server: $schema=kentik.schema.json

    For example:

      kentik-async schema > kentik.schema.json

    Args:
        context: The command context.
    """
    from kentik_async.state import json_schema

    context.printer.text(json.dumps(json_schema(), indent=2))
