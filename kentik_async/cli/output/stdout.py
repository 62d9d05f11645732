"""Writes results to stdout, and reports why that is not possible."""

import sys

__all__ = ["OutputError", "write_stdout"]


class OutputError(Exception):
    """Results cannot be written to stdout, for example because the disk is full."""

    def __init__(self, error: OSError) -> None:
        super().__init__(f"cannot write to stdout: {error.strerror or error}")


def write_stdout(data: bytes) -> None:
    """Write bytes to stdout and flush it.

    Raises:
        BrokenPipeError: The reader has closed the pipe.
        OutputError: Stdout cannot be written.
    """
    try:
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError(error) from None
