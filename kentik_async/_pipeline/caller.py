"""The part of the client that a resource uses: the pipeline with one set of options."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol, TypeVar

from kentik_async._operations.request import Request
from kentik_async._pipeline import CallOptions, Pipeline
from kentik_async._pipeline.call import CallState
from kentik_async.quota import Limiter, Quota

__all__ = ["Caller", "Run"]

T = TypeVar("T")


class Run(Protocol):
    """Sends a request as soon as the quota allows and returns its result."""

    def __call__(self, request: Request[T], /) -> Awaitable[T]:
        """Send a request; see `Pipeline.run`."""
        ...


@dataclass(frozen=True, slots=True)
class Caller:
    """Runs requests with one set of options; shared by all resources of a client or of a view on it.

    Attributes:
        pipeline: The client's pipeline.
        options: The options of each call.
        limiter: The client's limiter.
        quota: The limits of non-query requests.
        on_call: Called with the state of each call before it begins, or None.
        run: Sends a request and returns its result.
    """

    pipeline: Pipeline
    options: CallOptions
    limiter: Limiter
    quota: Quota
    on_call: Callable[[CallState], None] | None = None
    run: Run = field(init=False)

    def __post_init__(self) -> None:
        # Calling a partial adds no Python frame, unlike a method that calls `Pipeline.run`.
        run = partial(self.pipeline.run, options=self.options)
        object.__setattr__(self, "run", run if self.on_call is None else partial(run, on_call=self.on_call))
