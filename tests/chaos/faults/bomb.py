"""An answer that is small on the wire and larger than is accepted once it is unpacked."""

import gzip

__all__ = ["BOMB"]

BOMB = gzip.compress(bytes(66 * 1024 * 1024), 6)
