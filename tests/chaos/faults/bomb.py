"""A compressed answer that is small on the wire and exceeds the size limit when it is decompressed."""

import gzip

__all__ = ["BOMB"]

BOMB = gzip.compress(bytes(66 * 1024 * 1024), 6)
