"""What SQLite raises over a file that cannot be used."""

import sqlite3

__all__ = ["SQLITE_ERRORS"]

SQLITE_ERRORS = (sqlite3.Error, UnicodeDecodeError)
"""The latter where its own message quotes a damaged file, and the quotation is no text."""
