"""The processing of every request: authentication, rate limits, faults and the call log."""
