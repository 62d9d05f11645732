"""Makes one change: its requests, and the comparison before it is written."""
