"""The output of the command line: results on stdout, messages on stderr."""
