"""Under which headings the help shows commands and options."""

from cyclopts import Group

__all__ = ["ASK", "GLOBAL", "OTHER", "START"]

START = Group("To try it out", sort_key=1)
ASK = Group("To ask Kentik", sort_key=2)
OTHER = Group("Other", sort_key=3)
GLOBAL = Group("Options of every command", sort_key=100)
