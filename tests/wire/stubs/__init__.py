"""Generated stubs on the client's connections."""
