"""What tests of the quota share: limiters, a server that keeps its rules, and the best schedule."""
