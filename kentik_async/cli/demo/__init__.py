"""The demonstration: the same calls made in four ways, against an emulator in another process."""
