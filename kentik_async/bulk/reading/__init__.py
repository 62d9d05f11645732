"""Reads, checks and repairs what pulls saved; only `fetching_again` calls the API."""
