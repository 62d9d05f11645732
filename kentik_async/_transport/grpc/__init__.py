"""The gRPC transport: one channel, its calls, and the import of the library."""

from kentik_async._transport.grpc.transport import GrpcTransport

__all__ = ["GrpcTransport"]
