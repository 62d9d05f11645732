"""The headers of a response: a mapping whose names may be in any case. Pure."""

from collections.abc import Iterable, Iterator, Mapping

__all__ = ["Headers"]


class Headers(Mapping[str, str]):
    """Response headers; its `repr` shows names only, because a value may quote a secret."""

    __slots__ = ("_values",)

    def __init__(self, pairs: Iterable[tuple[str, object]] = ()) -> None:
        """Store names and values; repeated values are joined by commas, and binary values are omitted."""
        values: dict[str, str] = {}
        for name, value in pairs:
            if isinstance(value, str):
                key = name.lower()
                values[key] = f"{values[key]}, {value}" if key in values else value
        self._values = values

    def __getitem__(self, name: str) -> str:
        return self._values[name.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"<Headers {', '.join(self._values)}>"
