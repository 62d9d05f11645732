"""The format of documents: nodes with places, the fields of each kind, and the JSON Schema."""
