"""Several processes on one quota."""
