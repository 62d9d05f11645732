"""The state as bytes, for stores that keep it outside the process. Pure.

MessagePack, without names: a state at rest takes some hundred bytes, and 10 kB with a full hour in it.
"""

from math import isfinite, isnan

import msgspec

from kentik_async.quota.state.quota_state import FORMAT, QuotaState
from kentik_async.quota.state.sliding_window_log import SlidingWindow

__all__ = ["StateError", "decode", "encode"]

_decoder = msgspec.msgpack.Decoder(QuotaState)


class StateError(ValueError):
    """What was kept is damaged, or of another version: it must not be used."""


encode = msgspec.msgpack.Encoder().encode
"""Return a state as bytes."""


def decode(encoded: bytes) -> QuotaState:
    """Return the state that was encoded.

    Raises:
        StateError: It is damaged, or written by another version of this package.
    """
    try:
        state = _decoder.decode(encoded)
    except msgspec.MsgspecError as error:
        raise StateError(f"the state of the quota cannot be read: {error}") from error
    if state.format != FORMAT:
        raise StateError(f"the state of the quota has format {state.format}; this version reads {FORMAT}")
    if not (_is_sound(state.log.minute) and _is_sound(state.log.hour)) or isnan(state.now):
        raise StateError("the state of the quota is damaged")
    if state.log.in_flight != len(state.holds) + len(state.log.draining):
        raise StateError("the state of the quota is damaged: the requests in flight do not add up")
    return state


def _is_sound(window: SlidingWindow) -> bool:
    # Whole lists at a time: it is done at every turn.
    ends, counts = window.ends, window.counts
    if len(ends) != len(counts) or sum(counts) != window.total or min(counts, default=1) < 1:
        return False
    return isfinite(sum(ends)) and ends == sorted(ends)
