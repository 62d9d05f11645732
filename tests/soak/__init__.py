"""Hours of use in minutes: checks for growth, leaks, exceeded limits and hangs."""
