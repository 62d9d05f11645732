"""How one change is made: its requests, and what is compared before it is written."""
