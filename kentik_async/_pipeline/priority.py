"""How urgent the calls made in a block of code are."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Literal, TypeAlias

from kentik_async.errors import ConfigError

__all__ = ["Priority", "current_priority", "priority"]

Priority: TypeAlias = Literal["high", "normal", "low"]

_LEVELS: Mapping[str, int] = {"high": 1, "normal": 0, "low": -1}

_current: ContextVar[int] = ContextVar("kentik_async.priority", default=0)


@contextmanager
def priority(level: Priority) -> Iterator[None]:
    """Give all calls started in the block a priority in the queue for quota, within this process.

    First come, first served holds within a priority. After eight grants that went past a waiting call of
    lower priority its class gets one, so that nothing starves.

    Args:
        level: "high" overtakes "normal", which overtakes "low"; "normal" is the default.

    Raises:
        ConfigError: `level` is none of the three.
    """
    if level not in tuple(_LEVELS):
        raise ConfigError(f"priority is {level!r}: give one of {', '.join(_LEVELS)}")
    token = _current.set(_LEVELS[level])
    try:
        yield
    finally:
        _current.reset(token)


def current_priority() -> int:
    """Return the level that holds here: 1 high, 0 normal, -1 low."""
    return _current.get()
