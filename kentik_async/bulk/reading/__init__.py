"""Reads what pulls saved. It never calls the API."""
