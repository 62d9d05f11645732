"""Reports: each figure is also computed in plain Python from the saved rows."""
