"""Several processes on one quota in a real Redis server."""
