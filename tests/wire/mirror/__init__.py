"""API v6 as JSON: the same as over gRPC, and when it is used."""
