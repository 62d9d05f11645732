"""Shared by tests of the quota: limiters, a server with the vendor's rules, and the best schedule."""
