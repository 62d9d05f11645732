"""The columns of a table that fit a terminal."""

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from kentik_async.cli.output.formatting import Column
from kentik_async.cli.output.layout import GAP, columns_that_fit

RANK, CHANGE = Column("rank", kind="count"), Column("+/-", kind="change", optional=True)
NAME, SCORE = Column("name"), Column("score", kind="count", optional=True)

kinds = st.sampled_from(["text", "name", "id", "count", "time"])
texts = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Zl", "Zp"]), max_size=30)
columns = st.builds(Column, field=st.sampled_from(["a", "second one"]), kind=kinds, optional=st.booleans())


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[Column], list[list[str]], int]:
    chosen = draw(st.lists(columns, min_size=1, max_size=6))
    row = st.lists(texts, min_size=len(chosen), max_size=len(chosen))
    return chosen, draw(st.lists(row, max_size=3)), draw(st.integers(1, 120))


def test_all_columns_are_shown_where_they_fit() -> None:
    rows = [["1", "+2", "Westgrid International Group", "1,234"]]
    assert columns_that_fit([RANK, CHANGE, NAME, SCORE], rows, 80) == (0, 1, 2, 3)


def test_optional_columns_are_hidden_from_the_right() -> None:
    rows = [["1", "+2", "Westgrid International Group", "1,234,567,890"]]
    assert columns_that_fit([RANK, CHANGE, NAME, SCORE], rows, 40) == (0, 1, 2)
    assert columns_that_fit([RANK, CHANGE, NAME, SCORE], rows, 26) == (0, 2)


def test_a_table_without_room_for_a_word_does_not_fit() -> None:
    assert columns_that_fit([RANK, NAME], [["1", "Westgrid International Group"]], 12) is None
    assert columns_that_fit([RANK, NAME], [["1", '{"devices":[{"device_name":"edge_fra_1"}]}']], 40) is None


@given(tables())
def test_shown_columns_have_room_for_their_longest_word(
    table: tuple[list[Column], list[list[str]], int],
) -> None:
    chosen, rows, width = table
    shown = columns_that_fit(chosen, rows, width)
    required = {i for i, column in enumerate(chosen) if not column.optional}
    if shown is None:
        return
    assert required <= set(shown)
    assert list(shown) == sorted(shown)
    words = [
        max(
            (
                cell_len(word)
                for text in (chosen[i].title, *(row[i] for row in rows))
                for word in text.split()
            ),
            default=0,
        )
        for i in shown
    ]
    assert sum(words) + GAP * (len(shown) - 1) <= width
