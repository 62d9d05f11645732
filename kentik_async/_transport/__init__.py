"""The transports: gRPC and REST. They send and receive bytes, map statuses to errors, and apply no policy."""
