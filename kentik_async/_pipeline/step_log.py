"""Writes the steps of calls to the log `kentik_async`."""

import logging

from kentik_async.events import Event

__all__ = ["LOG", "log_step"]

LOG = logging.getLogger("kentik_async")

_LONG_WAIT = 1.0
"""A request that waited this long for quota, in seconds, is logged at INFO when it is sent."""


def log_step(event: Event) -> None:
    """Log one step of a call: waits of a second or more and ends of attempts at INFO, the rest at DEBUG."""
    name, attempt, duration, error = event.operation, event.attempt, event.duration, event.error
    if event.kind == "queued":
        LOG.debug("%s: queued", name)
    elif event.kind == "sent":
        level = logging.INFO if duration >= _LONG_WAIT else logging.DEBUG
        LOG.log(level, "%s: attempt %d sent after %.3f s in the queue", name, attempt, duration)
    elif event.kind == "retried":
        LOG.info("%s: %s; retrying in %.1f s", name, error, duration)
    elif event.kind == "refused":
        LOG.info("%s: attempt %d refused after %.3f s: %s", name, attempt, duration, error)
    elif error is None:
        LOG.info("%s: attempt %d answered in %.3f s", name, attempt, duration)
    else:
        LOG.info("%s: attempt %d failed after %.3f s: %s", name, attempt, duration, error)
