"""The emulator, through bare stubs and HTTP, without our client."""
