"""Who waits for quota, in which threads and event loops."""
