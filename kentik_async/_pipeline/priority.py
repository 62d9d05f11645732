"""The priority of the calls that a block of code makes."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import Literal, TypeAlias

from kentik_async.errors import ConfigError

__all__ = ["Priority", "before_all", "current_priority", "priority"]

Priority: TypeAlias = Literal["high", "normal", "low"]

_LEVELS: Mapping[str, int] = {"high": 1, "normal": 0, "low": -1}

_current: ContextVar[int] = ContextVar("kentik_async.priority", default=0)

current_priority: Callable[[], int] = _current.get
"""Returns the priority of the running code: 2 before all, 1 high, 0 normal, -1 low."""


def priority(level: Priority) -> AbstractContextManager[None]:
    """Set the priority of all calls started in the block, in the queue for quota of this process.

    Calls of the same priority are served first come, first served. After eight calls have overtaken a waiting
    call of lower priority, one call of that lower priority is served, so that none starves.

    Args:
        level: "high" overtakes "normal", which overtakes "low"; "normal" is the default.

    Raises:
        ConfigError: `level` is not one of the three.
    """
    if level not in tuple(_LEVELS):
        raise ConfigError(f"priority must be one of {', '.join(_LEVELS)}; got {level!r}")
    return _level(_LEVELS[level])


def before_all() -> AbstractContextManager[None]:
    """Set a priority above "high" for calls started in the block: for a write that must follow its read."""
    return _level(2)


@contextmanager
def _level(level: int) -> Iterator[None]:
    token = _current.set(level)
    try:
        yield
    finally:
        _current.reset(token)
