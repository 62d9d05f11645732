"""What is built and installed: contents, metadata, licences, imports."""
