"""The demonstration: one bulk pull, done four ways, against an emulated Kentik in a process of its own."""
