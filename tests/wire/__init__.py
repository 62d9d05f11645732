"""The client against servers that share no code with it."""
