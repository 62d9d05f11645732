"""The command line, `kentik-async`: it parses, calls the facade, and prints. Needs the extra `cli`."""
