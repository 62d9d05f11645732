"""The headers of a response: a mapping whose names may be in any case. Pure."""

from collections.abc import Iterable, Iterator, Mapping

__all__ = ["Headers"]


class Headers(Mapping[str, str]):
    """Response headers; its `repr` shows names only, because a value may quote a secret."""

    __slots__ = ("_values",)

    def __init__(self, pairs: Iterable[tuple[str, object]] = ()) -> None:
        """Store names and values.

        Different values of one name are joined by commas. Binary values (names that end in "-bin") are
        omitted.
        """
        values: dict[str, str] = {}
        for name, value in pairs:
            if isinstance(value, str):
                key = name.lower()
                present = values.setdefault(key, value)
                if present != value:  # the initial and the trailing metadata may both have a request's id
                    values[key] = f"{present}, {value}"
        self._values = values

    def __getitem__(self, name: str) -> str:
        return self._values[name.lower() if isinstance(name, str) else name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"<Headers {', '.join(self._values)}>"
