"""The emulated API: gRPC, REST and their handlers."""
