"""What the documents and examples show is what the software does."""
