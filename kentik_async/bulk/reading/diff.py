"""What changed between two days: pure, tables in, tables out.

Only what was asked for on both days is compared: what was not pulled has not left.
"""

# pyarrow makes its compute functions at import, and ships no types.
# pyright: reportAttributeAccessIssue=false

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa  # type: ignore[import-untyped]  # pyarrow ships no types

__all__ = ["Day", "diff_rankings", "diff_relations"]

_DEFAULT_LIMIT = 600
"""The rows of a ranking whose limit nobody named. Source: Kentik KB, KMI APIs."""

_RANKING = ["market_id", "rank_type", "ip"]
_NETWORK = ["market_id", "ip", "asn"]
_NEIGHBOUR = [*_NETWORK, "relation", "related_asn"]
_COMPARED = ("customer", "provider")


@dataclass(frozen=True, slots=True)
class Day:
    """One day's rows of the tables.

    Attributes:
        pages: Of the table `pages`; which rankings were asked for, and how deep.
        rankings: Of the table `rankings`.
        asns: Of the table `asns`; whose neighbours were asked for.
        relations: Of the table `relations`.
    """

    pages: "pa.Table"
    rankings: "pa.Table"
    asns: "pa.Table"
    relations: "pa.Table"


def diff_rankings(before: Day, after: Day) -> "pa.Table":
    """Return the networks whose rank changed.

    Returns:
        market_id, rank_type, ip, asn, name, change ("rose", "fell", "entered", "left"), rank_before,
        rank_after, score_before, score_after; by ranking, then by the better of both ranks. Where a ranking
        was asked for to different depths, both days are cut to the lesser.
    """
    import pyarrow as pa
    import pyarrow.compute as pc  # type: ignore[import-untyped]  # pyarrow ships no types

    depths = _depths(before.pages).join(_depths(after.pages), _RANKING, join_type="inner", right_suffix="_b")
    depth = pc.min_element_wise(depths["depth"], depths["depth_b"])
    common = depths.select(_RANKING).append_column("depth", depth)
    joined = _ranks(before.rankings, common, "before").join(
        _ranks(after.rankings, common, "after"), [*_RANKING, "asn"], join_type="full outer"
    )
    old, new = joined["rank_before"], joined["rank_after"]
    change = pc.case_when(
        pc.make_struct(pc.is_null(old), pc.is_null(new), pc.less(new, old), pc.greater(new, old)),
        "entered",
        "left",
        "rose",
        "fell",
    )
    found = pa.table(
        {
            **{name: joined[name] for name in [*_RANKING, "asn"]},
            "name": pc.coalesce(joined["name_after"], joined["name_before"]),
            "change": change,
            **{name: joined[name] for name in ("rank_before", "rank_after", "score_before", "score_after")},
            "best": pc.min_element_wise(old, new),
        }
    )
    found = found.filter(pc.is_valid(found["change"]))
    order = [(name, "ascending") for name in [*_RANKING, "best", "asn"]]
    return found.sort_by(order).drop_columns(["best"])


def diff_relations(before: Day, after: Day) -> "pa.Table":
    """Return the customers and providers that networks won and lost.

    Returns:
        market_id, ip, asn, relation ("customer", "provider"), related_asn, name (the neighbour's), change
        ("new", "lost"); of networks whose neighbours were asked for on both days, by network.
    """
    import pyarrow as pa

    asked = _distinct(before.asns, _NETWORK).join(
        _distinct(after.asns, _NETWORK), _NETWORK, join_type="inner"
    )
    old, new = (_neighbours(day.relations, asked) for day in (before, after))
    won = new.join(old.select(_NEIGHBOUR), _NEIGHBOUR, join_type="left anti")
    lost = old.join(new.select(_NEIGHBOUR), _NEIGHBOUR, join_type="left anti")
    found = pa.concat_tables(
        [
            rows.append_column("change", pa.array([change] * rows.num_rows, pa.string()))
            for rows, change in ((won, "new"), (lost, "lost"))
        ]
    )
    return found.sort_by([(name, "ascending") for name in [*_NETWORK, "relation", "change", "related_asn"]])


def _depths(pages: "pa.Table") -> "pa.Table":
    """Return the rankings asked for and answered, each with the greatest number of rows asked for."""
    import pyarrow.compute as pc

    asked = pages.filter(pc.and_(pc.equal(pages["kind"], "rankings"), pc.equal(pages["status"], "done")))
    asked = asked.select(_RANKING).append_column("depth", pc.fill_null(asked["limit"], _DEFAULT_LIMIT))
    return asked.group_by(_RANKING).aggregate([("depth", "max")]).rename_columns([*_RANKING, "depth"])


def _ranks(rankings: "pa.Table", common: "pa.Table", when: str) -> "pa.Table":
    """Return each network of the common rankings once: one day's pulls may overlap."""
    import pyarrow.compute as pc

    rows = rankings.join(common, _RANKING, join_type="inner")
    rows = rows.filter(pc.less_equal(rows["rank"], rows["depth"]))
    values = ("rank", "score", "name")
    rows = rows.group_by([*_RANKING, "asn"]).aggregate([(name, "min") for name in values])
    return rows.select([*_RANKING, "asn", *(f"{name}_min" for name in values)]).rename_columns(
        [*_RANKING, "asn", *(f"{name}_{when}" for name in values)]
    )


def _neighbours(relations: "pa.Table", asked: "pa.Table") -> "pa.Table":
    import pyarrow as pa
    import pyarrow.compute as pc

    compared = pc.is_in(relations["relation"], value_set=pa.array(_COMPARED))
    rows = relations.filter(compared).join(asked, _NETWORK, join_type="inner")
    rows = rows.group_by(_NEIGHBOUR).aggregate([("related_name", "min")])
    return rows.select([*_NEIGHBOUR, "related_name_min"]).rename_columns([*_NEIGHBOUR, "name"])


def _distinct(table: "pa.Table", keys: list[str]) -> "pa.Table":
    return table.select(keys).group_by(keys).aggregate([])
