"""Files that code generation copies as they are."""
