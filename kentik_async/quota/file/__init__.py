"""The quota that all processes of one machine share, kept in files."""
