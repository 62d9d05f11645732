"""The command line, `kentik-async`: parses arguments, calls the client, and prints. Needs the extra `cli`."""
