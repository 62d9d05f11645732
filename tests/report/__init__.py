"""Reports: each figure is computed again in plain Python from the saved rows."""
