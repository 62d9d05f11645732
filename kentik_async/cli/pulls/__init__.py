"""Pull commands: options, progress, summary."""
