"""The faults of the servers of the fault suite."""
