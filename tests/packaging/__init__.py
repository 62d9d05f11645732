"""Builds and installations: contents, metadata, licences, imports."""
