"""TLS, proxies and secrets."""
