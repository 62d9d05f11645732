"""Tables as Delta tables: several runs, processes and machines may save into one target at once."""

from kentik_async.bulk.sinks.delta.sink import DeltaSink

__all__ = ["DeltaSink"]
