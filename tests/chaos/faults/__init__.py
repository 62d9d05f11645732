"""What the servers of the fault suite do wrong."""
