"""One error for whatever is wrong with a protobuf answer."""

from collections.abc import Iterator
from contextlib import contextmanager

from google.protobuf.message import DecodeError as WireError

from kentik_async.errors import DecodeError


@contextmanager
def reading(what: str) -> Iterator[None]:
    """Turn whatever protobuf raises over an answer into `DecodeError`.

    Args:
        what: What the answer is, for the error.

    Raises:
        DecodeError: The bytes are no message of the expected type.
    """
    try:
        yield
    except WireError as error:
        raise DecodeError(
            f"cannot read {what}: the bytes are not the expected protobuf message ({error})"
        ) from error
