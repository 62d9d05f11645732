"""Changes of objects, against scripted servers."""
