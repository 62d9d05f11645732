"""Several processes on one quota file."""
