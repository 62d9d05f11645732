"""The emulator, used through bare stubs and HTTP, without our client."""
