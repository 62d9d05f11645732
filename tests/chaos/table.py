"""The table of the results of all calls, and the descriptions of failures."""

from collections.abc import Sequence

from tests.chaos.run import Outcome

__all__ = ["lines", "passed", "troubles"]

LATE = 0.25
"""Seconds that a caller may be released after its deadline."""

_HEAD = (
    "",
    "cases",
    "calls",
    "succeeded",
    "rightly failed",
    "wrongly failed",
    "hung",
    "doubled creates",
    "leaked",
    "quota violations",
    "slowest release",
)
_SHOWN_AT_MOST = 3


def lines(outcomes: Sequence[Outcome]) -> list[str]:
    """Return the table: a row for each family of cases, and one for all."""
    families = list(dict.fromkeys(outcome.case.family for outcome in outcomes))
    rows = [_row(family, [o for o in outcomes if o.case.family == family]) for family in families]
    rows.append(_row("all", outcomes))
    table = [_HEAD, *rows]
    widths = [max(len(row[column]) for row in table) for column in range(len(_HEAD))]
    text = [
        "  ".join(
            _set(cell, width, place) for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in table
    ]
    rule = "-" * len(text[0])
    return [text[0], rule, *text[1:-1], rule, text[-1]]


def passed(outcome: Outcome) -> bool:
    """Return whether a case ended as expected."""
    clean = not (outcome.wrongly or outcome.hung or outcome.doubled or outcome.leaked or outcome.violations)
    return clean and outcome.slowest <= LATE


def troubles(outcome: Outcome, repeat: str) -> list[str]:
    """Return a description of what was wrong with a case, and how to repeat it alone."""
    found = [*outcome.wrongly[:_SHOWN_AT_MOST], *outcome.leaked[:_SHOWN_AT_MOST]]
    more = len(outcome.wrongly) + len(outcome.leaked) - len(found)
    found += [f"and {more} more of the kind"] * (more > 0)
    numbers = {
        "hung": outcome.hung,
        "creates doubled": outcome.doubled,
        "quota violations": outcome.violations,
    }
    found += [f"{count} {what}" for what, count in numbers.items() if count]
    if outcome.slowest > LATE:
        found.append(f"a caller was released {outcome.slowest:.3f} s later than promised")
    return [f'FAILED: "{outcome.case.name}", repeated by {repeat}', *(f"  {line}" for line in found)]


def _row(name: str, outcomes: Sequence[Outcome]) -> tuple[str, ...]:
    counts = (
        len(outcomes),
        sum(o.calls for o in outcomes),
        sum(o.succeeded for o in outcomes),
        sum(o.rightly for o in outcomes),
        sum(len(o.wrongly) for o in outcomes),
        sum(o.hung for o in outcomes),
        sum(o.doubled for o in outcomes),
        sum(len(o.leaked) for o in outcomes),
        sum(o.violations for o in outcomes),
    )
    return (name, *map(str, counts), f"+{max(o.slowest for o in outcomes):.3f} s")


def _set(cell: str, width: int, place: int) -> str:
    return cell.rjust(width) if place else cell.ljust(width)
