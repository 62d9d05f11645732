"""The wires: gRPC and REST. Bytes in and out, statuses to errors; no policy."""
