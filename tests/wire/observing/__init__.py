"""What a program sees of its calls: spans, metrics, log lines."""
