"""What every request passes: authentication, rate limits, faults and the call log."""
