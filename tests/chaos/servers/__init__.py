"""The servers of the fault suite: their sockets and their answers."""
