"""The servers of the fault suite: what they listen on and how they answer."""
