"""The server for the Model Context Protocol: read-only tools for assistants (extra `mcp`)."""
