"""The command line as a user runs it, against an emulator."""
