"""Profiles: files with credentials and settings, whose tokens may be in the system keyring."""
