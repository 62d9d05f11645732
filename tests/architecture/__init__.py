"""Rules on the repository itself: imports, folder sizes, names."""
