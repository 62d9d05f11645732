"""Pulls: many pages of the KMI, planned, fetched within the quota, and saved as tables."""
