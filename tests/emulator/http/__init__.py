"""The HTTP port: API v5, API v6 as JSON, and malformed requests."""
