"""Real gateways and proxies between the client and its servers."""
