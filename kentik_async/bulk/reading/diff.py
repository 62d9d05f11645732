"""Compares two dates. Pure: tables in, tables out.

Only pages that both dates hold with equal coverage are compared: a network that one date did not request has
not left the ranking.
"""

# pyarrow makes its compute functions at import, and ships no types.
# pyright: reportAttributeAccessIssue=false

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from kentik_async.bulk.coverage import PageRecord, SavedPages, has_equal_coverage
from kentik_async.bulk.page_key import relations_of

if TYPE_CHECKING:
    import pyarrow as pa  # type: ignore[import-untyped]  # pyarrow ships no types

__all__ = ["COMPARED_RELATIONS", "Day", "Diff", "PageCounts", "diff_days"]

COMPARED_RELATIONS = ("customer", "provider")

_RANKING = ["market_id", "rank_type", "ip"]
_NETWORK = ["market_id", "ip", "asn"]
_NEIGHBOURS = [*_NETWORK, "relation"]
_NEIGHBOUR = [*_NEIGHBOURS, "related_asn"]

_Pages: TypeAlias = Mapping[tuple[Any, ...], PageRecord]


@dataclass(frozen=True, slots=True)
class Day:
    """One date.

    Attributes:
        pages: Its pages: which rankings and neighbours were requested, and how many rows.
        rankings: Rows of the table `rankings`.
        relations: Rows of the table `relations`.
    """

    pages: SavedPages
    rankings: "pa.Table"
    relations: "pa.Table"


@dataclass(frozen=True, slots=True)
class PageCounts:
    """Which pages of two dates were compared.

    Attributes:
        compared: Pages on both dates with equal coverage.
        unequal: Pages on both dates with unequal coverage, which are not compared.
        only_before: Pages on the earlier date only.
        only_after: Pages on the later date only.
    """

    compared: int
    unequal: int
    only_before: int
    only_after: int


@dataclass(frozen=True, slots=True)
class Diff:
    """What changed between two dates, and what was compared.

    Attributes:
        rankings: market_id, rank_type, ip, asn, name, change ("rose", "fell", "entered", "left"),
            rank_before, rank_after, score_before, score_after; by ranking, then by the better rank.
        relations: market_id, ip, asn, relation ("customer", "provider"), related_asn, name (its own),
            change ("new", "lost"); by network.
        ranking_pages: Rankings, by market, rank type and address family.
        relation_pages: Customers and providers of a network, by market, address family and relation.
    """

    rankings: "pa.Table"
    relations: "pa.Table"
    ranking_pages: PageCounts
    relation_pages: PageCounts

    @property
    def is_empty(self) -> bool:
        """Whether nothing was compared."""
        return not (self.ranking_pages.compared or self.relation_pages.compared)


def diff_days(before: Day, after: Day) -> Diff:
    """Compare two dates.

    Rankings have equal coverage if both requests had the same limit, or both answers are whole; the customers
    or providers of a network if both requests had the same filters.
    """
    rankings, ranking_pages = _compare(_rankings(before.pages), _rankings(after.pages))
    relations, relation_pages = _compare(_relations(before.pages), _relations(after.pages))
    return Diff(
        _diff_rankings(before.rankings, after.rankings, rankings),
        _diff_relations(before.relations, after.relations, relations),
        ranking_pages,
        relation_pages,
    )


def _rankings(pages: SavedPages) -> _Pages:
    return {
        (record.key.market_id, record.key.rank_type, record.key.ip): record
        for record in pages
        if record.has_rows and record.key.kind == "rankings"
    }


def _relations(pages: SavedPages) -> _Pages:
    found = {}
    for record in pages:
        key = record.key
        if not record.has_rows or key.kind != "asn_details":
            continue
        for relation in relations_of(key.type).intersection(COMPARED_RELATIONS):
            place = (key.market_id, key.ip, key.asn, relation)
            source = pages.source(*place)
            if source is not None:
                found[place] = source
    return found


def _compare(before: _Pages, after: _Pages) -> tuple[list[tuple[Any, ...]], PageCounts]:
    """Return the pages to compare, and the number of pages of each sort."""
    both = before.keys() & after.keys()
    equal = [place for place in both if has_equal_coverage(before[place], after[place])]
    counts = PageCounts(
        len(equal), len(both) - len(equal), len(before.keys() - both), len(after.keys() - both)
    )
    return equal, counts


def _diff_rankings(before: "pa.Table", after: "pa.Table", compared: list[tuple[Any, ...]]) -> "pa.Table":
    import pyarrow as pa
    import pyarrow.compute as pc  # type: ignore[import-untyped]  # pyarrow ships no types

    pages = _places(before, _RANKING, compared)
    joined = _ranks(before, pages, "before").join(
        _ranks(after, pages, "after"), [*_RANKING, "asn"], join_type="full outer"
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


def _ranks(rankings: "pa.Table", pages: "pa.Table", when: str) -> "pa.Table":
    import pyarrow.compute as pc

    values = ("rank", "score", "name")
    # A network without a number cannot be found on the other date.
    rows = rankings.filter(pc.is_valid(rankings["asn"])).join(pages, _RANKING, join_type="inner")
    return rows.select([*_RANKING, "asn", *values]).rename_columns(
        [*_RANKING, "asn", *(f"{name}_{when}" for name in values)]
    )


def _diff_relations(before: "pa.Table", after: "pa.Table", compared: list[tuple[Any, ...]]) -> "pa.Table":
    import pyarrow as pa

    pages = _places(before, _NEIGHBOURS, compared)
    old, new = (rows.join(pages, _NEIGHBOURS, join_type="inner") for rows in (before, after))
    won = new.join(old.select(_NEIGHBOUR), _NEIGHBOUR, join_type="left anti")
    lost = old.join(new.select(_NEIGHBOUR), _NEIGHBOUR, join_type="left anti")
    found = pa.concat_tables(
        [
            rows.select([*_NEIGHBOUR, "related_name"])
            .rename_columns([*_NEIGHBOUR, "name"])
            .append_column("change", pa.array([change] * rows.num_rows, pa.string()))
            for rows, change in ((won, "new"), (lost, "lost"))
        ]
    )
    return found.sort_by([(name, "ascending") for name in [*_NETWORK, "relation", "change", "related_asn"]])


def _places(rows: "pa.Table", names: list[str], places: list[tuple[Any, ...]]) -> "pa.Table":
    """Return places as a table, with the column types of the rows that are joined with it."""
    import pyarrow as pa

    columns = list(zip(*places, strict=True)) or [()] * len(names)
    types = [rows.schema.field(name).type for name in names]
    arrays = [pa.array(values, kind) for values, kind in zip(columns, types, strict=True)]
    return pa.table(arrays, names=names)
