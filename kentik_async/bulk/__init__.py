"""Pulls: many pages of the KMI, planned, run within the quota, and landed where analysts work."""
